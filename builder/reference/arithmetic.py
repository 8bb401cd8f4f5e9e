"""How exactly the reference computes: float32, or every activation rounded as a GPU with float16 keeps it.

What float16 cannot hold becomes its largest number: one value that is too large is wrong then, and the others are not yet.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from builder.model.residual import FLOAT16_MAX

Array: TypeAlias = NDArray[np.float32]
Precision = Literal["float32", "float16"]


class Arithmetic:
    """Rounds activations to a precision; sums inside an operation stay float32."""

    def __init__(self, precision: Precision = "float32") -> None:
        self.precision = precision
        self.largest_activation = 0.0
        """Largest absolute value that a rounding to float16 has seen; beyond 65504 a GPU would have overflowed."""

    def round(self, x: Array) -> Array:
        """What is kept of an operation's result."""
        if self.precision == "float32":
            return x
        finite = x[np.isfinite(x)]
        self.largest_activation = max(self.largest_activation, float(np.abs(finite).max(initial=0.0)))
        return np.clip(x, -FLOAT16_MAX, FLOAT16_MAX).astype(np.float16).astype(np.float32)


def capped(scores: Array, cap: float | None) -> Array:
    """cap · tanh(score / cap); without a cap the scores as they are."""
    return scores if cap is None else cap * np.tanh(scores / cap)
