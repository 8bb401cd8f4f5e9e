"""Gemma 2 (`gemma2`: 2B, 9B, 27B, and any other dimensions): soft caps, and every second layer slides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from builder.model.description import ModelDescription
from builder.model.families.config import Config
from builder.model.families.dense import (
    dense_model,
    read_dimensions,
    read_only_rope,
    read_windows,
    refuse_another_local_wavelength,
    refuse_the_unusual,
    weights,
)
from builder.model.families.family import Family

DEFAULTS = {
    "vocab_size": 256_000,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "query_pre_attn_scalar": 256,
    "max_position_embeddings": 8192,
    "sliding_window": 4096,
    "sliding_window_pattern": 2,
    "rope_theta": 10_000.0,
    "attn_logit_softcapping": 50.0,
    "final_logit_softcapping": 30.0,
}
"""What a config.json may leave out: the values of `Gemma2Config` in transformers 4.42 to 5."""

SIZES = {(2304, 26): "2b", (3584, 42): "9b", (4608, 46): "27b"}


def describe(config: dict[str, Any], path: Path) -> ModelDescription:
    """The model of a config.json; UnsupportedModel names the setting that cannot be expressed."""
    c = Config(config, path, DEFAULTS)
    refuse_the_unusual(c)
    c.refuse_unless("hidden_activation", "gelu_pytorch_tanh")
    dimensions = read_dimensions(c)
    rope = read_only_rope(c)
    refuse_another_local_wavelength(c, "rope_theta", rope)
    return dense_model(
        c,
        "gemma2",
        SIZES,
        dimensions,
        windows=read_windows(c, dimensions.layers),
        rope=rope,
        post_norms=True,
        query_key_norms=False,
        query_scalar=c.number("query_pre_attn_scalar"),
        attention_cap=c.number_or_none("attn_logit_softcapping"),
        final_cap=c.number_or_none("final_logit_softcapping"),
    )


FAMILY = Family(describe, weights)
