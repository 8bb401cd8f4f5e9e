"""Rounding that makes up for itself: the error of each input is taken out of the inputs that are rounded after it.

What a matrix puts out matters, not its weights: the error of a row w rounded to q is (w - q) H (w - q)ᵀ, where H (K, K) is the sum
of x xᵀ over the inputs x that the matrix sees. Inputs that go together can make up for each other. With H = (M + 1) D (M + 1)ᵀ,
M strictly upper triangular and D diagonal, that error is Σ_j D_j ((w - q)_j + Σ_{i<j} (w - q)_i M_ij)²: whoever rounds the inputs in
order, each to what is nearest to w_j + Σ_{i<j} (w - q)_i M_ij, makes every term as small as its scale allows. That is GPTQ (Frantar
et al., 2022), written as in QuIP (Chee et al., 2023), which needs one Cholesky decomposition and no inverse.

The inputs with the largest squares come first, while there are others left to make up for them. Scales are chosen before, because
inputs of one block are not neighbours in that order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DAMPING = 0.01
"""Of the mean of H's diagonal, added to it: a few thousand tokens do not tell all directions apart."""

COLUMNS = 32
"""Inputs whose errors are taken out of each other one by one, before all are taken out of the following ones in one product."""


class Feedback:
    """What one input's error does to the others; made once for all the matrices that see the same inputs."""

    def __init__(self, sums: NDArray[np.float32], damping: float = DAMPING) -> None:
        """Of the sums of products (K, K) of the inputs."""
        k = len(sums)
        diagonal = np.diag(sums).astype(np.float64)
        self._order = np.argsort(-diagonal, kind="stable")
        # from the last input to the first: the lower triangle of that is the upper one of H
        backwards = self._order[::-1]
        damped = sums[np.ix_(backwards, backwards)].astype(np.float64)
        damped[np.arange(k), np.arange(k)] += max(damping * diagonal.mean(), np.finfo(np.float32).tiny)
        upper = np.linalg.cholesky(damped)[::-1, ::-1]
        # (input that is rounded, those before it): contiguous for the products
        self._shares = np.ascontiguousarray((upper / np.diag(upper)).T, np.float32)

    def round(
        self, rows: NDArray[np.float32], scales: NDArray[np.float32], lowest: int, highest: int
    ) -> NDArray[np.int8]:
        """Integers (n, K) from `lowest` to `highest` for rows (n, K), with scales (n, scales of a row) chosen before."""
        n, k = rows.shape
        blocks = self._order // (k // scales.shape[1])
        by_input = np.ascontiguousarray(scales.T)
        wanted = np.ascontiguousarray(rows.T[self._order])
        lost = np.empty_like(wanted)
        rounded = np.empty((k, n), np.int8)
        value = np.empty(n, np.float32)
        for first in range(0, k, COLUMNS):
            last = min(first + COLUMNS, k)
            target = wanted[first:last].copy()
            if first:
                target += self._shares[first:last, :first] @ lost[:first]
            for j in range(first, last):
                scale = by_input[blocks[j]]
                np.divide(target[j - first], scale, out=value)
                np.rint(value, out=value)
                np.clip(value, lowest, highest, out=value)
                rounded[self._order[j]] = value
                np.multiply(value, scale, out=value)
                np.subtract(wanted[j], value, out=lost[j])
                # not as a product of matrices: so small a one is no work for several threads
                target[j + 1 - first :] += self._shares[j + 1 : last, j, None] * lost[j]
        return np.ascontiguousarray(rounded.T)
