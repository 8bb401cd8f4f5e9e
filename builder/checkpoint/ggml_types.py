"""The types in which a GGUF file holds weights: how many values a block has, how many bytes, and how these become float32.

The arithmetic is llama.cpp's own, operation by operation in float32, so the values are its values to the bit. A block is a few
numbers of the whole block (scales as float16, perhaps a minimum) and its values as small integers, whose bits may lie in two
places. `q` is an integer as stored, `d` a scale, `m` a minimum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Values = NDArray[np.float32]

SMALL, LARGE = 32, 256
"""Values of a block of the older types, and of the newer ones, whose blocks have parts with scales of their own."""


@dataclass(frozen=True)
class BlockType:
    """A type whose values come in blocks."""

    name: str
    values: int
    """Of a block."""
    size: int
    """Bytes of a block."""
    decode: Callable[[Bytes], Values]
    """(blocks, size) → (blocks, values)."""


def _float16(blocks: Bytes, at: int) -> Values:
    """The float16 at byte `at` of each block, (blocks, 1)."""
    return np.ascontiguousarray(blocks[:, at : at + 2]).view("<f2").astype(np.float32)


def _halves(packed: Bytes) -> Bytes:
    """Bytes (…, n) of two values each → (…, 2n): the low halves of all, then the high ones."""
    return np.concatenate([packed & np.uint8(15), packed >> np.uint8(4)], axis=-1)


def _bits(packed: Bytes, width: int) -> Bytes:
    """Bytes (…, n) of 8 / width values each → (…, 8 / width, n): the lowest bits of all, then the next ones."""
    shifts = np.arange(0, 8, width, dtype=np.uint8)[:, None]
    return (packed[..., None, :] >> shifts) & np.uint8((1 << width) - 1)


def _fifth_bits(blocks: Bytes, at: int) -> Bytes:
    """The highest bits of the 32 values of a block, from the 4 bytes at `at`: (blocks, 32), 16 or 0."""
    return np.unpackbits(blocks[:, at : at + 4], axis=1, bitorder="little") << np.uint8(4)


def _signed(values: Bytes, zero: int) -> Values:
    return values.astype(np.float32) - np.float32(zero)


def q4_0_integers(blocks: Bytes) -> tuple[NDArray[np.int8], Values]:
    """The integers of Q4_0, signed, (blocks, 32), and the scales that they are multiplied by, (blocks, 1)."""
    return (_halves(blocks[:, 2:]) - np.uint8(8)).view(np.int8), _float16(blocks, 0)


def _q4_0(blocks: Bytes) -> Values:
    values, scales = q4_0_integers(blocks)
    return scales * values.astype(np.float32)


def _q4_1(blocks: Bytes) -> Values:
    return _float16(blocks, 0) * _halves(blocks[:, 4:]).astype(np.float32) + _float16(blocks, 2)


def _q5_0(blocks: Bytes) -> Values:
    return _float16(blocks, 0) * _signed(_halves(blocks[:, 6:]) | _fifth_bits(blocks, 2), 16)


def _q5_1(blocks: Bytes) -> Values:
    values = _halves(blocks[:, 8:]) | _fifth_bits(blocks, 4)
    return _float16(blocks, 0) * values.astype(np.float32) + _float16(blocks, 2)


def _q8_0(blocks: Bytes) -> Values:
    return _float16(blocks, 0) * blocks[:, 2:].view(np.int8).astype(np.float32)


UNEVEN = np.array([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113], np.float32)
"""What the 16 integers of IQ4_NL stand for: close together near zero."""


def _iq4_nl(blocks: Bytes) -> Values:
    """What llama.cpp makes of rows for Q2_K and Q3_K that blocks of 256 do not divide."""
    return _float16(blocks, 0) * UNEVEN[_halves(blocks[:, 2:])]


def _q2_k(blocks: Bytes) -> Values:
    """16 parts of 16, each with a scale and a minimum of 4 bits; the values' 2 bits lie in two runs of 32 bytes."""
    scales, d, m = blocks[:, :16], _float16(blocks, 80), _float16(blocks, 82)
    values = _bits(blocks[:, 16:80].reshape(-1, 2, 32), 2).reshape(-1, 16, 16).astype(np.float32)
    scale, minimum = d * (scales & np.uint8(15)), m * (scales >> np.uint8(4))
    return (scale[..., None] * values - minimum[..., None]).reshape(-1, LARGE)


