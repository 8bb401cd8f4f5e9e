"""Gemma 1 (`gemma`: 2B, 7B, and any other dimensions): norms before attention and feed-forward only, and no windows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from builder.formats.llm_parameters import ModelType
from builder.model.families.dense import Decoder, read_dimensions, read_only_rope, refuse_the_unusual
from builder.model.families.plan import Config, ModelPlan

DEFAULTS = {
    "vocab_size": 256_000,
    "num_attention_heads": 16,
    "num_key_value_heads": 16,
    "head_dim": 256,
    "max_position_embeddings": 8192,
    "rope_theta": 10_000.0,
}
"""What a config.json may leave out: the values of `GemmaConfig` in transformers 4.38 to 5."""

TYPES = {(2048, 18): ModelType.GEMMA_2B, (3072, 28): ModelType.GEMMA_7B}


def plan(config: dict[str, Any], path: Path) -> ModelPlan:
    """Plans the web file for a config.json; UnsupportedModel names the setting that the format cannot express."""
    c = Config(config, path, DEFAULTS)
    refuse_the_unusual(c)
    # The first releases say "gelu" and mean the approximation by tanh, as transformers knows too.
    c.refuse_unless("hidden_act", "gelu_pytorch_tanh", "gelu")
    c.refuse_unless("hidden_activation", "gelu_pytorch_tanh")
    dimensions = read_dimensions(c)
    decoder = Decoder(
        dimensions,
        rope=read_only_rope(c),
        windows=None,
        post_norms=False,
        qk_norm=False,
        query_scalar=dimensions.head,
    )
    return decoder.plan(c, "gemma", TYPES, ModelType.GEMMA_2B)
