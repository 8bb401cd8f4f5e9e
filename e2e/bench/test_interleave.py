"""Real rounds of each side, in two browsers that take turns: two servers, of which one is another command whose engine is
slower, and a file that can be compared again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from e2e.processes import ONPAGE, completed
from onpage.bench.compare import compare_sides
from onpage.bench.record import load_results
from onpage.bench.self_test import self_test_of
from tests.benchmarks import seeded_slowdown

pytestmark = pytest.mark.usefixtures("quick_browser")


def test_two_commands_are_measured_in_turn(tmp_path: Path) -> None:
    slow = seeded_slowdown.command(2.0, tmp_path)
    options = ["--rounds", "1", "--self-test", "1", "--prefill", "32", "--decode", "32", "--warmup", "0"]
    sides = ["engine=litert-lm-cpu", f"engine=litert-lm-cpu,onpage={slow}"]
    options += ["--budget", "600", "--json", "--software", "--undecided", "pass", "-o", str(tmp_path / "both.json")]
    ran = completed([*ONPAGE, "bench", "compare", "--interleave", *sides, *options], seconds=600)
    assert ran.returncode in (0, 1), ran.stderr
    assert "onpage: self-test, round 1: " in ran.stderr and "onpage: comparison, round 1: " in ran.stderr
    results = load_results(tmp_path / "both.json")
    places = [(one["interleave"]["phase"], one["interleave"]["side"]) for one in results["records"]]
    assert places == [(phase, side) for phase in ("self-test", "comparison") for side in "AB"]
    for record in results["records"]:
        assert (record["status"], record["errors"]) == ("complete", [])
        assert record["correctness"]["ok"] is True
        assert record["plan"]["paced"] and {sample["run"] for sample in record["samples"]} == {1}
        counted = [sample for sample in record["samples"] if not sample["warmup"]]
        assert sum(sample["pieces"][-1][0] for sample in counted) >= 500
        assert 0 <= record["load"]["others"] <= record["load"]["busy"] <= 1
    assert len({record["id"] for record in results["records"]}) == 4
    again = compare_sides(results)
    assert again and again.to_json() == json.loads(ran.stdout)
    assert self_test_of(results)
    gap = next(change for change in again.changes if change.key.measure == "gap_p50")
    assert gap.ratio and gap.ratio.value > 1.5, "it waits twice as long after every piece"
