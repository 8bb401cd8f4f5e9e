"""`measures.json` is the only place that says what is measured and what becomes of a record: Python, the page and the schema
read it, and mean the same."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from onpage.bench.measures import MEASURES, UNITS, VERSION, status_of
from onpage.bench.record import SCHEMA, problem_of
from tests.onpage.bench.records import record, results, sample
from tests.static.node import ask

ROOT = Path(__file__).parents[3]
ERROR = {"code": "stopped", "sentence": "The run was stopped before its end.", "detail": None, "during": None}
LOAD = {"kind": "cold", "milliseconds": {"bytes": 1, "engine": 2}, "from_cache": False}


def made(ok: bool | None, loads: int, first: bool, samples: int, errors: int, **plan: Any) -> dict[str, Any]:
    """A record of one length and two runs with as much in it as is said."""
    one = record(prefill=(32,))
    return one | {
        "correctness": one["correctness"] | {"ok": ok},
        "loads": [LOAD] * loads,
        "first_answer": {"milliseconds": 5, "tokens": 1} if first else None,
        "samples": [sample(32, 0, ttft=9, warmup=True), *(sample(32, run, ttft=9) for run in range(1, samples + 1))],
        "errors": [ERROR] * errors,
        "plan": one["plan"] | {"runs": 2} | plan,
    }


@pytest.mark.parametrize(
    ("one", "status"),
    [
        (made(True, 1, True, 2, 0), "complete"),
        (made(None, 0, False, 2, 0), "complete"),
        (made(True, 1, True, 1, 0), "partial"),  # a run is missing
        (made(True, 1, True, 1, 0, paced=True), "complete"),  # of which only one was asked
        (made(True, 1, True, 2, 1), "partial"),
        (made(None, 1, False, 0, 1), "partial"),  # stopped before its first sample, with a load
        (made(None, 0, True, 0, 1), "partial"),
        (made(None, 0, False, 0, 1), "failed"),
        (made(None, 0, False, 0, 0), "failed"),
        (made(False, 1, True, 2, 0), "failed"),
        (made(True, 1, True, 2, 0, prefill=[32, 4096]), "complete"),  # one that does not fit was not asked
        (made(True, 1, True, 2, 0, prefill=[32, 64]), "partial"),
    ],
)
def test_the_status_of_a_record(one: dict[str, Any], status: str) -> None:
    assert status_of(one) == status
    assert ask("bench/status.js", ("statusOf", [one])) == [status]


def test_the_page_and_the_command_give_every_record_the_same_status() -> None:
    records = [
        made(*facts, **plan)
        for facts in itertools.product((True, False, None), (0, 1), (False, True), (0, 1, 2), (0, 1))
        for plan in ({}, {"paced": True}, {"prefill": [32, 64]}, {"prefill": [4096]})
    ]
    assert ask("bench/status.js", *(("statusOf", [one]) for one in records)) == [status_of(one) for one in records]


def test_the_schema_takes_names_and_units_from_there() -> None:
    schema = json.loads(SCHEMA.read_bytes())
    assert schema["properties"]["schema"]["const"] == VERSION
    one = record()
    summary = {"prefill": None, "n": 1, "typical": 1, "p25": 1, "median": 1, "p75": 1, "interval": None, "noisy": True}
    for measure in MEASURES.values():
        one["summary"] = [{"measure": measure.id, "unit": measure.unit, **summary}]
        assert problem_of(results(one)) is None
    for wrong in ({"measure": "speed", "unit": "ms"}, {"measure": "ttft", "unit": "s"}):
        one["summary"] = [wrong | summary]
        assert "expected" in (problem_of(results(one)) or "")


def test_there_is_no_second_list() -> None:
    """No other file knows what a measure is called."""
    labels = {measure.label for measure in MEASURES.values() if " " in measure.label}
    for path in [*(ROOT / "onpage").rglob("*.py"), *(ROOT / "static" / "bench").rglob("*.js"), SCHEMA]:
        text = path.read_text(encoding="utf-8")
        assert not [label for label in labels if f'"{label}"' in text], path
    assert {measure.unit for measure in MEASURES.values()} <= set(UNITS)
