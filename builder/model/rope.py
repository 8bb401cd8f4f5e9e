"""How quickly each pair of a rotary embedding turns."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from builder.model.description import Rope

Frequencies = TypeVar("Frequencies", NDArray[np.float32], NDArray[np.float64])


def slowed(frequencies: Frequencies, rope: Rope) -> Frequencies:
    """Radians a token, from those that the base alone says: scaled as the rope has it."""
    frequencies = frequencies / frequencies.dtype.type(rope.factor)
    frequencies[int(rope.proportion * len(frequencies)) :] = 0
    waves = rope.long_waves
    if waves is None:
        return frequencies
    turns = waves.context * frequencies / (2 * math.pi)
    kept = np.clip((turns - waves.slow) / (waves.quick - waves.slow), 0, 1)
    mixed: Frequencies = (kept * frequencies + (1 - kept) * frequencies / waves.factor).astype(frequencies.dtype)
    return mixed
