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

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.stored_types import Rows, to_float32
from builder.quantize.as_stored import integers_as_stored
from builder.quantize.integers import Integers
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
def quantize_band(
    rows: Rows, scheme: Scheme, choice: ScaleChoice = "max", importance: NDArray[np.float32] | None = None
) -> QuantizedBand:
    """Quantizes rows (n, K) of a checkpoint's matrix; n and K are multiples of 4, K of the block. Raises NotFiniteError.

    Rows that are stored in `scheme` are not rounded again, whatever `choice` is. `importance` (K,) is what the choice "weighted"
    takes: the mean square of each input.
    """
    stored = integers_as_stored(rows, scheme)
    if stored is not None:
        return packed(stored, scheme.bits)
    n, k = rows.shape
    band = _Packing(n, k, scheme.bits)
    scales = np.empty((n, k // (scheme.block or k)), np.float32)
    buffer = np.empty((min(band.step, n), k), np.float32)
    for chunk in band.chunks():
        values = to_float32(rows[chunk], buffer[: chunk.stop - chunk.start])
        scales[chunk] = _divide_by_scales(values, scheme, choice, importance)
        band.put(chunk, values)
    return QuantizedBand(band.strips, scales, band.sums)


@np.errstate(invalid="ignore")
def quantized_rows(
    rows: Rows, scheme: Scheme, choice: ScaleChoice = "max", importance: NDArray[np.float32] | None = None
) -> Integers:
    """As `quantize_band`, in the order of the checkpoint."""
    stored = integers_as_stored(rows, scheme)
    if stored is not None:
        return stored
    n, k = rows.shape
    values = np.empty((n, k), np.int8)
    scales = np.empty((n, k // (scheme.block or k)), np.float32)
    step = _rows_of_a_chunk(k)
    for first in range(0, n, step):
        chunk = slice(first, min(first + step, n))
        divided = to_float32(rows[chunk], np.empty((chunk.stop - first, k), np.float32))
        scales[chunk] = _divide_by_scales(divided, scheme, choice, importance)
        np.rint(divided, out=values[chunk], casting="unsafe")
    return Integers(values, scales)


def packed(integers: Integers, bits: Bits) -> QuantizedBand:
    """Rows that are quantized already, in the engine's order; their number is a multiple of 4. Raises NotFiniteError."""
    if not np.isfinite(integers.scales).all():
        raise NotFiniteError
    n, k = integers.values.shape
    band = _Packing(n, k, bits)
    for chunk in band.chunks():
        band.put(chunk, integers.values[chunk].astype(np.float32))
    return QuantizedBand(band.strips, integers.scales, band.sums)


class _Packing:
    """The engine's order of n rows of K integers, chunk by chunk."""

    def __init__(self, n: int, k: int, bits: Bits) -> None:
        self.step = _rows_of_a_chunk(k)
        self.sums = np.empty(n, np.int32)
        self._n, self._k, self._bits = n, k, bits
        # a row of a block is four outputs of an input: 4 bytes, or 2
        self._packed = np.empty((k // BLOCK, n // BLOCK, 2 * bits), np.uint8)
        self._words = self._packed.view(np.complex128 if bits == 8 else np.uint64)[..., 0]

    def chunks(self) -> Iterator[slice]:
        """Of the rows."""
        for first in range(0, self._n, self.step):
            yield slice(first, min(first + self.step, self._n))

    def put(self, chunk: slice, values: NDArray[np.float32]) -> None:
        """Rounds and packs rows in units of their scales, and overwrites `values`."""
        rounded = np.add(values, np.float32(ROUNDING + OFFSET[self._bits]), out=values).view(np.uint32)
        offset = int(rounding_bits(self._bits))
        sums = rounded.sum(axis=1, dtype=np.uint32) - np.uint32(offset * self._k % (1 << 32))
        self.sums[chunk] = sums.view(np.int32)
        blocks = _pack(rounded.reshape(-1, BLOCK, self._k), self._bits)
        self._words[:, chunk.start // BLOCK : chunk.stop // BLOCK] = blocks.view(self._words.dtype).T

    @property
    def strips(self) -> NDArray[np.uint8]:
        """Once all chunks were put."""
        return self._packed.reshape(self._k // BLOCK, -1)


def _rows_of_a_chunk(k: int) -> int:
    return max(BLOCK, CHUNK_BYTES // (4 * k) // BLOCK * BLOCK)


def rounding_bits(bits: Bits) -> np.uint32:
    """The word that a value of zero is."""
    return np.float32(ROUNDING + OFFSET[bits]).view(np.uint32)


def scales_for(
    values: NDArray[np.float32], scheme: Scheme, choice: ScaleChoice, importance: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Scales (n, scales of a row) of rows (n, K), never zero. Raises NotFiniteError."""
    n, k = values.shape
    grouped = values.reshape(n, -1, scheme.block or k)
    step = _rows_of_a_chunk(k)
    return np.concatenate(
        [_scales(grouped[first : first + step], scheme, choice, importance) for first in range(0, n, step)]
    )


def integer_range(bits: Bits, choice: ScaleChoice) -> tuple[int, int]:
    """The lowest and the highest integer."""
    highest = MAX_INTEGER[bits]
    return -highest - (choice != "max"), highest


def _divide_by_scales(
    values: NDArray[np.float32], scheme: Scheme, choice: ScaleChoice, importance: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """Divides (n, K) by the scales, in place, and returns these, (n, scales of a row)."""
    n, k = values.shape
    grouped = values.reshape(n, -1, scheme.block or k)
    scales = _scales(grouped, scheme, choice, importance)
    np.divide(grouped, scales[..., None], out=grouped)
    if choice != "max" or np.abs(scales).min() < SMALLEST_EXACT:
        np.clip(values, *integer_range(scheme.bits, choice), out=values)
    return scales


def _scales(
    grouped: NDArray[np.float32], scheme: Scheme, choice: ScaleChoice, importance: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """Scales (n, groups) of (n, groups, values of a group)."""
    lowest, highest = integer_range(scheme.bits, choice)
    top, bottom = extremes(grouped)
    scales: NDArray[np.float32] = np.divide(np.maximum(top, -bottom), highest, dtype=np.float32)
    if not np.isfinite(scales).all():
        raise NotFiniteError
    if choice != "max":
        counts = None if importance is None else importance.reshape(grouped.shape[1:])
        scales = least_squares_scales(grouped, scales, lowest, highest, counts)
    scales[scales == 0] = 1.0  # a row of zeros: any scale tells the truth, and zero would divide by zero
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
