"""The types in which a checkpoint holds weights, for numpy; bfloat16, which it lacks, goes about as uint16."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

NUMPY_TYPES: dict[str, type[np.generic]] = {"BF16": np.uint16, "F16": np.float16, "F32": np.float32}
"""Type of a tensor in safetensors → type of its array."""

StoredArray = NDArray[Any]
"""float32, float16, or uint16 for bfloat16."""


class Rows(Protocol):
    """Rows (n, width) of a matrix: an array, or a file that is read where it is sliced."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, width)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of NUMPY_TYPES."""

    def __getitem__(self, part: slice, /) -> StoredArray:
        """Some of the rows, as they are stored."""


def to_float32(stored: StoredArray, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """The values, in `out` where it is given; float32 without `out` is handed on as it is."""
    if stored.dtype == np.float32 and out is None:
        return stored
    out = np.empty(stored.shape, np.float32) if out is None else out
    if stored.dtype == np.uint16:  # the upper half of a float32
        np.left_shift(stored, np.uint32(16), out=out.view(np.uint32), dtype=np.uint32)
    else:
        np.copyto(out, stored)
    return out


def part_of(rows: Rows, part: slice) -> Rows:
    """Some of the rows: of a file still to be read, so that what knows how they are stored still does."""
    without_reading = getattr(rows, "part", None)
    found: Rows = without_reading(part) if without_reading else rows[part]
    return found


def read_rows(rows: Rows, part: slice, out: StoredArray) -> None:
    """Some of the rows into `out`, which has their type or is float32."""
    read_into = getattr(rows, "read_into", None)
    if read_into and out.dtype == rows.dtype:
        read_into(part, out)
    elif out.dtype == rows.dtype:
        np.copyto(out, rows[part])
    else:
        to_float32(rows[part], out)
