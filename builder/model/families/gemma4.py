"""Gemma 4 as text: the text models (`gemma4_text`) and the text part of those that see and hear (`gemma4`).

New with this generation: layers that see everything have heads of their own size and a rope that turns a share of each, their values may
be their keys, values are normed, queries are not scaled, every layer ends with a number that multiplies the stream, the last layers may
read the keys and values of earlier ones, each layer may have an embedding of its own (E2B, E4B), or experts beside its feed-forward
(26B-A4B). Norms hold their factors themselves.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from builder.errors import UnsupportedModel
from builder.model.description import (
    LOCAL_ROPE,
    Attention,
    DenseFeedForward,
    Embedding,
    Experts,
    Extra,
    Layer,
    ModelDescription,
    PerLayerEmbedding,
    Rope,
)
from builder.model.families.config import MAX_HEAD_DIMENSION, Config
from builder.model.families.dense import (
    Dimensions,
    layer_types,
    read_dimensions,
    read_key_value_heads,
    read_rope,
    read_whole_blocks,
    read_windows,
    refuse_another_local_wavelength,
    refuse_the_unusual,
    weights,
)
from builder.model.families.family import Family, Naming
from builder.model.families.shared_caches import last_like, read_shared_layers
from builder.model.turns import Turn, Turns

NAME = "gemma4"

DEFAULTS = {
    "vocab_size": 262_144,
    "hidden_size": 2304,
    "intermediate_size": 9216,
    "num_hidden_layers": 30,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "global_head_dim": 512,
    "hidden_size_per_layer_input": 256,
    "vocab_size_per_layer_input": 262_144,
    "max_position_embeddings": 131_072,
    "sliding_window": 512,
    "num_kv_shared_layers": 0,
}
"""What a config.json may leave out: the values of `Gemma4TextConfig` in transformers 5."""

PERIOD = 6
"""Every how many layers one sees everything, where config.json names no layers; it cannot say another."""

DEFAULT_ROPES = {
    "sliding_attention": {"rope_type": "default", "rope_theta": LOCAL_ROPE.wavelength},
    "full_attention": {"rope_type": "proportional", "partial_rotary_factor": 0.25, "rope_theta": 1_000_000.0},
}

TURNS = Turns(
    user=Turn("<|turn>user\n", "<turn|>\n"),
    model=Turn("<|turn>model\n", "<turn|>\n"),
    system=Turn("<|turn>system\n", "<turn|>\n"),
    ends=("<turn|>",),
)

SIZES = {(1536, 35): "e2b", (2560, 42): "e4b", (2816, 30): "26ba4b"}
"""Published (hidden, layers) with per-layer embeddings or experts."""

MAX_EXPERTS = 1024

NAMINGS_WITH_SENSES = (Naming("model.language_model."),)

SENSES = tuple(f"model.{part}." for part in ("vision_tower", "audio_tower", "embed_vision", "embed_audio"))
"""Tensors of the images' and the sound's side."""


def describe(config: dict[str, Any], path: Path) -> ModelDescription:
    """The model of a config.json; UnsupportedModel names the setting that cannot be converted."""
    return _describe(Config(config, path, DEFAULTS))


def describe_text_part(config: dict[str, Any], path: Path) -> ModelDescription:
    """As `describe`, for the text part of a model with images and sound: its text_config."""
    return _describe(Config.of_text_part(config, path, DEFAULTS, "gemma4_text"))


def _describe(c: Config) -> ModelDescription:
    refuse_the_unusual(c, "vision")
    c.refuse_unless("hidden_activation", "gelu_pytorch_tanh")
    d = read_dimensions(c)
    windows, rope, shared = _windows(c, d.layers), _global_rope(c), read_shared_layers(c, d.layers)
    keys_are_values = c.values.get("attention_k_eq_v") is True
    head, kv_heads = _heads_that_see_all(c, d, windows, keys_are_values=keys_are_values)
    own = d.layers - shared
    extras = _extras(c, d.vocab)

    def layer(i: int, window: int | None) -> Layer:
        sees_all = window is None
        wide = 2 if i >= own and c.values.get("use_double_wide_mlp") is True else 1
        return Layer(
            Attention(
                heads=d.heads,
                key_value_heads=kv_heads if sees_all else d.kv_heads,
                head_dimension=head if sees_all else d.head,
                window=window,
                rope=rope if sees_all else LOCAL_ROPE,
                query_scale=1.0,
                cap=None,
                query_key_norms=True,
                cache_of=None if i < own else last_like(c, windows[:own], window, i),
                value_norms=True,
                values_are_keys=sees_all and keys_are_values,
            ),
            DenseFeedForward(wide * d.feed_forward),
            post_norms=True,
            extras=extras,
            scaled=True,
        )

    return ModelDescription(
        family=NAME,
        size=SIZES.get((d.hidden, d.layers)) if extras else None,
        embedding=Embedding(d.vocab, d.hidden, math.sqrt(d.hidden)),
        layers=tuple(layer(i, window) for i, window in enumerate(windows)),
        global_rope=rope,
        final_cap=c.number_or_none("final_logit_softcapping"),
        context=c.integer("max_position_embeddings"),
        norm_offset=0.0,
    )


def _windows(c: Config, layers: int) -> list[int | None]:
    """As transformers has them: the last layer sees everything, whatever is said of it."""
    types = c.values.get("layer_types")
    if types is None:
        types = layer_types(PERIOD, layers)
    if isinstance(types, list):
        types = [*types[:-1], "full_attention"]
    return read_windows(c.with_values(layer_types=types), layers)


def _heads_that_see_all(
    c: Config, d: Dimensions, windows: list[int | None], *, keys_are_values: bool
) -> tuple[int, int]:
    """The dimension of the heads of the layers that see everything, and how many of keys and values these have.

    Published files say them once; transformers saves them layer by layer since 5.24, those alone that differ from the others'.
    """
    if "per_layer_config" not in c.values:
        head, count = "global_head_dim", "num_global_key_value_heads"
        if not keys_are_values or c.values.get(count) is None:  # transformers reads it only where values are keys
            count = "num_key_value_heads"
    else:
        c, head, count = c.with_values(**_same_of_all(c, windows)), "head_dim", "num_key_value_heads"
    return read_whole_blocks(c, head, most=MAX_HEAD_DIMENSION), read_key_value_heads(c, count, d.heads)


def _same_of_all(c: Config, windows: list[int | None]) -> dict[str, Any]:
    """What per_layer_config says of the layers that see everything, where it says the same of them all, and of no other."""
    said = c.values["per_layer_config"]
    full = {str(i) for i, window in enumerate(windows) if window is None}
    of_each = list(said.values()) if isinstance(said, dict) and said.keys() in (full, set()) else [None]
    first = of_each[0] if of_each else {}
    if (
        not isinstance(first, dict)
        or first.keys() - {"head_dim", "num_key_value_heads"}
        or any(each != first for each in of_each)
    ):
        raise UnsupportedModel(
            f"{c.says('per_layer_config')}: expected a head_dim, and num_key_value_heads, that are the same for all full_attention "
            f"layers, and nothing for others.",
            subject="per_layer_config",
        )
    return first


def _extras(c: Config, vocabulary: int) -> tuple[Extra, ...]:
    return (*_per_layer_embedding(c, vocabulary), *_experts(c))


def _experts(c: Config) -> tuple[Experts, ...]:
    if not c.values.get("enable_moe_block"):
        return ()
    count = read_whole_blocks(c, "num_experts", most=MAX_EXPERTS)
    active = c.integer("top_k_experts", most=count)
    return (Experts(count, active, read_whole_blocks(c, "moe_intermediate_size")),)


def _per_layer_embedding(c: Config, vocabulary: int) -> tuple[PerLayerEmbedding, ...]:
    if c.values["hidden_size_per_layer_input"] in (0, None):
        return ()
    width = read_whole_blocks(c, "hidden_size_per_layer_input")
    if c.integer("vocab_size_per_layer_input") != vocabulary:
        raise UnsupportedModel(
            f"{c.says('vocab_size_per_layer_input')}, and vocab_size {vocabulary}: expected a row for each token in both.",
            subject="vocab_size_per_layer_input",
        )
    return (PerLayerEmbedding(width),)


def _global_rope(c: Config) -> Rope:
    ropes = DEFAULT_ROPES if c.values.get("rope_parameters") is None else c.values["rope_parameters"]
    kinds = {kind: ropes.get(kind) if isinstance(ropes, dict) else None for kind in DEFAULT_ROPES}
    full = kinds["full_attention"]
    if not isinstance(full, dict) or not isinstance(kinds["sliding_attention"], dict):
        raise UnsupportedModel(
            f"{c.says('rope_parameters')}: expected one rope for full_attention and one for sliding_attention.",
            subject="rope_parameters",
        )
    local = read_rope(c, "rope_parameters", kinds["sliding_attention"], LOCAL_ROPE.wavelength)
    refuse_another_local_wavelength(c, "rope_parameters", local)
    share = 1.0
    if full.get("rope_type") == "proportional":
        share = Config({"partial_rotary_factor": 1.0} | full, c.path, section=c.section).number("partial_rotary_factor")
        full = {key: value for key, value in full.items() if key not in ("rope_type", "partial_rotary_factor")}
    found = read_rope(c, "rope_parameters", full, 1_000_000.0)
    if share > 1 or found.factor != 1:
        raise UnsupportedModel(
            f"{c.says('rope_parameters')}: expected a partial_rotary_factor of at most 1 and no other scaling.",
            subject="rope_parameters",
        )
    return Rope(found.wavelength, proportion=share)


FAMILY = Family(describe, weights)
FAMILY_WITH_SENSES = Family(describe_text_part, weights, NAMINGS_WITH_SENSES, SENSES)
