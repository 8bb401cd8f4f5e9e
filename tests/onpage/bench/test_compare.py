"""The verdicts of `onpage bench compare`, on made-up results."""

from __future__ import annotations

import copy
import json
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import ResultsError
from onpage.bench.compare import change_of, compare_results, compare_sides
from onpage.bench.measures import MEASURES, Key
from onpage.bench.record import problem_of, write_results
from onpage.bench.statistics import Ratio, typical
from onpage.bench.verdict import judge
from onpage.command import cli
from tests.onpage.bench.records import again, record, results

THREE_PERCENT = (-0.031, 0.028, 0.003, 0.034, -0.026)
OTHER_THREE_PERCENT = (0.029, -0.033, -0.004, 0.001, 0.030)
times = st.lists(st.floats(0.1, 1e6), min_size=3, max_size=8)


def verdicts(a: Any, b: Any, **options: Any) -> dict[str, str]:
    """The verdict of each measure; of lengths, of the shortest."""
    (pair,) = compare_results(a, b, **options).pairs
    return {change.key.measure: change.verdict for change in reversed(pair.changes)}


def test_made_up_records_are_what_a_run_writes() -> None:
    assert problem_of(results(record())) is None


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


def test_no_change() -> None:
    comparison = compare_results(results(record()), results(record(noise=(0.001, -0.003, 0.0, 0.002, 0.004))))
    found = {change.key.measure: change.verdict for change in comparison.pairs[0].changes}
    single = {"first_answer", "memory"}  # of which a record has one value
    assert {measure for measure, verdict in found.items() if verdict == "no change"} == found.keys() - single
    assert {found[measure] for measure in single} == {"undecided"}
    assert comparison.outcome == "passed", "what is undecided was not asked to decide"
    assert comparison.verdict == (
        "Passed: no regression beyond 5 % in Gap between tokens, median, 32 tokens; Gap between tokens, median, 128 tokens."
    )
    assert comparison.power and "Undecided, and not asked to decide: First answer; Peak memory." in comparison.power


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
    assert none.outcome == "failed" and "Nothing was measured of what must decide: Cold load." in none.failures


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


def changed(**fields: Any) -> dict[str, Any]:
    """A record with some of its facts replaced."""
    made = record()
    for name, values in fields.items():
        made[name] = made[name] | values if isinstance(values, dict) else values
    return made


GPU = {"vendor": "nvidia", "architecture": "ada", "description": "RTX 4090", "software": False}


@pytest.mark.parametrize(
    ("what", "other", "said"),
    [
        ("model", changed(model={"sha256": "b" * 64}), "sha256 bbbbbbbbbbbb"),
        ("engine", changed(engine={"id": "litert-lm", "name": "LiteRT-LM"}), "B LiteRT-LM on WebGPU"),
        ("browser", changed(browser={"name": "Firefox"}), "A has Chromium, B Firefox"),
        (
            "adapter",
            changed(adapter=GPU, software=False),
            "A has google swiftshader SwiftShader (a software adapter), B nvidia ada RTX 4090 (a GPU)",
        ),
        ("plan", changed(plan={"decode": 256}), "decode 32, context 2048, B prefill 32, 128, decode 256"),
        ("plan", record(prefill=(32, 512)), "A has prefill 32, 128, decode"),
    ],
)
def test_what_is_not_the_same_is_refused_by_name_until_it_is_allowed(what: str, other: Any, said: str) -> None:
    a, b = results(record()), results(other)
    with pytest.raises(ResultsError) as refusal:
        compare_results(a, b)
    assert said in str(refusal.value)
    assert f"--allow-different {what}" in str(refusal.value)
    comparison = compare_results(a, b, allowed=[what])
    assert [difference.what for difference in comparison.pairs[0].differences] == [what]
    assert comparison.failures == []


def test_another_machine_is_refused_where_both_are_known() -> None:
    machine = {"system": "Linux", "processor": "EPYC", "cores": 4, "memory_bytes": 1, "gpus": []}
    with pytest.raises(ResultsError, match="machine: A has Xeon, 2 cores, B EPYC, 4 cores"):
        compare_results(results(record()), results(record(), machine=machine))
    assert compare_results(results(record()), results(record(), machine=None)).pairs


def test_lengths_that_one_side_was_not_asked_for_are_left_out() -> None:
    a, b = results(record(prefill=(32, 128))), results(record(prefill=(32, 512)))
    (pair,) = compare_results(a, b, allowed=["plan"]).pairs
    assert {change.key.prefill for change in pair.changes} == {32, None}


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


