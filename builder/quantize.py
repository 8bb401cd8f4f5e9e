"""Symmetric integer quantization of a matrix, and the engine's order of the values.

A matrix is (K inputs, N outputs). Checkpoints hold it as N rows of K, so everything here works on a band of rows: the
scale of an output, its sum and its values need that one row only, and a matrix of any size passes through in bands.

    scale = max|row| / 127 (8 bits) or / 7 (4 bits)      value = round half to even(row / scale)

With blocks, "row" is each stretch of `block` inputs of it, and an output has K / block scales side by side.

The engine reads blocks of 4×4: (K/4, N/4, 4 of K, 4 of N), each value as unsigned (+128, or +8 and two a byte, the even
output in the low nibble). A band of n rows is thus one strip of n/4 blocks in each of the K/4 rows of blocks.
Layout measured bit for bit against mediapipe 0.10.35's converter (GEMMA_2B) and by the browser's own output.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.scheme import Bits, Scheme

BLOCK = 4
"""Rows and columns of one block; K and N must be multiples of it."""

LARGEST: dict[int, int] = {4: 7, 8: 127}
OFFSET: dict[int, int] = {4: 8, 8: 128}


@dataclass(frozen=True)
class QuantizedBand:
    """n rows of a matrix, quantized: what goes into `.w`, `.w_quantized_scale` and `.w.sum_i`."""

    strips: NDArray[np.uint8]
    """(K/4, n/4 · 16 · bits/8): a contiguous piece for each row of blocks."""
    scales: NDArray[np.float32]
    """(n, scales of a row), never zero."""
    sums: NDArray[np.int32]
    """(n,): the sum over the inputs of the signed values."""


def quantize_band(rows: NDArray[np.float32], scheme: Scheme) -> QuantizedBand:
    """Quantizes rows (n, K) of a checkpoint's matrix; n and K are multiples of 4, K of the block, all values finite."""
    n, k = rows.shape
    bits, largest = scheme.bits, LARGEST[scheme.bits]
    grouped = rows.reshape(n, -1, scheme.block or k)
    scales = np.maximum(grouped.max(axis=2), -grouped.min(axis=2)) / np.float32(largest)
    scales[scales == 0] = 1.0  # a row of zeros: any scale tells the truth, and zero would divide by zero
    values = np.rint(grouped / scales[..., None])
    np.clip(values, -largest, largest, out=values)
    signed = values.astype(np.int8).reshape(n, k)
    sums = signed.sum(axis=1, dtype=np.int32)
    unsigned = (signed.view(np.uint8) + np.uint8(OFFSET[bits])).reshape(n // BLOCK, BLOCK, k // BLOCK, BLOCK)
    blocks = np.ascontiguousarray(unsigned.transpose(2, 0, 3, 1))
    if bits == 4:
        blocks = blocks[..., 0::2] | (blocks[..., 1::2] << np.uint8(4))
    return QuantizedBand(blocks.reshape(k // BLOCK, -1), scales.astype(np.float32), sums)


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
