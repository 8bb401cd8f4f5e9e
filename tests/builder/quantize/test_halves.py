"""Matrices of float16 in the engine's order."""

from __future__ import annotations

import numpy as np
import pytest

from builder.quantize.halves import TooLargeError, half_strips, half_values

MATRIX = np.random.Generator(np.random.PCG64(3)).standard_normal((12, 8), np.float32)


def test_the_order_is_blocks_of_four_inputs_by_four_outputs() -> None:
    packed = half_strips(MATRIX, 1.0)
    assert packed.shape == (2, 12 * 4 * 2)
    expected = MATRIX.T.astype(np.float16).reshape(2, 4, 3, 4).transpose(0, 2, 1, 3)
    assert packed.tobytes() == np.ascontiguousarray(expected).tobytes()
    np.testing.assert_array_equal(half_values(packed.reshape(-1), 8, 12), MATRIX.astype(np.float16).astype(np.float32))


def test_bands_of_rows_stand_beside_each_other() -> None:
    whole = half_strips(MATRIX, 1.0)
    np.testing.assert_array_equal(np.concatenate([half_strips(MATRIX[:4], 1), half_strips(MATRIX[4:], 1)], 1), whole)


def test_a_power_of_two_is_exact() -> None:
    np.testing.assert_array_equal(
        half_values(half_strips(MATRIX, 16.0).reshape(-1), 8, 12), 16 * MATRIX.astype(np.float16)
    )


@pytest.mark.parametrize("value", [70_000.0, np.inf, np.nan])
def test_what_float16_cannot_hold_is_told(value: float) -> None:
    matrix = MATRIX.copy()
    matrix[5, 2] = value
    with pytest.raises(TooLargeError):
        half_strips(matrix, 1.0)
    matrix[5, 2] = 5_000.0
    half_strips(matrix, 1.0)
    with pytest.raises(TooLargeError):
        half_strips(matrix, 16.0)
