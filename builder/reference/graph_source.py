"""The reference's weights from a LiteRT graph that onpage wrote: what its engines multiply, to the bit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from builder.formats.graph_weights import GraphWeights
from builder.model.weights import PROJECTIONS, LayerPart, Part, WholePart, is_norm, layer_parts, whole_parts
from builder.reference.arithmetic import Array, Precision
from builder.reference.sources import LazyLayer, rows_of_a_band


class GraphSource:
    """See `WeightSource`."""

    def __init__(self, weights: GraphWeights, precision: Precision = "float32") -> None:
        """`precision` of the activations that the matrices are multiplied with."""
        self.model = weights.model
        self.weights = weights
        self._in_eight_bits = precision == "int8"

    def layer(self, index: int) -> LazyLayer:
        """As `WeightSource`."""
        shapes = dict(layer_parts(self.model, self.model.layers[index]))
        return LazyLayer(tuple(shapes), lambda part: self._read(part, index, shapes))

    def whole(self, part: WholePart) -> Array:
        """As `WeightSource`."""
        return self._vector(part, part, dict(whole_parts(self.model))[part][0])

    def embedding_rows(self, ids: NDArray[np.int64], layer: int | None = None) -> Array:
        """As `WeightSource`."""
        wanted, places = np.unique(ids, return_inverse=True)
        assert layer is None, "no graph has tables of the layers' own"
        embedding = self.model.embedding
        shape = embedding.vocabulary, embedding.width
        found = np.concatenate([self.weights.rows("embedding", shape, int(row), 1) for row in wanted])
        rows: Array = found[places.reshape(ids.shape)]
        return rows

    def embedding_bands(self) -> Iterator[tuple[int, Array]]:
        """As `WeightSource`."""
        return self._bands("embedding", self.model.embedding.vocabulary)

    def head_bands(self) -> Iterator[tuple[int, Array]]:
        """As `WeightSource`. A large head of its own is in the graph as its parts, which are called by their first row."""
        vocabulary = self.model.embedding.vocabulary
        if self.model.embedding.tied:
            yield from self.embedding_bands()
            return
        first, tensors = 0, self.weights.tensors
        while first < vocabulary:
            part = tensors.get(f"head.{first}")
            name, rows = ("head", vocabulary) if part is None else (part.name, part.shape[0])
            for start, band in self._bands(name, rows):
                yield first + start, band
            first += rows

    def _bands(self, table: str, count: int) -> Iterator[tuple[int, Array]]:
        """Of a matrix with a row for each of `count` tokens."""
        width = self.model.embedding.width
        step = rows_of_a_band(width)
        for first in range(0, count, step):
            rows = min(step, count - first)
            yield first, self.weights.rows(table, (count, width), first, rows, multiplied=self._in_eight_bits)

    def _read(self, part: LayerPart, index: int, shapes: dict[LayerPart, tuple[int, ...]]) -> Array:
        shape = shapes[part]
        if len(shape) == 1:
            return self._vector(f"layer_{index}.{part}", part, shape[0])
        together = self._together(part, index)
        first = 0
        for other in together:
            if other == part:
                break
            first += shapes[other][0]
        rows = sum(shapes[other][0] for other in together)
        name = f"layer_{index}.{'.'.join(together)}"
        return self.weights.rows(name, (rows, shape[1]), first, shape[0], multiplied=self._in_eight_bits)

    def _together(self, part: LayerPart, index: int) -> list[LayerPart]:
        """The parts that are one matrix with this one, in its order."""
        if part in PROJECTIONS:
            for mask in range(1, 8):
                parts = [other for i, other in enumerate(PROJECTIONS) if mask >> i & 1]
                if part in parts and f"layer_{index}.{'.'.join(parts)}" in self.weights.tensors:
                    return parts
        return [part]

    def _vector(self, name: str, part: Part, size: int) -> Array:
        """A bias, or of a norm, whose factors a graph holds, what the model's offset is added to."""
        values = self.weights.vector(name, size)
        return values - np.float32(self.model.norm_offset) if is_norm(part) else values
