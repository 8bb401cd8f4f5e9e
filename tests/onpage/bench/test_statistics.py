"""The estimator against numpy and tables of Student's distribution, and against the JavaScript of the same definition."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from onpage.bench.statistics import (
    MAX_DEGREES,
    interval,
    is_noisy,
    paired_ratio,
    quantile,
    student,
    typical,
    unpaired_ratio,
)
from tests.static.node import ask

positive = st.floats(1e-3, 1e9)
samples = st.lists(positive, min_size=1, max_size=9)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([7.0], 0.25, 7.0),
        ([1.0, 2.0], 0.5, 1.5),
        ([4.0, 1.0, 3.0, 2.0], 0.25, 1.75),  # 0.75 of the way from 1 to 2
        ([10.0, 20.0, 30.0, 40.0, 50.0], 0.025, 11.0),
        ([1.0, 2.0, 3.0], 1.0, 3.0),
    ],
)
def test_quantiles_by_hand(values: list[float], share: float, expected: float) -> None:
    assert quantile(values, share) == pytest.approx(expected, rel=1e-12)


@given(samples, st.floats(0, 1))
def test_quantiles_are_numpys(values: list[float], share: float) -> None:
    assert quantile(values, share) == pytest.approx(float(np.quantile(values, share)), rel=1e-9)


STUDENT = [
    (0.95, 1, 12.7062),
    (0.95, 2, 4.30265),
    (0.95, 3, 3.18245),
    (0.95, 4, 2.77645),
    (0.95, 17, 2.10982),
    (0.99, 10, 3.16927),
    (0.995, 15, 3.28604),
    (0.999, 6, 5.95882),
    (0.95, 120, 1.97993),
]


@pytest.mark.parametrize(("confidence", "degrees", "expected"), STUDENT)
def test_student_is_that_of_the_tables(confidence: float, degrees: int, expected: float) -> None:
    assert student(confidence, degrees) == pytest.approx(expected, rel=1e-5)


def test_student_in_the_page_is_the_same() -> None:
    asked = [(confidence, degrees) for confidence in (0.9, 0.95, 0.999) for degrees in (*range(1, 12), 57, 500)]
    theirs = ask("bench/statistics.js", *(("student", list(each)) for each in asked))
    assert theirs == pytest.approx([student(*each) for each in asked], rel=1e-12)
    assert student(0.95, 10**9) == student(0.95, MAX_DEGREES)


def test_the_interval_is_that_of_the_definition_written_out_with_numpy() -> None:
    values = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6]
    logs = np.log(values)
    half = 2.570582 * logs.std(ddof=1) / math.sqrt(6)
    assert typical(values) == pytest.approx(math.exp(logs.mean()))
    assert interval(values) == pytest.approx((math.exp(logs.mean() - half), math.exp(logs.mean() + half)), rel=1e-6)
    assert interval([1.0, 2.0]) is None, "two values say nothing about their scatter"


def test_of_rounds_the_ratio_is_that_of_the_typical_values() -> None:
    """So that in a table A × (B / A) is B."""
    source = random.Random(1)
    a = [source.lognormvariate(3, 0.5) for _ in range(9)]
    b = [1.1 * value * source.lognormvariate(0, 0.01) for value in a]
    ratio = paired_ratio(a, b)
    assert ratio.value == pytest.approx(typical(b) / typical(a), rel=1e-12)
    assert ratio.interval and 1.08 < ratio.interval[0] < ratio.interval[1] < 1.12
    apart = unpaired_ratio(a, b)
    assert apart.value == pytest.approx(ratio.value)
    assert apart.interval and apart.interval[0] < 1 < apart.interval[1], "a drift hides it from what is not paired"


def test_welch_by_hand() -> None:
    """Variances of logs 0.01 and 0.04 of five and four values: 0.002 + 0.01, and 4.2 degrees of freedom."""
    a = [math.exp(0.1 * x) for x in (-1, -1, 0, 1, 1)]
    b = [math.exp(1 + 0.2 * x) for x in (-math.sqrt(1.5), 0, 0, math.sqrt(1.5))]
    ratio = unpaired_ratio(a, b)
    half = student(0.95, 4) * math.sqrt(0.01 / 5 + 0.04 / 4)
    assert ratio.value == pytest.approx(math.e)
    assert ratio.interval == pytest.approx((math.exp(1 - half), math.exp(1 + half)))


@given(st.lists(positive, min_size=3, max_size=9), st.lists(positive, min_size=3, max_size=9), positive, positive)
@example([1.0] * 8 + [217.0], [1.0] * 8 + [217.0], 1.0, 1752253.0)  # 16 degrees of freedom, or 15.999999999999998
@settings(max_examples=30)
def test_units_do_not_matter_to_a_ratio(base: list[float], head: list[float], one: float, other: float) -> None:
    found = unpaired_ratio(base, head).interval
    scaled = unpaired_ratio([value * one for value in base], [value * other for value in head]).interval
    assert found and scaled
    assert scaled == pytest.approx((found[0] * other / one, found[1] * other / one), rel=1e-6)


@pytest.mark.parametrize("count", [3, 6, 20])
def test_the_interval_covers_the_truth_as_often_as_it_says(count: int) -> None:
    source = random.Random(count)
    held = 0
    for _ in range(1000):
        found = interval([source.lognormvariate(math.log(100), 0.1) for _ in range(count)])
        held += found is not None and found[0] <= 100 <= found[1]
    assert 0.93 <= held / 1000 <= 0.97


@pytest.mark.parametrize(
    ("values", "noisy"),
    [
        ([100.0, 101.0, 99.0], False),
        ([100.0, 100.0], True),
        ([90.0, 100.0, 111.0], True),
        ([95.0, 100.0, 105.0], False),
    ],
)
def test_noise(values: list[float], noisy: bool) -> None:
    """The quartiles of 90, 100, 111 are 10.5 % apart; those of 95, 100, 105 are 5 %."""
    assert is_noisy(values) is noisy
    assert ask("bench/statistics.js", ("summarize", [values]))[0]["noisy"] is noisy
