from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from builder.quantize import QuantizedBand, dequantize, quantize_band, signed_values
from builder.scheme import INT4, INT8, Q4_0, Scheme

MATRICES = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda shape: arrays.arrays(
        np.float32, (4 * shape[0], 4 * shape[1]), elements=st.floats(-1e4, 1e4, width=32, allow_subnormal=False)
    )
)
IN_FOURS = Scheme(4, 4)
"""Blocks that the small matrices have some of."""


def back(band: QuantizedBand, rows: np.ndarray, scheme: Scheme) -> np.ndarray:
    return dequantize(band.strips.ravel(), band.scales, rows.shape[1], rows.shape[0], scheme.bits)


def test_int8_by_hand() -> None:
    rows = np.zeros((4, 4), np.float32)
    rows[0] = [127, -127, 1, 0.5]  # scale 1; 0.5 rounds to even
    rows[1, 0] = 254  # scale 2
    band = quantize_band(rows, INT8)
    assert band.scales.tolist() == [[1], [2], [1], [1]]
    assert band.sums.tolist() == [1, 127, 0, 0]
    # one block, (4 of K, 4 of N): the first input's values of outputs 0 to 3, then the second's, …
    expected = np.full((4, 4), 128)
    expected[:, 0] += [127, -127, 1, 0]
    expected[0, 1] += 127
    assert band.strips.tolist() == [expected.ravel().tolist()]


def test_int4_puts_the_even_output_in_the_low_nibble() -> None:
    rows = np.zeros((4, 4), np.float32)
    rows[0, 0], rows[1, 0] = 7, -7
    band = quantize_band(rows, INT4)
    assert band.strips[0, :2].tolist() == [(8 + 7) | ((8 - 7) << 4), 8 | 8 << 4]


def test_a_block_has_a_scale_of_its_own() -> None:
    rows = np.zeros((4, 64), np.float32)
    rows[0, 3], rows[0, 40], rows[2, 63] = 7, 70, -14
    band = quantize_band(rows, Q4_0)
    assert band.scales.tolist() == [[1, 10], [1, 1], [1, 2], [1, 1]]  # (outputs, blocks)
    assert band.sums.tolist() == [14, 0, -7, 0]
    np.testing.assert_array_equal(back(band, rows, Q4_0), rows)


def test_blocks_of_a_row_of_blocks_follow_each_other_over_the_outputs() -> None:
    rows = np.zeros((8, 8), np.float32)
    rows[5, 2] = 1  # output 5, input 2: block (0, 1), row 2, column 1
    band = quantize_band(rows, INT8)
    assert band.strips.shape == (2, 32)
    assert np.argwhere(band.strips == 255).tolist() == [[0, 16 + 2 * 4 + 1]]


@pytest.mark.parametrize("scheme", [INT4, INT8, IN_FOURS], ids=str)
@given(rows=MATRICES)
def test_no_value_is_off_by_more_than_half_a_step(rows: np.ndarray, scheme: Scheme) -> None:
    band = quantize_band(rows, scheme)
    steps = np.repeat(band.scales, rows.shape[1] // band.scales.shape[1], axis=1)
    assert np.all(np.abs(back(band, rows, scheme) - rows) <= steps * np.float32(0.5001))
    signed = signed_values(band.strips.ravel(), rows.shape[1], rows.shape[0], scheme.bits)
    np.testing.assert_array_equal(band.sums, signed.sum(axis=1, dtype=np.int32))


@pytest.mark.parametrize("scheme", [INT4, INT8, IN_FOURS], ids=str)
def test_bands_give_the_strips_of_the_whole(scheme: Scheme) -> None:
    rows = np.random.default_rng(0).standard_normal((16, 8), np.float32)
    whole = quantize_band(rows, scheme)
    parts = [quantize_band(rows[i : i + 4], scheme) for i in range(0, 16, 4)]
    np.testing.assert_array_equal(whole.strips, np.concatenate([part.strips for part in parts], axis=1))
    np.testing.assert_array_equal(whole.scales, np.concatenate([part.scales for part in parts]))


@pytest.mark.parametrize("scheme", [INT8, IN_FOURS], ids=str)
@pytest.mark.parametrize("tiny", [0.0, 1e-45, 1e-38])
def test_rows_of_nearly_nothing_stay_finite(tiny: float, scheme: Scheme) -> None:
    rows = np.full((4, 4), tiny, np.float32)
    band = quantize_band(rows, scheme)
    assert np.isfinite(back(band, rows, scheme)).all()
    assert (band.scales > 0).all()
