"""The kernel against numpy, bit for bit."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from builder.checkpoint.folder import CheckpointFolder
from builder.checkpoint.stored_types import StoredArray
from builder.convert.web_file import convert_checkpoint
from builder.errors import CheckpointError
from builder.files.checksum import Checksum
from builder.quantize import wasm_kernel as kernel_module
from builder.quantize.rounding import NotFiniteError, quantize_band
from builder.quantize.scheme import INT4, INT8, Q4_0, Quantization, Scheme
from builder.quantize.wasm_kernel import Kernel
from tests.checkpoints import write_checkpoint

IN_EIGHTS = Scheme(4, 8)
"""Blocks that the small matrices have some of."""


@pytest.fixture(scope="module")
def kernel() -> Kernel:
    opened = Kernel.available()
    assert opened is not None, "wasmtime is part of what the tests need"
    return opened


@pytest.fixture
def no_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What falls back fails."""
    monkeypatch.delattr(kernel_module, "quantize_band")
    monkeypatch.delattr(Checksum, "of")


def bfloat16(values: np.ndarray) -> StoredArray:
    return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


def assert_equal(kernel: Kernel, rows: StoredArray, scheme: Scheme) -> None:
    ours, theirs = kernel.quantize_band(rows, scheme), quantize_band(rows, scheme)
    for name in ("strips", "scales", "sums"):
        found, expected = getattr(ours, name), getattr(theirs, name)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected, name)


@pytest.mark.parametrize("stored", ["bfloat16", "float16", "float32"])
@pytest.mark.parametrize("scheme", [INT4, INT8, Q4_0, IN_EIGHTS, Scheme(8, 32)], ids=str)
def test_normal_weights(kernel: Kernel, scheme: Scheme, stored: str, no_numpy: None) -> None:
    for n, k in ((4, 32), (64, 96), (12, 1152)):
        rows = np.random.default_rng(n).standard_normal((n, k), np.float32)
        assert_equal(kernel, bfloat16(rows) if stored == "bfloat16" else rows.astype(stored), scheme)


@pytest.mark.parametrize("scheme", [INT4, INT8], ids=str)
def test_every_bfloat16_beside_every_largest_one(kernel: Kernel, scheme: Scheme, no_numpy: None) -> None:
    """128 mantissas of the largest weight, each with all weights from it down to 2⁻¹² of it, of both signs: all ties are there."""
    largest = np.arange(128, dtype=np.uint16)[:, None] + np.uint16(127 << 7)
    rows = np.maximum(largest - np.arange(12 * 128, dtype=np.uint16), 0)
    rows = np.concatenate([rows, rows | np.uint16(1 << 15)], axis=1)
    assert_equal(kernel, rows, scheme)


@pytest.mark.parametrize("scheme", [INT4, INT8, IN_EIGHTS], ids=str)
@given(
    rows=st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
        lambda shape: arrays.arrays(np.float32, (4 * shape[0], 8 * shape[1]), elements=st.floats(width=32))
    )
)
def test_anything(kernel: Kernel, rows: np.ndarray, scheme: Scheme) -> None:
    """Infinities, no numbers, zeros and the smallest ones too."""
    for stored in (rows, bfloat16(rows)):
        try:
            quantize_band(stored, scheme)
        except NotFiniteError:
            with pytest.raises(NotFiniteError):
                kernel.quantize_band(stored, scheme)
        else:
            assert_equal(kernel, stored, scheme)


@pytest.mark.parametrize("scheme", [INT4, Scheme(4, 4)], ids=str)
def test_widths_that_eight_does_not_divide_are_numpy_s(kernel: Kernel, scheme: Scheme) -> None:
    assert_equal(kernel, np.random.default_rng(0).standard_normal((8, 12), np.float32), scheme)
    assert kernel.quantize_band(np.ones((4, 8), np.float32), INT4, "mse").scales.size == 4


def test_chunks_of_a_file_do_not_show(
    kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_numpy: None
) -> None:
    checkpoint = CheckpointFolder.open(write_checkpoint(tmp_path / "c", dtype="BF16"))
    name = "model.layers.0.mlp.down_proj.weight"
    [(_, rows)] = checkpoint.stored_bands(checkpoint.tensors[name])
    monkeypatch.setattr(kernel_module, "CHUNK_BYTES", 12 * rows.shape[1] * 2)
    ours, theirs = kernel.quantize_band(rows, Q4_0), quantize_band(rows, Q4_0)
    np.testing.assert_array_equal(ours.strips, theirs.strips)
    np.testing.assert_array_equal(ours.sums, theirs.sums)
    np.testing.assert_array_equal(ours.scales, theirs.scales)


def test_no_more_memory_is_said_as_everywhere(kernel: Kernel) -> None:
    """It was wasmtime's own error, which was called a bug."""
    with pytest.raises(MemoryError):
        kernel.buffer(5 << 30)  # WebAssembly has 4 GB


def test_a_file_that_ends_too_early_is_named(kernel: Kernel, tmp_path: Path) -> None:
    checkpoint = CheckpointFolder.open(write_checkpoint(tmp_path / "c", dtype="BF16"))
    bands = [rows for tensor in checkpoint.tensors.values() for _, rows in checkpoint.stored_bands(tensor)]
    (tmp_path / "c/model.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError, match="ended within tensor"):
        for rows in bands:
            kernel.quantize_band(rows, INT4)


@pytest.mark.parametrize("apart", [0, 64, 8 << 30])
@pytest.mark.parametrize("width", [8, 48, 64, 200])
def test_the_checksum(kernel: Kernel, width: int, apart: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).integers(0, 256, (5, width), np.uint8)
    inside = kernel.buffer(1 << 16)[1024 : 1024 + rows.size].reshape(rows.shape)
    inside[:] = rows
    expected = [Checksum.of(offset, apart, rows).value for offset in (0, 64, 5 << 32)]
    monkeypatch.delattr(Checksum, "of")
    assert [kernel.checksum(offset, apart, inside).value for offset in (0, 64, 5 << 32)] == expected


def test_the_checksum_of_what_lies_elsewhere_or_is_no_whole_word(kernel: Kernel) -> None:
    elsewhere = np.arange(40, dtype=np.uint8).reshape(5, 8)
    inside = kernel.buffer(1 << 16)[:35].reshape(5, 7)
    across = kernel.buffer(1 << 16)[:80].reshape(5, 16)[:, :8]
    for rows in (elsewhere, inside, across, elsewhere[:0]):
        assert kernel.checksum(64, 32, rows).value == Checksum.of(64, 32, rows).value


@pytest.mark.parametrize("dtype", ["BF16", "F32"])
@pytest.mark.parametrize("bits", ["4", "8", "q4_0"])
def test_files_are_the_same_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bits: str, dtype: str) -> None:
    folder = write_checkpoint(tmp_path / "c", dtype=dtype)
    ours = convert_checkpoint(folder, tmp_path / "m.task", quantization=Quantization.of(bits))
    monkeypatch.setitem(sys.modules, "wasmtime", None)  # as where it is not installed
    assert Kernel.available() is None
    assert convert_checkpoint(folder, tmp_path / "m.task", quantization=Quantization.of(bits)).sha256 == ours.sha256
