"""Rows of integers as the bytes of a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.graph.numbers import Integers
from builder.quantize.rounding import MAX_INTEGER
from builder.quantize.scheme import Scheme

SMALLEST_HALF = np.float32(2.0**-14)
"""float16 is coarser below."""


@dataclass(frozen=True)
class PackedRows:
    """Some rows of a parameter."""

    values: NDArray[np.uint8]
    """(rows, bytes of a row): signed, and at 4 bits two a byte, the even input in the low nibble."""
    scales: NDArray[Any]
    """(rows, scales of a row): float16 for blocks, float32 else."""
    moved: int = 0
    """Integers that had no opposite when their scale changed its sign."""


def packed_rows(integers: Integers, scheme: Scheme, *, positive: bool) -> PackedRows:
    """The bytes. `positive`: engines that multiply integers refuse scales below zero, so these change their sign."""
    moved = 0
    if positive and (integers.scales < 0).any():
        integers, moved = with_positive_scales(integers, MAX_INTEGER[scheme.bits])
    values, scales = integers.values, integers.scales
    stored = scales if scheme.block is None else scales.astype(np.float16)
    if scheme.bits == 8:
        return PackedRows(np.ascontiguousarray(values).view(np.uint8), stored, moved)
    nibbles = values.view(np.uint8).reshape(len(values), -1, 2)
    packed: NDArray[np.uint8] = nibbles[..., 0] & np.uint8(0x0F) | nibbles[..., 1] << np.uint8(4)
    return PackedRows(packed, stored, moved)


def with_positive_scales(integers: Integers, largest: int) -> tuple[Integers, int]:
    """Nearly the same weights with every scale above zero, and how many integers could not be the same.

    Where a scale changes its sign, so do its integers. The least one (-128 or -8) has no opposite and becomes the one next to it;
    that scale is then the one of least squared error for what its integers were.
    """
    n, groups = integers.scales.shape
    grouped = integers.values.reshape(n, groups, -1)
    negative = integers.scales < 0
    exact = -grouped[negative].astype(np.float32)
    clipped = np.minimum(exact, largest)
    # Σqw / Σq², of weights in units of the old scale; one where nothing was clipped, or all is zero
    fit = np.einsum("ng,ng->n", clipped, exact) / np.maximum(np.einsum("ng,ng->n", clipped, clipped), 1)
    values, scales = grouped.copy(), integers.scales.copy()
    values[negative] = clipped.astype(np.int8)
    scales[negative] *= -np.where(fit == 0, np.float32(1), fit)
    return Integers(values.reshape(n, -1), scales), int((exact > largest).sum())
