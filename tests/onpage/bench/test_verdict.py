"""The verdict on one measure: of an interval, of values in turn or apart, and what it could have seen."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onpage.bench.compare import change_of, compare_results
from onpage.bench.measures import MEASURES, Key
from onpage.bench.statistics import Ratio, typical
from onpage.bench.verdict import judge
from tests.onpage.bench.records import record, results

times = st.lists(st.floats(0.1, 1e6), min_size=3, max_size=8)


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (1.06, 1.2, "regression"),
        (1.04, 1.06, "undecided"),
        (0.9, 1.06, "undecided"),
        (1.01, 1.04, "slower"),
        (0.99, 1.04, "no change"),
        (0.9, 0.99, "faster"),
    ],
)
def test_the_verdict_of_an_interval(low: float, high: float, word: str) -> None:
    ratio = math.sqrt(low * high)
    assert judge(Key("ttft", 32), Ratio(ratio, (low, high)), 0.05) == word
    assert judge(Key("decode", 32), Ratio(1 / ratio, (1 / high, 1 / low)), 0.05) == word, (
        "a rate is the other way round"
    )
    assert judge(Key("ttft", 32), Ratio(ratio, None), 0.05) == "undecided"


def test_too_few_values_decide_nothing() -> None:
    change = change_of((Key("load_cold", None), [1000.0, 1001.0], [5000.0, 5000.0, 5001.0]), 0.05, paired=False)
    assert change.verdict == "undecided" and change.ratio and change.ratio.interval is None
    few = compare_results(results(record(noise=(0, 0.01))), results(record(noise=(0, 0.01))))
    assert few.outcome == "undecided"
    assert few.power and "An interval needs three values of each side." in few.power


def in_turn(slower: float, drift: Callable[[int], float]) -> tuple[list[float], list[float]]:
    """A value a side and round; the machine is `drift` times slower in a round."""
    source = random.Random(1)
    a, b = ([100 * factor * drift(i) * source.gauss(1, 0.005) for i in range(1, 7)] for factor in (1.0, slower))
    return a, b


def test_pairs_by_round_see_through_a_drift_that_hides_all_from_the_pooled() -> None:
    row = (Key("ttft", 32), *in_turn(1.1, lambda number: 1 + number / 4))
    assert change_of(row, 0.05, paired=True).verdict == "regression"
    assert change_of(row, 0.05, paired=False).verdict == "undecided"


def test_what_did_not_change_is_seldom_called_slower_or_faster() -> None:
    """As seldom as an interval of 95 % may say so, paired and not."""
    source = random.Random(1)

    def changed(paired: bool) -> int:
        row = (Key("ttft", 32), *([100 * source.gauss(1, 0.01) for _ in range(5)] for _ in "AB"))
        return change_of(row, 0.05, paired=paired).verdict in ("slower", "faster", "regression")

    assert 0 < sum(changed(paired) for _ in range(300) for paired in (True, False)) < 600 * 0.08


@given(times, st.floats(0.005, 0.5), st.sampled_from(list(MEASURES)))
@settings(max_examples=50)
def test_a_against_a_is_never_a_regression(values: list[float], limit: float, measure: str) -> None:
    for paired in (True, False):
        found = change_of((Key(measure, None), values, values), limit, paired=paired)
        assert found.verdict in ("no change", "undecided")


@given(times, times, st.floats(1e-3, 1e3), st.sampled_from(["ttft", "decode"]))
@settings(max_examples=50)
def test_units_do_not_change_a_verdict(a: list[float], b: list[float], unit: float, measure: str) -> None:
    key = Key(measure, None)
    one = change_of((key, a, b), 0.05, paired=False)
    other = change_of((key, [unit * value for value in a], [unit * value for value in b]), 0.05, paired=False)
    assert one.ratio and one.ratio.interval
    if min(abs(bound - edge) for bound in one.ratio.interval for edge in (1 / 1.05, 1, 1.05)) > 1e-9:
        assert one.verdict == other.verdict


@given(times, times)
@settings(max_examples=50)
def test_what_is_said_to_be_visible_would_have_failed(a: list[float], b: list[float]) -> None:
    change = change_of((Key("ttft", None), a, b), 0.05, paired=False)
    assert change.visible is not None and change.ratio and change.ratio.interval
    assert change.ratio.value == pytest.approx(typical(b) / typical(a))
    for share, fails in ((1.001, True), (0.999, False)):
        factor = (1 + change.visible) / change.ratio.value * share
        low, high = (bound * factor for bound in change.ratio.interval)
        assert (judge(change.key, Ratio(change.ratio.value * factor, (low, high)), 0.05) == "regression") is fails
