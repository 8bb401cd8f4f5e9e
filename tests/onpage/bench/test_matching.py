"""Which records are compared with which, what keeps them from being compared, and what is noted."""

from __future__ import annotations

from typing import Any

import pytest

from builder.errors import ResultsError
from onpage.bench.compare import compare_results
from tests.onpage.bench.records import again, changed, record, results

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
