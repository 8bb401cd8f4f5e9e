"""Gemma 3n as text: the text models (`gemma3n_text`) and the text part of those that see and hear (`gemma3n`: E2B, E4B).

New with this generation: four streams side by side (AltUp), a thin learned residual beside each attention (LAuReL), a table of the
vocabulary for each layer, sparse feed-forwards in the first layers, values that are normed, and last layers that read the keys and values
of earlier ones. Queries are not scaled, and norms hold their factors themselves.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any

from builder.checkpoint.sources import RowsOf, Tensor
from builder.errors import UnsupportedModel
from builder.model.description import (
    LOCAL_ROPE,
    Attention,
    DenseFeedForward,
    Embedding,
    Layer,
    LowRankResidual,
    ModelDescription,
    PerLayerEmbedding,
)
from builder.model.families import dense
from builder.model.families.config import MAX_LAYERS, Config
from builder.model.families.dense import (
    layer_types,
    read_dimensions,
    read_rope_beside_the_local,
    read_whole_blocks,
    read_windows,
    refuse_layers_of_their_own,
    refuse_the_unusual,
)
from builder.model.families.family import Family, Naming
from builder.model.families.shared_caches import last_like, read_shared_layers
from builder.model.weights import MAX_STREAMS, Weight

NAME = "gemma3n"

DEFAULTS = {
    "vocab_size": 262_400,
    "vocab_size_per_layer_input": 262_144,
    "hidden_size": 2048,
    "hidden_size_per_layer_input": 256,
    "intermediate_size": 16_384,
    "num_hidden_layers": 35,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "head_dim": 256,
    "max_position_embeddings": 32_768,
    "sliding_window": 512,
    "num_kv_shared_layers": 15,
    "laurel_rank": 64,
    "rope_theta": 1_000_000.0,
    "rope_local_base_freq": LOCAL_ROPE.wavelength,
    "final_logit_softcapping": 30.0,
}
"""What a config.json may leave out: the values of `Gemma3nTextConfig` in transformers 4.53 to 5."""

PERIOD = 5
"""Every how many layers one sees everything, where config.json names no layers; it cannot say another."""

SIZES = {(2048, 30): "2b", (2048, 35): "4b"}
"""Published (hidden, layers): E2B and E4B."""

SPARSE, SPARSITY = 10, 0.95
"""How many layers are sparse, and how much, where config.json does not say it; none, where there are no more layers."""

NAMINGS_WITH_SENSES = (Naming("model.language_model."),)

SENSES = tuple(f"model.{part}." for part in ("vision_tower", "audio_tower", "embed_vision", "embed_audio"))
"""Tensors of the images' and the sound's side."""

SOUND = tuple(name for name in SENSES if "audio" in name)


def describe(config: dict[str, Any], path: Path) -> ModelDescription:
    """The model of a config.json; UnsupportedModel names the setting that cannot be converted.

    Tokens without a row in the tables of the layers are those of images and sound, and are left out.
    """
    return _describe(Config(config, path, DEFAULTS))


def describe_text_part(config: dict[str, Any], path: Path) -> ModelDescription:
    """As `describe`, for the text part of a model with images and sound: its text_config."""
    return _describe(Config.of_text_part(config, path, DEFAULTS, "gemma3n_text"))


def sliced(config: dict[str, Any], path: Path, kept: Sequence[int], widths: Sequence[int]) -> dict[str, Any]:
    """The config.json of some of the layers, with feed-forwards of these widths: of a text model, or with its text part changed."""
    within = config["model_type"] != "gemma3n_text"
    c = Config.of_text_part(config, path, DEFAULTS, "gemma3n_text") if within else Config(config, path, DEFAULTS)
    layers = c.integer("num_hidden_layers", most=MAX_LAYERS)
    types, shares, own = _types(c, layers), _shares(c, layers), layers - read_shared_layers(c, layers)
    changes = {
        "num_hidden_layers": len(kept),
        "intermediate_size": list(widths),
        "layer_types": [types[i] for i in kept],
        "activation_sparsity_pattern": [shares[i] for i in kept],
        "num_kv_shared_layers": sum(i >= own for i in kept),
    }
    return config | ({"text_config": config["text_config"] | changes} if within else changes)


def weights(model: ModelDescription, naming: Naming) -> tuple[Weight, ...]:
    """As of a dense family; a checkpoint's embedding may have more rows than the model."""
    embedding, *others = dense.weights(model, naming)
    rows = RowsOf(Tensor(naming.embedding), 0, model.embedding.vocabulary)
    return (Weight("embedding", None, embedding.shape, rows), *others)


