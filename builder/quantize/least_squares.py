"""The scale of a row, or of a block of it, whose squared error is least.

An outlier makes the scale of the largest value coarse for all the others; a smaller one clips it and rounds them better.
Two things beside that are free in the format: integers go one further down than up (-8 to 7), and a scale may be
negative. So the largest value is put on the side that reaches further.

Each of CANDIDATES (as parts of the scale that just reaches the largest value) gives every weight w an integer q. The scale
that suits these q best is Σqw / Σq², and its error Σw² − (Σqw)² / Σq²; the candidate with the least error wins, and rounding
with its own best scale cannot be worse.

Where it is known how large the inputs are (`importance`: h, the mean square of each), the error of what the matrix puts out counts
and not that of the weights: Σh(w − sq)², so each sum above is weighted with h. More is worth clipping then, and candidates begin
lower.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CANDIDATES = np.linspace(0.46, 1.12, 12, dtype=np.float32)
"""More than 12 gain less than 0.02 dB on normal weights, 8 lose 0.03 dB in blocks."""

WEIGHTED_CANDIDATES = np.linspace(0.30, 1.12, 14, dtype=np.float32)
"""Where inputs differ: a large weight of an input that is hardly ever there may be clipped to a third."""

ROUNDING = np.float32(3 << 22)
"""x + 1.5·2²³ - 1.5·2²³ is x rounded half to even, six times as fast as numpy's rint."""


def least_squares_scales(
    grouped: NDArray[np.float32],
    usual: NDArray[np.float32],
    lowest: int,
    highest: int,
    importance: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Scales (n, groups) of (n, groups, values of a group), for integers from `lowest` to `highest`; 0 for zeros only.

    `usual` are the scales of the largest values, which are kept where no candidate is better; `importance` is (groups, values of a
    group), how much an error at each place counts.
    """
    top, bottom = extremes(grouped)
    reaching = np.where(top > -bottom, top, bottom) / np.float32(lowest)
    reaching[reaching == 0] = 1
    best, explained = usual.copy(), np.zeros_like(usual)  # kept where squares are too small for a float32
    integers = np.empty_like(grouped)
    counted, weighted = (integers, grouped) if importance is None else (np.empty_like(grouped), grouped * importance)
    smallest = np.float32(1 if importance is None else np.finfo(np.float32).tiny)
    candidates = CANDIDATES if importance is None else WEIGHTED_CANDIDATES
    for scales in (np.where(usual == 0, np.float32(1), usual), *(part * reaching for part in candidates)):
        np.divide(grouped, scales[..., None], out=integers)
        np.subtract(np.add(integers, ROUNDING, out=integers), ROUNDING, out=integers)
        np.clip(integers, lowest, highest, out=integers)
        along = np.einsum("ngk,ngk->ng", integers, weighted)
        if importance is not None:
            np.multiply(integers, importance, out=counted)
        squares = np.einsum("ngk,ngk->ng", integers, counted)
        with np.errstate(over="ignore"):  # of weights that no model has
            fitting = along / np.maximum(squares, smallest)
            explains = along * fitting
        better = (explains > explained) & np.isfinite(fitting) & (fitting != 0)
        np.copyto(explained, explains, where=better)
        np.copyto(best, fitting, where=better)
    return best


def extremes(grouped: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The largest and the smallest value of each group, (n, groups); NaN where there is one."""
    n, groups, width = grouped.shape
    if groups == 1:
        return grouped.max(axis=2), grouped.min(axis=2)
    top = bottom = grouped.reshape(-1)
    while width % 2 == 0:  # halved side by side: numpy's own reductions take four times as long on short rows
        top, bottom, width = np.maximum(top[0::2], top[1::2]), np.minimum(bottom[0::2], bottom[1::2]), width // 2
    return top.reshape(n, groups, width).max(axis=2), bottom.reshape(n, groups, width).min(axis=2)
