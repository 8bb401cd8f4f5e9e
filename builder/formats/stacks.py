"""Several matrices that a web file holds as one tensor: those of a layer's experts.

In a checkpoint's order all rows of one lie below those of the one before. In the file each matrix lies in blocks for itself, one after the
other, while the scales of an output stand side by side, those of each matrix: (outputs of one, matrices, scales of a row). There are no sums.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def by_matrix(first: int, count: int, rows: int) -> Iterator[tuple[int, int, slice]]:
    """Of `count` rows from `first` of matrices of `rows` each: a matrix, the first of its own rows, and which of these rows are its."""
    done = 0
    while done < count:
        matrix, start = divmod(first + done, rows)
        part = min(rows - start, count - done)
        yield matrix, start, slice(done, done + part)
        done += part


class GatheredScales:
    """The scales of a stack as they become known, in any order; for any number of threads."""

    def __init__(self, matrices: int, rows: int, scales: int) -> None:
        """`scales` of a row."""
        self._found = np.empty((rows, matrices, scales), np.float32)
        self._missing = matrices * rows
        self._turn = threading.Lock()

    def put(self, matrix: int, first: int, scales: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Those of some rows of one; all of them, as the file has them, where none is missing any more."""
        with self._turn:
            self._found[first : first + len(scales), matrix] = scales
            self._missing -= len(scales)
            return None if self._missing else self._found


def in_order(scales: NDArray[np.float32], matrices: int, rows: int) -> NDArray[np.float32]:
    """Scales as a file has them → (rows of all, scales of a row), in a checkpoint's order; `rows` of one matrix."""
    return scales.reshape(rows, matrices, -1).swapaxes(0, 1).reshape(matrices * rows, -1)
