"""A model description → the functions of its graph: one that reads a prompt for each length, and one that makes a token.

Operators, names and layouts are those of litert-torch's export for Gemma 3 (mask as an input, transposed cache), which all three
engines run; what it cannot express (scales of queries, ropes of each layer, caps, and what other families have) is said here directly.

A function takes token ids `tokens` (1, n) at positions `input_pos` (n,), the causal `mask` (1, 1, n, context) and each layer's
cache: keys (1, key-value heads, context, dimension) and values (1, key-value heads, dimension, context). It returns the cache,
and decode the `logits` (1, 1, vocabulary) too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from builder.formats.tflite_schema import TensorType
from builder.graph.blocks import Blocks
from builder.graph.function import Function, Shape, Value
from builder.graph.parameters import GraphParameters
from builder.graph.settings import GraphSettings
from builder.model.description import Attention, ModelDescription
from builder.model.weights import PROJECTIONS

FLOAT32, INT32 = TensorType.FLOAT32, TensorType.INT32

MAX_JOINED = 4
"""Inputs of a concatenation: XNNPACK takes five, and a shader of WebGPU is sure of eight buffers only."""


@dataclass(frozen=True)
class Functions:
    """Those with a signature, and those that composites fall back to."""

    signatures: tuple[Function, ...]
    decompositions: tuple[Function, ...]


def decoder_functions(model: ModelDescription, settings: GraphSettings, parameters: GraphParameters) -> Functions:
    """All functions of a graph of this model."""
    norms: dict[Shape, Function] = {}
    lengths = [*settings.prefill, None]
    made = [_Decoder(model, settings, parameters, norms, length).function for length in lengths]
    return Functions(tuple(made), tuple(norms.values()))


class _Decoder(Blocks):
    """One function; `length` is None for decode."""

    def __init__(
        self,
        model: ModelDescription,
        settings: GraphSettings,
        parameters: GraphParameters,
        norms: dict[Shape, Function],
        length: int | None,
    ) -> None:
        name = "decode" if length is None else f"prefill_{length}"
        super().__init__(model, settings.activations, parameters, norms, name, length or 1)
        self.settings = settings
        self._masks: dict[int | None, Value] = {}
        self._places: dict[int, Value] = {}
        self._declare_inputs()
        self._compute(makes_a_token=length is None)

    def _declare_inputs(self) -> None:
        f, context = self.function, self.settings.context
        self.tokens = f.input("tokens", INT32, (1, self.length))
        self.positions = f.input("input_pos", INT32, (self.length,))
        self.caches = []
        for i, layer in enumerate(self.model.layers):
            groups, head = layer.attention.key_value_heads, layer.attention.head_dimension
            keys = f.input(f"kv_cache_k_{i}", FLOAT32, (1, groups, context, head))
            self.caches.append((keys, f.input(f"kv_cache_v_{i}", FLOAT32, (1, groups, head, context))))
        self.mask = f.input("mask", FLOAT32, (1, 1, self.length, context))

    def _compute(self, makes_a_token: bool) -> None:
        f, embedding = self.function, self.model.embedding
        table = f.parameter(self.parameters.of("embedding"))
        rows = f.embedding_lookup(f.reshape(self.tokens, (self.length,)), table)
        x = f.reshape(rows, (1, self.length, embedding.width))
        if embedding.scale != 1:
            x = f.multiply(x, f.number(embedding.scale))
        last = len(self.model.layers) - 1
        for i, layer in enumerate(self.model.layers):
            # of the last layer a prompt needs the cache only, and where a function computes what nobody reads, MediaPipe fails at
            # the first token
            only_cache = i == last and not makes_a_token
            projected = self.projected(x, i, layer.attention, ("key", "value") if only_cache else PROJECTIONS)
            keys, values = self._update_cache(projected["key"], projected["value"], i, layer.attention)
            if only_cache:
                return
            seen = self._visible(layer.attention.window)
            attended = self.attend(projected["query"], keys, values, layer.attention, seen)
            x = f.add(x, self.end(f.fully_connected(attended, self.matrix("output", i)), "post_attention_norm", i))
            x = f.add(x, self.end(self.feed_forward(x, i), "post_feed_forward_norm", i))
        x = self.norm(x, "final_norm", None)
        parts = [f.fully_connected(x, self.weight(f.parameter(part))) for part in self.parameters.head()]
        while len(parts) > 1:
            parts = [f.concatenate(parts[i : i + MAX_JOINED], 2) for i in range(0, len(parts), MAX_JOINED)]
        f.output("logits", self.capped(parts[0], self.model.final_cap))

    def _update_cache(self, keys: Value, values: Value, i: int, attention: Attention) -> tuple[Value, Value]:
        """This layer's cache with new keys and values (1, n, heads, dimension) in it."""
        f, (old_keys, old_values) = self.function, self.caches[i]
        keys = f.dynamic_update_slice(old_keys, self.turned(keys, attention), self._place(2))
        values = f.dynamic_update_slice(old_values, f.transpose(values, (0, 2, 3, 1)), self._place(3))
        f.output(f"kv_cache_k_{i}", keys)
        f.output(f"kv_cache_v_{i}", values)
        return keys, values

    def _place(self, axis: int) -> Value:
        """Where in a cache the new tokens go, which is along `axis`. By way of floats, as GPUs want it."""
        if axis not in self._places:
            f = self.function
            first = f.slice(f.cast(self.positions, FLOAT32), 0, 0, 1)
            zero = f.constant(np.zeros(1, np.float32))
            self._places[axis] = f.cast(f.concatenate([first if i == axis else zero for i in range(4)], 0), INT32)
        return self._places[axis]

    def _visible(self, window: int | None) -> Value:
        """The mask (1, 1, n, context) of layers with this window: 0 for what is seen, −∞ or nearly so for what is not."""
        if window is None or window >= self.settings.context:
            return self.mask
        if window not in self._masks:
            f, context = self.function, self.settings.context
            slots = f.constant(np.arange(context, dtype=np.int32).reshape(1, 1, context))
            positions = f.reshape(self.positions, (1, self.length, 1))
            far = f.constant(np.array(window, np.int32))
            near = f.greater(slots, f.subtract(positions, far))
            bias = f.select(near, f.number(0.0), f.number(-np.inf))
            self._masks[window] = f.minimum(self.mask, f.reshape(bias, (1, 1, self.length, context)))
        return self._masks[window]