@pytest.mark.parametrize(("during", "said"), [("load", "B failed during load: The"), (None, "B failed: The")])
def test_a_failed_record_fails_though_it_knows_no_adapter(during: str | None, said: str) -> None:
    error = {"code": "tab-crashed", "sentence": "The tab crashed.", "detail": None, "during": during}
    failed = record(status="failed", samples=[], loads=[], first_answer=None, memory=None, adapter=None, errors=[error])
    comparison = compare_results(results(record()), results(failed))
    assert f"{said} tab crashed." in comparison.failures[0]


def test_a_wrong_answer_fails_however_fast() -> None:
    wrong = record(slower=0.5, correctness={"ok": False, "expected": "a", "found": "b", "tokens": 1})
    (failure,) = compare_results(results(record()), results(wrong)).failures
    assert "answer to the known prompt is wrong" in failure


def test_a_text_that_was_checked_on_one_side_only_is_noted() -> None:
    unchecked = record(correctness={"ok": None, "expected": None, "found": None, "tokens": None})

    def notes(a: Any, b: Any) -> str:
        return " ".join(compare_results(results(a), results(b)).pairs[0].notes)

    assert "B's was not" in notes(record(), unchecked)
    assert "was not" not in notes(unchecked, record()) + notes(record(), record()) + notes(unchecked, again(unchecked))


def test_another_warm_up_is_noted() -> None:
    (pair,) = compare_results(results(record()), results(changed(plan={"warmup": 0}))).pairs
    assert "warm-up runs: A 1, B 0" in pair.notes


def test_records_find_their_partners_in_any_order() -> None:
    others = [changed(engine={"id": "litert-lm"}), changed(model={"sha256": "c" * 64})]
    slow = changed(model={"sha256": "c" * 64}) | {"samples": record(slower=1.5)["samples"]}
    comparison = compare_results(results(record(), *others), results(slow, record(), again(others[0])))
    assert [bool(pair.base.facts == pair.head.facts) for pair in comparison.pairs] == [True] * 3
    assert [any(c.verdict == "regression" for c in pair.changes) for pair in comparison.pairs] == [False, False, True]


def test_a_record_that_b_lacks_fails_and_one_that_a_lacks_does_not() -> None:
    more = changed(engine={"id": "litert-lm"}, label="more")
    assert compare_results(results(record(), more), results(record())).failures == ["more: A has it, B has not."]
    assert compare_results(results(record()), results(record(), more)).failures == []


def test_engines_that_deliver_differently_are_compared_by_one_token() -> None:
    bundled = record()
    for sample in bundled["samples"]:
        sample["first_tokens"] = 3
    single = changed(engine={"id": "litert-lm"})
    measures = verdicts(results(bundled), results(single), allowed=["engine"])
    assert measures["ttft_one_token"] == "regression"  # two steps of 100 ms in a TTFT of 320 were not the prompt's
    assert "ttft_one_token" not in verdicts(results(bundled), results(again(bundled)))


def test_too_few_values_decide_nothing() -> None:
    change = change_of((Key("load_cold", None), [1000.0, 1001.0], [5000.0, 5000.0, 5001.0]), 0.05, paired=False)
    assert change.verdict == "undecided" and change.ratio and change.ratio.interval is None
    few = compare_results(results(record(noise=(0, 0.01))), results(record(noise=(0, 0.01))))
    assert few.outcome == "undecided"
    assert few.power and "An interval takes three values of each side." in few.power


def in_turn(slower: float, drift: Callable[[int], float]) -> tuple[list[float], list[float]]:
    """A value a side and round; the machine is `drift` times slower in a round."""
    source = random.Random(1)
    a, b = ([100 * factor * drift(i) * source.gauss(1, 0.005) for i in range(1, 7)] for factor in (1.0, slower))
    return a, b


def test_pairs_by_round_see_through_a_drift_that_hides_all_from_the_pooled() -> None:
    row = (Key("ttft", 32), *in_turn(1.1, lambda number: 1 + number / 4))
    assert change_of(row, 0.05, paired=True).verdict == "regression"
    assert change_of(row, 0.05, paired=False).verdict == "undecided"


def test_only_rounds_that_have_both_sides_count() -> None:
    def at(number: int, side: str, slower: float, **more: Any) -> dict[str, Any]:
        return record(prefill=(32,), slower=slower, **more) | {"interleave": {"side": side, "round": number}}

    whole = [at(number, side, slower) for number in (1, 2, 3) for side, slower in (("A", 1.0), ("B", 1.2))]
    comparison = compare_sides(results(*whole, at(4, "A", 50.0), at(5, "B", 50.0, samples=[])))
    assert comparison
    change = next(change for change in comparison.changes if change.key.measure == "gap_p50")
    assert change.base and change.base.n == 3
    assert change.ratio and change.ratio.value == pytest.approx(1.2)


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


