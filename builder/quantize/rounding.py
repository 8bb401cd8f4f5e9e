"""Symmetric integer quantization of a matrix, and the engine's order of the values.

A matrix is (K inputs, N outputs). Checkpoints hold it as N rows of K, so everything here works on a band of rows: the
scale of an output, its sum and its values need that one row only, and a matrix of any size passes through in bands.

    scale = max|row| / 127 (8 bits) or / 7 (4 bits)      value = round half to even(row / scale)

With blocks, "row" is each stretch of `block` inputs of it, and an output has K / block scales side by side. Scales of least
squared error ("mse") are in `least_squares.py`; theirs may be negative, and the values go down to -128 or -8.

The engine reads blocks of 4×4: (K/4, N/4, 4 of K, 4 of N), each value as unsigned (+128, or +8 and two a byte, the even
output in the low nibble). A band of n rows is thus one strip of n/4 blocks in each of the K/4 rows of blocks.
Layout measured bit for bit against mediapipe 0.10.35's converter (GEMMA_2B) and by the browser's own output.

Rounding, packing and reordering are one pass over chunks that stay in a core's cache, in the bits of the floats themselves:
x + 1.5·2²³ is x rounded half to even in the low bits of the mantissa, so four outputs are packed by shifting and adding
those words, and what is reordered at the end are whole rows of a 4×4 block, not values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.stored_types import Rows, to_float32
from builder.quantize.as_stored import integers_as_stored
from builder.quantize.least_squares import extremes, least_squares_scales
from builder.quantize.scheme import Bits, ScaleChoice, Scheme

BLOCK = 4
"""Rows and columns of one block; K and N must be multiples of it."""

MAX_INTEGER: dict[int, int] = {4: 7, 8: 127}
OFFSET: dict[int, int] = {4: 8, 8: 128}

CHUNK_BYTES = 1 << 20
"""Of float32, worked on at once: half of a core's second-level cache, measured best of 128 kB to 16 MB."""

ROUNDING = 3 << 22
"""1.5·2²³: float32 between 2²³ and 2²⁴ are whole numbers."""

SMALLEST_EXACT = np.float32(2.0**-120)
"""Below, scales round so coarsely that a value may exceed the largest integer."""


class NotFiniteError(ValueError):
    """A row that holds infinity or no number."""


@dataclass(frozen=True)
class QuantizedBand:
    """n rows of a matrix, quantized: what goes into `.w`, `.w_quantized_scale` and `.w.sum_i`."""

    strips: NDArray[np.uint8]
    """(K/4, n/4 · 16 · bits/8): a contiguous piece for each row of blocks."""
    scales: NDArray[np.float32]
    """(n, scales of a row), never zero."""
    sums: NDArray[np.int32]
    """(n,): the sum over the inputs of the signed values."""


