"""The numbers of a tower as its graphs have them: those of a checkpoint, but for five weights.

A graph is given pixels from 0 to 1 where the tower was taught −1 to 1, so that the filters and what is added to them take over 2x − 1.
LiteRT's filters have their channels last. The projection is stored the other way round than a matrix of a graph. It takes the scale of the
text's stream, since what comes out of it stands where rows of the embedding stand, and so does the row that ends a picture, which is as large
as rows of the embedding are in the stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.checkpoint import Checkpoint, check_finite
from builder.checkpoint.stored_types import to_float32
from builder.graph.numbers import CheckpointNumbers, Integers, Piece
from builder.model.opened import StoredWeights
from builder.model.weights import Weight
from builder.quantize.rounding import quantized_rows
from builder.quantize.scheme import ALL_INT8, Scheme


class TowerNumbers:
    """As `builder.graph.numbers.Numbers`. Raises CheckpointError for weights that are missing, of another shape, or not finite."""

    def __init__(self, checkpoint: Checkpoint, weights: tuple[Weight, ...], embedding_scale: float = 1.0) -> None:
        """`embedding_scale` is what the text's rows are multiplied with."""
        self._embedding_scale = embedding_scale
        self._weights, self._factor = StoredWeights(checkpoint, weights), 1.0
        self._as_stored = CheckpointNumbers(self._weights, ALL_INT8)
        self._stored = {weight.part: weight for weight in weights if weight.layer is None}
        self.tensors = tuple(map(in_a_graph, weights))

    def scaled(self, factor: float) -> TowerNumbers:
        """The same with what goes into the text multiplied by a power of two."""
        found = copy(self)
        found._factor = factor
        return found

    def scheme_of(self, matrix: Weight) -> Scheme:
        """As `Numbers`."""
        return ALL_INT8.scheme_of(matrix)

    def matrix(self, weight: Weight) -> Iterator[tuple[int, Piece]]:
        """As `Numbers`; a projection is one piece."""
        if weight.part == "picture_projection":
            yield 0, partial(self._projection, weight)
            return
        yield from self._as_stored.matrix(weight)

    def vector(self, weight: Weight) -> NDArray[np.float32]:
        """As `Numbers`, in the shape that a graph has it in."""
        if weight.part == "patch":
            return np.ascontiguousarray(np.float32(2) * self._filters().transpose(0, 2, 3, 1))
        if weight.part == "patch_bias":
            biases: NDArray[np.float32] = self._values("patch_bias") - self._filters().sum((1, 2, 3), np.float32)
            return biases
        if weight.part == "position":
            return self._values("position")[None, None]
        if weight.part == "picture_end":
            return self._values("picture_end")[None] * np.float32(self._embedding_scale * self._factor)
        return self._as_stored.vector(weight)

    def _filters(self) -> NDArray[np.float32]:
        return self._values("patch")

    def _projection(self, weight: Weight) -> Integers:
        rounded = quantized_rows(np.ascontiguousarray(self._values("picture_projection").T), self.scheme_of(weight))
        # a power of two: as exact as of the weights
        return Integers(rounded.values, rounded.scales * np.float32(self._factor))

    def _values(self, part: str) -> NDArray[np.float32]:
        """All of a weight, in its shape; the largest are the positions of a picture's patches, 19 MB in a published tower."""
        weight = self._stored[part]  # type: ignore[index]
        bands = []
        for first, rows in self._weights.bands(weight):
            check_finite(str(weight.source), first, rows)
            bands.append(to_float32(rows[:]))
        found: NDArray[np.float32] = np.concatenate(bands).reshape(weight.shape)
        return found


def in_a_graph(weight: Weight) -> Weight:
    """The same in the shape of a graph's parameter."""
    match weight.part:
        case "patch":
            outputs, channels, side, _ = weight.shape
            return replace(weight, shape=(outputs, side, side, channels))
        case "position":
            return replace(weight, shape=(1, 1, *weight.shape))
        case "picture_end":
            return replace(weight, shape=(1, *weight.shape))
        case "picture_projection":
            return replace(weight, shape=weight.shape[::-1])
    return weight
