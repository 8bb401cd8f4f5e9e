"""Whole comparisons of made-up results: what passes, what fails, and what is undecided."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from builder.errors import ResultsError
from onpage.bench.compare import compare_results, compare_sides
from onpage.bench.measures import Key
from onpage.bench.record import problem_of
from onpage.bench.statistics import typical
from tests.onpage.bench.records import OTHER_THREE_PERCENT, THREE_PERCENT, again, changed, record, results


def verdicts(a: Any, b: Any, **options: Any) -> dict[str, str]:
    """The verdict of each measure; of lengths, of the shortest."""
    (pair,) = compare_results(a, b, **options).pairs
    return {change.key.measure: change.verdict for change in reversed(pair.changes)}


def test_made_up_records_are_what_a_run_writes() -> None:
    assert problem_of(results(record())) is None


def test_no_change() -> None:
    comparison = compare_results(results(record()), results(record(noise=(0.001, -0.003, 0.0, 0.002, 0.004))))
    found = {change.key.measure: change.verdict for change in comparison.pairs[0].changes}
    single = {"first_answer", "memory"}  # of which a record has one value
    assert {measure for measure, verdict in found.items() if verdict == "no change"} == found.keys() - single
    assert {found[measure] for measure in single} == {"undecided"}
    assert comparison.outcome == "passed", "what is undecided was without effect on the outcome"
    assert comparison.verdict == (
        "Passed: no regression beyond 5 % in Gap between tokens, median, 32 tokens; Gap between tokens, median, 128 tokens."
    )
    assert (
        comparison.power and "Undecided, without effect on the outcome: First answer; Peak memory." in comparison.power
    )


def test_noise_is_undecided_and_never_passed() -> None:
    comparison = compare_results(results(record(noise=THREE_PERCENT)), results(record(noise=OTHER_THREE_PERCENT)))
    decode = comparison.pairs[0].changes[0]
    assert (decode.key, decode.verdict) == (Key("decode", 32), "undecided")
    assert decode.ratio and decode.ratio.value == pytest.approx(
        typical([1 + x for x in THREE_PERCENT]) / typical([1 + x for x in OTHER_THREE_PERCENT])
    )
    assert decode.visible is not None and 0.10 < decode.visible < 0.25
    assert (comparison.failures, comparison.outcome) == ([], "undecided")
    assert comparison.verdict.startswith(
        "UNDECIDED: a regression beyond 5 % may be hidden in Gap between tokens, median"
    )


def test_ten_percent_slower_is_a_regression_of_every_rate_and_time() -> None:
    comparison = compare_results(results(record()), results(record(slower=1.12)))
    found = {change.key.measure: change for change in comparison.pairs[0].changes}
    assert {measure for measure, change in found.items() if change.verdict == "regression"} == {"decode", "ttft", "gap_p50", "load_warm"}  # fmt: skip
    assert found["decode"].ratio and found["decode"].ratio.value == pytest.approx(1 / 1.12, rel=1e-3)
    assert found["ttft"].ratio and found["ttft"].ratio.value == pytest.approx(1.12, rel=1e-3)
    assert found["decode"].worse == pytest.approx(found["ttft"].worse or 0, rel=1e-6), "one share, for rates and times"
    (failure,) = comparison.failures
    assert "7 measures are regressions; the worst is" in failure  # three of them at two lengths
    assert comparison.outcome == "failed"


def test_what_is_better_is_never_a_regression() -> None:
    a, b = results(record(slower=1.3)), results(record())
    assert {verdicts(a, b)[measure] for measure in ("decode", "ttft", "load_warm")} == {"faster"}
    assert compare_results(a, b).outcome == "passed"


def test_a_small_loss_within_the_limit_is_slower_and_passes() -> None:
    a, b = results(record()), results(record(slower=1.03))
    assert {verdicts(a, b)[measure] for measure in ("decode", "ttft")} == {"slower"}
    assert compare_results(a, b).outcome == "passed"


def test_what_must_decide_is_named() -> None:
    a, b = results(record()), results(record())
    chosen = compare_results(a, b, must_decide=["memory"])
    assert chosen.outcome == "undecided" and chosen.undecided == ["Peak memory"]
    assert compare_results(a, b, measures=["first_answer"]).outcome == "undecided", "what is compared alone must decide"
    assert compare_results(a, b, measures=["decode"]).outcome == "passed"
    none = compare_results(a, b, must_decide=["load_cold"])
    assert none.outcome == "failed" and "No deciding measure was measured: Cold load." in none.failures


def test_three_times_slower_with_four_values_to_five_is_seen() -> None:
    """Which once ended with 0, for four values gave no verdict."""
    a, b = results(record()), results(record(noise=(0.004, -0.002, 0.0, 0.001), slower=3.0))
    assert compare_results(a, b).outcome == "failed"


def test_the_intervals_are_corrected_for_how_many_there_are() -> None:
    a, b = results(record(noise=THREE_PERCENT)), results(record(noise=OTHER_THREE_PERCENT, slower=1.06))
    whole, alone = compare_results(a, b), compare_results(a, b, measures=["gap_p50"])
    assert (whole.verdicts, whole.confidence) == (9, pytest.approx(1 - 0.05 / 9))
    assert (alone.verdicts, alone.confidence) == (2, pytest.approx(0.975))
    widths = []
    for comparison in (whole, alone):
        change = next(change for change in comparison.changes if change.key == Key("gap_p50", 32))
        assert change.ratio and change.ratio.interval
        widths.append(change.ratio.interval[1] - change.ratio.interval[0])
    assert widths[0] > 1.2 * widths[1]
    assert whole.power and "The 9 intervals hold together with 95 %, each with 99.44 %." in whole.power


def test_a_record_counts_once() -> None:
    one = record()
    with pytest.raises(ResultsError, match=f"The record {one['id'][:8]} .* was given twice"):
        compare_results(results(one), results(copy.deepcopy(one)))
    with pytest.raises(ResultsError, match="was given twice"):
        compare_results(results(record()), results(one, copy.deepcopy(one)))


def test_in_every_row_a_times_the_ratio_is_b() -> None:
    """Once 1,913, 1,815 and 1.363 stood in one row: pooled medians beside a median of ratios."""
    source = random.Random(1)
    records = []
    for number in range(1, 8):
        drift = source.lognormvariate(0, 0.5)
        for side in "AB":
            made = record(prefill=(32,), noise=[source.gauss(0, 0.1) for _ in range(3)], slower=drift)
            records.append(made | {"interleave": {"side": side, "round": number, "configuration": side}})
    comparison = compare_sides(results(*records))
    assert comparison and comparison.pairs[0].paired
    for change in comparison.changes:
        assert change.base and change.head and change.ratio
        assert change.base.typical * change.ratio.value == pytest.approx(change.head.typical)


def test_more_memory_is_worse() -> None:
    a, b = (
        results(*(record(memory={"peak_bytes": peak + i, "how": "PSS"}) for i in range(5)))
        for peak in (900_000_000, 1_000_000_000)
    )
    change = next(change for change in compare_results(a, b).pairs[0].changes if change.key.measure == "memory")
    assert (change.verdict, change.worse_text) == ("regression", "11.1 % (11.1 % to 11.1 %)")


def test_a_missing_measure_fails() -> None:
    short = record(
        status="partial", errors=[{"code": "x", "sentence": "Lost.", "detail": None, "during": "prefill 128"}]
    )
    short["samples"] = [sample for sample in short["samples"] if sample["prefill"] == 32]
    comparison = compare_results(results(record()), results(short))
    (failure,) = comparison.failures
    names = "Decode, 128 tokens; Time to first text, 128 tokens; Gap between tokens, median, 128 tokens"
    assert failure.endswith(f"measured in A and not in B: {names}.")
    assert compare_results(results(short), results(record())).failures == []
    assert "B is not complete: something failed on the way" in comparison.pairs[0].notes


def test_engines_that_deliver_differently_are_compared_by_one_token() -> None:
    bundled = record()
    for sample in bundled["samples"]:
        sample["first_tokens"] = 3
    single = changed(engine={"id": "litert-lm"})
    measures = verdicts(results(bundled), results(single), allowed=["engine"])
    assert measures["ttft_one_token"] == "regression"  # two steps of 100 ms in a TTFT of 320 were not the prompt's
    assert "ttft_one_token" not in verdicts(results(bundled), results(again(bundled)))


def test_only_rounds_that_have_both_sides_count() -> None:
    def at(number: int, side: str, slower: float, **more: Any) -> dict[str, Any]:
        return record(prefill=(32,), slower=slower, **more) | {"interleave": {"side": side, "round": number}}

    whole = [at(number, side, slower) for number in (1, 2, 3) for side, slower in (("A", 1.0), ("B", 1.2))]
    comparison = compare_sides(results(*whole, at(4, "A", 50.0), at(5, "B", 50.0, samples=[])))
    assert comparison
    change = next(change for change in comparison.changes if change.key.measure == "gap_p50")
    assert change.base and change.base.n == 3
    assert change.ratio and change.ratio.value == pytest.approx(1.2)
