"""The verdicts of `onpage bench compare`, on made-up results."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import ResultsError
from onpage.bench.compare import change_by_round, change_of, compare_results, judge
from onpage.bench.record import problem_of, write_results
from onpage.bench.statistics import MEASURES, Key, median
from onpage.command import cli
from tests.onpage.bench.records import record, results

THREE_PERCENT = (-0.031, 0.028, 0.003, 0.034, -0.026)
OTHER_THREE_PERCENT = (0.029, -0.033, -0.004, 0.001, 0.030)
RATES = ("prefill", "decode")
times = st.lists(st.floats(0.1, 1e6), min_size=1, max_size=8)


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
    assert {found[measure] for measure in single} == {"too noisy to say"}
    assert comparison.failures == []


def test_three_percent_of_noise_is_no_regression_and_says_what_it_could_not_have_shown() -> None:
    comparison = compare_results(results(record(noise=THREE_PERCENT)), results(record(noise=OTHER_THREE_PERCENT)))
    decode = comparison.pairs[0].changes[2]
    assert (decode.key, decode.verdict) == (Key("decode", 32), "too noisy to say")
    assert decode.ratio == pytest.approx(1.003 / 1.001, abs=1e-3)
    assert decode.visible is not None and 0.06 < decode.visible < 0.12
    assert comparison.failures == []
    assert comparison.power and "could not have shown a regression of 5 % in" in comparison.power


def test_ten_percent_slower_is_a_regression_of_every_rate_and_time() -> None:
    comparison = compare_results(results(record()), results(record(slower=1.12)))
    found = {change.key.measure: change for change in comparison.pairs[0].changes}
    slow = {measure for measure, change in found.items() if change.verdict == "regression"}
    assert slow == {"prefill", "decode", "ttft", "load_warm", "engine_creation"}
    assert found["decode"].ratio == pytest.approx(1 / 1.12, rel=1e-3)
    assert found["ttft"].ratio == pytest.approx(1.12, rel=1e-3)
    assert found["decode"].worse_by.startswith("10.")
    (failure,) = comparison.failures
    assert "8 measures are regressions; the worst is" in failure  # three of them at two lengths


def test_in_three_percent_of_noise_ten_percent_are_seen_and_seven_are_slower() -> None:
    def decode(slower: float) -> str:
        return verdicts(
            results(record(noise=THREE_PERCENT)), results(record(noise=OTHER_THREE_PERCENT, slower=slower))
        )["decode"]

    assert [decode(slower) for slower in (1.0, 1.07, 1.1)] == ["too noisy to say", "slower", "regression"]


def test_what_is_better_is_never_a_regression() -> None:
    a, b = results(record(slower=1.3)), results(record())
    assert {verdicts(a, b)[measure] for measure in (*RATES, "ttft", "load_warm")} == {"faster"}
    assert compare_results(a, b).failures == []


def test_a_small_loss_within_the_limit_is_slower_and_passes() -> None:
    a, b = results(record()), results(record(slower=1.03))
    assert {verdicts(a, b)[measure] for measure in (*RATES, "ttft")} == {"slower"}
    assert compare_results(a, b).failures == []


def test_more_memory_is_worse() -> None:
    a, b = (
        results(*(record(memory={"peak_bytes": peak + i, "how": "PSS"}) for i in range(5)))
        for peak in (900_000_000, 1_000_000_000)
    )
    change = next(change for change in compare_results(a, b).pairs[0].changes if change.key.measure == "memory")
    assert (change.verdict, change.worse_by) == ("regression", "11.1 % (11.1 % to 11.1 %)")


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
    names = "Prefill, 128 tokens; Decode, 128 tokens; Time to first text, 128 tokens"
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
    assert "was not" not in notes(unchecked, record()) + notes(record(), record()) + notes(unchecked, unchecked)


def test_another_warm_up_is_noted() -> None:
    (pair,) = compare_results(results(record()), results(changed(plan={"warmup": 0}))).pairs
    assert "warm-up runs: A 1, B 0" in pair.notes


def test_records_find_their_partners_in_any_order() -> None:
    others = [changed(engine={"id": "litert-lm"}), changed(model={"sha256": "c" * 64})]
    slow = changed(model={"sha256": "c" * 64}) | {"samples": record(slower=1.5)["samples"]}
    comparison = compare_results(results(record(), *others), results(slow, record(), others[0]))
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
    assert "ttft_one_token" not in verdicts(results(bundled), results(bundled))


def test_too_few_values_decide_nothing() -> None:
    change = change_of(Key("load_cold", None), [1000.0], [5000.0, 5000.0], 0.05)
    assert (change.verdict, change.ratio, change.interval) == ("too noisy to say", 5.0, None)


def in_turn(slower: float, drift: Callable[[int], float]) -> tuple[dict[int, list[float]], dict[int, list[float]]]:
    """Two values a side and round; the machine is `drift` times slower in a round."""
    source = random.Random(1)
    a, b = (
        {i: [100 * factor * drift(i) * source.gauss(1, 0.005) for _ in range(2)] for i in range(1, 7)}
        for factor in (1.0, slower)
    )
    return a, b


def test_pairs_by_round_see_through_a_drift_that_hides_all_from_the_pooled() -> None:
    a, b = in_turn(1.1, lambda number: 1 + number / 4)
    key = Key("ttft", 32)
    assert change_by_round(key, a, b, 0.05).verdict == "regression"
    assert change_of(key, *([v for i in side for v in side[i]] for side in (a, b)), 0.05).verdict == "too noisy to say"


def test_the_ratio_by_round_is_the_median_of_the_rounds_that_have_both() -> None:
    base = {1: [100], 2: [100], 3: [200], 4: [1], 5: [100], 6: [100]}
    head = {1: [110], 2: [90], 3: [240], 4: [], 5: [100], 6: [120]}
    change = change_by_round(Key("ttft", 32), base, head, 0.05)
    assert change.ratio == pytest.approx(1.1)
    assert change.interval == (pytest.approx(0.9), pytest.approx(1.2))
    assert change_by_round(Key("ttft", 32), base, head | {6: []}, 0.05).interval is None


def test_what_did_not_change_is_seldom_called_slower_or_faster() -> None:
    """As seldom as an interval of 95 % may say so, with the fewest values that get a verdict, and with fewer never."""
    source = random.Random(1)

    def changed(values: int) -> int:
        draw = [{i: [100 * source.gauss(1, 0.03)] for i in range(values)} for _ in "AB"]
        apart = ([value for (value,) in side.values()] for side in draw)
        both = change_by_round(Key("ttft", 32), *draw, 0.05), change_of(Key("ttft", 32), *apart, 0.05)
        return sum(change.verdict in ("slower", "faster", "regression") for change in both)

    assert sum(changed(4) for _ in range(50)) == 0
    assert 0 < sum(changed(5) for _ in range(50)) < 100 * 0.1


def test_what_would_give_a_verdict_is_said() -> None:
    few = compare_results(results(record(noise=(0, 0.01))), results(record(noise=(0, 0.01))))
    assert few.power and few.power.endswith("in any measure: an interval takes 5 values.")
    whole, once = (compare_results(results(record()), results(record()), measures=some) for some in ((), ["memory"]))
    assert whole.verdict == "Passed in 8 of 10 measures: no regression beyond 5 % can be seen."
    assert once.verdict.startswith("Undecided")
    assert once.power and once.power.endswith("an interval takes 5 values, which --interleave gives.")
    noisy = compare_results(results(record(noise=THREE_PERCENT)), results(record(noise=OTHER_THREE_PERCENT)))
    assert noisy.power and "take more runs, or a quieter machine, and an interval takes 5 values" in noisy.power


@given(times, st.floats(0.005, 0.5), st.sampled_from(list(MEASURES)))
@settings(max_examples=50)
def test_a_against_a_is_never_a_regression(values: list[float], limit: float, measure: str) -> None:
    assert change_of(Key(measure, None), values, values, limit).verdict in ("no change", "too noisy to say")


@given(times, times, st.floats(1e-3, 1e3), st.sampled_from(["ttft", "decode"]))
@settings(max_examples=50)
def test_units_do_not_change_a_verdict(a: list[float], b: list[float], unit: float, measure: str) -> None:
    one = change_of(Key(measure, None), a, b, 0.05)
    other = change_of(Key(measure, None), [unit * value for value in a], [unit * value for value in b], 0.05)
    if one.interval is None or min(abs(bound - edge) for bound in one.interval for edge in (0.95, 1, 1.05)) > 1e-9:
        assert one.verdict == other.verdict


@given(times, times)
@settings(max_examples=50)
def test_what_is_said_to_be_visible_would_have_failed(a: list[float], b: list[float]) -> None:
    change = change_of(Key("ttft", None), a, b, 0.05)
    if change.visible is None or change.ratio is None or change.interval is None:
        return
    factor = (1 + change.visible) / change.ratio
    for share, verdict in ((1.001, True), (0.999, False)):
        low, high = (bound * factor * share for bound in change.interval)
        assert (judge(change.key, change.ratio * factor * share, low, high, 0.05)[0] == "regression") is verdict
    assert change.ratio == median(b) / median(a)


def run(tmp_path: Path, a: Any, b: Any, *options: str) -> Result:
    """The command on two files."""
    for name, value in (("a.json", a), ("b.json", b)):
        write_results(tmp_path / name, value)
    return CliRunner().invoke(
        cli, ["bench", "compare", str(tmp_path / "a.json"), str(tmp_path / "b.json"), *options], standalone_mode=False
    )


def test_the_command_prints_a_table_and_passes(tmp_path: Path) -> None:
    ran = run(tmp_path, results(record()), results(record()), "--measure", "decode")
    assert ran.return_value == 0
    assert ran.stdout.splitlines() == [
        "synth:gemma3-270m@int4 · MediaPipe · SwiftShader",
        "  A and B ran on a software adapter: no GPU's figures",
        "                               A           B  B / A   95 % interval",
        "  Decode, 32 tokens   10.0 tok/s  10.0 tok/s  1.000  0.996 to 1.004  no change",
        "  Decode, 128 tokens  10.0 tok/s  10.0 tok/s  1.000  0.996 to 1.004  no change",
        "",
        "Passed: no regression beyond 5 % can be seen.",
        "With this spread the gate fails from 5.4 % worse on.",
    ]


def test_the_command_fails_on_a_regression(tmp_path: Path) -> None:
    ran = run(tmp_path, results(record()), results(record(slower=1.2)), "--max-regression", "18%")
    assert ran.return_value == 1
    assert "4 measures are regressions; the worst is" in ran.stdout  # times, by 20 %; rates are 16.7 % less
    assert "FAILED, with a limit of 18 %." in ran.stdout
    as_json = json.loads(run(tmp_path, results(record()), results(record(slower=1.2)), "--json").stdout)
    assert as_json["failed"] and as_json["comparisons"][0]["measures"][0]["verdict"] == "regression"


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
    assert f" {shown}" in next(line for line in ran.stdout.splitlines() if line.startswith(("Passed", "Undecided")))


def test_a_limit_that_may_be_a_share_is_asked_about() -> None:
    ran = CliRunner().invoke(cli, ["bench", "compare", "a", "b", "--max-regression", "0.05"])
    assert (ran.exit_code, "say 5% or 0.05%" in ran.stderr) == (2, True)


@pytest.mark.parametrize("limit", ["five", "-1%", "100%", "nan", "1_0", "5%%", "5,5%", "", "-0", "9" * 5000])
def test_a_limit_that_is_none_is_wrong_usage(tmp_path: Path, limit: str) -> None:
    ran = CliRunner().invoke(cli, ["bench", "compare", "a", "b", "--max-regression", limit])
    assert (ran.exit_code, "is no percentage" in ran.stderr) == (2, True)


def test_names_in_files_do_not_reach_the_terminal_as_commands(tmp_path: Path) -> None:
    hostile = record(label="\x1b[2J\x1b]0;owned\x07")
    ran = run(tmp_path, results(hostile), results(hostile))
    assert "\x1b" not in ran.stdout and "\\x1b[2J" in ran.stdout
