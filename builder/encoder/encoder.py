"""What every encoder has: weights, and a function that makes one vector of a text's tokens.

A function `encoder_<n>` takes `embeddings` (1, n, width), rows of the table that the engine has looked up, and `input_mask` (1, n), 1 for
a token and 0 for what fills up. It returns `vector` (1, dimensions), not yet of length one: the engine cuts it to the size that is
asked for, and norms what is left.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from builder.checkpoint.sources import Tensor
from builder.encoder.sentence import Dense, EncoderFolder, Sentence
from builder.formats.tflite_schema import Activations, TensorType
from builder.graph.function import Function, Shape, Value
from builder.graph.parameters import GraphParameters
from builder.model.weights import Weight

FLOAT32, INT32 = TensorType.FLOAT32, TensorType.INT32

UNSEEN = 1e9
"""Taken from the score of what fills up: softmax makes nothing of it."""


@dataclass(frozen=True)
class Making:
    """What a function is made with."""

    length: int
    activations: Activations
    parameters: GraphParameters
    norms: dict[Shape, Function]
    """Those that composites fall back to, shared by all functions."""

    @property
    def name(self) -> str:
        """As the engine asks for it."""
        return f"encoder_{self.length}"


class Layers(ABC):
    """The layers of one function."""

    function: Function

    @abstractmethod
    def hidden(self, x: Value, seen: Value) -> Value:
        """Embeddings (1, n, width) → the last layer's vectors, the same shape; `seen` (1, 1, 1, n) is added to scores."""

    @abstractmethod
    def weight(self, matrix: Value) -> Value:
        """As a product takes it."""


@dataclass(frozen=True)
class Encoder:
    """A checkpoint that makes vectors of texts."""

    family: str
    folder: EncoderFolder
    sentence: Sentence
    width: int
    """Of the layers."""
    longest: int
    """Tokens that the layers were made for."""
    norm_offset: float
    table: Weight
    """A row for each token."""
    layer_weights: tuple[Weight, ...]
    layers: Callable[[Making], Layers]

    @property
    def dimensions(self) -> int:
        """Of a vector."""
        return self.sentence.dense[-1].outputs if self.sentence.dense else self.width

    @property
    def max_tokens(self) -> int:
        """Of a text, what begins and ends it included."""
        return min(self.longest, self.sentence.max_tokens or self.longest)

    @cached_property
    def weights(self) -> tuple[Weight, ...]:
        """All but the table."""
        return (
            *self.layer_weights,
            *(weight for i, dense in enumerate(self.sentence.dense) for weight in _weights(i, dense)),
        )

    def function(self, making: Making) -> Function:
        """The one that reads texts of up to so many tokens."""
        layers = self.layers(making)
        f, length = layers.function, making.length
        x = f.input("embeddings", FLOAT32, (1, length, self.width))
        mask = f.input("input_mask", FLOAT32, (1, length))
        seen = f.multiply(f.subtract(f.reshape(mask, (1, 1, 1, length)), f.number(1.0)), f.number(UNSEEN))
        vector = self._pooled(f, layers.hidden(x, seen), f.reshape(mask, (1, length, 1)))
        for i, dense in enumerate(self.sentence.dense):
            bias = f.parameter(making.parameters.of("dense_bias", i)) if dense.bias else None
            vector = f.fully_connected(vector, layers.weight(f.parameter(making.parameters.of("dense", i))), bias)
            vector = f.tanh(vector) if dense.activation == "tanh" else vector
        f.output("vector", vector)
        return f

    def _pooled(self, f: Function, hidden: Value, mask: Value) -> Value:
        """(1, n, width) → (1, width)."""
        if self.sentence.pooling == "cls":
            one = f.slice(hidden, 1, 0, 1)
        else:
            one = f.divide(f.mean(f.multiply(hidden, mask), 1), f.mean(mask, 1))
        return f.reshape(one, (1, self.width))


def embedder_function(parameters: GraphParameters, width: int) -> Function:
    """The other graph's: `tokens` (1,) → `embeddings` (1, 1, width), a row of the table."""
    f = Function("embedder")
    tokens = f.input("tokens", INT32, (1,))
    rows = f.embedding_lookup(tokens, f.parameter(parameters.of("embedding")))
    f.output("embeddings", f.reshape(rows, (1, 1, width)))
    return f


def _weights(i: int, dense: Dense) -> tuple[Weight, ...]:
    matrix = Weight("dense", i, (dense.outputs, dense.inputs), Tensor(dense.tensor))
    bias = Weight("dense_bias", i, (dense.outputs,), Tensor(dense.tensor.removesuffix("weight") + "bias"))
    return (matrix, bias) if dense.bias else (matrix,)
