"""A matrix in blocks of 32 inputs, each with a scale: what GGUF's Q4_0 and Q8_0 and ONNX Runtime's MatMulNBits have in common.

The values are those of the web format's `q4_0` and, with 8 bits, of the same rule: scale = max|block| / 7 (or / 127), value =
round half to even(weight / scale). How they are packed is for each format to say. Norms are as both want them, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.stored_types import to_float32
from builder.model.weights import Weight, Weights
from builder.quantize.rounding import MAX_INTEGER
from builder.quantize.scheme import Bits

BLOCK = 32


@dataclass(frozen=True)
class Blocks:
    """Some rows of a matrix."""

    values: NDArray[np.int8]
    """(n, K/32, 32), signed."""
    scales: NDArray[np.float32]
    """(n, K/32), never zero."""


def blocks_of(matrix: Weight, weights: Weights, bits: Bits) -> Iterator[Blocks]:
    """The whole matrix, a band of rows after the other."""
    for _, stored in weights.bands(matrix):
        rows = to_float32(stored[:])
        grouped = rows.reshape(len(rows), -1, BLOCK)
        scales = np.abs(grouped).max(axis=2) / np.float32(MAX_INTEGER[bits])
        scales[scales == 0] = 1.0
        yield Blocks(np.rint(grouped / scales[..., None]).astype(np.int8), scales)


def one_plus(vector: Weight, weights: Weights) -> NDArray[np.float32]:
    """A norm's factors: Gemma stores their distance from one, other engines do not."""
    [(_, row)] = weights.bands(vector)
    factors: NDArray[np.float32] = np.float32(1) + row[:].reshape(-1)
    return factors
