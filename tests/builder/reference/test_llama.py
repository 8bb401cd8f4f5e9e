"""Models of Llama's kind: the reference writes what transformers writes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.model.description import Attention, DenseFeedForward, ModelDescription, Rope
from builder.model.opened import OpenedCheckpoint
from builder.reference.sources import CheckpointSource, HeldSource
from builder.reference.writer import Writer
from tests.checkpoints import write_checkpoint
from tests.goldens.cases import NEW_TOKENS
from tests.goldens.llama_cases import CONFIGS, llama_goldens, prompt


def written(name: str, folder: Path, model: ModelDescription | None = None) -> list[int]:
    """The greedy ids after the golden's prompt, of the model or of `model` with the same weights."""
    write_checkpoint(folder, CONFIGS[name], seed=len(name))
    opened = OpenedCheckpoint.open(folder)
    source = CheckpointSource(model or opened.model, opened.weights)
    [ids] = Writer(HeldSource(source), frozenset()).generate([prompt(CONFIGS[name], golden(name)[0])], NEW_TOKENS)
    return ids


def golden(name: str) -> tuple[int, list[int]]:
    case = llama_goldens()["cases"][name]
    return case["prompt_seed"], case["ids"]


@pytest.mark.parametrize("name", CONFIGS)
def test_it_writes_what_transformers_writes(name: str, tmp_path: Path) -> None:
    assert llama_goldens()["cases"].keys() == CONFIGS.keys()
    assert written(name, tmp_path / name) == golden(name)[1]


def otherwise(model: ModelDescription, **changes: object) -> ModelDescription:
    """The model with other attention in every layer."""
    layers = tuple(replace(layer, attention=replace(layer.attention, **changes)) for layer in model.layers)  # type: ignore[arg-type]
    return replace(model, layers=layers)


@pytest.mark.parametrize(
    "control", ["epsilon", "offset", "activation", "embedding", "rope", "rope3", "biases", "norms"]
)
def test_each_difference_from_a_gemma_matters(control: str, tmp_path: Path) -> None:
    """A golden that a wrong description meets too would say nothing."""
    name = {"rope3": "llama3-rope", "biases": "qwen2", "norms": "qwen3"}.get(control, "smollm2")
    write_checkpoint(tmp_path / "model", CONFIGS[name])
    model = OpenedCheckpoint.open(tmp_path / "model").model
    attention: Attention = model.layers[0].attention
    wrong = {
        "epsilon": replace(model, norm_epsilon=1.0),
        "offset": replace(model, norm_offset=1.0),
        "activation": replace(
            model,
            layers=tuple(replace(one, feed_forward=DenseFeedForward(one.feed_forward.width)) for one in model.layers),
        ),
        "embedding": replace(model, embedding=replace(model.embedding, scale=10.0)),
        "rope": otherwise(model, rope=Rope(10_000.0)),
        "rope3": otherwise(model, rope=replace(attention.rope, long_waves=None)),
        "biases": otherwise(model, biases=False),
        "norms": otherwise(model, query_key_norms=False),
    }[control]
    assert written(name, tmp_path / "again", wrong) != golden(name)[1]
