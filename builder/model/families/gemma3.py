"""Gemma 3 as text: the text models (`gemma3_text`: 270M, 1B, FunctionGemma, MedGemma 27B text) and the text part of those
with images (`gemma3`: 4B, 12B, 27B, TranslateGemma, MedGemma), of any dimensions.

New with this generation: a norm for each head's queries and keys, several sliding layers before each one that sees
everything, two ropes, the longer one scaled from 4B on, and queries that need not be scaled by the head dimension (27B).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from builder.model.description import LOCAL_ROPE, ModelDescription
from builder.model.families.config import Config
from builder.model.families.dense import (
    dense_model,
    read_dimensions,
    read_rope_beside_the_local,
    read_windows,
    refuse_the_unusual,
    weights,
)
from builder.model.families.family import Family, Naming

DEFAULTS = {
    "vocab_size": 262_208,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "query_pre_attn_scalar": 256,
    "max_position_embeddings": 131_072,
    "sliding_window": 4096,
    "sliding_window_pattern": 6,
    "rope_theta": 1_000_000.0,
    "rope_local_base_freq": LOCAL_ROPE.wavelength,
}
"""What a config.json may leave out (that of 4B leaves out nearly all): the values of `Gemma3TextConfig` in transformers
4.50 to 5."""

SIZES = {(640, 18): "270m", (1152, 26): "1b", (2560, 34): "4b", (3840, 48): "12b", (5376, 62): "27b"}

NAMINGS_WITH_IMAGES = (
    Naming("model.language_model."),
    Naming("language_model.model.", "language_model.lm_head.weight"),
)
"""Since transformers 4.52 in memory, and before; what is on the hub has the older one, what is trained today has either."""

IMAGES = ("vision_tower.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector.")


def describe(config: dict[str, Any], path: Path) -> ModelDescription:
    """The model of a config.json; UnsupportedModel names the setting that cannot be expressed."""
    return _describe(Config(config, path, DEFAULTS))


def describe_text_part(config: dict[str, Any], path: Path) -> ModelDescription:
    """As `describe`, for the text part of a model with images: its text_config."""
    return _describe(Config.of_text_part(config, path, DEFAULTS, "gemma3_text"))


def _describe(c: Config) -> ModelDescription:
    refuse_the_unusual(c)
    c.refuse_unless("hidden_activation", "gelu_pytorch_tanh")
    dimensions = read_dimensions(c)
    return dense_model(
        c,
        "gemma3",
        SIZES,
        dimensions,
        rope=read_rope_beside_the_local(c),
        windows=read_windows(c, dimensions.layers),
        post_norms=True,
        query_key_norms=True,
        query_scalar=c.number("query_pre_attn_scalar"),
        attention_cap=c.number_or_none("attn_logit_softcapping"),
        final_cap=c.number_or_none("final_logit_softcapping"),
    )


FAMILY = Family(describe, weights)
FAMILY_WITH_IMAGES = Family(describe_text_part, weights, NAMINGS_WITH_IMAGES, IMAGES)