def _q3_k(blocks: Bytes) -> Values:
    """16 parts of 16 with a signed scale of 6 bits; a third bit of each value lies apart, and where it is missing 4 is taken away."""
    low, high = _halves(blocks[:, 96:104]), _bits(blocks[:, 104:108], 2).reshape(-1, 16)
    scales = _float16(blocks, 108) * _signed(low | (high << np.uint8(4)), 32)
    values = _bits(blocks[:, 32:96].reshape(-1, 2, 32), 2).reshape(-1, 8, 32)
    third = _bits(blocks[:, :32], 1) << np.uint8(2)
    return (scales[..., None] * _signed(values | third, 4).reshape(-1, 16, 16)).reshape(-1, LARGE)


def _scales_and_minimums(blocks: Bytes) -> tuple[Values, Values]:
    """Of the 8 parts of a Q4_K or Q5_K block: 6 bits each, of which the upper two of the last four parts lie in the first bytes."""
    first, second, last = blocks[:, 4:8], blocks[:, 8:12], blocks[:, 12:16]
    low, top = np.uint8(63), np.uint8(4)
    scales = np.concatenate([first & low, (last & np.uint8(15)) | ((first >> np.uint8(6)) << top)], axis=1)
    minimums = np.concatenate([second & low, (last >> top) | ((second >> np.uint8(6)) << top)], axis=1)
    return _float16(blocks, 0) * scales, _float16(blocks, 2) * minimums


def _q4_k(blocks: Bytes) -> Values:
    scales, minimums = _scales_and_minimums(blocks)
    values = _bits(blocks[:, 16:].reshape(-1, 4, 32), 4).reshape(-1, 8, 32).astype(np.float32)
    return (scales[..., None] * values - minimums[..., None]).reshape(-1, LARGE)


def _q5_k(blocks: Bytes) -> Values:
    scales, minimums = _scales_and_minimums(blocks)
    values = _bits(blocks[:, 48:].reshape(-1, 4, 32), 4).reshape(-1, 8, 32)
    values = values | (_bits(blocks[:, 16:48], 1) << np.uint8(4))
    return (scales[..., None] * values.astype(np.float32) - minimums[..., None]).reshape(-1, LARGE)


def _q6_k(blocks: Bytes) -> Values:
    """16 parts of 16 with a signed scale of 8 bits; the upper two bits of each value lie apart."""
    low = _bits(blocks[:, :128].reshape(-1, 2, 64), 4).reshape(-1, 8, 32)
    high = _bits(blocks[:, 128:192].reshape(-1, 2, 32), 2).reshape(-1, 8, 32)
    scales = _float16(blocks, 208) * np.ascontiguousarray(blocks[:, 192:208]).view(np.int8).astype(np.float32)
    values = _signed(low | (high << np.uint8(4)), 32).reshape(-1, 16, 16)
    return (scales[..., None] * values).reshape(-1, LARGE)


BLOCK_TYPES = {
    kind.name: kind
    for kind in (
        BlockType("Q4_0", SMALL, 18, _q4_0),
        BlockType("Q4_1", SMALL, 20, _q4_1),
        BlockType("Q5_0", SMALL, 22, _q5_0),
        BlockType("Q5_1", SMALL, 24, _q5_1),
        BlockType("Q8_0", SMALL, 34, _q8_0),
        BlockType("IQ4_NL", SMALL, 18, _iq4_nl),
        BlockType("Q2_K", LARGE, 84, _q2_k),
        BlockType("Q3_K", LARGE, 110, _q3_k),
        BlockType("Q4_K", LARGE, 144, _q4_k),
        BlockType("Q5_K", LARGE, 176, _q5_k),
        BlockType("Q6_K", LARGE, 210, _q6_k),
    )
}

TYPE_NAMES = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    6: "Q5_0",
    7: "Q5_1",
    8: "Q8_0",
    9: "Q8_1",
    10: "Q2_K",
    11: "Q3_K",
    12: "Q4_K",
    13: "Q5_K",
    14: "Q6_K",
    15: "Q8_K",
    16: "IQ2_XXS",
    17: "IQ2_XS",
    18: "IQ3_XXS",
    19: "IQ1_S",
    20: "IQ4_NL",
    21: "IQ3_S",
    22: "IQ2_S",
    23: "IQ4_XS",
    24: "I8",
    25: "I16",
    26: "I32",
    27: "I64",
    28: "F64",
    29: "IQ1_M",
    30: "BF16",
    34: "TQ1_0",
    35: "TQ2_0",
    39: "MXFP4",
    40: "NVFP4",
    41: "Q1_0",
}
"""ggml's numbers of types; those that BLOCK_TYPES lacks, F32, F16 and BF16 aside, are refused by these names."""
