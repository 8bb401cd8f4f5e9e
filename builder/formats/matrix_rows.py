"""Rows of a quantized matrix of a web file, in the order of a checkpoint, whichever order the file has them in.

Most matrices lie in the engine's blocks of 4 × 4, unsigned. Tables that are loaded on demand lie row after row, signed, because the engine
takes single rows out of the file.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from builder.formats.stacks import by_matrix, in_order
from builder.formats.web_file_reader import WebFile
from builder.formats.web_tensors import StoredMatrix
from builder.quantize.integers import Integers
from builder.quantize.rounding import BLOCK, signed_values
from builder.quantize.scheme import Bits


class MatrixRows:
    """Reads rows when they are asked for; the scales are read at once."""

    def __init__(self, file: WebFile, name: str, matrix: StoredMatrix) -> None:
        self._matrix = matrix
        k, n, bits = matrix.k, matrix.n, matrix.scheme.bits
        self._rows = n // matrix.stack
        blocks = (matrix.stack, k // BLOCK, self._rows // BLOCK, 2 * bits)
        shape = (n, k * bits // 8) if matrix.order == "rows" else blocks
        self._stored = np.memmap(file.path, np.uint8, "r", file.tensors[f"{name}.w"].offset, shape)
        scales = np.frombuffer(file.read(f"{name}.w_quantized_scale"), np.float32)
        self._scales = in_order(scales, matrix.stack, self._rows)

    def integers(self, first: int, count: int) -> Integers:
        """Of `count` rows from `first`: in blocks both are multiples of 4."""
        bits = self._matrix.scheme.bits
        if self._matrix.order == "rows":
            values = from_rows(np.asarray(self._stored[first : first + count]), bits)
        else:
            parts = by_matrix(first, count, self._rows)
            values = np.concatenate([self._of_blocks(one, start, part.stop - part.start) for one, start, part in parts])
        return Integers(values, self._scales[first : first + count])

    def _of_blocks(self, matrix: int, first: int, count: int) -> NDArray[np.int8]:
        """Rows of one matrix of the stack."""
        blocks = self._stored[matrix, :, first // BLOCK : (first + count) // BLOCK]
        packed = np.ascontiguousarray(blocks).reshape(-1)
        return signed_values(packed, self._matrix.k, count, self._matrix.scheme.bits)


def in_rows(values: NDArray[np.int8], bits: Bits) -> NDArray[np.uint8]:
    """Signed values (n, K) as they lie row after row, two of 4 bits in a byte, the first in the low half: (n, K · bits / 8)."""
    stored: NDArray[np.uint8] = values.view(np.uint8)
    if bits == 4:
        stored = (stored[:, ::2] & np.uint8(15)) | (stored[:, 1::2] << np.uint8(4))
    return stored


def from_rows(stored: NDArray[np.uint8], bits: Bits) -> NDArray[np.int8]:
    """The inverse of `in_rows`."""
    signed = stored.view(np.int8)
    if bits == 8:
        return signed
    values = np.empty((len(signed), 2 * signed.shape[1]), np.int8)
    values[:, ::2], values[:, 1::2] = signed << np.int8(4) >> np.int8(4), signed >> np.int8(4)
    return values
