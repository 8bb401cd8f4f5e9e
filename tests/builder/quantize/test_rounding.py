from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from builder.checkpoint.stored_types import to_float32
from builder.quantize import rounding as quantize
from builder.quantize.rounding import NotFiniteError, QuantizedBand, dequantize, quantize_band, signed_values
from builder.quantize.scheme import INT4, INT8, Q4_0, ScaleChoice, Scheme

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


def squares(rows: np.ndarray, scheme: Scheme, choice: ScaleChoice) -> float:
    return float(np.square(back(quantize_band(rows, scheme, choice), rows, scheme) - rows, dtype=np.float64).sum())


@pytest.mark.parametrize("scheme", [INT4, INT8, IN_FOURS], ids=str)
@given(rows=MATRICES)
@example(rows=np.full((4, 4), 2.0**-126, np.float32))
def test_least_squares_is_never_worse(rows: np.ndarray, scheme: Scheme) -> None:
    rounding = 1e-6 * float(np.square(rows, dtype=np.float64).sum())  # of the sums in float32
    assert squares(rows, scheme, "mse") <= squares(rows, scheme, "max") + rounding


@pytest.mark.parametrize(("scheme", "gain"), [(INT4, 1.5), (Q4_0, 1.35), (INT8, 1.0)], ids=str)
def test_least_squares_gains_on_normal_weights(scheme: Scheme, gain: float) -> None:
    """2.5 dB for a row of 1152, 1.5 dB in blocks."""
    rows = np.random.default_rng(0).standard_normal((64, 1152), np.float32)
    assert squares(rows, scheme, "max") > gain * squares(rows, scheme, "mse")


def test_least_squares_reaches_further_down_than_up_whatever_the_sign() -> None:
    rows = np.zeros((4, 32), np.float32)
    rows[0] = np.arange(-8, 8).repeat(2)
    rows[1] = -rows[0]
    band = quantize_band(rows, INT4, "mse")
    np.testing.assert_allclose(band.scales.ravel(), [1, -1, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(back(band, rows, INT4), rows, rtol=1e-6)


@pytest.mark.parametrize("stored", [np.float16, np.uint16])
@pytest.mark.parametrize("scheme", [INT4, INT8, Q4_0], ids=str)
def test_what_a_checkpoint_holds_is_quantized_as_its_float32(stored: type[np.generic], scheme: Scheme) -> None:
    rows = np.random.default_rng(0).standard_normal((64, 64), np.float32)
    half = rows.astype(np.float16) if stored is np.float16 else (rows.view(np.uint32) >> 16).astype(np.uint16)
    ours, theirs = quantize_band(half, scheme), quantize_band(to_float32(half), scheme)
    np.testing.assert_array_equal(ours.strips, theirs.strips)
    np.testing.assert_array_equal(ours.scales, theirs.scales)


@pytest.mark.parametrize("scheme", [INT4, INT8, Q4_0], ids=str)
def test_chunks_do_not_show(scheme: Scheme, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).standard_normal((64, 96), np.float32)
    whole = quantize_band(rows, scheme)
    monkeypatch.setattr(quantize, "CHUNK_BYTES", 4 * 96 * 12)
    chunked = quantize_band(rows, scheme)
    np.testing.assert_array_equal(whole.strips, chunked.strips)
    np.testing.assert_array_equal(whole.sums, chunked.sums)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("choice", ["max", "mse"])
@pytest.mark.parametrize("scheme", [INT8, Q4_0], ids=str)
def test_what_is_no_number_is_refused(value: float, choice: ScaleChoice, scheme: Scheme) -> None:
    rows = np.ones((8, 64), np.float32)
    rows[5, 40] = value
    with pytest.raises(NotFiniteError):
        quantize_band(rows, scheme, choice)


def test_the_integers_are_those_of_plain_arithmetic() -> None:
    """The bits of the floats against round, clip and cast, over ties and every integer."""
    for bits, largest in ((4, 7), (8, 127)):
        row = np.arange(-2 * largest, 2 * largest + 1, dtype=np.float32) / 2  # scale 1, half of them ties
        rows = np.zeros((4, -(-row.size // 4) * 4), np.float32)
        rows[:, : row.size] = row
        band = quantize_band(rows, Scheme(bits))  # type: ignore[arg-type]
        signed = signed_values(band.strips.ravel(), rows.shape[1], 4, bits)  # type: ignore[arg-type]
        np.testing.assert_array_equal(signed, np.rint(rows).astype(np.int8))


def test_a_signalling_nan_is_refused_without_a_warning() -> None:
    """As damaged bytes may be one."""
    rows = np.ones((4, 32), np.float32)
    rows.view(np.uint32)[2, 5] = 0x7F800001
    with pytest.raises(NotFiniteError):
        quantize_band(rows, INT8)
