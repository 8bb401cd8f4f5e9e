"""What a layer of a Gemma (or of a Llama) computes with its input alone, as operators: norms, projections, ropes, the feed-forward.

Who has a cache and who sees the whole text at once differ in the attention only, and add it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from builder.formats.tflite_schema import Activations, TensorType
from builder.graph.function import Function, Shape, Value
from builder.graph.parameters import GraphParameters
from builder.model.description import Attention, ModelDescription, Rope
from builder.model.rope import slowed
from builder.model.weights import BIAS_OF, PROJECTIONS, LayerPart, Part

FLOAT32 = TensorType.FLOAT32


class Blocks:
    """Those of one function, which reads `length` tokens at the `positions` (n,) that a subclass sets."""

    positions: Value

    def __init__(
        self,
        model: ModelDescription,
        activations: Activations,
        parameters: GraphParameters,
        norms: dict[Shape, Function],
        name: str,
        length: int,
    ) -> None:
        self.model, self.activations, self.parameters, self.norms, self.length = (
            model,
            activations,
            parameters,
            norms,
            length,
        )
        self.function = Function(name)
        self._rotations: dict[tuple[int, Rope], tuple[Value, Value]] = {}

    def projected(
        self, x: Value, i: int, attention: Attention, parts: Sequence[LayerPart] = PROJECTIONS
    ) -> dict[LayerPart, Value]:
        """Those of this layer's queries, keys and values that are in `parts`, normed, (1, n, heads, dimension)."""
        f, heads, groups, head = self.function, attention.heads, attention.key_value_heads, attention.head_dimension
        counts = {"query": heads, "key": groups, "value": groups}
        normed, projected = self.norm(x, "pre_attention_norm", i), {}
        for parameter, held in self.parameters.projections(i).items():
            if not set(held) & set(parts):
                continue
            together = f.fully_connected(normed, self.weight(f.parameter(parameter)))
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
            projected |= {part: self.norm(projected[part], norms[part], i) for part in parts if part in norms}
        return projected

    def turned(self, x: Value, attention: Attention) -> Value:
        """Queries or keys (1, n, heads, dimension), turned by their positions, as (1, heads, n, dimension)."""
        rotation = self.rotation(attention.head_dimension, attention.rope)
        return self.rotated(self.function.transpose(x, (0, 2, 1, 3)), rotation)

    def attend(self, queries: Value, keys: Value, values: Value, attention: Attention, seen: Value) -> Value:
        """What each token takes from those that it sees, (1, n, heads · dimension).

        queries (1, n, heads, dimension) not turned yet, keys (1, key-value heads, m, dimension), values (1, key-value heads, dimension, m);
        `seen` (1, 1, n or 1, m) is added to the scores: 0 for what is seen, −∞ or nearly so for what is not.
        """
        f, others = self.function, keys.shape[2]
        heads, groups, head = attention.heads, attention.key_value_heads, attention.head_dimension
        shared = heads // groups * self.length
        queries = f.multiply(self.turned(queries, attention), f.number(attention.query_scale))
        scores = f.batch_matmul(f.reshape(queries, (1, groups, shared, head)), keys)
        scores = self.capped(f.reshape(scores, (1, heads, self.length, others)), attention.cap)
        scores = f.reshape(f.add(scores, seen), (1, groups, shared, others))
        mixed = f.batch_matmul(f.softmax(scores), values)
        mixed = f.transpose(f.reshape(mixed, (1, heads, self.length, head)), (0, 2, 1, 3))
        return f.reshape(mixed, (1, self.length, attention.query_width))

    def feed_forward(self, x: Value, i: int) -> Value:
        """Of a layer, its norm before it included."""
        f = self.function
        normed = self.norm(x, "pre_feed_forward_norm", i)
        gate = f.fully_connected(normed, self.matrix("gate", i))
        if self.model.layers[i].feed_forward.activation == "gelu_tanh":
            gate = f.gelu(gate)
        else:
            gate = f.multiply(gate, f.logistic(gate))
        inner = f.multiply(gate, f.fully_connected(normed, self.matrix("up", i)))
        return f.fully_connected(inner, self.matrix("down", i))

    def end(self, x: Value, part: LayerPart, i: int) -> Value:
        """A part of a layer as it is added to the stream: normed, where the model has norms there."""
        return self.norm(x, part, i) if self.model.layers[i].post_norms else x

    def matrix(self, part: Part, i: int | None) -> Value:
        """As a product takes it."""
        return self.weight(self.function.parameter(self.parameters.of(part, i)))

    def weight(self, matrix: Value) -> Value:
        """As a product takes it: exact ones want floats."""
        return matrix if self.activations == "int8" else self.function.dequantize(matrix)

    def norm(self, x: Value, part: Part, i: int | None) -> Value:
        """x / √(mean square) · factors, over the last axis."""
        factors, epsilon = self.function.parameter(self.parameters.of(part, i)), self.model.norm_epsilon
        if x.shape not in self.norms:
            self.norms[x.shape] = rms_norm(f"rms_norm_{'x'.join(map(str, x.shape))}", x.shape, epsilon)
        return self.function.composite("odml.rms_norm", {"epsilon": epsilon}, self.norms[x.shape], (x, factors))

    def capped(self, scores: Value, cap: float | None) -> Value:
        """cap · tanh(scores / cap)."""
        if cap is None:
            return scores
        f = self.function
        return f.multiply(f.tanh(f.multiply(scores, f.number(1 / cap))), f.number(cap))

    def rotation(self, head: int, rope: Rope) -> tuple[Value, Value]:
        """Cosines and sines (1, n, dimension / 2) of the positions."""
        if (head, rope) not in self._rotations:
            f = self.function
            positions = f.cast(f.reshape(self.positions, (1, self.length, 1)), FLOAT32)
            unscaled: NDArray[np.float64] = rope.wavelength ** (-np.arange(0, head, 2, dtype=np.float64) / head)
            frequencies = slowed(unscaled, rope)
            angles = f.multiply(positions, f.constant(frequencies.astype(np.float32).reshape(1, 1, -1)))
            self._rotations[head, rope] = f.cosine(angles), f.sine(angles)
        return self._rotations[head, rope]

    def rotated(self, x: Value, rotation: tuple[Value, Value]) -> Value:
        """x (1, heads, n, dimension), its first half and its second as pairs."""
        f, (cosine, sine) = self.function, rotation
        half = x.shape[-1] // 2
        first, second = f.slice(x, 3, 0, half), f.slice(x, 3, half, half)
        turned = (
            f.subtract(f.multiply(first, cosine), f.multiply(second, sine)),
            f.add(f.multiply(second, cosine), f.multiply(first, sine)),
        )
        return f.concatenate(turned, 3)


def rms_norm(name: str, shape: Shape, epsilon: float) -> Function:
    """What the composite of that name stands for: x (…, width) and factors (width,) → (…, width)."""
    f = Function(name)
    x, factors = f.input("x", FLOAT32, shape), f.input("factors", FLOAT32, shape[-1:])
    mean = f.mean(f.multiply(x, x))
    inverse = f.reciprocal_root(f.add(mean, f.number(epsilon)))
    f.output("y", f.multiply(f.multiply(x, inverse), factors))
    return f
