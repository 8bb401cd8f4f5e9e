"""Rows that a checkpoint holds in a scheme of ours already: they go over as they are, nothing is rounded again.

GGUF's Q4_0 is the web format's q4_0, value for value: 32 inputs share a scale d, and a value is d · (q − 8) with q from 0 to 15. Only
the order differs. Its scales are float16 there and float32 here, which holds them exactly; they may be negative in both.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.stored_types import Rows
from builder.quantize.integers import Integers
from builder.quantize.scheme import Q4_0, Scheme

SCHEMES_AS_STORED: dict[str, Scheme] = {"Q4_0": Q4_0}
"""Type of a stored tensor → the scheme that it is."""


@runtime_checkable
class QuantizedRows(Protocol):
    """Rows that know how they are stored."""

    @property
    def stored_type(self) -> str:
        """The type of the tensor."""

    def integers(self, part: slice) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """Of some rows the values (n, width), signed, and the scales (n, blocks of a row); for a type of SCHEMES_AS_STORED."""


def is_stored_in(rows: Rows, scheme: Scheme) -> bool:
    """Whether rows are stored in a scheme."""
    return isinstance(rows, QuantizedRows) and SCHEMES_AS_STORED.get(rows.stored_type) == scheme


def integers_as_stored(rows: Rows, scheme: Scheme) -> Integers | None:
    """Values and scales where the rows are stored in `scheme`, None where they are not. A scale of zero, which would divide by
    zero, becomes one, and its values zeros."""
    if not isinstance(rows, QuantizedRows) or not is_stored_in(rows, scheme):
        return None
    values, scales = rows.integers(slice(None))
    nothing = scales == 0
    if nothing.any():
        values.reshape(*scales.shape, -1)[nothing] = 0
        scales[nothing] = 1.0
    return Integers(values, scales)
