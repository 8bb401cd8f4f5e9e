"""The reference's weights from a LiteRT graph that onpage wrote: what its engines multiply, to the bit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from builder.formats.graph_weights import GraphWeights
from builder.model.weights import LayerPart, layer_parts
from builder.reference.arithmetic import Array
from builder.reference.sources import LazyLayer, rows_of_a_band

PROJECTIONS: tuple[LayerPart, ...] = ("query", "key", "value")


class GraphSource:
    """See `WeightSource`."""

    def __init__(self, weights: GraphWeights) -> None:
        self.model = weights.model
        self.weights = weights

    def layer(self, index: int) -> LazyLayer:
        """As `WeightSource`."""
        shapes = dict(layer_parts(self.model, self.model.layers[index]))
        return LazyLayer(tuple(shapes), lambda part: self._read(part, index, shapes))

    def final_norm(self) -> Array:
        """As `WeightSource`."""
        return self._norm("final_norm", self.model.embedding.width)

    def embedding_rows(self, ids: NDArray[np.int64]) -> Array:
        """As `WeightSource`."""
        wanted, places = np.unique(ids, return_inverse=True)
        found = np.concatenate([self._embedding(int(row), 1) for row in wanted])
        rows: Array = found[places.reshape(ids.shape)]
        return rows

    def embedding_bands(self) -> Iterator[tuple[int, Array]]:
        """As `WeightSource`."""
        count, step = self.model.embedding.vocabulary, rows_of_a_band(self.model.embedding.width)
        for first in range(0, count, step):
            yield first, self._embedding(first, min(step, count - first))

    def head_bands(self) -> Iterator[tuple[int, Array]]:
        """As `WeightSource`: the embedding's."""
        return self.embedding_bands()

    def _embedding(self, first: int, count: int) -> Array:
        embedding = self.model.embedding
        return self.weights.rows("embedding", (embedding.vocabulary, embedding.width), first, count)

    def _read(self, part: LayerPart, index: int, shapes: dict[LayerPart, tuple[int, ...]]) -> Array:
        shape = shapes[part]
        if len(shape) == 1:
            return self._norm(f"layer_{index}.{part}", shape[0])
        together = self._together(part, index)
        first = 0
        for other in together:
            if other == part:
                break
            first += shapes[other][0]
        rows = sum(shapes[other][0] for other in together)
        return self.weights.rows(f"layer_{index}.{'.'.join(together)}", (rows, shape[1]), first, shape[0])

    def _together(self, part: LayerPart, index: int) -> list[LayerPart]:
        """The parts that are one matrix with this one, in its order."""
        if part in PROJECTIONS:
            for mask in range(1, 8):
                parts = [other for i, other in enumerate(PROJECTIONS) if mask >> i & 1]
                if part in parts and f"layer_{index}.{'.'.join(parts)}" in self.weights.tensors:
                    return parts
        return [part]

    def _norm(self, name: str, size: int) -> Array:
        """The distance of its factors from one, which are what a graph holds."""
        return self.weights.vector(name, size) - np.float32(1)
