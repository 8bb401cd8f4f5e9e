"""Gemma 1 (`gemma`: 2B, 7B, and any other dimensions): norms before attention and feed-forward only, and no windows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from builder.model.description import ModelDescription
from builder.model.families.config import Config
from builder.model.families.dense import dense_model, read_dimensions, read_only_rope, refuse_the_unusual, weights
from builder.model.families.family import Family

DEFAULTS = {
    "vocab_size": 256_000,
    "num_attention_heads": 16,
    "num_key_value_heads": 16,
    "head_dim": 256,
    "max_position_embeddings": 8192,
    "rope_theta": 10_000.0,
}
"""What a config.json may leave out: the values of `GemmaConfig` in transformers 4.38 to 5."""

SIZES = {(2048, 18): "2b", (3072, 28): "7b"}


def describe(config: dict[str, Any], path: Path) -> ModelDescription:
    """The model of a config.json; UnsupportedModel names the setting that cannot be expressed."""
    c = Config(config, path, DEFAULTS)
    refuse_the_unusual(c)
    # The first releases say "gelu" and mean the approximation by tanh, as transformers knows too.
    c.refuse_unless("hidden_act", "gelu_pytorch_tanh", "gelu")
    c.refuse_unless("hidden_activation", "gelu_pytorch_tanh")
    dimensions = read_dimensions(c)
    return dense_model(
        c,
        "gemma",
        SIZES,
        dimensions,
        windows=[None] * dimensions.layers,
        rope=read_only_rope(c),
        post_norms=False,
        query_key_norms=False,
        query_scalar=dimensions.head,
    )


FAMILY = Family(describe, weights)
