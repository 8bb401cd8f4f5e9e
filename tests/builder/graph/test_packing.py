"""Rows of integers as bytes, and scales that had to become positive."""

from __future__ import annotations

import numpy as np
import pytest

from builder.graph.numbers import Integers
from builder.graph.packing import packed_rows, with_positive_scales
from builder.quantize.scheme import INT4, INT8, Q4_0

RANDOM = np.random.default_rng(5)


def test_eight_bits_are_signed_bytes() -> None:
    integers = Integers(np.array([[-128, 0, 127, 1]], np.int8), np.array([[0.5]], np.float32))
    packed = packed_rows(integers, INT8, positive=True)
    assert packed.values.tolist() == [[128, 0, 127, 1]]
    assert packed.scales.dtype == np.float32


def test_four_bits_are_two_a_byte_the_even_input_low() -> None:
    integers = Integers(np.array([[-8, 7, 1, -1], [0, 2, 3, 4]], np.int8), np.ones((2, 1), np.float32))
    assert packed_rows(integers, INT4, positive=True).values.tolist() == [[0x78, 0xF1], [0x20, 0x43]]


def test_scales_of_blocks_are_halves() -> None:
    integers = Integers(np.zeros((1, 64), np.int8), np.array([[0.1, 3e-6]], np.float32))
    assert packed_rows(integers, Q4_0, positive=True).scales.dtype == np.float16


def test_a_sign_changes_with_its_scale() -> None:
    values = RANDOM.integers(-7, 8, (6, 96)).astype(np.int8)
    scales = RANDOM.normal(size=(6, 3)).astype(np.float32)
    found, moved = with_positive_scales(Integers(values, scales), 7)
    assert (scales < 0).any() and (found.scales > 0).all() and moved == 0
    np.testing.assert_array_equal(
        found.values.reshape(6, 3, 32) * found.scales[..., None], values.reshape(6, 3, 32) * scales[..., None]
    )


@pytest.mark.parametrize(("bits", "largest"), [(4, 7), (8, 127)])
def test_what_has_no_opposite_is_as_near_as_can_be(bits: int, largest: int) -> None:
    values = RANDOM.integers(-largest - 1, largest + 1, (40, 32)).astype(np.int8)
    values[:, 3] = -largest - 1
    scales = -RANDOM.random((40, 1)).astype(np.float32) - 0.1
    wanted = values * scales
    found, moved = with_positive_scales(Integers(values, scales), largest)
    assert found.values.max() == largest and (found.scales > 0).all()
    assert moved == np.count_nonzero(values == -largest - 1) >= 40
    errors = np.square(found.values * found.scales - wanted).sum(axis=1)
    naive = np.square(np.minimum(-values.astype(np.int32), largest) * -scales - wanted).sum(axis=1)
    assert (errors < naive).all()


def test_no_scale_changes_where_none_has_to() -> None:
    integers = Integers(np.array([[-8, 3]], np.int8), np.array([[-2.0]], np.float32))
    packed = packed_rows(integers, INT4, positive=False)
    assert packed.scales.tolist() == [[-2.0]] and packed.values.tolist() == [[0x38]]
