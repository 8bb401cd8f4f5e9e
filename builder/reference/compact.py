"""A checkpoint's weights in a quarter of their memory, for whoever needs all of them again and again: 8 bits each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.stored_types import to_float32
from builder.model.description import ModelDescription
from builder.model.weights import Part, Weight, Weights, WholePart, layer_parts
from builder.quantize.integers import Integers
from builder.quantize.rounding import quantized_rows
from builder.quantize.scheme import INT8
from builder.reference.arithmetic import Array
from builder.reference.sources import LazyLayer, rows_of_a_band


class CompactSource:
    """As `WeightSource`: matrices are rounded to 8 bits (a divergence of 0.01 nats a token) and multiplied out when they are asked for.

    Raises NotFiniteError where a matrix holds what is no number.
    """

    def __init__(self, model: ModelDescription, weights: Weights) -> None:
        self.model = model
        self._matrices: dict[tuple[Part, int | None], Integers] = {}
        self._vectors: dict[tuple[Part, int | None], Array] = {}
        for weight in weights.tensors:
            place = weight.part, weight.layer
            if weight.is_matrix:
                self._matrices[place] = _rounded(weights, weight)
            else:
                self._vectors[place] = np.concatenate(
                    [to_float32(rows[:]).reshape(-1) for _, rows in weights.bands(weight)]
                )

    def layer(self, index: int) -> LazyLayer:
        """As `WeightSource`."""
        parts = tuple(part for part, _ in layer_parts(self.model, self.model.layers[index]))
        return LazyLayer(parts, lambda part: self._read(part, index))

    def whole(self, part: WholePart) -> Array:
        """As `WeightSource`."""
        return self._read(part, None)

    def embedding_rows(self, ids: NDArray[np.int64], layer: int | None = None) -> Array:
        """As `WeightSource`."""
        embedding = self._matrices["embedding" if layer is None else "per_layer_embedding", layer]
        rows: Array = embedding.values[ids] * embedding.scales[ids]
        return rows

    def embedding_bands(self) -> Iterator[tuple[int, Array]]:
        """As `WeightSource`."""
        return self._bands("embedding")

    def head_bands(self) -> Iterator[tuple[int, Array]]:
        """As `WeightSource`."""
        return self._bands("embedding" if self.model.embedding.tied else "head")

    def _bands(self, table: Part) -> Iterator[tuple[int, Array]]:
        matrix, step = self._matrices[table, None], rows_of_a_band(self.model.embedding.width)
        for first in range(0, self.model.embedding.vocabulary, step):
            yield first, _multiplied(matrix.rows(slice(first, first + step)))

    def _read(self, part: Part, layer: int | None) -> Array:
        found = self._vectors.get((part, layer))
        return _multiplied(self._matrices[part, layer]) if found is None else found


def _rounded(weights: Weights, matrix: Weight) -> Integers:
    values = np.empty((matrix.outputs, matrix.inputs), np.int8)
    scales = np.empty((matrix.outputs, 1), np.float32)
    for first, rows in weights.bands(matrix):
        band = quantized_rows(rows, INT8)
        part = slice(first, first + rows.shape[0])
        values[part], scales[part] = band.values, band.scales
    return Integers(values, scales)


def _multiplied(integers: Integers) -> Array:
    """As `Integers.dequantized`, of which there is one scale a row, in one step."""
    values: Array = np.multiply(integers.values, integers.scales, dtype=np.float32)
    return values
