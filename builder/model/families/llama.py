"""Llama and what is built like it: `llama` (Llama 2 and 3, SmolLM2, TinyLlama), `qwen2` (Qwen 2 and 2.5) and `qwen3`, dense ones of any
dimensions. Only the graph path carries them: the web format's engine knows Gemma's norms and activation alone.

Unlike a Gemma: norms hold their factors, the activation is SiLU, a token's vector is not scaled, and the logits may have a matrix of
their own. Qwen 2 adds biases to queries, keys and values; Qwen 3 norms each head's queries and keys instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from builder.errors import CheckpointError, UnsupportedModel
from builder.files.reading import shown
from builder.model.description import LongWaves, ModelDescription, Rope
from builder.model.families.config import Config
from builder.model.families.dense import dense_model, read_dimensions, weights
from builder.model.families.family import Family

SIZES = {
    "llama": {(576, 30): "135m", (960, 32): "360m", (2048, 16): "1b", (2048, 24): "1.7b", (3072, 28): "3b"},
    "qwen2": {(896, 24): "0.5b", (1536, 28): "1.5b"},
    "qwen3": {(1024, 28): "0.6b", (2048, 28): "1.7b"},
}
"""The published (hidden, layers)."""

ROPES = {
    "default": {"rope_theta"},
    "linear": {"rope_theta", "factor"},
    "llama3": {
        "rope_theta",
        "factor",
        "low_freq_factor",
        "high_freq_factor",
        "original_max_position_embeddings",
    },
}
"""Kinds of rope, and what each says of itself."""


@dataclass(frozen=True)
class Kind:
    """One `model_type`."""

    name: str
    defaults: dict[str, Any]
    """What a config.json may leave out: the values of its class in transformers 4.57 to 5."""
    biases: bool = False
    query_key_norms: bool = False


LLAMA = Kind(
    "llama", {"vocab_size": 32_000, "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "rope_theta": 10_000.0}
)
QWEN2 = Kind(
    "qwen2",
    {"vocab_size": 151_936, "max_position_embeddings": 32_768, "rms_norm_eps": 1e-6, "rope_theta": 10_000.0},
    biases=True,
)
QWEN3 = Kind("qwen3", {**QWEN2.defaults, "head_dim": 128}, query_key_norms=True)

KINDS = (LLAMA, QWEN2, QWEN3)
NAMES = tuple(kind.name for kind in KINDS)


def describe(kind: Kind, config: dict[str, Any], path: Path) -> ModelDescription:
    """The model of a config.json; UnsupportedModel names the setting that is not carried."""
    c = Config(config, path, kind.defaults)
    _refuse_the_unusual(c)
    if c.values.get("num_key_value_heads") is None:
        c.values["num_key_value_heads"] = c.values.get("num_attention_heads")
    if c.values.get("head_dim") is None:
        c.values["head_dim"] = c.integer("hidden_size") // c.integer("num_attention_heads")
    dimensions = read_dimensions(c)
    return dense_model(
        c,
        kind.name,
        SIZES[kind.name],
        dimensions,
        windows=[None] * dimensions.layers,
        rope=_rope(c),
        post_norms=False,
        query_key_norms=kind.query_key_norms,
        query_scalar=dimensions.head,
        biases=kind.biases,
        activation="silu",
        embedding_scale=1.0,
        tied=c.values.get("tie_word_embeddings") is True,
        norm_epsilon=c.number("rms_norm_eps"),
        norm_offset=0.0,
    )


def _refuse_the_unusual(c: Config) -> None:
    usual: dict[str, tuple[Any, ...]] = {
        "hidden_act": ("silu",),
        "attention_bias": (False,),
        "mlp_bias": (False,),
        "use_sliding_window": (False,),
        "pretraining_tp": (1,),
    }
    for key, values in usual.items():
        if c.values.get(key) not in (None, *values):
            raise UnsupportedModel(
                f"{c.says(key)}: onpage converts such models only where it is {values[0]}.", subject=key
            )
    types = c.values.get("layer_types")
    if isinstance(types, list) and any(kind != "full_attention" for kind in types):
        raise UnsupportedModel(
            f"{c.says('layer_types')}: onpage converts such models only where every layer is full_attention.",
            subject="layer_types",
        )


def _rope(c: Config) -> Rope:
    """In either form of config.json."""
    key = "rope_scaling" if c.values.get("rope_parameters") is None else "rope_parameters"
    said = c.values.get(key) or {}
    kind = said.get("rope_type", said.get("type", "default")) if isinstance(said, dict) else None
    known = ROPES.get(kind) if isinstance(kind, str) else None
    if known is None:
        raise UnsupportedModel(f"{c.says(key)}: expected one of the kinds {', '.join(ROPES)}.", subject=key)
    more = sorted(map(str, said.keys() - known - {"rope_type", "type"}))
    if more:
        raise UnsupportedModel(
            f"{c.path}: {key} has {more[0]}, which onpage does not know of a {kind} rope.", subject=key
        )
    rope = Config({"rope_theta": c.values.get("rope_theta")} | said, c.path)
    base = rope.number("rope_theta")
    if kind == "llama3":
        slow, quick = rope.number("low_freq_factor"), rope.number("high_freq_factor")
        if not slow < quick:
            raise CheckpointError(
                f"{rope.says('low_freq_factor')}: expected less than high_freq_factor, {shown(quick)}.", subject=key
            )
        context = rope.integer("original_max_position_embeddings")
        return Rope(base, long_waves=LongWaves(rope.number("factor"), slow, quick, context))
    return Rope(base, rope.number("factor") if kind == "linear" else 1.0)


FAMILIES = {kind.name: Family(partial(describe, kind), weights) for kind in KINDS}
