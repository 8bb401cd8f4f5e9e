"""How exactly the reference computes: float32; every activation rounded as a GPU with float16 keeps it; or what goes into a matrix
rounded to 8 bits, as a graph's engines do on a processor.

What float16 cannot hold becomes its largest number: one value that is too large is wrong then, and the others are not yet.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from builder.model.residual import FLOAT16_MAX

Array: TypeAlias = NDArray[np.float32]
Precision = Literal["float32", "float16", "int8"]


class Arithmetic:
    """Rounds activations to a precision; sums inside an operation stay float32."""

    def __init__(self, precision: Precision = "float32") -> None:
        self.precision = precision
        self.largest_activation = 0.0
        """Largest absolute value that a rounding to float16 has seen; beyond 65504 a GPU would have overflowed."""

    def round(self, x: Array) -> Array:
        """What is kept of an operation's result."""
        if self.precision != "float16":
            return x
        finite = x[np.isfinite(x)]
        self.largest_activation = max(self.largest_activation, float(np.abs(finite).max(initial=0.0)))
        return np.clip(x, -FLOAT16_MAX, FLOAT16_MAX).astype(np.float16).astype(np.float32)

    def factor(self, x: Array) -> Array:
        """What is multiplied with a matrix, of tokens (tokens, inputs).

        With int8, each token's values are integers of 8 bits between its smallest and its largest (zero among them), which XNNPACK
        finds anew for each token and each matrix; products of integers are exact.
        """
        if self.precision != "int8":
            return x
        low, high = np.minimum(x.min(axis=-1, keepdims=True), 0), np.maximum(x.max(axis=-1, keepdims=True), 0)
        span = high - low
        scale = np.where(span == 0, np.float32(1), np.float32(255) / np.where(span == 0, np.float32(1), span))
        scale = scale.astype(np.float32)
        # the zero lies on an integer: counted from the end that it is exacter from
        from_low, from_high = -128 - low * scale, 127 - high * scale
        zero = np.where((-128 + low * scale) + (127 + high * scale) > 0, from_low, from_high)
        zero = np.rint(np.clip(zero, -128, 127)).astype(np.float32)
        integers = np.clip(np.rint(x * scale) + zero, -128, 127)
        found: Array = ((integers - zero) * (np.float32(1) / scale)).astype(np.float32)
        return found


def capped(scores: Array, cap: float | None) -> Array:
    """cap · tanh(score / cap); without a cap the scores as they are."""
    return scores if cap is None else cap * np.tanh(scores / cap)
