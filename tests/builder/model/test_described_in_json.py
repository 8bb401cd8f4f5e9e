"""A model description as JSON, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builder.model.described_in_json import LATER, from_json, to_json
from builder.model.description import ModelDescription
from builder.model.families import describe
from tests.checkpoints import gemma1_config, gemma2_config, gemma3_config
from tests.llama_checkpoints import LLAMA3_ROPE, llama_config, qwen2_config


def described(config: dict[str, Any]) -> ModelDescription:
    return describe(config, Path("config.json"))


@pytest.mark.parametrize(
    "config", [gemma1_config(), gemma2_config(query_pre_attn_scalar=64), gemma3_config(num_hidden_layers=7)]
)
def test_it_comes_back_as_it_was(config: dict[str, Any]) -> None:
    model = described(config)
    assert from_json(json.loads(json.dumps(to_json(model)))) == model


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        ((), [], "model "),
        (("family",), 3, "model.family"),
        (("context",), -1, "model.context"),
        (("context",), True, "model.context"),
        (("context",), 1 << 40, "model.context"),
        (("final_cap",), "none", "model.final_cap"),
        (("embedding", "scale"), float("nan"), "model.embedding.scale"),
        (("embedding", "tied"), 1, "model.embedding.tied"),
        (("layers",), {}, "model.layers"),
        (("layers",), [{}] * 2000, "model.layers"),
        (("layers", 0, "feed_forward", "activation"), "relu", "activation"),
        (("layers", 0, "attention", "heads"), 1.5, "heads"),
        (("layers", 0, "attention", "more"), 1, "fields of a Attention"),
    ],
)
def test_what_no_description_has_is_refused_by_name(place: tuple[Any, ...], value: Any, named: str) -> None:
    said = {"model": to_json(described(gemma3_config()))}
    *way, last = ("model", *place)
    inside: Any = said
    for step in way:
        inside = inside[step]
    inside[last] = value
    with pytest.raises(ValueError, match=named):
        from_json(said["model"])


def test_a_gemma_is_said_as_before_there_were_others() -> None:
    """Graphs that are made stay readable, and are made again byte for byte."""
    said = json.dumps(to_json(describe(gemma3_config(), Path("config.json"))))
    assert not any(f'"{name}"' in said for name in LATER)
    llama = describe(llama_config(rope_scaling=LLAMA3_ROPE), Path("config.json"))
    assert from_json(to_json(llama)) == llama
    assert from_json(to_json(describe(qwen2_config(), Path("config.json")))).layers[0].attention.biases
