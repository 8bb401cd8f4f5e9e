"""A layer with a bias behind each product and norms that take the mean away, as operators: BERT's, and those of what sees."""

from __future__ import annotations

from builder.formats.tflite_schema import Activations
from builder.graph.function import Function, Value
from builder.graph.parameters import GraphParameters
from builder.model.weights import Part

BIASES: dict[Part, Part] = {
    "query": "query_bias",
    "key": "key_bias",
    "value": "value_bias",
    "output": "output_bias",
    "up": "up_bias",
    "down": "down_bias",
    "embedding_norm": "embedding_norm_bias",
    "post_attention_norm": "post_attention_norm_bias",
    "post_feed_forward_norm": "post_feed_forward_norm_bias",
    "pre_attention_norm": "pre_attention_norm_bias",
    "pre_feed_forward_norm": "pre_feed_forward_norm_bias",
    "final_norm": "final_norm_bias",
}
"""What is multiplied → what is added to it."""


MAX_SCORES = 64 << 20
"""Bytes of the scores that are computed at once: half of what a browser lets a shader see of a buffer, unless more is asked for (WebGPU's
maxStorageBufferBindingSize, 128 MiB)."""


MAX_ROWS, LANES = 8192, 4
"""MediaPipe keeps what it computes in textures: of (1, heads, n, m) the heads · m / 4 rows, of which WebGPU allows so many unless more is asked
for (maxTextureDimension2D)."""

FLOAT = 4
"""Bytes of a float32."""


class BiasedBlocks:
    """Those of one function, whose stream is (…, n, width)."""

    def __init__(
        self, function: Function, parameters: GraphParameters, activations: Activations, heads: int, epsilon: float
    ) -> None:
        self.function, self.parameters, self.activations = function, parameters, activations
        self.heads, self.epsilon = heads, epsilon

    def weight(self, matrix: Value) -> Value:
        """As a product takes it."""
        return matrix if self.activations == "int8" else self.function.dequantize(matrix)

    def times(self, x: Value, matrix: Value, bias: Value | None) -> Value:
        """matrix · x + bias, of a `weight`."""
        return self.function.fully_connected(x, matrix, bias)

    def product(self, x: Value, part: Part, i: int | None) -> Value:
        """matrix · x + bias."""
        f = self.function
        matrix = self.weight(f.parameter(self.parameters.of(part, i)))
        return self.times(x, matrix, f.parameter(self.parameters.of(BIASES[part], i)))

    def norm(self, x: Value, part: Part, i: int | None) -> Value:
        """(x − mean) / √(variance + epsilon) · factors + bias, over the last axis."""
        f = self.function
        centred = f.subtract(x, f.mean(x))
        variance = f.mean(f.multiply(centred, centred))
        normed = f.multiply(centred, f.reciprocal_root(f.add(variance, f.number(self.epsilon))))
        scaled = f.multiply(normed, f.parameter(self.parameters.of(part, i)))
        return f.add(scaled, f.parameter(self.parameters.of(BIASES[part], i)))

    def attention(self, x: Value, i: int, seen: Value | None = None) -> Value:
        """What each place takes from those that it sees; `seen` (1, 1, 1, n) is added to scores, None where all see all.

        As many heads are computed at once as MAX_ROWS has room for, and of these as many places as MAX_SCORES has.
        """
        f, (length, width), heads = self.function, x.shape[-2:], self.heads
        projected: dict[str, Value] = {}
        for parameter, held in self.parameters.projections(i).items():
            together = self.times(x, self.weight(f.parameter(parameter)), None)
            for n, part in enumerate(held):
                own = f.slice(together, -1, n * width, width)
                projected[part] = self.parted(f.add(own, f.parameter(self.parameters.of(BIASES[part], i))))
        projected["query"] = f.multiply(projected["query"], f.number((width // heads) ** -0.5))
        at_once = max(1, min(heads, MAX_ROWS // -(-length // LANES)))
        mixed = []
        for first in range(0, heads, at_once):
            some = {part: f.slice(x, 1, first, min(at_once, heads - first)) for part, x in projected.items()}
            mixed.append(self._mixed(some["query"], some["key"], f.transpose(some["value"], (0, 1, 3, 2)), seen))
        return self.product(f.reshape(self.united(f.concatenate(mixed, 1)), x.shape), "output", i)

    def parted(self, x: Value) -> Value:
        """(…, n, width) as (1, heads, n, dimension)."""
        f, (length, width) = self.function, x.shape[-2:]
        return f.transpose(f.reshape(x, (1, length, self.heads, width // self.heads)), (0, 2, 1, 3))

    def united(self, x: Value) -> Value:
        """The inverse, (1, n, heads, dimension) in the order of the stream."""
        return self.function.transpose(x, (0, 2, 1, 3))

    def _mixed(self, queries: Value, keys: Value, values: Value, seen: Value | None) -> Value:
        """Queries and keys (1, heads, n, dimension), values (1, heads, dimension, n) → (1, heads, n, dimension)."""
        f, (heads, length) = self.function, queries.shape[1:3]
        step = max(1, min(length, MAX_SCORES // (FLOAT * heads * length)))
        mixed = []
        for first in range(0, length, step):
            scores = f.batch_matmul(f.slice(queries, 2, first, min(step, length - first)), keys)
            scores = f.add(scores, seen) if seen else scores
            mixed.append(f.batch_matmul(f.softmax(scores), values))
        return f.concatenate(mixed, 2)
