"""A checksum of a file that is written in pieces, all over the place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WORD = 8
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
MAX_WORDS = 1 << 15
"""Worked on at once, in a core's cache."""


class Checksum:
    """A sum over a file that is zero where nothing was written, the same in whatever order and pieces it is added up.

    Each 8-byte word is multiplied by an odd number made of its position, modulo 2⁶⁴: a changed word always changes the sum,
    and so do words that changed places. Matrices are written strip by strip, all over their place, so a digest of the bytes
    in their order cannot be had while writing, and a list of the strips would grow with the model.
    """

    def __init__(self, value: int = 0) -> None:
        self.value = value

    @classmethod
    def of(cls, offset: int, apart: int, rows: NDArray[np.uint8]) -> Checksum:
        """Of rows (n, bytes) of which the first lies at `offset` and each next `apart` bytes on, all multiples of 8."""
        if rows.shape[1] % WORD:
            rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % WORD)))
        words = rows.view(np.uint64)
        total = 0
        for first in range(0, words.shape[1], MAX_WORDS):
            piece = words[:, first : first + MAX_WORDS]
            columns = np.arange(first, first + piece.shape[1], dtype=np.uint64) * MULTIPLIER
            for row in range(0, len(piece), step := max(1, MAX_WORDS // piece.shape[1])):
                starts = np.arange(row, min(row + step, len(piece)), dtype=np.uint64) * np.uint64(apart // WORD)
                factors = ((starts + np.uint64(offset // WORD)) * MULTIPLIER)[:, None] + columns
                factors |= np.uint64(1)
                factors *= piece[row : row + step]
                total += int(factors.sum(dtype=np.uint64))
        return cls(total % (1 << 64))

    def add(self, other: Checksum) -> None:
        """Joins the sum of other parts of the same file."""
        self.value = (self.value + other.value) % (1 << 64)
