"""Weights whose tables are those of the file to be written: what a token begins as, and what each layer is given for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from builder.model.description import ModelDescription
from builder.model.weights import WholePart
from builder.reference.arithmetic import Array
from builder.reference.decoder import LayerWeights, WeightSource

Rounded = Callable[[Array, int | None], Array]
"""Rows of the embedding (None), or of the table that is a layer's own → what they are once they are written."""


class RoundedTables:
    """As `WeightSource`; the layers' matrices are those of the source."""

    def __init__(self, source: WeightSource, rounded: Rounded) -> None:
        self._source, self._rounded = source, rounded

    @property
    def model(self) -> ModelDescription:
        """As `WeightSource`."""
        return self._source.model

    def layer(self, index: int) -> LayerWeights:
        """As `WeightSource`."""
        return self._source.layer(index)

    def whole(self, part: WholePart) -> Array:
        """As `WeightSource`."""
        return self._source.whole(part)

    def embedding_rows(self, ids: NDArray[np.int64], layer: int | None = None) -> Array:
        """As `WeightSource`."""
        return self._rounded(self._source.embedding_rows(ids, layer), layer)

    def embedding_bands(self) -> Iterator[tuple[int, Array]]:
        """As `WeightSource`."""
        return ((first, self._rounded(rows, None)) for first, rows in self._source.embedding_bands())

    def head_bands(self) -> Iterator[tuple[int, Array]]:
        """As `WeightSource`, of a model whose head is the embedding."""
        return self.embedding_bands()