@np.errstate(invalid="ignore")  # damaged bytes may be signalling NaNs; what is not finite is refused below
def quantize_band(rows: Rows, scheme: Scheme, choice: ScaleChoice = "max") -> QuantizedBand:
    """Quantizes rows (n, K) of a checkpoint's matrix; n and K are multiples of 4, K of the block. Raises NotFiniteError.

    Rows that are stored in `scheme` are not rounded again, whatever `choice` is.
    """
    stored = integers_as_stored(rows, scheme)
    if stored is not None:
        return _band_of(*stored)
    n, k = rows.shape
    # a row of a block is four outputs of an input: 4 bytes, or 2
    packed = np.empty((k // BLOCK, n // BLOCK, 2 * scheme.bits), np.uint8)
    words = packed.view(np.complex128 if scheme.bits == 8 else np.uint64)[..., 0]
    scales = np.empty((n, k // (scheme.block or k)), np.float32)
    sums = np.empty(n, np.int32)
    step = max(BLOCK, CHUNK_BYTES // (4 * k) // BLOCK * BLOCK)
    buffer = np.empty((min(step, n), k), np.float32)
    for first in range(0, n, step):
        chunk = slice(first, min(first + step, n))
        values = to_float32(rows[chunk], buffer[: chunk.stop - first])
        scales[chunk] = _divide_by_scales(values, scheme, choice)
        rounded = np.add(values, np.float32(ROUNDING + OFFSET[scheme.bits]), out=values).view(np.uint32)
        offset = int(rounding_bits(scheme.bits))
        sums[chunk] = (rounded.sum(axis=1, dtype=np.uint32) - np.uint32(offset * k % (1 << 32))).view(np.int32)
        blocks = _pack(rounded.reshape(-1, BLOCK, k), scheme.bits)
        words[:, first // BLOCK : chunk.stop // BLOCK] = blocks.view(words.dtype).T
    return QuantizedBand(packed.reshape(k // BLOCK, -1), scales, sums)


def _band_of(values: NDArray[np.int8], scales: NDArray[np.float32]) -> QuantizedBand:
    """The band of integers of 4 bits (n, K) and their scales."""
    if not np.isfinite(scales).all():
        raise NotFiniteError
    n, k = values.shape
    nibbles = (values + np.int8(OFFSET[4])).view(np.uint8).reshape(-1, BLOCK, k)
    words = np.zeros((n // BLOCK, k), np.uint16)
    for output in range(BLOCK):
        words |= nibbles[:, output].astype(np.uint16) << np.uint16(4 * output)
    strips = np.ascontiguousarray(words.view(np.uint64).T).view(np.uint8)
    return QuantizedBand(strips, scales, values.sum(axis=1, dtype=np.int32))


def rounding_bits(bits: Bits) -> np.uint32:
    """The word that a value of zero is."""
    return np.float32(ROUNDING + OFFSET[bits]).view(np.uint32)


def _divide_by_scales(values: NDArray[np.float32], scheme: Scheme, choice: ScaleChoice) -> NDArray[np.float32]:
    """Divides (n, K) by the scales, in place, and returns these, (n, scales of a row)."""
    n, k = values.shape
    largest = MAX_INTEGER[scheme.bits]
    grouped = values.reshape(n, -1, scheme.block or k)
    top, bottom = extremes(grouped)
    scales: NDArray[np.float32] = np.divide(np.maximum(top, -bottom), largest, dtype=np.float32)
    if not np.isfinite(scales).all():
        raise NotFiniteError
    lowest = -largest
    if choice == "mse":
        lowest -= 1
        scales = least_squares_scales(grouped, scales, lowest, largest)
    scales[scales == 0] = 1.0  # a row of zeros: any scale tells the truth, and zero would divide by zero
    np.divide(grouped, scales[..., None], out=grouped)
    if choice == "mse" or np.abs(scales).min() < SMALLEST_EXACT:
        np.clip(values, lowest, largest, out=values)
    return scales


def _pack(rounded: NDArray[np.uint32], bits: Bits) -> NDArray[np.uint32] | NDArray[np.uint16]:
    """Words (n/4, 4, K) → (n/4, K) of four outputs each, the first in the lowest bits."""
    shift = np.uint32(bits)
    packed = rounded[:, BLOCK - 1] << shift
    for output in range(BLOCK - 2, 0, -1):
        packed += rounded[:, output]
        packed <<= shift
    packed += rounded[:, 0]
    # what the words hold beside the value, less the offset that the engine wants, shifted as they were
    excess = int(rounding_bits(bits)) - OFFSET[bits]
    packed -= np.uint32(sum(excess << (bits * output) for output in range(BLOCK)) % (1 << 32))
    return packed if bits == 8 else packed.astype(np.uint16)


def dequantize(
    packed: NDArray[np.uint8], scales: NDArray[np.float32], k: int, n: int, bits: Bits
) -> NDArray[np.float32]:
    """The inverse, for the reference and for checks: bytes of `.w` and the scales → float32 (N, K) as in a checkpoint."""
    grouped = signed_values(packed, k, n, bits).astype(np.float32).reshape(scales.size, -1)
    return (grouped * scales.reshape(-1, 1)).reshape(n, k)


def signed_values(packed: NDArray[np.uint8], k: int, n: int, bits: Bits) -> NDArray[np.int8]:
    """The quantized values themselves, signed, (N, K)."""
    if bits == 4:
        unsigned = np.empty((packed.size, 2), np.uint8)
        unsigned[:, 0] = packed & 15
        unsigned[:, 1] = packed >> 4
    else:
        unsigned = packed
    blocks = unsigned.reshape(k // BLOCK, n // BLOCK, BLOCK, BLOCK).transpose(1, 3, 0, 2).reshape(n, k)
    return (blocks - np.uint8(OFFSET[bits])).view(np.int8)
