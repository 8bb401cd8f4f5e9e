"""Every type of a GGUF file against llama.cpp's own package, to the bit."""

from __future__ import annotations

import gguf
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from builder.checkpoint.ggml_types import BLOCK_TYPES, TYPE_NAMES

QUANTIZED_BY_THE_PACKAGE = ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0")
"""The package reads all of them and writes these."""


def of_package(name: str, blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    with np.errstate(all="ignore"):  # random bytes are any float16
        found: NDArray[np.float32] = gguf.dequantize(blocks, gguf.GGMLQuantizationType[name])
    return found


def decoded(name: str, blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    with np.errstate(all="ignore"):
        return BLOCK_TYPES[name].decode(blocks)


def test_numbers_and_sizes_are_the_packages() -> None:
    assert {int(kind): kind.name for kind in gguf.GGMLQuantizationType} == TYPE_NAMES
    for name, kind in BLOCK_TYPES.items():
        assert (kind.values, kind.size) == gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]]


@pytest.mark.parametrize("name", BLOCK_TYPES)
@given(seed=st.integers(0, 1 << 32), count=st.integers(1, 9))
def test_any_bytes_are_the_packages_values(name: str, seed: int, count: int) -> None:
    blocks = np.random.default_rng(seed).integers(0, 256, (count, BLOCK_TYPES[name].size), np.uint8)
    values, expected = decoded(name, blocks), of_package(name, blocks)
    assert values.shape == (count, BLOCK_TYPES[name].values) and values.dtype == np.float32
    numbers = ~np.isnan(expected)  # how a NaN is written is nobody's promise
    assert np.array_equal(np.isnan(values), ~numbers)
    assert np.array_equal(values[numbers].view(np.uint32), expected.reshape(values.shape)[numbers].view(np.uint32))


@pytest.mark.parametrize("name", BLOCK_TYPES)
def test_blocks_of_zeros_and_ones(name: str) -> None:
    for byte in (0, 0x3C, 255):
        blocks = np.full((2, BLOCK_TYPES[name].size), byte, np.uint8)
        assert np.array_equal(decoded(name, blocks), of_package(name, blocks), equal_nan=True)


@pytest.mark.parametrize("name", QUANTIZED_BY_THE_PACKAGE)
def test_quantized_weights_come_back(name: str) -> None:
    weights = np.random.default_rng(1).normal(0, 0.02, (16, 64)).astype(np.float32)
    stored = gguf.quantize(weights, gguf.GGMLQuantizationType[name])
    values = decoded(name, stored.reshape(-1, BLOCK_TYPES[name].size)).reshape(weights.shape)
    assert np.array_equal(values, of_package(name, stored))
    assert 0 < np.abs(values - weights).max() < 0.02
