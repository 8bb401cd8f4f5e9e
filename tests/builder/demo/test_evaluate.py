"""The measures, on made-up posts, and the hand-written texts."""

from __future__ import annotations

import json
from random import Random

import pytest

from builder.demo.evaluate import (
    BARS,
    HANDWRITTEN,
    MEASURES,
    Case,
    EvaluationReport,
    Judged,
    generated_cases,
    handwritten_cases,
    mark,
)
from builder.demo.generator import post_row
from builder.demo.spelling import contains

CASE = Case("generated", "Velmora Library opens on 14 March.", "friendly", 25, ("Velmora Library",), ("14 March",))


@pytest.mark.parametrize(
    ("post", "spelling", "found"),
    [
        ("Velmora Library opens!", "Velmora Library", True),
        ("The Velmora Library's doors open.", "Velmora Library", True),
        ("Velmora library opens", "Velmora Library", False),
        ("Velmoras open", "Velmora", False),
        ("Come on 14 March!", "14 March", True),
        ("Come on 114 March!", "14 March", False),
        ("for £11.50 only", "£11", False),
        ("for £11. Only today", "£11", True),
        ("grew by 4%!", "4%", True),
        ("grew by 14%!", "4%", False),
        ("#Velmora", "Velmora", True),
        ("ended 4-2.", "4-2", True),
        ("anything", "", False),
    ],
)
def test_a_spelling_counts_only_exactly(post: str, spelling: str, found: bool) -> None:
    assert contains(post, [spelling] if spelling else []) is found


def test_a_good_post_has_every_mark() -> None:
    marks = mark(CASE, "Good news! Velmora Library opens on 14 March. #Books", ended=True)
    assert all(getattr(marks, measure) for measure in MEASURES)


@pytest.mark.parametrize(
    ("post", "ended", "missed"),
    [
        ("Velmara Library opens on 14 March. #Books", True, {"name"}),
        ("Velmora Library opens on 15 March. #Books", True, {"fact"}),
        ("Velmora Library opens on 14 March.", True, {"hashtags"}),
        ("Velmora Library opens on 14 March. #a #b #c #d", True, {"hashtags"}),
        ("Velmora Library opens on 14 March. #Books", False, {"ended"}),
        ("Velmora Library opens on 14 March. #Books" + " so" * 20, True, {"within_limit"}),
        ("Velmora Library opens on 14 March. #Books" + " so" * 60, True, {"within_limit", "within_50"}),
        ("", True, {"name", "fact", "hashtags"}),
    ],
)
def test_each_fault_costs_its_mark(post: str, ended: bool, missed: set[str]) -> None:
    marks = mark(CASE, post, ended)
    assert {measure for measure in MEASURES if not getattr(marks, measure)} == missed


def test_a_text_without_a_fact_is_not_counted_for_facts() -> None:
    case = Case("generated", "Velmora Library.", "friendly", 25, ("Velmora Library",), ())
    assert mark(case, "Velmora Library! #Books", ended=True).fact is None


def test_the_report_gives_shares_misses_and_json() -> None:
    good = Judged(CASE, "Velmora Library 14 March #a", mark(CASE, "Velmora Library 14 March #a", ended=True), True)
    bad = Judged(CASE, "Nothing", mark(CASE, "Nothing", ended=True), False)
    report = EvaluationReport("demo.task", (good, good, good, bad), 123.0)
    assert report.shares("generated") == {
        "name": 0.75, "fact": 0.75, "within_50": 1.0, "within_limit": 1.0, "hashtags": 0.75, "ended": 1.0,
    }  # fmt: skip
    assert report.shares("handwritten") == {}
    assert report.float16_share == 0.75
    assert [failure.split(":")[0] for failure in report.failures] == [
        "generated name",
        "generated fact",
        "generated hashtags",
    ]
    assert "75.0%" in report.table() and "below the bar" in report.table()
    loaded = json.loads(json.dumps(report.to_json()))
    assert loaded["shares"]["generated"]["name"] == 0.75 and len(loaded["posts"]) == 4
    assert set(BARS["generated"]) <= set(MEASURES)


def test_the_handwritten_texts_are_forty_and_hold_what_they_are_annotated_with() -> None:
    entries = [json.loads(line) for line in HANDWRITTEN.read_text(encoding="utf-8").splitlines()]
    assert len(entries) == len({entry["text"] for entry in entries}) == 40
    assert len({entry["style"] for entry in entries}) >= 6
    for entry in entries:
        assert entry["names"] and entry["facts"], entry
        for spelling in entry["names"] + entry["facts"]:
            assert contains(entry["text"], [spelling]), (spelling, entry["text"])


def test_no_handwritten_name_is_generated_for_training() -> None:
    names = {name for case in handwritten_cases() for name in case.names}
    rng = Random(11)
    texts = "\n".join(post_row(rng).text for _ in range(3000))
    assert not [name for name in names if contains(texts, [name])]


def test_cases_are_the_same_each_time() -> None:
    assert generated_cases(20) == generated_cases(20)
    assert handwritten_cases() == handwritten_cases()
    assert {case.words for case in generated_cases(20)} == {25, 50}
