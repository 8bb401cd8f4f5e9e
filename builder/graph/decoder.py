"""A model description → the functions of its graph: one that reads a prompt for each length, and one that makes a token.

Operators, names and layouts are those of litert-torch's export for Gemma 3 (mask as an input, transposed cache), which all three
engines run; what it cannot express (scales of queries, ropes of each layer, caps, and what other families have) is said here directly.

A function takes token ids `tokens` (1, n) at positions `input_pos` (n,), the causal `mask` (1, 1, n, context) and each layer's
cache: keys (1, key-value heads, context, dimension) and values (1, key-value heads, dimension, context). It returns the cache,
and decode the `logits` (1, 1, vocabulary) too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.formats.tflite_schema import TensorType
from builder.graph.function import Function, Shape, Value
from builder.graph.parameters import GraphParameters
from builder.graph.settings import GraphSettings
from builder.model.description import Attention, ModelDescription, Rope
from builder.model.rope import slowed
from builder.model.weights import BIAS_OF, PROJECTIONS, LayerPart, Part

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


class _Decoder:
    """One function; `length` is None for decode."""

    def __init__(
        self,
        model: ModelDescription,
        settings: GraphSettings,
        parameters: GraphParameters,
        norms: dict[Shape, Function],
        length: int | None,
    ) -> None:
        self.model, self.settings, self.norms = model, settings, norms
        self.length = length or 1
        self.function = Function("decode" if length is None else f"prefill_{length}")
        self.parameters = parameters
        self._masks: dict[int | None, Value] = {}
        self._rotations: dict[tuple[int, Rope], tuple[Value, Value]] = {}
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
            projected = self._projected(x, i, layer.attention, ("key", "value") if only_cache else PROJECTIONS)
            keys, values = self._update_cache(projected["key"], projected["value"], i, layer.attention)
            if only_cache:
                return
            attended = self._attend(self._turned(projected["query"], layer.attention), keys, values, layer.attention)
            x = f.add(x, self._end(f.fully_connected(attended, self._matrix("output", i)), "post_attention_norm", i))
            x = f.add(x, self._end(self._feed_forward(x, i), "post_feed_forward_norm", i))
        x = self._norm(x, "final_norm", None)
        parts = [f.fully_connected(x, self._weight(f.parameter(part))) for part in self.parameters.head()]
        while len(parts) > 1:
            parts = [f.concatenate(parts[i : i + MAX_JOINED], 2) for i in range(0, len(parts), MAX_JOINED)]
        f.output("logits", self._capped(parts[0], self.model.final_cap))

    def _projected(self, x: Value, i: int, attention: Attention, parts: Sequence[LayerPart]) -> dict[LayerPart, Value]:
        """Those of this layer's queries, keys and values that are in `parts`, normed, (1, n, heads, dimension)."""
        f, heads, groups, head = self.function, attention.heads, attention.key_value_heads, attention.head_dimension
        counts = {"query": heads, "key": groups, "value": groups}
        normed, projected = self._norm(x, "pre_attention_norm", i), {}
        for parameter, held in self.parameters.projections(i).items():
            if not set(held) & set(parts):
                continue
            together = f.fully_connected(normed, self._weight(f.parameter(parameter)))
            together = f.reshape(together, (1, self.length, parameter.shape[0] // head, head))
            first = 0
            for part in held:
                if part in parts:
                    projected[part] = f.slice(together, 2, first, counts[part])
                    if attention.biases:
                        bias = f.parameter(self.parameters.of(BIAS_OF[part], i))
                        projected[part] = f.add(projected[part], f.reshape(bias, (counts[part], head)))
                first += counts[part]
        if attention.query_key_norms:
            norms: dict[LayerPart, LayerPart] = {"query": "query_norm", "key": "key_norm"}
            projected |= {part: self._norm(projected[part], norms[part], i) for part in parts if part in norms}
        return projected

    def _turned(self, x: Value, attention: Attention) -> Value:
        """Queries or keys (1, n, heads, dimension), turned by their positions, as (1, heads, n, dimension)."""
        rotation = self._rotation(attention.head_dimension, attention.rope)
        return self._rotated(self.function.transpose(x, (0, 2, 1, 3)), rotation)

    def _update_cache(self, keys: Value, values: Value, i: int, attention: Attention) -> tuple[Value, Value]:
        """This layer's cache with new keys and values (1, n, heads, dimension) in it."""
        f, (old_keys, old_values) = self.function, self.caches[i]
        keys = f.dynamic_update_slice(old_keys, self._turned(keys, attention), self._place(2))
        values = f.dynamic_update_slice(old_values, f.transpose(values, (0, 2, 3, 1)), self._place(3))
        f.output(f"kv_cache_k_{i}", keys)
        f.output(f"kv_cache_v_{i}", values)
        return keys, values

    def _attend(self, queries: Value, keys: Value, values: Value, attention: Attention) -> Value:
        """What each token takes from those that it sees, (1, n, heads · dimension)."""
        f, context = self.function, self.settings.context
        heads, groups, head = attention.heads, attention.key_value_heads, attention.head_dimension
        shared = heads // groups * self.length
        queries = f.multiply(queries, f.number(attention.query_scale))
        scores = f.batch_matmul(f.reshape(queries, (1, groups, shared, head)), keys)
        scores = self._capped(f.reshape(scores, (1, heads, self.length, context)), attention.cap)
        scores = f.reshape(f.add(scores, self._visible(attention.window)), (1, groups, shared, context))
        mixed = f.batch_matmul(f.softmax(scores), values)
        mixed = f.transpose(f.reshape(mixed, (1, heads, self.length, head)), (0, 2, 1, 3))
        return f.reshape(mixed, (1, self.length, attention.query_width))

    def _feed_forward(self, x: Value, i: int) -> Value:
        f = self.function
        normed = self._norm(x, "pre_feed_forward_norm", i)
        gate = f.fully_connected(normed, self._matrix("gate", i))
        if self.model.layers[i].feed_forward.activation == "gelu_tanh":
            gate = f.gelu(gate)
        else:
            gate = f.multiply(gate, f.logistic(gate))
        inner = f.multiply(gate, f.fully_connected(normed, self._matrix("up", i)))
        return f.fully_connected(inner, self._matrix("down", i))

    def _end(self, x: Value, part: LayerPart, i: int) -> Value:
        return self._norm(x, part, i) if self.model.layers[i].post_norms else x

    def _matrix(self, part: Part, i: int | None) -> Value:
        return self._weight(self.function.parameter(self.parameters.of(part, i)))

    def _weight(self, matrix: Value) -> Value:
        """As a product takes it: exact ones want floats."""
        return matrix if self.settings.activations == "int8" else self.function.dequantize(matrix)

    def _norm(self, x: Value, part: Part, i: int | None) -> Value:
        """x / √(mean square) · factors, over the last axis."""
        factors, epsilon = self.function.parameter(self.parameters.of(part, i)), self.model.norm_epsilon
        if x.shape not in self.norms:
            self.norms[x.shape] = rms_norm(f"rms_norm_{'x'.join(map(str, x.shape))}", x.shape, epsilon)
        return self.function.composite("odml.rms_norm", {"epsilon": epsilon}, self.norms[x.shape], (x, factors))

    def _capped(self, scores: Value, cap: float | None) -> Value:
        if cap is None:
            return scores
        f = self.function
        return f.multiply(f.tanh(f.multiply(scores, f.number(1 / cap))), f.number(cap))

    def _rotation(self, head: int, rope: Rope) -> tuple[Value, Value]:
        """Cosines and sines (1, n, dimension / 2) of the positions."""
        if (head, rope) not in self._rotations:
            f = self.function
            positions = f.cast(f.reshape(self.positions, (1, self.length, 1)), FLOAT32)
            unscaled: NDArray[np.float64] = rope.wavelength ** (-np.arange(0, head, 2, dtype=np.float64) / head)
            frequencies = slowed(unscaled, rope)
            angles = f.multiply(positions, f.constant(frequencies.astype(np.float32).reshape(1, 1, -1)))
            self._rotations[head, rope] = f.cosine(angles), f.sine(angles)
        return self._rotations[head, rope]

    def _rotated(self, x: Value, rotation: tuple[Value, Value]) -> Value:
        """x (1, heads, n, dimension), its first half and its second as pairs."""
        f, (cosine, sine) = self.function, rotation
        half = x.shape[-1] // 2
        first, second = f.slice(x, 3, 0, half), f.slice(x, 3, half, half)
        turned = (
            f.subtract(f.multiply(first, cosine), f.multiply(second, sine)),
            f.add(f.multiply(second, cosine), f.multiply(first, sine)),
        )
        return f.concatenate(turned, 3)

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


def rms_norm(name: str, shape: Shape, epsilon: float) -> Function:
    """What the composite of that name stands for: x (…, width) and factors (width,) → (…, width)."""
    f = Function(name)
    x, factors = f.input("x", FLOAT32, shape), f.input("factors", FLOAT32, shape[-1:])
    mean = f.mean(f.multiply(x, x))
    inverse = f.reciprocal_root(f.add(mean, f.number(epsilon)))
    f.output("y", f.multiply(f.multiply(x, inverse), factors))
    return f
