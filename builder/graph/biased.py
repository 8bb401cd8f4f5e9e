"""A layer with a bias behind each product and norms that take the mean away, as operators: BERT's, and those of what sees."""

from __future__ import annotations

from builder.formats.tflite_schema import Activations
from builder.graph.function import Function, Value
from builder.graph.parameters import GraphParameters
from builder.model.weights import BIAS_OF, Part

BIASES: dict[Part, Part] = {
    **BIAS_OF,
    "output": "output_bias",
    "up": "up_bias",
    "down": "down_bias",
    "embedding_norm": "embedding_norm_bias",
    "post_attention_norm": "post_attention_norm_bias",
    "post_feed_forward_norm": "post_feed_forward_norm_bias",
}
"""What is multiplied → what is added to it."""


class BiasedBlocks:
    """Those of one function, whose stream is (1, n, width)."""

    def __init__(
        self, function: Function, parameters: GraphParameters, activations: Activations, heads: int, epsilon: float
    ) -> None:
        self.function, self.parameters, self.activations = function, parameters, activations
        self.heads, self.epsilon = heads, epsilon

    def weight(self, matrix: Value) -> Value:
        """As a product takes it."""
        return matrix if self.activations == "int8" else self.function.dequantize(matrix)

    def product(self, x: Value, part: Part, i: int | None) -> Value:
        """matrix · x + bias."""
        f = self.function
        matrix = self.weight(f.parameter(self.parameters.of(part, i)))
        return f.fully_connected(x, matrix, f.parameter(self.parameters.of(BIASES[part], i)))

    def norm(self, x: Value, part: Part, i: int | None) -> Value:
        """(x − mean) / √(variance + epsilon) · factors + bias, over the last axis."""
        f = self.function
        centred = f.subtract(x, f.mean(x))
        variance = f.mean(f.multiply(centred, centred))
        normed = f.multiply(centred, f.reciprocal_root(f.add(variance, f.number(self.epsilon))))
        scaled = f.multiply(normed, f.parameter(self.parameters.of(part, i)))
        return f.add(scaled, f.parameter(self.parameters.of(BIASES[part], i)))

    def attention(self, x: Value, seen: Value, i: int) -> Value:
        """What each place takes from those that it sees; `seen` (1, 1, 1, n) is added to scores."""
        f, (_, length, width), heads = self.function, x.shape, self.heads
        head = width // heads
        projected: dict[str, Value] = {}
        for parameter, held in self.parameters.projections(i).items():
            together = f.fully_connected(x, self.weight(f.parameter(parameter)))
            for n, part in enumerate(held):
                own = f.slice(together, 2, n * width, width)
                own = f.add(own, f.parameter(self.parameters.of(BIAS_OF[part], i)))
                projected[part] = f.transpose(f.reshape(own, (1, length, heads, head)), (0, 2, 1, 3))
        queries = f.multiply(projected["query"], f.number(head**-0.5))
        scores = f.add(f.batch_matmul(queries, projected["key"]), seen)
        mixed = f.batch_matmul(f.softmax(scores), f.transpose(projected["value"], (0, 1, 3, 2)))
        mixed = f.reshape(f.transpose(mixed, (0, 2, 1, 3)), (1, length, width))
        return self.product(mixed, "output", i)
