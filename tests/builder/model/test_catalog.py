"""Every entry of the catalog is complete, unique, and fits the rest of onpage; nothing is guessed where it is unknown."""

from __future__ import annotations

import json
import re

import pytest

from builder.formats.inspect_web_file import Sampling
from builder.model.catalog import (
    DATA,
    PublishedCheckpoint,
    PublishedModel,
    checkpoint_named,
    checkpoints,
    published,
    published_speeds,
)
from builder.model.families.dense import GEMMA_TURNS
from builder.model.shapes import shapes
from builder.store import Manifest, model_id

MODELS = list(published().values())
IDS = list(published())

NAMED = {
    "litert-community/gemma-3-270m-it": {"gemma3-270m-it-q8-web.task", "gemma3-270m-it-q4_0-web.task"},
    "litert-community/Gemma3-1B-IT": {f"gemma3-1b-it-{q}-web.task" for q in ("int4", "int8", "q4_0")},
    "litert-community/Gemma3-4B-IT": {f"gemma3-4b-it-{q}-web.task" for q in ("int4", "int8", "q4_0")},
    "litert-community/Gemma3-12B-IT": {f"gemma3-12b-it-{q}-web.task" for q in ("int4", "int8", "q4_0")},
    "litert-community/Gemma3-27B-IT": {f"gemma3-27b-it-{q}-web.task" for q in ("int8", "q4_0")},
    "google/gemma-3n-E2B-it-litert-lm": {"gemma-3n-E2B-it-int4-Web.litertlm"},
    "google/gemma-3n-E4B-it-litert-lm": {"gemma-3n-E4B-it-int4-Web.litertlm"},
    "litert-community/gemma-4-E2B-it-litert-lm": {"gemma-4-E2B-it-web.task", "gemma-4-E2B-it-web.litertlm"},
    "litert-community/gemma-4-E4B-it-litert-lm": {"gemma-4-E4B-it-web.task", "gemma-4-E4B-it-web.litertlm"},
    "litert-community/TranslateGemma-4B-IT": {"translategemma-4b-it-int8-web.task"},
    "litert-community/TranslateGemma-12B-IT": {"translategemma-12b-it-int8-web.task"},
    "litert-community/TranslateGemma-27B-IT": {"translategemma-27b-it-int8-web.task"},
    "litert-community/MedGemma-27B-IT": {"medgemma-27b-it-int8-web.task"},
}
"""What is published, written down apart from the data."""

BYTES_PER_PARAMETER = {"int4": (0.5, 1.1), "q4_0": (0.5, 1.1), "int8": (0.9, 1.2), None: (0.3, 1.1)}
"""A size outside of this is a slip of the pen: small models have large embeddings, kept at 8 bits."""


def test_all_published_web_models_are_in_it_once() -> None:
    files = {repo: {m.file for m in MODELS if m.repo == repo} for repo in {m.repo for m in MODELS}}
    assert files == NAMED
    assert len(MODELS) == sum(len(names) for names in NAMED.values())
    assert len(json.loads(DATA.read_text())["models"]) == len(IDS), "two entries have the same id"


@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_an_entry(model: PublishedModel) -> None:
    family = model.family
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9_]+)+", model.id)
    assert model.page.startswith("https://huggingface.co/") and model.repo.count("/") == 1
    assert model.file.lower().endswith(("-web.task", "-web.litertlm"))
    assert model.engine == ("litert-lm" if model.file.endswith("-web.litertlm") else "mediapipe")
    assert model.quantization in BYTES_PER_PARAMETER
    shape = shapes()[family.architecture]
    assert family.context <= shape.config["max_position_embeddings"]
    assert set(family.modalities) <= {"text", "image", "audio"} and "text" in family.modalities
    assert family.licence.page.startswith("https://") and family.licence.name
    assert 1024 <= family.context <= 1 << 17
    assert family.sampling.top_k is None or 1 <= family.sampling.top_k <= 1000
    if model.size:
        least, most = BYTES_PER_PARAMETER[model.quantization]
        assert least <= model.size / family.parameters <= most
        assert (model.size % 1_000_000 == 0) == model.size_is_approximate, "a round number is an approximate one"
    else:
        assert not model.size_is_approximate


