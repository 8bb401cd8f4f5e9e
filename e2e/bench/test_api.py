"""The examples of docs/python.md that measure, in a real browser: as they are written, but for the time they may take."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from e2e.processes import completed
from onpage.bench.record import load_results
from tests.onpage.test_api import MEASURING

pytestmark = pytest.mark.usefixtures("quick_browser")


def ran(example: str, folder: Path) -> list[str]:
    """What an example prints, run in `folder`."""
    program = f"import os; os.chdir({str(folder)!r})\n{example}"
    environment = os.environ | {"ONPAGE_HOME": str(folder / "home")}
    environment.pop("SELENIUM_REMOTE_URL", None)
    done = completed([sys.executable, "-W", "error", "-c", program], environment=environment)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout.splitlines()


def test_the_examples_measure_as_they_are_written(tmp_path: Path) -> None:
    measuring, interleaving = MEASURING
    first, second = ran(measuring, tmp_path)
    assert first == "complete" and " complete " in second
    [record] = load_results(tmp_path / "results.json")["records"]
    assert record["engine"]["id"] == "litert-lm-cpu" and record["correctness"]["ok"] is True
    assert 1e9 < record["bandwidth"]["bytes_per_second"] < 1e12
    assert {sample["run"] for sample in record["samples"] if not sample["warmup"]} == {1, 2, 3}

    quick = interleaving.replace("engine=mediapipe", "engine=litert-lm-cpu").replace(
        "budget=600", "self_test=0, rounds=1, prefill=[32], warmup=0"
    )
    assert "rounds=1" in quick and "mediapipe" not in quick
    *said, verdict = ran(quick, tmp_path)
    assert any(line.startswith("comparison, round 1: ") for line in said) and verdict.startswith("UNDECIDED: "), said
    sides = [record["interleave"]["side"] for record in load_results(tmp_path / "both.json")["records"]]
    assert sorted(sides) == ["A", "B"]