def _describe(c: Config) -> ModelDescription:
    refuse_the_unusual(c)
    refuse_layers_of_their_own(c)
    c.refuse_unless("hidden_activation", "gelu_pytorch_tanh")
    c.refuse_unless("altup_num_inputs", MAX_STREAMS)
    c.refuse_unless("altup_active_idx", 0)
    c.refuse_unless("altup_correct_scale", True)
    widths = _widths(c)
    d = read_dimensions(c.with_values(intermediate_size=max(widths)))
    given, rank = read_whole_blocks(c, "hidden_size_per_layer_input"), read_whole_blocks(c, "laurel_rank")
    windows = read_windows(c.with_values(layer_types=_types(c, d.layers)), d.layers)
    rope = read_rope_beside_the_local(c)
    own = d.layers - read_shared_layers(c, d.layers)
    vocabulary = min(d.vocab, c.integer("vocab_size_per_layer_input"))

    def layer(i: int, window: int | None, feed_forward: int, sparse_above: float | None) -> Layer:
        return Layer(
            Attention(
                heads=d.heads,
                key_value_heads=d.kv_heads,
                head_dimension=d.head,
                window=window,
                rope=rope if window is None else LOCAL_ROPE,
                query_scale=1.0,
                cap=None,
                query_key_norms=True,
                cache_of=None if i < own else last_like(c, windows[:own], window, i),
                value_norms=True,
            ),
            DenseFeedForward(feed_forward, sparse_above=sparse_above),
            post_norms=True,
            extras=(PerLayerEmbedding(given), LowRankResidual(rank)),
        )

    return ModelDescription(
        family=NAME,
        size=SIZES.get((d.hidden, d.layers)),
        embedding=Embedding(vocabulary, d.hidden, math.sqrt(d.hidden)),
        layers=tuple(map(layer, range(d.layers), windows, widths, _sparse_above(c, d.layers))),
        global_rope=rope,
        final_cap=c.number_or_none("final_logit_softcapping"),
        context=c.integer("max_position_embeddings"),
        norm_offset=0.0,
        residual_streams=MAX_STREAMS,
    )


def _types(c: Config, layers: int) -> Any:
    """What config.json calls each layer, or what it means where it names none."""
    said = c.values.get("layer_types")
    return layer_types(PERIOD, layers) if said is None else said


def _widths(c: Config) -> list[int]:
    """Of each layer's feed-forward, whether config.json says one for all or one for each."""
    said, layers = c.values["intermediate_size"], c.integer("num_hidden_layers", most=MAX_LAYERS)
    widths = said if isinstance(said, list) else [said] * layers
    if len(widths) != layers:
        raise UnsupportedModel(
            f"{c.says('intermediate_size')}: expected one width for all, or one for each of {layers} layers.",
            subject="intermediate_size",
        )
    return [read_whole_blocks(c.with_values(intermediate_size=width), "intermediate_size") for width in widths]


def _shares(c: Config, layers: int) -> list[float]:
    """Of each layer, the share of gates that should not go on."""
    shares = c.values.get("activation_sparsity_pattern")
    if shares is None:
        sparse = SPARSE if layers > SPARSE else 0
        shares = [SPARSITY] * sparse + [0.0] * (layers - sparse)
    shares = shares if isinstance(shares, list) else [shares] * layers
    if len(shares) != layers or not all(isinstance(one, int | float) and 0 <= one < 1 for one in shares):
        raise UnsupportedModel(
            f"{c.says('activation_sparsity_pattern')}: expected a share from 0 to below 1 for each of {layers} layers.",
            subject="activation_sparsity_pattern",
        )
    return shares


def _sparse_above(c: Config, layers: int) -> list[float | None]:
    """Of each layer, above how many standard deviations a gate goes on."""
    return [_float32(NormalDist().inv_cdf(one)) if one else None for one in _shares(c, layers)]


def _float32(value: float) -> float:
    """As transformers and files have it."""
    (rounded,) = struct.unpack("<f", struct.pack("<f", value))
    return float(rounded)


FAMILY = Family(describe, weights)
FAMILY_WITH_SENSES = Family(describe_text_part, weights, NAMINGS_WITH_SENSES, SENSES, SOUND)
