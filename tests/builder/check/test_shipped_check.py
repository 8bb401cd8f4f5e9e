"""The models and the answers that static/check ships: made by builder/check, right by the reference, and wrong wherever a GPU could be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.check.answers import LEAST_MARGIN, prompt_of, reference_of, text_of
from builder.check.models import MODELS, write_model
from builder.formats.litertlm_reader import LitertlmFile
from builder.formats.web_file_reader import WebFile
from builder.model.residual import FLOAT16_SAFE, TARGET
from builder.quantize.scheme import Q4_0
from builder.reference.decoder import embedded_texts
from builder.reference.dense import Reference
from builder.synth.web_file import word
from tests.goldens.cases import with_attention

SHIPPED = Path(__file__).parents[3] / "static" / "check"
ANSWERS = json.loads((SHIPPED / "answers.json").read_text())
SHORT = 200
"""Longer prompts take seconds."""


def model_of(name: str) -> dict[str, Any]:
    return next(model for model in ANSWERS["models"] if model["id"] == name)


def file_of(name: str) -> Path:
    return SHIPPED / str(model_of(name)["file"])


def written(reference: Reference, case: dict[str, Any]) -> tuple[list[list[str]], float]:
    """The words of the answers and the smallest margin."""
    prompts = [prompt_of(asked["seed"], case["tokens"]) for asked in case["asked"]]
    assert [text_of(ids) for ids in prompts] == [asked["prompt"] for asked in case["asked"]]
    answers = reference.greedy(prompts, len(case["asked"][0]["answer"]), stop_ids=set())
    return [[word(i) for i in answer.ids] for answer in answers], min(min(answer.margins) for answer in answers)


def right(case: dict[str, Any]) -> list[list[str]]:
    return [asked["answer"] for asked in case["asked"]]


@pytest.mark.parametrize("name", MODELS)
def test_the_shipped_file_is_what_is_made_now(name: str, tmp_path: Path) -> None:
    write_model(name, tmp_path / "made.litertlm")
    assert (tmp_path / "made.litertlm").read_bytes() == file_of(name).read_bytes()


@pytest.mark.parametrize("precision", ["float32", "float16"])
@pytest.mark.parametrize("name", MODELS)
def test_the_shipped_answers_are_the_references_in_both_precisions(name: str, precision: Any) -> None:
    reference = reference_of(file_of(name), precision)
    assert [case["tokens"] for case in model_of(name)["cases"]] == list(MODELS[name].prompts)
    for case in model_of(name)["cases"]:
        if case["tokens"] > SHORT and precision == "float16":
            continue  # seconds more, for what the shorter ones show
        words, margin = written(reference, case)
        assert words == right(case)
        if precision == "float32":
            assert margin == pytest.approx(case["margin"], abs=1e-3)
            assert margin >= LEAST_MARGIN - 1e-3


@pytest.mark.parametrize("name", MODELS)
def test_activations_are_as_large_as_those_of_a_converted_gemma(name: str) -> None:
    reference = reference_of(file_of(name))
    decoder = reference._decoder()
    largest = 0.0
    for case in model_of(name)["cases"]:
        if case["tokens"] <= SHORT:
            prompts = [prompt_of(asked["seed"], case["tokens"]) for asked in case["asked"]]
            states, attending = embedded_texts(decoder, reference.source, prompts)
            decoder.layers(reference.source.layer, states, attending)
            largest = max(largest, decoder.largest_residual)
    assert 0.9 * TARGET < largest <= FLOAT16_SAFE  # the converted 270M's has 6,504


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("gemma2", {"window": 23}),
    ("gemma2", {"window": 25}),
    ("gemma2", {"cap": None}),
    ("gemma2", {"query_scale": 64**-0.5}),
    ("gemma3", {"window": 15}),
    ("gemma3", {"window": 17}),
    ("gemma3", {"query_scale": 1.0}),
]


@pytest.mark.parametrize(("name", "changes"), WRONG)
def test_another_attention_gives_another_answer(name: str, changes: dict[str, Any]) -> None:
    reference = reference_of(file_of(name))
    reference.model = with_attention(reference.model, **changes)
    reference.source.model = reference.model  # type: ignore[misc]
    answers = [
        written(reference, case)[0] == right(case) for case in model_of(name)["cases"] if case["tokens"] <= SHORT
    ]
    assert not all(answers)


def test_a_rotation_that_is_not_slowed_gives_another_answer() -> None:
    reference = reference_of(file_of("gemma3"))
    layers = [
        replace(layer, attention=replace(layer.attention, rope=replace(layer.attention.rope, factor=1.0)))
        if layer.attention.is_global
        else layer
        for layer in reference.model.layers
    ]
    reference.model = replace(reference.model, layers=tuple(layers))
    case = model_of("gemma3")["cases"][2]
    assert written(reference, case)[0] != right(case)


def test_small_errors_of_the_numbers_give_another_answer() -> None:
    """Five bits of a fraction in place of float16's ten, in one place of each layer."""
    for name in MODELS:
        reference = reference_of(file_of(name), "float16")
        exact = reference.arithmetic.round

        def coarse(x: np.ndarray, exact: Any = exact) -> np.ndarray:
            bits = exact(x).view(np.uint32) & np.uint32(0xFFFFFFFF << (23 - 5) & 0xFFFFFFFF)
            return bits.view(np.float32)

        reference.arithmetic.round = coarse  # type: ignore[method-assign]
        cases = [case for case in model_of(name)["cases"] if case["tokens"] <= SHORT]
        assert any(written(reference, case)[0] != right(case) for case in cases)


def test_every_kind_of_matrix_has_every_scheme_in_one_model() -> None:
    schemes = [(str(made.quantization.attention), str(made.quantization.feedforward)) for made in MODELS.values()]
    assert {attention for attention, _ in schemes} == {feed for _, feed in schemes} == {"int8", "int4", str(Q4_0)}
    assert {str(made.quantization.embedding) for made in MODELS.values()} == {"int8", "int4", str(Q4_0)}
    for name in MODELS:
        model = LitertlmFile.open(file_of(name)).model
        assert isinstance(model, WebFile) and model.notes["largest_residual"] <= FLOAT16_SAFE
