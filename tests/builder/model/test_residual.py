from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from builder.model.families import describe
from builder.model.residual import FLOAT16_MAX, TARGET, ResidualScale, fits_float16, float16_limit, is_residual_scale
from builder.synth.web_file import SMALL, shape_config
from tests.checkpoints import gemma3n_config

GEMMA3 = describe(shape_config(SMALL), Path("small"))
GEMMA3N = describe(gemma3n_config(), Path("gemma3n"))
GEMMA1 = describe(shape_config("gemma-2b"), Path("gemma-2b"))


@pytest.mark.parametrize(
    ("largest", "factor"),
    [(0, 1), (8192, 1), (8193, 1 / 2), (103_821, 1 / 16), (131_072, 1 / 16), (131_073, 1 / 32), (1e30, 2.0**-24)],
)
def test_the_scale_is_the_largest_power_of_two_that_is_small_enough(largest: float, factor: float) -> None:
    assert ResidualScale.fitting(GEMMA3, largest).factor == factor
    assert TARGET * 8 > FLOAT16_MAX >= TARGET * 7.9


@pytest.mark.parametrize(("largest", "factor"), [(0, 1), (32, 1), (33, 1 / 2), (512, 1 / 16), (8192, 1 / 256)])
def test_streams_that_an_engine_squares_are_scaled_so_that_float16_holds_the_squares(
    largest: float, factor: float
) -> None:
    assert ResidualScale.fitting(GEMMA3N, largest).factor == factor
    limit = float16_limit(GEMMA3N.residual_streams)
    assert float(np.float16(limit**2)) <= FLOAT16_MAX < (limit + 1) ** 2
    assert fits_float16(largest * factor, limit=limit) and not fits_float16(65, limit=limit)
    assert fits_float16(None, 255, limit) and not fits_float16(None, 257, limit)


def test_what_is_multiplied_takes_the_stream_along_and_the_last_norm_takes_it_back() -> None:
    scale = ResidualScale.of(GEMMA3, 1 / 16)
    assert scale.of_part("embedding") == scale.of_part("post_attention_norm") == 1 / 16
    assert scale.of_part("post_feed_forward_norm") == 1 / 16
    assert scale.of_part("final_norm") == 16
    assert {scale.of_part(part) for part in ("query", "output", "down", "pre_attention_norm", "query_norm")} == {1}


def test_without_norms_after_them_the_matrices_are_multiplied() -> None:
    scale = ResidualScale.of(GEMMA1, 1 / 4)
    assert scale.of_part("output") == scale.of_part("down") == scale.of_part("embedding") == 1 / 4
    assert {scale.of_part(part) for part in ("query", "value", "gate", "up", "pre_feed_forward_norm")} == {1}


def test_matrices_that_read_the_stream_take_the_factor_back() -> None:
    scale = ResidualScale.of(GEMMA3, 1 / 16)
    assert scale.of_part("per_layer_gate") == scale.of_part("per_layer_model_projection") == 16
    assert scale.of_part("post_per_layer_norm") == 1 / 16
    assert {
        scale.of_part(part) for part in ("per_layer_embedding", "per_layer_projection", "per_layer_projection_norm")
    } == {1}


@pytest.mark.parametrize("value", [None, True, "1", 0, -1, 2, 0.3, 2.0**-25, math.nan, math.inf])
def test_what_a_file_may_not_say(value: object) -> None:
    assert not is_residual_scale(value)
    assert all(is_residual_scale(power) for power in (1, 1.0, 0.5, 2.0**-24))
