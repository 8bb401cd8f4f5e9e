"""What an adapter makes of rows of a matrix, in numpy: adds scale · B·A, and with DoRA gives each row a length.

Every step is rounded to float32: products, sums by rank in order, the scale, and the sum with the row. So it is the same to the bit in
bands of any size, in the kernel and in the page (`wasm_kernel_text.py`), where a BLAS sums in an order of its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

_AT_ONCE = 1 << 16
"""Values that are worked on at once: they and their products stay in the cache."""


def merge(rows: Float32, b: Float32, a: Float32, scale: float, lengths: Float32 | None = None) -> None:
    """`add_product`, and `give_lengths` where there are any."""
    add_product(rows, b, a, scale)
    if lengths is not None:
        give_lengths(rows, lengths)


def add_product(rows: Float32, b: Float32, a: Float32, scale: float) -> None:
    """Adds scale · B·A to `rows` (n, inputs), with B (n, rank) and A (rank, inputs)."""
    step = max(1, _AT_ONCE // a.shape[1])
    products = np.empty((min(step, len(rows)), a.shape[1]), np.float32)
    for first in range(0, len(rows), step):
        part, factors = rows[first : first + step], b[first : first + step]
        sums = np.zeros(part.shape, np.float32)
        for times, row in zip(factors.T, a, strict=True):
            sums += np.multiply(times[:, None], row, out=products[: len(part)])
        part += np.multiply(sums, np.float32(scale), out=sums)


def give_lengths(rows: Float32, lengths: Float32) -> None:
    """Makes each of `rows` (n, inputs) as long as `lengths` (n) say; one of zeros stays. Every step is rounded to float32. Squares are
    added by halves: the last half of them to the first, until one is left. A row whose squares float32 cannot hold becomes NaN: divided by
    an infinite length it would be zeros, which nothing refuses."""
    step = max(1, _AT_ONCE // rows.shape[1])
    for first in range(0, len(rows), step):
        part = rows[first : first + step]
        squares, left = np.square(part), rows.shape[1]
        while left > 1:
            half = left // 2
            squares[:, :half] += squares[:, left - half : left]
            left -= half
        found = np.sqrt(squares[:, 0])
        factors = lengths[first : first + step] / np.where(found == 0, np.float32(1), found)
        part *= np.where(np.isinf(found), np.float32(np.nan), factors)[:, None]
