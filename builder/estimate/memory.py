"""Memory of the GPU that a model takes while it runs, by a formula that was measured.

Every buffer and texture that @mediapipe/tasks-genai 0.10.29 creates was recorded (e2e/gpu_memory) for shapes that differ in
one dimension at a time; docs/estimate.md has the terms and how well they fit. Float32 throughout, as the page asks for
(static/engine/workers/mediapipe_precision.js).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from builder.estimate.architecture import Dimensions
from builder.formats.web_tensors import PER_LAYER_TABLES, PICTURES, SizedTensor, tables_size

PREFILL = 512
"""Tokens of a prompt that the engine reads at once, whatever the context."""

FLOAT = 4
"""Bytes of a float32."""

HALF = 2
"""Of a float16."""

UNIFORMS = 1 << 20
PER_PIECE = 20
"""Bytes for each piece of the vocabulary: logits in several forms, for sampling."""


@dataclass(frozen=True)
class GpuMemory:
    """Bytes."""

    weights: int
    kv_cache: int
    working: int
    largest: int
    """Of a single buffer or texture."""
    largest_is: str
    """What that is, in words."""
    on_demand: int = 0
    """Of tables of the layers that stay in the page's memory instead; none of it is in `total`."""

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.kv_cache + self.working


def gpu_memory(d: Dimensions, tensors: Iterable[SizedTensor], context: int, *, on_demand: bool = False) -> GpuMemory:
    """For a context (maxTokens, prompt and answer together) of that many tokens. `on_demand`: the tables of the layers are loaded so. What
    sees is loaded only where a person asks for it, and is not counted."""
    all_tensors = tuple(tensors)
    held = [
        one
        for one in all_tensors
        if one.name not in PICTURES and not (on_demand and f"{PER_LAYER_TABLES}." in one.name)
    ]
    sizes = {tensor.name: tensor.size for tensor in held}
    cache = FLOAT * d.cache_width * context
    """The engine keeps one buffer for the keys of all layers and one for the values, of the whole context for local layers too."""
    scores = _scores(d, context)
    parts = {
        f"the weights {max(sizes, key=lambda name: sizes[name])}": max(sizes.values()),
        "the keys of all layers": cache,
        "the attention scores": max(scores),
    }
    largest = max(parts, key=lambda name: parts[name])
    return GpuMemory(
        weights=sum(sizes.values()),
        kv_cache=2 * cache,
        working=sum(scores) + _masks(d, context) + _rest(d, context) + _per_layer(d) + _experts(d),
        largest=parts[largest],
        largest_is=largest,
        on_demand=tables_size(all_tensors) if on_demand else 0,
    )


def _keys(d: Dimensions, context: int) -> list[int]:
    """How many keys a prompt's tokens are compared with: in layers that see everything, and in local ones."""
    if d.window is None or context <= d.window:
        return [context]
    local = min(context, d.window + PREFILL)
    return [context, local] if d.has_global else [local]


def _scores(d: Dimensions, context: int) -> set[int]:
    """Of equal size, one does for both kinds of layer."""
    return {FLOAT * PREFILL * d.heads * keys for keys in _keys(d, context)}


def _masks(d: Dimensions, context: int) -> int:
    """A byte for each pair of tokens, and float32 for the layers that see everything, where there are two kinds."""
    keys = _keys(d, context)
    return PREFILL * sum(keys) + (FLOAT * PREFILL * context if len(keys) > 1 else 0)


def _rest(d: Dimensions, context: int) -> int:
    keys = _keys(d, context)
    widths = (d.hidden, *d.feed_forwards, *d.query_widths, *d.key_widths)
    activations = 3 * FLOAT * PREFILL * sum(widths)
    local = keys[-1] if d.window is not None and context > d.window else 0
    rearranged = 2 * FLOAT * sum(d.key_widths) * (sum(keys) + local)
    both_ways = d.query_widths | d.feed_forwards
    shapes = {(d.hidden, n) for n in both_ways | d.key_widths} | {(k, d.hidden) for k in both_ways}
    dequantized = FLOAT * sum(k * n for k, n in shapes)  # one of each shape, for prompts
    return activations + rearranged + dequantized + UNIFORMS + PER_PIECE * d.vocabulary


def _experts(d: Dimensions) -> int:
    """What goes into the experts of a prompt's tokens, is made of it inside, and comes out."""
    return 3 * FLOAT * PREFILL * d.experts.active * (d.hidden + d.experts.width) if d.experts else 0


def _per_layer(d: Dimensions) -> int:
    """What all layers are given for a prompt's tokens, in four forms, and one layer's in six; and of each matrix of float16 as much again."""
    given = d.layers * d.per_layer
    return FLOAT * PREFILL * (4 * given + 6 * d.per_layer) + 3 * HALF * d.hidden * given
