"""The numbers of a MobileNet-V5 and of its projector as their graphs have them.

LiteRT's filters have their channels last. What only goes into a norm is smaller by `BEFORE_A_NORM`. The factors of a block, which what it adds to the
stream is multiplied with, are in those of its last norm, or in the scales of its last matrix. The vector that ends a picture is made here: a row of
the tower's own vocabulary, normed and projected as what it sees is.
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
from builder.model.weights import Part, Weight
from builder.quantize.scheme import ALL_INT8, Scheme
from builder.tower.convolutions import BEFORE_A_NORM

SMALLER: tuple[Part, ...] = (
    "stem",
    "stem_bias",
    "expansion_filters",
    "start_filters",
    "expansion",
    "middle_filters",
    "projection",
    "key_filters",
    "value_filters",
    "picture_projection",
)
"""What goes into a norm."""

FILTERS: tuple[Part, ...] = ("stem", "expansion_filters")
CHANNEL_FILTERS: tuple[Part, ...] = ("start_filters", "middle_filters", "key_filters", "value_filters")
SCALED: tuple[Part, ...] = ("projection_norm", "picture_output")
"""What a block's factors go into."""


class ConvolutionNumbers:
    """As `builder.graph.numbers.Numbers`. Raises CheckpointError for weights that are missing, of another shape, or not finite."""

    def __init__(self, checkpoint: Checkpoint, weights: tuple[Weight, ...], epsilon: float, text_width: int) -> None:
        """`epsilon` is that of the projector's norms."""
        self._weights, self._epsilon, self._factor = StoredWeights(checkpoint, weights), epsilon, 1.0
        self._as_stored = CheckpointNumbers(self._weights, ALL_INT8)
        self._stored = {(weight.part, weight.layer): weight for weight in weights}
        self.stored = weights
        self.tensors = tuple(in_a_graph(weights, text_width))

    def scaled(self, factor: float) -> ConvolutionNumbers:
        """The same with what goes into the text multiplied by a power of two."""
        found = copy(self)
        found._factor = factor
        return found

    def scheme_of(self, matrix: Weight) -> Scheme:
        """As `Numbers`."""
        return ALL_INT8.scheme_of(matrix)

    def matrix(self, weight: Weight) -> Iterator[tuple[int, Piece]]:
        """As `Numbers`."""
        factors = self._block_factors(weight) * np.float32(BEFORE_A_NORM if weight.part in SMALLER else 1)
        for first, piece in self._as_stored.matrix(weight):
            yield first, partial(_multiplied, piece, factors[first:] if len(factors) > 1 else factors)

    def vector(self, weight: Weight) -> NDArray[np.float32]:
        """As `Numbers`, in the shape that a graph has it in."""
        part = weight.part
        if part == "token_scale":
            return np.full(weight.shape, self._factor, np.float32)
        if part == "picture_end":
            return self._end()[None, None]
        values = self._values(part, weight.layer)
        if part in FILTERS:
            values = values.transpose(0, 2, 3, 1)
        if part in CHANNEL_FILTERS:
            values = values.transpose(1, 2, 3, 0)
        values = values * self._block_factors(weight)
        return np.ascontiguousarray(values * np.float32(BEFORE_A_NORM if part in SMALLER else 1))

    def _block_factors(self, weight: Weight) -> NDArray[np.float32]:
        if weight.part in SCALED and ("block_scale", weight.layer) in self._stored:
            return self._values("block_scale", weight.layer)
        return np.ones(1, np.float32)

    def _end(self) -> NDArray[np.float32]:
        row, factors = self._values("picture_end", None)[0], self._values("end_norm", None)
        made = self._values("picture_projection", None) @ (_normed(row, self._epsilon) * factors)
        return _normed(made, self._epsilon) * np.float32(self._factor)

    def _values(self, part: Part, layer: int | None) -> NDArray[np.float32]:
        """All of a weight, in its shape."""
        weight, bands = self._stored[part, layer], []
        for first, rows in self._weights.bands(weight):
            check_finite(str(weight.source), first, rows)
            bands.append(to_float32(rows[:]))
        found: NDArray[np.float32] = np.concatenate(bands).reshape(weight.shape)
        return found


def in_a_graph(weights: tuple[Weight, ...], text_width: int) -> Iterator[Weight]:
    """The parameters of a graph with these weights, in their shapes there."""
    for weight in weights:
        match weight.part:
            case "block_scale" | "end_norm":
                continue
            case "picture_end":
                yield replace(weight, shape=(1, 1, text_width))
                yield replace(weight, part="token_scale", shape=(text_width,))
            case part if part in FILTERS:
                yield replace(weight, shape=(weight.shape[0], *weight.shape[2:], weight.shape[1]))
            case part if part in CHANNEL_FILTERS:
                yield replace(weight, shape=(1, *weight.shape[2:], weight.shape[0]))
            case _:
                yield weight


def _multiplied(piece: Piece, factors: NDArray[np.float32]) -> Integers:
    found = piece()
    return Integers(found.values, found.scales * factors[: len(found.scales), None])


def _normed(x: NDArray[np.float32], epsilon: float) -> NDArray[np.float32]:
    found: NDArray[np.float32] = x / np.sqrt(np.mean(x * x, dtype=np.float32) + np.float32(epsilon))
    return found