def run(tmp_path: Path, a: Any, b: Any, *options: str) -> Result:
    """The command on two files."""
    for name, value in (("a.json", a), ("b.json", b)):
        write_results(tmp_path / name, value)
    return CliRunner().invoke(
        cli, ["bench", "compare", str(tmp_path / "a.json"), str(tmp_path / "b.json"), *options], standalone_mode=False
    )


def test_the_command_prints_the_verdict_first_and_passes(tmp_path: Path) -> None:
    ran = run(tmp_path, results(record()), results(record()), "--measure", "decode")
    assert ran.return_value == 0
    assert ran.stdout.splitlines() == [
        "Passed: no regression beyond 5 % in Decode, 32 tokens; Decode, 128 tokens.",
        "With this scatter a regression is seen from 5.5 %. The 2 intervals hold together with 95 %, each with 97.50 %.",
        "",
        "synth:gemma3-270m@int4 · MediaPipe · SwiftShader",
        "  A and B ran on a software adapter: no GPU's figures",
        "                      verdict    B / A        interval           A           B",
        "  Decode, 32 tokens   no change  1.000  0.995 to 1.005  10.0 tok/s  10.0 tok/s",
        "  Decode, 128 tokens  no change  1.000  0.995 to 1.005  10.0 tok/s  10.0 tok/s",
    ]


def test_the_command_fails_on_a_regression(tmp_path: Path) -> None:
    a, b = results(record()), results(record(slower=1.2))
    ran = run(tmp_path, a, b, "--max-regression", "18%")
    assert ran.return_value == 1
    assert "7 measures are regressions; the worst is" in ran.stdout
    assert ran.stdout.startswith("FAILED, with a limit of 18 %.")
    as_json = json.loads(run(tmp_path, a, b, "--json").stdout)
    assert as_json["outcome"] == "failed" and as_json["comparisons"][0]["measures"][0]["verdict"] == "regression"


@pytest.mark.parametrize(
    ("variable", "option", "code"),
    [
        (None, [], 0),
        ("", [], 0),
        ("false", [], 0),
        ("true", [], 1),
        ("1", [], 1),
        ("true", ["--undecided", "pass"], 0),
        (None, ["--undecided", "fail"], 1),
    ],
)
def test_undecided_fails_where_nobody_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None, option: list[str], code: int
) -> None:
    monkeypatch.delenv("CI", raising=False)
    if variable is not None:
        monkeypatch.setenv("CI", variable)
    ran = run(tmp_path, results(record(noise=THREE_PERCENT)), results(record(noise=OTHER_THREE_PERCENT)), *option)
    assert ran.return_value == code
    assert ran.stdout.startswith("UNDECIDED") and "Passed" not in ran.stdout


def test_a_file_alone_is_refused_where_it_has_no_sides(tmp_path: Path) -> None:
    write_results(tmp_path / "a.json", results(record()))
    with pytest.raises(ResultsError, match="name the results file to compare it with"):
        CliRunner().invoke(cli, ["bench", "compare", str(tmp_path / "a.json")], catch_exceptions=False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("5%", "5 %"), ("5", "5 %"), (" 2.5 % ", "2.5 %"), ("0", "0 %"), ("0.05%", "0.05 %"), ("99.9%", "99.9 %")],
)
def test_a_limit_is_what_was_said(tmp_path: Path, text: str, shown: str) -> None:
    ran = run(tmp_path, results(record()), results(record()), "--max-regression", text, "--measure", "decode")
    assert f" {shown}" in next(line for line in ran.stdout.splitlines() if line.startswith(("Passed", "UNDECIDED")))


def test_a_limit_that_may_be_a_share_is_asked_about() -> None:
    ran = CliRunner().invoke(cli, ["bench", "compare", "a", "b", "--max-regression", "0.05"])
    assert (ran.exit_code, "say 5% or 0.05%" in ran.stderr) == (2, True)


@pytest.mark.parametrize("limit", ["five", "-1%", "100%", "nan", "1_0", "5%%", "5,5%", "", "-0", "9" * 5000])
def test_a_limit_that_is_none_is_wrong_usage(tmp_path: Path, limit: str) -> None:
    ran = CliRunner().invoke(cli, ["bench", "compare", "a", "b", "--max-regression", limit])
    assert (ran.exit_code, "is no percentage" in ran.stderr) == (2, True)


def test_names_in_files_do_not_reach_the_terminal_as_commands(tmp_path: Path) -> None:
    hostile = record(label="\x1b[2J\x1b]0;owned\x07")
    ran = run(tmp_path, results(hostile), results(again(hostile)))
    assert "\x1b" not in ran.stdout and "\\x1b[2J" in ran.stdout