@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_a_name_says_what_the_entry_says(model: PublishedModel) -> None:
    """Copied lines are the usual mistake."""
    size = re.search(r"\d+(\.\d+)?[mb]|e\db", model.id)
    assert size and size[0] in model.file.lower() and size[0] in model.repo.lower()
    assert size[0] in model.family.name.lower() and size[0] in model.family.architecture
    if model.quantization and "-q8-" not in model.file:
        assert model.quantization in model.file and model.quantization in model.id


@pytest.mark.parametrize("model", checkpoints().values(), ids=checkpoints())
def test_a_checkpoint(model: PublishedCheckpoint) -> None:
    family = model.family
    assert re.fullmatch(r"[a-z0-9]+(\.\d)?-[a-z0-9.]+", model.id) and model.id not in IDS
    size = model.id.rpartition("-")[2]
    assert size in model.repo.lower() and size in family.name.lower() and model.repo.count("/") == 1
    assert 0.95 <= model.size / family.parameters <= 1.1, "a byte a weight"
    assert family.licence.page.startswith("https://") and family.modalities == ("text",)
    json.dumps(model.to_json())
    Manifest(
        id=model.id,
        sha256="0" * 64,
        size=model.size,
        file="a.litertlm",
        format="litertlm",
        kind=family.kind,
        template=family.template,
        sampling=family.sampling,
    )


@pytest.mark.parametrize("model", checkpoints().values(), ids=checkpoints())
def test_what_is_made_of_a_checkpoint_writes_with_turns_or_compares_without(model: PublishedCheckpoint) -> None:
    family = model.family
    if family.kind == "embedding":
        assert (model.engine, family.template, family.sampling) == (None, None, Sampling(None, None))
        return
    assert family.kind == "text" and model.engine == "litert-lm-cpu" and family.template
    assert "user" in family.template.prefix and "assistant" in family.template.suffix


def test_a_checkpoint_is_known_by_its_id_and_its_repository() -> None:
    model = checkpoints()["smollm2-135m"]
    for name in ("smollm2-135m", "SmolLM2-135M", model.repo, f"{model.repo}@main", "smollm2-135m@main"):
        assert checkpoint_named(name) is model
    for name in ("", "@", "smollm2", "HuggingFaceTB", f"{model.repo}/model.safetensors", "gemma3-1b-int4"):
        assert checkpoint_named(name) is None


def test_two_need_consent() -> None:
    gated = {id: model.family.licence.name for id, model in checkpoints().items() if model.family.licence.gated}
    assert gated == {"embeddinggemma-300m": "Gemma Terms of Use", "llama3.2-1b": "Llama 3.2 Community License"}


def test_the_turns_of_gemma_3_are_those_that_the_converter_writes() -> None:
    template = published()["gemma3-1b-int4"].family.template
    assert template
    assert (template.prefix, template.suffix) == (GEMMA_TURNS.question.prefix, GEMMA_TURNS.question.suffix)


def test_only_gemma_4_needs_no_consent() -> None:
    free = {model.family.name for model in MODELS if not model.family.licence.gated}
    assert free == {"Gemma 4 E2B", "Gemma 4 E4B"}


def test_an_entry_makes_a_manifest() -> None:
    for model in MODELS:
        Manifest(
            id=model.id,
            sha256="0" * 64,
            size=model.size or 1,
            file=model.file,
            format="web",
            source=model.page,
            licence=model.family.licence.name,
            quantization=model.quantization,
            parameters=model.family.parameters,
            context=model.family.context,
            template=model.family.template,
            sampling=model.family.sampling,
        )
        json.dumps(model.to_json())
        assert model_id(model.file)


def test_published_speeds_are_of_the_web_models_and_of_others() -> None:
    speeds = published_speeds()
    assert len(speeds) == sum(model.speed is not None for model in MODELS) + 3
    first = speeds[0]
    assert (first.model, first.quantization, first.engine) == ("Gemma 3 1B", "int4", "MediaPipe")
    assert (first.parameters, first.prefill, first.decode, first.ttft) == (10**9, 4339, 133, 0.51)
    assert len({(s.model, s.quantization, s.engine, s.device) for s in speeds}) == len(speeds)
    assert all(s.prefill > s.decode > 0 for s in speeds)
