"""What configurations may say, and that rounds alternate; that they measure is e2e/bench/test_interleave.py's."""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from builder.errors import BenchError, OnpageError, ResultsError
from onpage.bench import interleave as module
from onpage.bench.compare import compare_sides
from onpage.bench.configuration import Configuration
from onpage.bench.goal import MIN_ROUNDS, Goal
from onpage.bench.interleave import interleave
from onpage.bench.options import Listener, Options
from onpage.bench.record import load_results
from onpage.bench.self_test import self_test_of
from onpage.command import cli
from tests.onpage.bench.records import record, results


def test_a_configuration_has_its_settings_and_values_may_hold_commas() -> None:
    text = "model=synth:hidden=256,layers=8@int4,embedding=int8,engine=litert-lm,flag=--a=1,2,flag=--b,browser=/usr/bin/chromium"
    found = Configuration.parse(text)
    assert (found.model, found.engine) == ("synth:hidden=256,layers=8@int4,embedding=int8", "litert-lm")
    assert (found.flags, found.browser) == (("--a=1,2", "--b"), Path("/usr/bin/chromium"))
    assert Configuration.parse("engine=mediapipe").model == "demo"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        *((text, "is not a setting") for text in ("", "results.json", "engine=", "engine=a,engine=b", "speed=fast")),
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


