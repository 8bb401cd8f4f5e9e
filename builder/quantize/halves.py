"""Matrices that an engine keeps in float16: thin ones, beside those of integers. The order is theirs, blocks of 4×4 (`rounding`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.stored_types import Rows, to_float32
from builder.quantize.rounding import BLOCK

BYTES = 2
"""Of a value."""


class TooLargeError(ValueError):
    """A value that float16 cannot hold: too large, infinite or no number."""


@np.errstate(over="ignore", invalid="ignore")
def half_strips(rows: Rows, factor: float) -> NDArray[np.uint8]:
    """Rows (n, K) of a checkpoint's matrix times `factor`: (K/4, n/4 · 32), a contiguous piece for each row of blocks. Raises TooLargeError."""
    n, k = rows.shape
    values = (to_float32(rows[:]) * np.float32(factor)).astype(np.float16)
    if not np.isfinite(values).all():
        raise TooLargeError
    blocks = values.reshape(n // BLOCK, BLOCK, k // BLOCK, BLOCK).transpose(2, 0, 3, 1)
    return np.ascontiguousarray(blocks).reshape(k // BLOCK, -1).view(np.uint8)


def half_values(packed: NDArray[np.uint8], k: int, n: int) -> NDArray[np.float32]:
    """The inverse: float32 (n, K)."""
    blocks = packed.view(np.float16).reshape(k // BLOCK, n // BLOCK, BLOCK, BLOCK)
    return blocks.transpose(1, 3, 0, 2).reshape(n, k).astype(np.float32)
