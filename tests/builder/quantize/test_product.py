"""What an adapter adds: the kernel against numpy, and numpy against what is said of it, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from builder.quantize import wasm_kernel as kernel_module
from builder.quantize.product import Float32, add_product, give_lengths
from builder.quantize.wasm_kernel import Kernel


def drawn(rows: int, inputs: int, rank: int) -> tuple[Float32, Float32, Float32]:
    """W, B and A; also values that are no normal float32, and signed zeros."""
    random = np.random.default_rng(rank)
    w, b, a = (random.standard_normal(shape, np.float32) for shape in ((rows, inputs), (rows, rank), (rank, inputs)))
    a[:, 0], b[0] = np.float32(1e-30), np.float32(1e-12)
    w[:, 1], a[:, 1] = np.float32(-0.0), np.float32(-0.0)
    return w, b, a


@pytest.mark.parametrize("rank", [1, 3, 16, 64])
@pytest.mark.parametrize(("rows", "inputs"), [(1, 8), (7, 64), (301, 24), (131, 2048), (4, 12), (5, 7)])
def test_every_step_is_rounded_and_summed_by_rank_in_order(
    rows: int, inputs: int, rank: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    w, b, a = drawn(rows, inputs, rank)
    sums = np.zeros_like(w)
    for each in range(rank):
        sums += b[:, each, None] * a[each]
    expected = w + sums * np.float32(0.3)
    plain, compiled = w.copy(), w.copy()
    add_product(plain, b, a, 0.3)
    monkeypatch.setattr(kernel_module, "CHUNK_BYTES", 1 << 18)
    kernel = Kernel.available()
    assert kernel is not None, "wasmtime is part of what the tests need"
    if inputs % 8 == 0:
        monkeypatch.delattr(kernel_module, "merge")  # what falls back fails
    kernel.merge(compiled, b, a, 0.3)
    for found in (plain, compiled):
        np.testing.assert_array_equal(found.view(np.uint32), expected.view(np.uint32))


@pytest.mark.parametrize(("rows", "inputs"), [(1, 8), (7, 24), (301, 640), (131, 1152), (3, 6912), (5, 7)])
def test_rows_have_the_same_lengths_in_the_kernel(rows: int, inputs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one of zeros, which stays, and one whose squares float32 cannot hold, which is no number."""
    w, b, a = drawn(rows, inputs, 4)
    lengths = np.random.default_rng(rows).uniform(0.5, 2, rows).astype(np.float32)
    if rows > 5:
        w[3], b[3], w[5] = 0, 0, 1e25
    plain, compiled = w.copy(), w.copy()
    with np.errstate(all="ignore"):
        add_product(plain, b, a, 0.3)
        give_lengths(plain, lengths)
    monkeypatch.setattr(kernel_module, "CHUNK_BYTES", 1 << 18)
    kernel = Kernel.available()
    assert kernel is not None, "wasmtime is part of what the tests need"
    if inputs % 8 == 0:
        monkeypatch.delattr(kernel_module, "merge")  # what falls back fails
    kernel.merge(compiled, b, a, 0.3, lengths)
    lost = np.isnan(plain)
    assert lost.all(axis=1).sum() == lost.any(axis=1).sum() == (rows > 5)
    np.testing.assert_array_equal(np.isnan(compiled), lost)
    np.testing.assert_array_equal(compiled[~lost].view(np.uint32), plain[~lost].view(np.uint32))


def test_float32_is_near_enough() -> None:
    """Less than 2⁻²⁰ of the largest weight from the sum in float64."""
    w, b, a = drawn(64, 256, 64)
    exact = w + b.astype(np.float64) @ a.astype(np.float64)
    add_product(w, b, a, 1.0)
    assert np.abs(w - exact).max() < 2**-20 * np.abs(exact).max()
