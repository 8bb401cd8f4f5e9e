"""What the metadata of a GGUF file say of a model whose layers differ (Gemma 3n and 4) → what config.json says of it.

llama.cpp says of each layer what transformers says once: how wide its feed-forward is, how many keys it has, whether it sees everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from builder.checkpoint.gguf import GgufFile
from builder.errors import CheckpointError, UnsupportedModel
from builder.files.reading import shown
from builder.model.families import gemma3n
from builder.model.gguf_names import LAYER_NAMES, PER_LAYER_TABLE

ROPE_DIVISORS = "rope_freqs.weight"
"""A tensor with a divisor for each pair of a head: Llama 3's rope scaling, or which pairs a Gemma 4 does not turn."""

NOT_TURNED = 1e30
"""The divisor of a pair that is not."""

OWN_CACHES = 20
"""Layers of a published Gemma 3n with keys and values of their own, which llama.cpp does not read from the file."""


@dataclass(frozen=True)
class Said:
    """The metadata of an architecture."""

    path: Path
    values: Any
    prefix: str

    def __call__(self, key: str) -> Any:
        """The value, None where there is none; of a value for each layer the one that all have."""
        value = self.values.get(self.prefix + key)
        if isinstance(value, float):
            return _as_written(value)
        if isinstance(value, np.ndarray) and value.dtype != bool:
            if not value.size or (value != value[0]).any():
                raise self.refused(key, "differs from layer to layer, which the web format cannot express")
            return value[0].item()
        return value

    def of_layers(self, key: str, layers: int) -> list[Any]:
        """The value of each layer; CheckpointError where there is none, or another number of them."""
        value = self.values.get(self.prefix + key)
        found: list[Any] = value.tolist() if isinstance(value, np.ndarray) else [self(key)] * layers
        if value is None or len(found) != layers:
            raise self.missing(key, f" of each of its {layers} layers")
        return found

    def count(self, key: str) -> int:
        """A number of things; CheckpointError where there is none."""
        value = self(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 20:
            raise self.missing(key)
        return value

    def refuse_another_length(self, key: str, length: Any) -> None:
        """UnsupportedModel where values are not as long as keys."""
        if self(key) not in (None, length):
            raise self.refused(
                key, f"is {shown(self(key))}, and keys have {shown(length)}: the web format has one length for both"
            )

    def missing(self, key: str, of_what: str = "") -> CheckpointError:
        """That it is not said."""
        return CheckpointError(
            f"{self.path} does not say {self.prefix}{key}{of_what}: is the download complete?", subject=key
        )

    def refused(self, key: str, why: str) -> UnsupportedModel:
        """That what it says cannot be converted."""
        return UnsupportedModel(f"{self.path}: {self.prefix}{key} {why}.", subject=key)


def layer_types(windowed: Iterable[bool]) -> list[str]:
    """As config.json has it, of whether each layer has a window."""
    return ["sliding_attention" if one else "full_attention" for one in windowed]


def gemma3n_layers(file: GgufFile, said: Said) -> dict[str, Any]:
    """What is Gemma 3n's alone."""
    layers = said.count("block_count")
    shared = said("attention.shared_kv_layers")
    rank, table = file.tensors.get(f"blk.0.{LAYER_NAMES['laurel_left']}.weight"), file.tensors.get(PER_LAYER_TABLE)
    found: dict[str, Any] = {
        "num_kv_shared_layers": max(layers - OWN_CACHES, 0) if shared is None else shared,
        "hidden_size_per_layer_input": said("embedding_length_per_layer_input"),
        "laurel_rank": rank.shape[0] if rank else None,
        "altup_num_inputs": said("altup.num_inputs"),
        "altup_active_idx": said("altup.active_idx"),
        # the rows behind are of pictures and sound, and llama.cpp's own
        "vocab_size_per_layer_input": min(table.shape[0], gemma3n.DEFAULTS["vocab_size_per_layer_input"])
        if table
        else None,
    }
    if said.values.get(f"{said.prefix}activation_sparsity_scale") is not None:
        scales = said.of_layers("activation_sparsity_scale", layers)
        found["activation_sparsity_pattern"] = [_share_below(scale) for scale in scales]
    return {key: value for key, value in found.items() if value is not None}


def gemma4_layers(file: GgufFile, said: Said) -> dict[str, Any]:
    """What is Gemma 4's alone."""
    layers = said.count("block_count")
    windowed = said.of_layers("attention.sliding_window_pattern", layers)
    shared, width = said("attention.shared_kv_layers") or 0, said("embedding_length_per_layer_input") or 0
    inner, double = _feed_forward(said, layers, shared)
    heads = said.of_layers("attention.head_count_kv", layers)
    local, seeing_all = (
        {count for count, one in zip(heads, windowed, strict=True) if one is kind} for kind in (True, False)
    )
    if len(local) > 1 or len(seeing_all) > 1:
        raise said.refused(
            "attention.head_count_kv", "differs among layers of one kind, which the web format cannot express"
        )
    head, local_head = said.count("attention.key_length"), said.count("attention.key_length_swa")
    said.refuse_another_length("attention.value_length_swa", local_head)
    return {
        "layer_types": layer_types(windowed),
        "num_kv_shared_layers": shared,
        "hidden_size_per_layer_input": width,
        "vocab_size_per_layer_input": file.tensors[PER_LAYER_TABLE].shape[0] if PER_LAYER_TABLE in file.tensors else 0,
        "intermediate_size": inner,
        "use_double_wide_mlp": double,
        "num_key_value_heads": min(local or seeing_all),
        "num_global_key_value_heads": min(seeing_all or local),
        "attention_k_eq_v": _keys_are_values(file, windowed, layers - shared),
        "head_dim": local_head,
        "global_head_dim": head,
        "rope_parameters": _ropes(file, said, head, local_head),
        "enable_moe_block": bool(said("expert_count")),
    }


def _feed_forward(said: Said, layers: int, shared: int) -> tuple[int, bool]:
    """How wide it is, and whether it is twice as wide in the last layers, which share keys and values."""
    widths = said.of_layers("feed_forward_length", layers)
    first = widths[0]
    for double in (False, True):
        if widths == [first] * (layers - shared) + [first * (1 + double)] * shared:
            return first, double
    raise said.refused(
        "feed_forward_length",
        "differs from layer to layer: expected one width, or twice that in the layers that share keys and values",
    )


def _keys_are_values(file: GgufFile, windowed: Sequence[bool], own: int) -> bool:
    """Whether layers that see everything, with keys of their own, have no values."""
    names = [f"blk.{i}.{LAYER_NAMES['value']}.weight" for i, one in enumerate(windowed[:own]) if not one]
    return bool(names) and not any(name in file.tensors for name in names)


def _ropes(file: GgufFile, said: Said, head: int, local_head: int) -> dict[str, Any]:
    if said("rope.scaling.type") not in (None, "none"):
        raise said.refused("rope.scaling.type", f"is {shown(said('rope.scaling.type'))}: expected a Gemma 4 without")
    if said("rope.dimension_count_swa") not in (None, local_head):
        raise said.refused(
            "rope.dimension_count_swa",
            f"is {shown(said('rope.dimension_count_swa'))}, and a head has {local_head}: onpage turns all of such a head",
        )
    turned = head // 2
    divisors = file.tensors.get(ROPE_DIVISORS)
    if divisors is not None:
        found = np.zeros((1, divisors.width), np.float32)
        if divisors.array_type == np.float32 and divisors.size == divisors.width:
            divisors.read_rows(0, found)
        turned = int((found == 1).sum())
        if found[0].tolist() != [1.0] * turned + [float(np.float32(NOT_TURNED))] * (head // 2 - turned):
            raise UnsupportedModel(
                f"{file.path}: {ROPE_DIVISORS} divides the rope otherwise than a Gemma 4's, whose first pairs are turned and whose others are "
                f"not: convert the Hugging Face folder of the model.",
                subject=ROPE_DIVISORS,
            )
    return {
        "full_attention": {
            "rope_type": "proportional",
            "partial_rotary_factor": 2 * turned / head,
            "rope_theta": said("rope.freq_base") or 1e6,
        },
        "sliding_attention": {"rope_type": "default", "rope_theta": said("rope.freq_base_swa") or 1e4},
    }


def _share_below(scale: float) -> float:
    """The share of a normal distribution below so many standard deviations, as a config.json says it."""
    return round(NormalDist().cdf(scale), 6) if scale > -np.inf else 0.0


def _as_written(value: float) -> float:
    """1e-06 is meant where float32 has 9.99999997e-07."""
    return float(str(np.float32(value)))
