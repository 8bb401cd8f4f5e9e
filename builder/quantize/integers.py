"""A matrix as integers and scales, in the order of a checkpoint: what every target writes, each in a layout of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.stored_types import Rows
from builder.model.weights import Weight


@dataclass(frozen=True)
class Integers:
    """Rows of a matrix, quantized: a weight is its integer times the scale of its row, or of its block of the row."""

    values: NDArray[np.int8]
    """(n, K)."""
    scales: NDArray[np.float32]
    """(n, scales of a row), never zero; may be negative."""

    def rows(self, part: slice) -> Integers:
        """Some of them."""
        return Integers(self.values[part], self.scales[part])

    def dequantized(self) -> NDArray[np.float32]:
        """(n, K)."""
        n, k = self.values.shape
        grouped = self.values.astype(np.float32).reshape(n, self.scales.shape[1], -1)
        grouped *= self.scales[..., None]
        return grouped.reshape(n, k)


class Prepared(Protocol):
    """Matrices whose integers are chosen with more than their own weights in view, for any target to write."""

    def integers(self, matrix: Weight, first: int, rows: Rows) -> Integers | None:
        """Of `rows`, which begin at row `first` of a matrix; None where they are rounded as any others.

        Raises NotFiniteError. Any number of threads may ask.
        """