class FakeHalf:
    """A side of a round without a browser: B is slower by what its flag says, and the machine by what the round drew."""

    def __init__(self, configuration: Configuration, log: list[str], drift: float) -> None:
        self.begun = self.ended = False
        self._configuration, self._log, self._drift = configuration, log, drift
        self._turns = 0

    async def begin(self) -> None:
        self.begun = True
        self._log.append(f"open {self._configuration.text}")
        if "--dies" in self._configuration.flags and len(self._log) > 40:
            self.ended = True

    async def turn(self, *, more: bool) -> None:
        self._turns += more
        self._log.append(f"{'turn' if more else 'end'} {self._configuration.text}")
        self.ended = self.ended or not more
        if "--interrupted" in self._configuration.flags:
            raise asyncio.CancelledError

    async def close(self) -> None:
        self._log.append(f"close {self._configuration.text}")

    async def judge(self) -> None:
        pass

    def interrupted(self) -> None:
        self._log.append("interrupted")

    def measured(self) -> dict[int, float]:
        return {32: 100.0 * self._turns}

    def finished(self) -> dict[str, Any]:
        slower = float(next((flag[9:] for flag in self._configuration.flags if flag.startswith("--slower=")), 1))
        made = record(prefill=(32,), noise=(0.0,), slower=slower * self._drift)
        if self.ended and "--dies" in self._configuration.flags and len(self._log) > 40:
            error = {"code": "x", "sentence": "It died.", "detail": None, "during": "load"}
            return made | {"status": "failed", "samples": [], "loads": [], "first_answer": None, "errors": [error]}
        return made


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done to the halves of rounds, without a browser."""
    done: list[str] = []
    source = random.Random(1)

    async def side_of(stack: Any, playwright: Any, configuration: Any, model: Any, options: Any, listener: Any) -> Any:
        def half() -> FakeHalf:
            scatter = 0.3 if "--restless" in configuration.flags else 0.005
            return FakeHalf(configuration, done, source.lognormvariate(0, scatter))

        return SimpleNamespace(configuration=configuration, options=options, half=half)

    @asynccontextmanager
    async def no_playwright() -> AsyncIterator[None]:
        yield None

    monkeypatch.setattr(module, "side_of", side_of)
    monkeypatch.setattr(module, "async_playwright", no_playwright)
    return done


A = "engine=mediapipe"


def measure(tmp_path: Path, b: str, *, said: list[str] | None = None, apart: bool = False, **goal: Any) -> Any:
    """A is the usual."""
    wanted = Goal(**({"self_test": 0, "max_rounds": 8} | goal))
    listener = Listener(say=(said if said is not None else []).append)
    configurations = Configuration.parse(A), Configuration.parse(b)
    return asyncio.run(interleave(*configurations, wanted, Options(), tmp_path / "r.json", listener, apart=apart))


def test_both_are_opened_and_take_turns(tmp_path: Path, log: list[str]) -> None:
    """A B B A within a round, and the next round the other way round."""
    b = "flag=--slower=1.2"
    measure(tmp_path, b, max_rounds=2)
    rounds = [log[: len(log) // 2], log[len(log) // 2 :]]
    for done, (first, second) in zip(rounds, ((A, b), (b, A)), strict=True):
        assert done[:2] == [f"open {first}", f"open {second}"]
        assert done[2:6] == [f"turn {first}", f"turn {second}", f"turn {second}", f"turn {first}"]
        assert len([line for line in done if line.startswith("turn")]) == 2 * 5, (
            "until each has half a second of answers"
        )
        assert done[-6:-2] == [f"end {first}", f"close {first}", f"end {second}", f"close {second}"]


def test_apart_there_is_one_browser_at_a_time(tmp_path: Path, log: list[str]) -> None:
    measure(tmp_path, "flag=--x", max_rounds=1, apart=True)
    assert log.index(f"close {A}") < log.index("open flag=--x")


def test_rounds_are_compared_in_pairs(tmp_path: Path, log: list[str]) -> None:
    results = measure(tmp_path, "flag=--slower=1.2")
    places = [one["interleave"] for one in results.records]
    assert [(place["phase"], place["side"], place["round"]) for place in places[:4]] == [
        ("comparison", "A", 1),
        ("comparison", "B", 1),
        ("comparison", "B", 2),
        ("comparison", "A", 2),
    ]
    assert places[1]["configuration"] == "flag=--slower=1.2"
    comparison = compare_sides(load_results(tmp_path / "r.json"))  # what is in the file is enough
    assert comparison and comparison.pairs[0].paired
    verdicts = {change.key.measure: change.verdict for change in comparison.pairs[0].changes}
    assert verdicts["gap_p50"] == verdicts["first_answer"] == "regression"
    assert verdicts["memory"] == "no change"


def test_it_stops_when_the_interval_is_narrow_enough_and_not_before(tmp_path: Path, log: list[str]) -> None:
    assert len(measure(tmp_path, "flag=--slower=1.2", max_rounds=50).records) == 2 * MIN_ROUNDS
    narrow = measure(tmp_path, "flag=--slower=1.2", max_rounds=50, width=0.008).records
    assert 2 * MIN_ROUNDS < len(narrow) < 100
    assert len(measure(tmp_path, "flag=--restless", max_rounds=9).records) == 18


def test_no_round_is_begun_for_which_there_is_no_time(tmp_path: Path, log: list[str], monkeypatch: Any) -> None:
    now = [0.0]
    monkeypatch.setattr("onpage.bench.goal.time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now.__setitem__(0, now[0] + 4) or now[0]))
    results = measure(tmp_path, "flag=--restless", budget=200, max_rounds=100, self_test=4)
    assert now[0] <= 200
    phases = [one["interleave"]["phase"] for one in results.records]
    assert 2 <= phases.count("self-test") <= 8 and now[0] > 150
    assert phases.count("self-test") <= phases.count("comparison")


def test_the_self_test_says_first_what_can_be_seen(tmp_path: Path, log: list[str]) -> None:
    said: list[str] = []
    results = measure(tmp_path, "flag=--slower=1.2", said=said, self_test=4)
    assert [place["interleave"]["phase"] for place in results.records][:9].count("self-test") == 8
    assert not any("--slower" in line for line in log[: log.index("open flag=--slower=1.2")])
    (sentence,) = said
    assert sentence.startswith(
        "Self-test, A against itself in 4 rounds: Gap between tokens, median, 32 tokens scatters by 0."
    )
    tested = self_test_of(results.content)
    assert tested and tested.sentence.startswith("Self-test") and not tested.is_restless
    (sight,) = tested.sights
    assert 0.05 < sight.visible < 0.1
    assert sight.scatter == pytest.approx(0.007, rel=0.9)
    comparison = compare_sides(results.content)
    assert comparison and comparison.changes[0].base and comparison.changes[0].base.n == MIN_ROUNDS, (
        "and counts for nothing else"
    )


def test_the_file_of_a_run_alone_is_compared_again(tmp_path: Path, log: list[str]) -> None:
    measure(tmp_path, "flag=--slower=1.2")
    ran = CliRunner().invoke(cli, ["bench", "compare", str(tmp_path / "r.json")], standalone_mode=False)
    assert (ran.return_value, "paired by round" in ran.stdout) == (1, True)
    both = ["bench", "compare", *[str(tmp_path / "r.json")] * 2]
    with pytest.raises(ResultsError, match="was given twice"):
        CliRunner().invoke(cli, both, standalone_mode=False, catch_exceptions=False)


def test_an_interrupt_leaves_both_halves_with_the_reason(tmp_path: Path, log: list[str]) -> None:
    with pytest.raises(asyncio.CancelledError):
        measure(tmp_path, "flag=--interrupted")
    assert log.count("interrupted") == 2 and log[-2:] == [f"close {A}", "close flag=--interrupted"]
    assert len(load_results(tmp_path / "r.json")["records"]) == 2


@pytest.mark.parametrize(
    ("b", "file", "sentence"),
    [
        (f"engine=wllama,onpage={sys.executable}", "r.json", "wllama is not an engine of its page"),
        (f"engine=native,onpage={sys.executable}", "r.json", "native is not an engine of its page"),
        ("engine=all", "r.json", "engine=all stands for several configurations"),
        ("engine=litert-lm", "no/r.json", "does not exist"),
    ],
)
def test_what_cannot_end_well_is_not_begun(tmp_path: Path, log: list[str], b: str, file: str, sentence: str) -> None:
    configurations = Configuration.parse("engine=mediapipe"), Configuration.parse(b)
    with pytest.raises(OnpageError, match=sentence):
        asyncio.run(interleave(*configurations, Goal(), Options(), tmp_path / file, Listener()))
    assert not log


@pytest.mark.parametrize(("rounds", "kept"), [(0, "nothing was measured"), (1, "the records until then are in")])
def test_an_interrupt_says_what_is_in_a_file_that_was_there_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: list[str], rounds: int, kept: str
) -> None:
    real, left = module.measure_round, [None] * rounds

    async def measure_round(*given: Any, **more: Any) -> bool:
        if not left:
            raise KeyboardInterrupt
        left.pop()
        return await real(*given, **more)

    monkeypatch.setattr(module, "measure_round", measure_round)
    (tmp_path / "r.json").write_text("of last week")
    arguments = [A, A, "--interleave", "--self-test", "0", "-o", str(tmp_path / "r.json")]
    ran = CliRunner().invoke(cli, ["bench", "compare", *arguments], standalone_mode=False)
    assert ran.exception and f"interrupted; {kept}" in str(ran.exception.__cause__)
    assert ((tmp_path / "r.json").read_text() == "of last week") == (rounds == 0)


def test_a_side_that_fails_ends_it_and_what_was_measured_stays(tmp_path: Path, log: list[str]) -> None:
    results = measure(tmp_path, "flag=--dies", max_rounds=9)
    assert 2 < len(results.records) < 18
    comparison = compare_sides(results.content)
    assert comparison and any("It died." in failure for failure in comparison.failures)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["engine=a", "engine=b", "--interleave"], "needs -o, the results file"),
        *(
            (["a.json", "b.json", option, "30"], f"{option} needs --interleave")
            for option in ("--rounds", "--budget", "--width", "--self-test", "--warmup", "--timeout", "--decode")
        ),
        (
            ["engine=a", "engine=b", "--interleave", "-o", "x", "--allow-different", "engine"],
            "leave out --allow-different",
        ),
    ],
)
def test_options_of_one_way_are_wrong_usage_of_the_other(arguments: list[str], sentence: str) -> None:
    ran = CliRunner().invoke(cli, ["bench", "compare", *arguments])
    assert (ran.exit_code, sentence in ran.stderr) == (2, True), ran.stderr


def test_the_command_measures_and_fails_on_a_regression(tmp_path: Path, log: list[str]) -> None:
    arguments = [A, "flag=--slower=1.2", "--interleave", "--rounds", "6", "-o", str(tmp_path / "r.json"), "--json"]
    ran = CliRunner().invoke(cli, ["bench", "compare", *arguments], standalone_mode=False)
    assert ran.return_value == 1
    assert json.loads(ran.stdout)["comparisons"][0]["paired_by_round"] is True
    lines = ran.stderr.splitlines()
    assert re.fullmatch(r"onpage: self-test, round 1: 3\d\d s left", lines[0])
    assert lines[4].startswith("onpage: Self-test, A against itself in 4 rounds")
    assert lines[5].startswith("onpage: comparison, round 1: ")


def test_the_options_of_measuring_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    async def record_what_is_asked(a: Any, b: Any, goal: Any, options: Any, *_: Any, **more: Any) -> Any:
        asked.extend((goal, options, more))
        return SimpleNamespace(content=results(), records=[])

    monkeypatch.setattr(module, "interleave", record_what_is_asked)
    options = ["--warmup", "3", "--timeout", "7", "--budget", "99", "--width", "2%", "--self-test", "1", "--apart"]
    options += ["--must-decide", "decode", "--max-regression", "7%"]
    arguments = ["bench", "compare", A, A, "--interleave", "-o", str(tmp_path / "r.json"), *options]
    CliRunner().invoke(cli, arguments, standalone_mode=False)
    goal, settings, more = asked
    assert (goal.budget, goal.width, goal.self_test, goal.limit, goal.must_decide) == (99, 0.02, 1, 0.07, ("decode",))
    assert (settings.warmup, settings.timeout, settings.cold, settings.warm, more) == (3, 7, 1, 1, {"apart": True})
