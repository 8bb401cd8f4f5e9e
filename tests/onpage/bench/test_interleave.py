"""What configurations may say, and that rounds alternate; that they measure is e2e/bench/test_interleave.py's."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from builder.errors import BenchError, OnpageError
from onpage.bench import interleave as module
from onpage.bench.compare import compare_sides
from onpage.bench.interleave import Configuration, interleave
from onpage.bench.record import load_results
from onpage.bench.run import Listener, Options
from onpage.command import cli
from tests.onpage.bench.records import record


def test_a_configuration_has_its_settings_and_values_may_hold_commas() -> None:
    text = "model=synth:hidden=256,layers=8@int4,embedding=int8,engine=litert-lm,flag=--a=1,2,flag=--b,browser=/usr/bin/chromium"
    found = Configuration.parse(text)
    assert (found.model, found.engine) == ("synth:hidden=256,layers=8@int4,embedding=int8", "litert-lm")
    assert (found.flags, found.browser) == (("--a=1,2", "--b"), Path("/usr/bin/chromium"))
    assert Configuration.parse("engine=mediapipe").model == "demo"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        *((text, "is no setting") for text in ("", "results.json", "engine=", "engine=a,engine=b", "speed=fast")),
        ("onpage=/no/such/file", "/no/such/file cannot be run"),
        (f"onpage={__file__}", "test_interleave.py cannot be run"),
        ("browser=/etc/passwd", "/etc/passwd cannot be run"),
    ],
)
def test_what_is_no_configuration_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(BenchError, match=sentence):
        Configuration.parse(text)


def test_a_program_is_that_of_this_folder_and_none_of_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("onpage").write_text("#!/bin/sh\n")
    Path("onpage").chmod(0o755)
    assert Configuration.parse("onpage=onpage").onpage == tmp_path / "onpage"


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every half of a round that was measured, without a browser: B's engine is 20 % slower."""
    halves: list[Any] = []

    async def run(models: Any, engines: Any, options: Any, output: Path, listener: Any) -> Any:
        halves.append(options)
        noise = (len(halves) / 100, len(halves) / 100 + 0.001)
        made = record(prefill=(32,), noise=noise, slower=1.2 if "--slow" in options.flags else 1.0)
        if "--dies" in options.flags and len(halves) > 3:
            made |= {
                "status": "failed",
                "samples": [],
                "errors": [{"code": "x", "sentence": "It died.", "detail": None, "during": "load"}],
            }
        return SimpleNamespace(records=[made])

    monkeypatch.setattr(module, "run", run)
    return halves


def measure(tmp_path: Path, b: str, rounds: int = 5) -> Any:
    """A is the usual."""
    return asyncio.run(
        interleave(
            Configuration.parse("engine=mediapipe"),
            Configuration.parse(b),
            rounds,
            Options(),
            tmp_path / "r.json",
            Listener(),
        )
    )


def test_rounds_alternate_and_are_compared_in_pairs(tmp_path: Path, measured: list[Any]) -> None:
    results = measure(tmp_path, "flag=--slow")
    assert ["B" if half.flags else "A" for half in measured] == list("ABBAABBAAB")
    places = [one["interleave"] for one in results.records]
    assert [(place["side"], place["round"]) for place in places[:4]] == [("A", 1), ("B", 1), ("B", 2), ("A", 2)]
    assert places[1]["configuration"] == "flag=--slow"
    comparison = compare_sides(load_results(tmp_path / "r.json"))  # what is in the file is enough
    assert comparison and comparison.pairs[0].paired
    verdicts = {change.key.measure: change.verdict for change in comparison.pairs[0].changes}
    assert verdicts["decode"] == verdicts["first_answer"] == "regression"
    assert verdicts["memory"] == "no change"


