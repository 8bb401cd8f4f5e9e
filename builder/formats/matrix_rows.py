"""Rows of a quantized matrix of a web file, out of the engine's blocks of 4 × 4 into the order of a checkpoint."""

from __future__ import annotations

import numpy as np

from builder.formats.web_file_reader import StoredMatrix, WebFile
from builder.quantize.integers import Integers
from builder.quantize.rounding import BLOCK, signed_values


class MatrixRows:
    """Reads rows when they are asked for; the scales are read at once."""

    def __init__(self, file: WebFile, name: str, matrix: StoredMatrix) -> None:
        self._matrix = matrix
        k, n, bits = matrix.k, matrix.n, matrix.scheme.bits
        shape = (k // BLOCK, n // BLOCK, 2 * bits)
        self._stored = np.memmap(file.path, np.uint8, "r", file.tensors[f"{name}.w"].offset, shape)
        self._scales = np.frombuffer(file.read(f"{name}.w_quantized_scale"), np.float32).reshape(n, -1)

    def integers(self, first: int, count: int) -> Integers:
        """Of `count` rows from `first`: both are multiples of 4."""
        packed = np.ascontiguousarray(self._stored[:, first // BLOCK : (first + count) // BLOCK]).reshape(-1)
        values = signed_values(packed, self._matrix.k, count, self._matrix.scheme.bits)
        return Integers(values, self._scales[first : first + count])
