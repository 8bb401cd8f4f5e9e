"""Gemma 3n as far as sizes go: enough for an estimate, and nothing that a model could be converted by.

What no size depends on is not read from config.json: ropes, caps and scales are those of the published models. To convert one
of these families, give it a module of its own, with its weights (builder.model).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from builder.errors import UnsupportedModel
from builder.model.description import (
    LOCAL_ROPE,
    Attention,
    DenseFeedForward,
    Embedding,
    Extra,
    Layer,
    LowRankResidual,
    ModelDescription,
    PerLayerEmbedding,
    Rope,
    global_layers,
)
from builder.model.families.config import MAX_HEAD_DIMENSION, MAX_HEADS, MAX_LAYERS, Config

FAMILIES = {"gemma3n_text": "gemma3n"}
"""`model_type` of config.json → family."""

MAX_STREAMS = 64
GLOBAL_ROPE = Rope(1_000_000.0)
FINAL_CAP = 30.0


def describe(config: dict[str, Any], path: Path) -> ModelDescription:
    """The model of the config of a text part; UnsupportedModel for experts and for layers whose keys are their values."""
    c = Config(config, path)
    for key in ("enable_moe_block", "attention_k_eq_v"):
        c.refuse_unless(key, False)
    hidden, count = c.integer("hidden_size"), c.integer("num_hidden_layers", most=MAX_LAYERS)
    embedding = Embedding(c.integer("vocab_size"), hidden, hidden**0.5)
    shared = _whole(c, "num_kv_shared_layers", count)
    per_layer, rank = _whole(c, "hidden_size_per_layer_input", hidden), _whole(c, "laurel_rank", hidden)
    heads = c.integer("num_attention_heads", most=MAX_HEADS)
    key_value_heads = c.integer("num_key_value_heads", most=MAX_HEADS)
    local_head = c.integer("head_dim", most=MAX_HEAD_DIMENSION)
    global_head = _whole(c, "global_head_dim", MAX_HEAD_DIMENSION) or local_head
    window, widths = c.integer("sliding_window"), _feed_forward_widths(c, count)
    are_global = _global_layers(c, count)
    extras = list[Extra]()
    if per_layer:
        extras.append(PerLayerEmbedding(per_layer))
    if rank:
        extras.append(LowRankResidual(rank))

    def layer(i: int, is_global: bool) -> Layer:
        cache_of = _last_like(c, are_global, i, count - shared) if i >= count - shared else None
        wide = 2 if cache_of is not None and config.get("use_double_wide_mlp") else 1
        return Layer(
            Attention(
                heads=heads,
                key_value_heads=key_value_heads,
                head_dimension=global_head if is_global else local_head,
                window=None if is_global else window,
                rope=GLOBAL_ROPE if is_global else LOCAL_ROPE,
                query_scale=1.0,
                cap=None,
                query_key_norms=True,
                cache_of=cache_of,
            ),
            DenseFeedForward(wide * widths[i]),
            post_norms=True,
            extras=tuple(extras),
        )

    return ModelDescription(
        family=FAMILIES[config["model_type"]],
        size=None,
        embedding=embedding,
        layers=tuple(layer(i, is_global) for i, is_global in enumerate(are_global)),
        global_rope=GLOBAL_ROPE,
        final_cap=FINAL_CAP,
        context=c.integer("max_position_embeddings"),
        residual_streams=max(1, _whole(c, "altup_num_inputs", MAX_STREAMS)),
    )


def _whole(c: Config, key: str, most: int) -> int:
    """A number from 0; 0 where the family has no such thing."""
    value = c.values.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most else 0


def _feed_forward_widths(c: Config, layers: int) -> list[int]:
    """Of each layer: one number for all, or a list."""
    value = c.values.get("intermediate_size")
    if not isinstance(value, list):
        return [c.integer("intermediate_size")] * layers
    if len(value) != layers:
        raise UnsupportedModel(f"{c.says('intermediate_size')}: expected one for each of {layers} layers.")
    return [Config({"intermediate_size": one}, c.path).integer("intermediate_size") for one in value]


def _global_layers(c: Config, layers: int) -> list[bool]:
    """Whether each layer sees everything, from `layer_types` or from how often that is so."""
    types = c.values.get("layer_types")
    if types is None:
        return global_layers(c.integer("sliding_window_pattern"), layers)
    if not isinstance(types, list) or len(types) != layers:
        raise UnsupportedModel(f"{c.says('layer_types')}: expected one for each of {layers} layers.")
    return [kind == "full_attention" for kind in types]


def _last_like(c: Config, are_global: list[bool], layer: int, own: int) -> int:
    """The last of the `own` layers with a cache of their own that sees as far as this one."""
    found = [i for i in range(own) if are_global[i] == are_global[layer]]
    if not found:
        raise UnsupportedModel(
            f"{c.says('num_kv_shared_layers')}: layer {layer} has none before it whose keys and values it could read.",
            subject="num_kv_shared_layers",
        )
    return found[-1]