def test_the_file_of_a_run_alone_is_compared_again(tmp_path: Path, measured: list[Any]) -> None:
    measure(tmp_path, "flag=--slow")
    ran = CliRunner().invoke(cli, ["bench", "compare", str(tmp_path / "r.json")], standalone_mode=False)
    assert (ran.return_value, "paired by round" in ran.stdout) == (1, True)
    both = CliRunner().invoke(
        cli, ["bench", "compare", *[str(tmp_path / "r.json")] * 2, "--json"], standalone_mode=False
    )
    pairs = json.loads(both.stdout)["comparisons"]
    assert [pair["paired_by_round"] for pair in pairs] == [
        False,
        False,
    ]  # A with A, B with B: rounds of two runs are no pairs
    assert both.return_value == 0


@pytest.mark.parametrize(
    ("b", "file", "sentence"),
    [
        (f"engine=wllama,onpage={sys.executable}", "r.json", "wllama is no engine of its page"),
        (f"engine=native,onpage={sys.executable}", "r.json", "native is no engine of its page"),
        ("engine=all", "r.json", "engine=all is many configurations"),
        ("engine=litert-lm", "no/r.json", "does not exist"),
    ],
)
def test_what_cannot_end_well_is_not_begun(
    tmp_path: Path, measured: list[Any], b: str, file: str, sentence: str
) -> None:
    configurations = Configuration.parse("engine=mediapipe"), Configuration.parse(b)
    with pytest.raises(OnpageError, match=sentence):
        asyncio.run(interleave(*configurations, 2, Options(), tmp_path / file, Listener()))
    assert not measured


@pytest.mark.parametrize(("halves", "kept"), [(0, "nothing was measured"), (1, "what was measured until then is in")])
def test_an_interrupt_says_what_is_in_a_file_that_was_there_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, halves: int, kept: str
) -> None:
    left = [record()] * halves

    async def run(*_: Any) -> Any:
        if not left:
            raise KeyboardInterrupt
        return SimpleNamespace(records=[left.pop()])

    monkeypatch.setattr(module, "run", run)
    (tmp_path / "r.json").write_text("of last week")
    arguments = ["engine=mediapipe", "engine=mediapipe", "--interleave", "-o", str(tmp_path / "r.json")]
    ran = CliRunner().invoke(cli, ["bench", "compare", *arguments], standalone_mode=False)
    assert ran.exception and f"interrupted; {kept}" in str(ran.exception.__cause__)
    assert ((tmp_path / "r.json").read_text() == "of last week") == (halves == 0)


def test_a_side_that_fails_ends_it_and_what_was_measured_stays(tmp_path: Path, measured: list[Any]) -> None:
    results = measure(tmp_path, "flag=--dies", rounds=9)
    assert len(results.records) == len(measured) == 6  # the fourth half was A's, which does not die
    comparison = compare_sides(results.content)
    assert comparison and any("It died." in failure for failure in comparison.failures)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["engine=a", "engine=b", "--interleave"], "say where, with -o"),
        (["a.json", "b.json", "--rounds", "3"], "--rounds is for --interleave"),
        (
            ["engine=a", "engine=b", "--interleave", "-o", "x", "--allow-different", "engine"],
            "leave --allow-different out",
        ),
    ],
)
def test_options_of_one_way_are_wrong_usage_of_the_other(arguments: list[str], sentence: str) -> None:
    ran = CliRunner().invoke(cli, ["bench", "compare", *arguments])
    assert (ran.exit_code, sentence in ran.stderr) == (2, True), ran.stderr


def test_the_command_measures_and_fails_on_a_regression(tmp_path: Path, measured: list[Any]) -> None:
    arguments = [
        "engine=mediapipe",
        "flag=--slow",
        "--interleave",
        "--rounds",
        "5",
        "-o",
        str(tmp_path / "r.json"),
        "--json",
    ]
    ran = CliRunner().invoke(cli, ["bench", "compare", *arguments], standalone_mode=False)
    assert ran.return_value == 1
    assert {(options.cold, options.warm) for options in measured} == {(1, 1)}, "a round has each load once"
    assert json.loads(ran.stdout)["comparisons"][0]["paired_by_round"] is True
    assert ran.stderr.splitlines()[:2] == [
        "onpage: round 1 of 5, A: engine=mediapipe",
        "onpage: round 1 of 5, B: flag=--slow",
    ]
