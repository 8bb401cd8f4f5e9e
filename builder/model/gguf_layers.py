"""What the metadata of a GGUF file say of a model whose layers differ (Gemma 3n and 4) → what config.json says of it.

llama.cpp says of each layer what transformers says once: how wide its feed-forward is, how many keys it has, whether it sees everything.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.gguf import GgufFile, GgufTensor
from builder.errors import CheckpointError, UnsupportedModel
from builder.files.reading import shown
from builder.model.families import gemma3n
from builder.model.gguf_names import GATES_APART, LAYER_NAMES, PER_LAYER_TABLE

ROPE_DIVISORS = "rope_freqs.weight"
"""A tensor with a divisor for each pair of a head: Llama 3's rope scaling, or which pairs a Gemma 4 does not turn."""

NOT_TURNED = 1e30
"""The divisor of a pair that is not."""

ROUTED: dict[str, tuple[Any, ...]] = {
    "expert_gating_func": (1,),
    "expert_weights_norm": (True,),
    "expert_weights_scale": (1.0,),
    "expert_group_count": (1, 0),
    "expert_shared_count": (0,),
}
"""What a file may say of how experts are chosen and weighed: by a softmax (1), by shares that add up to one, and out of all."""

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
        if isinstance(value, np.ndarray):
            if not value.size or (value != value[0]).any():
                raise self.refused(key, "differs from layer to layer, which the web format cannot express")
            return value[0].item()
        if isinstance(value, list):
            raise self.unusable(key, "one value, or a number for each layer")
        return value

    def in_array(self, key: str) -> bool:
        """Whether it is an array, with a value for each layer."""
        return isinstance(self.values.get(self.prefix + key), np.ndarray)

    def of_layers(self, key: str, layers: int, kind: type, expected: str) -> list[Any]:
        """The value of each layer; CheckpointError where there is none, another number of them, or one of another type."""
        value = self.values.get(self.prefix + key)
        found: list[Any] = value.tolist() if isinstance(value, np.ndarray) else [self(key)] * layers
        if value is None or len(found) != layers:
            raise self.missing(key, f" of each of its {layers} layers")
        if any(type(one) is not kind for one in found) or any(map(math.isnan, found)):
            raise self.unusable(key, f"{expected} of each layer")
        return found

    def windowed(self, layers: int) -> list[bool]:
        """Whether each layer has a window."""
        return self.of_layers("attention.sliding_window_pattern", layers, bool, "whether there is a window")

    def count(self, key: str, least: int = 1, unsaid: int | None = None) -> int:
        """A number of things, `unsaid` where the file is silent; CheckpointError where that is None, or where it says no such number."""
        value = self(key)
        if value is None and unsaid is not None:
            return unsaid
        if value is None:
            raise self.missing(key)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 1 << 20:
            raise self.unusable(key, f"a whole number from {least} to {(1 << 20) - 1}")
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

    def unusable(self, key: str, expected: str) -> CheckpointError:
        """That what it says is nothing that could be meant."""
        value = self.values.get(self.prefix + key)
        value = value.tolist() if isinstance(value, np.ndarray) else value
        return CheckpointError(f"{self.path}: {self.prefix}{key} is {shown(value)}: expected {expected}.", subject=key)

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
        scales = said.of_layers("activation_sparsity_scale", layers, float, "a number of standard deviations")
        found["activation_sparsity_pattern"] = [_share_below(scale) for scale in scales]
    return {key: value for key, value in found.items() if value is not None}


def gemma4_layers(file: GgufFile, said: Said) -> dict[str, Any]:
    """What is Gemma 4's alone."""
    layers = said.count("block_count")
    windowed = said.windowed(layers)
    shared = said.count("attention.shared_kv_layers", least=0, unsaid=0)
    width = said.count("embedding_length_per_layer_input", least=0, unsaid=0)
    inner, double = _feed_forward(said, layers, shared)
    heads = said.of_layers("attention.head_count_kv", layers, int, "a whole number")
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
        **_experts(file, said),
    }


def _feed_forward(said: Said, layers: int, shared: int) -> tuple[int, bool]:
    """How wide it is, and whether it is twice as wide in the last layers, which share keys and values."""
    widths = said.of_layers("feed_forward_length", layers, int, "a whole number")
    first = widths[0]
    for double in (False, True):
        if widths == [first] * (layers - shared) + [first * (1 + double)] * shared:
            return first, double
    raise said.refused(
        "feed_forward_length",
        "differs from layer to layer: expected one width, or twice that in the layers that share keys and values",
    )


def _experts(file: GgufFile, said: Said) -> dict[str, Any]:
    """How many there are beside the feed-forward, how many a token is sent to, and how wide each is."""
    count = said.count("expert_count", least=0, unsaid=0)
    if not count:
        return {}
    for key, known in ROUTED.items():
        if said(key) not in (None, *known):
            raise said.refused(
                key,
                f"is {shown(said(key))}: expected {known[0]}, because the engine routes as a Gemma 4 does and no other way",
            )
    apart = f"blk.0.{GATES_APART}.weight"
    if apart in file.tensors:
        raise UnsupportedModel(
            f"{file.path} holds the experts' gates in a tensor of their own, {apart}: expected gates and ups in one, as llama.cpp converts a "
            f"Gemma 4; convert its Hugging Face folder.",
            subject=apart,
        )
    return {
        "enable_moe_block": True,
        "num_experts": count,
        "top_k_experts": said.count("expert_used_count"),
        "moe_intermediate_size": said.count("expert_feed_forward_length"),
    }


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
        found = divisors_of(divisors, head // 2)
        turned = int((found == 1).sum())
        if found.tolist() != [1.0] * turned + [float(np.float32(NOT_TURNED))] * (head // 2 - turned):
            raise UnsupportedModel(
                f"{file.path}: {ROPE_DIVISORS} divides the rope otherwise than a Gemma 4's, whose first pairs are turned and whose others are "
                f"not: convert the Hugging Face folder of the model.",
                subject=ROPE_DIVISORS,
            )
    return {
        "full_attention": {
            "rope_type": "proportional",
            "partial_rotary_factor": 2 * turned / head,
            "rope_theta": _or(said("rope.freq_base"), 1e6),
        },
        "sliding_attention": {"rope_type": "default", "rope_theta": _or(said("rope.freq_base_swa"), 1e4)},
    }


def divisors_of(tensor: GgufTensor, pairs: int) -> NDArray[np.float32]:
    """Those of that many pairs of a head; zeros, which no rope has, where the tensor holds anything else."""
    found = np.zeros(pairs, np.float32)
    if tensor.array_type == np.float32 and tensor.size == tensor.width == pairs:
        tensor.read_rows(0, found.reshape(1, pairs))
    return found


def _or(value: Any, unsaid: float) -> Any:
    return unsaid if value is None else value


def _share_below(scale: float) -> float:
    """The share of a normal distribution below so many standard deviations, as a config.json says it."""
    return round(NormalDist().cdf(scale), 6) if scale > -np.inf else 0.0


def _as_written(value: float) -> float:
    """1e-06 is meant where float32 has 9.99999997e-07."""
    with np.errstate(over="ignore"):  # what float32 cannot hold is refused where it is used
        return float(str(np.float32(value)))
