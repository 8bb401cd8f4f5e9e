"""The bench and tuning from Python, without a browser or PyTorch: defaults, refusals, and what the library is asked.

docs/python.md is run by test_api.py and, in a browser, by e2e/bench/test_api.py.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import click
import pytest

import onpage
from builder.errors import BenchError, OutputError, ResultsError
from builder.tune.plan import Settings
from onpage.bench import interleave as turns
from onpage.bench import run as running
from onpage.bench.configuration import Configuration
from onpage.bench.goal import Goal
from onpage.bench.options import IN_TURN, Listener, Options
from onpage.bench.record import load_results, write_results
from onpage.bench.results import Results
from onpage.command.bench_compare import compare as compare_command
from onpage.command.bench_run import run as run_command
from tests.onpage.bench.records import record, results
from tests.onpage.bench.test_report import interleaved

RENAMED = {"max_rounds": "rounds", "limit": "max_regression"}
OWN = {"run_milliseconds", "onpage"}
"""Of Options, what only the harness sets."""


def defaults_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Of its keyword arguments."""
    parameters = inspect.signature(function).parameters.values()
    found = {one.name: one.default for one in parameters if one.default is not inspect.Parameter.empty}
    return {name: tuple(value) if isinstance(value, list | tuple) else value for name, value in found.items()}


def options_of(command: click.Command) -> dict[str, Any]:
    with click.Context(command) as context:
        return {one.name or "": one.get_default(context) for one in command.params if isinstance(one, click.Option)}


def test_a_function_has_the_options_and_defaults_of_the_harness_and_of_the_command() -> None:
    given = defaults_of(onpage.measure)
    usual = {one.name: one.default for one in fields(Options) if one.name not in OWN}
    assert MISSING not in usual.values()
    assert usual.items() <= given.items()
    command = options_of(run_command)
    asked = {
        name: given[name]
        for name in ("decode", "context", "runs", "warmup", "agreement", "cold", "warm", "timeout", "port")
    }
    assert {name: command[name] for name in asked} == asked
    assert command["prefill"] == ",".join(map(str, given["prefill"]))

    given = defaults_of(onpage.compare_interleaved)
    wanted = {RENAMED.get(one.name, one.name): one.default for one in fields(Goal)}
    assert wanted.items() <= given.items()
    turned = {
        name: getattr(IN_TURN, name)
        for name in ("prefill", "decode", "context", "warmup", "precision", "gpu", "timeout")
    }
    assert turned.items() <= given.items()
    command = options_of(compare_command)
    assert all(
        command[name] == given[name] for name in ("budget", "self_test", "decode", "context", "warmup", "timeout")
    )
    assert command["max_rounds"] == given["rounds"]


def test_tune_hands_its_settings_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyTorch, which no test here has."""
    given = defaults_of(onpage.tune)
    assert {one.name: one.default for one in fields(Settings) if one.name != "alpha"}.items() <= given.items()
    asked: list[Any] = []
    told: list[Any] = []
    library = ModuleType("builder.tune.training")
    library.Run = lambda *positional, **more: (positional, more)  # type: ignore[attr-defined]
    library.tune = lambda run, progress, say: asked.extend((run, progress, say))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "builder.tune.training", library)
    monkeypatch.setattr("builder.tune.training", library, raising=False)
    onpage.tune("c", "d.jsonl", "a", rank=8, restart=True, progress=lambda *step: told.append(step))
    (positional, more), progress, _ = asked
    assert positional == (Path("c"), Path("d.jsonl"), Path("a"), Settings(rank=8, alpha=16), "auto", "auto")
    assert more == {"start": None, "restart": True, "answers": False}
    progress(SimpleNamespace(step=3), 10)
    assert told == [("tune", 3, 10)]
    onpage.tune("c", "d.jsonl", "a", alpha=4)
    assert asked[3][0][3] == Settings(alpha=4) and asked[4] is None


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the harness is asked; one record comes of it, with a step of progress."""
    found: list[Any] = []

    async def run(models: Any, engines: Any, options: Any, output: Path | None, listener: Listener) -> Results:
        found.extend((models, engines, options))
        listener.say("a sentence")
        listener.progress("demo, litert-lm-cpu", {"text": "Run 1 of 3", "done": 1, "total": 3})
        made = Results(output)
        made.add(record(status="partial"))
        return made

    monkeypatch.setattr(running, "run", run)
    return found


def test_what_is_measured_is_returned_and_in_the_file(tmp_path: Path, asked: list[Any]) -> None:
    said: list[Any] = []
    made = onpage.measure(
        "demo",
        "demo",
        engines=["litert-lm-cpu"],
        output=tmp_path / "r.json",
        prefill=[32],
        progress=lambda *step: said.append(step),
        say=said.append,
    )
    models, engines, options = asked
    assert [model.name for model in models] == ["demo"] and engines == ("litert-lm-cpu",)
    assert options == Options(prefill=(32,))
    assert said == ["a sentence", ("demo, litert-lm-cpu: Run 1 of 3", 1, 3)]
    assert load_results(tmp_path / "r.json") == made.to_json()
    assert made.problem == f"Not measured completely: {made.records[0]['label']}."


def test_it_blocks_in_a_notebook_too_and_keeps_results_in_memory(asked: list[Any], tmp_path: Path) -> None:
    async def cell() -> Results:
        return onpage.measure(engines="all")

    made = asyncio.run(cell())
    assert asked[1] == ("mediapipe", "litert-lm", "litert-lm-cpu")
    assert made.path is None and len(made.records) == 1
    slower = results_of(record(slower=2))
    assert onpage.compare(made, slower, allow_different=["machine"]).outcome == "failed"
    made.save(tmp_path / "saved.json")
    assert onpage.report(tmp_path / "saved.json").rows() == onpage.report(made).rows()
    assert "these results" not in onpage.report(made, output=tmp_path / "r.md").markdown()


def results_of(*records: dict[str, Any]) -> Results:
    return Results(None, results(*records))


def test_two_configurations_are_measured_and_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    told: list[str] = []

    async def interleave(a: Any, b: Any, goal: Any, options: Any, output: Any, listener: Any, announce: Any, **more: Any) -> Results:  # fmt: skip
        asked.extend((a, b, goal, options, more))
        announce("comparison", 1, "9 s left")
        return Results(None, interleaved())

    monkeypatch.setattr(turns, "interleave", interleave)
    found = onpage.compare_interleaved(
        "engine=mediapipe", "flag=--x", max_regression=0.2, rounds=9, prefill=[32], say=told.append, apart=True
    )
    a, b, goal, options, more = asked
    assert (a, b) == (Configuration.parse("engine=mediapipe"), Configuration.parse("flag=--x"))
    assert goal == Goal(limit=0.2, max_rounds=9)
    assert options == Options(prefill=(32,), decode=64, context=512, warm=1) and more == {"apart": True}
    assert told == ["comparison, round 1: 9 s left"]
    assert (found.limit, found.outcome, found.pairs[0].paired) == (0.2, "passed", True)


def test_one_side_alone_is_no_comparison(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def interleave(*_: Any, **more: Any) -> Results:
        return Results(tmp_path / "r.json", results())

    monkeypatch.setattr(turns, "interleave", interleave)
    with pytest.raises(BenchError, match=r"Only one side was measured: the time was up. The records are in .*r\.json"):
        onpage.compare_interleaved("engine=mediapipe", "engine=litert-lm")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"engines": "nothing"}, "There is no engine 'nothing'"),
        ({"prefill": []}, "prefill has no length"),
        ({"prefill": [32, 1]}, "prefill is 1: expected a whole number from 2 to 999,999"),
        ({"decode": 0}, "decode is 0: expected a whole number from 1"),
        ({"runs": 2.5}, "runs is 2.5: expected a whole number"),
        ({"warmup": True}, "warmup is True"),
        ({"timeout": float("nan")}, "timeout is nan: expected a number from 1"),
        ({"port": 70_000}, "port is 70000: expected a whole number from 0 to 65,535"),
        ({"cdp": ["http://127.0.0.1:9"], "gpu": False}, "gpu applies to a browser that onpage starts"),
        ({"cdp": ["http://127.0.0.1:9"], "flags": ["-x"], "headless": False}, "flags and headless applies"),
    ],
)
def test_what_cannot_be_measured_is_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BenchError, match=sentence):
        onpage.measure("demo", **options)


def test_a_file_that_cannot_be_written_is_refused_before_a_model_is_made(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        onpage.measure("synth:gemma3-27b@int4", output=tmp_path / "no" / "r.json")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"measures": ["speed"]}, "There is no measure 'speed': expected "),
        ({"must_decide": ["speed"]}, "There is no measure 'speed'"),
        ({"allow_different": ["colour"]}, "There is no difference to allow 'colour': expected model, engine"),
        ({"max_regression": 5}, "A limit of 5 is not a share: expected 0 to below 1, such as 0.05"),
        ({"max_regression": float("nan")}, "A limit of nan is not a share"),
    ],
)
def test_what_cannot_be_compared_is_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ResultsError, match=sentence):
        onpage.compare(results_of(record()), results_of(record()), **options)


def test_one_file_is_compared_where_it_has_two_sides(tmp_path: Path) -> None:
    write_results(tmp_path / "both.json", interleaved())
    assert onpage.compare(tmp_path / "both.json").pairs[0].paired
    with pytest.raises(ResultsError, match="nothing has to be allowed"):
        onpage.compare(tmp_path / "both.json", allow_different=["engine"])
    with pytest.raises(ResultsError, match="these results is not the result of an interleaved run"):
        onpage.compare(results_of(record()))


def test_a_report_is_written_in_every_form_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"r\.pdf: the suffix must be"):
        onpage.report(results_of(record()), output=[tmp_path / "r.html", tmp_path / "r.pdf"])
    assert not list(tmp_path.iterdir())
    made = onpage.report(results_of(record()), output=str(tmp_path / "r.csv"))
    assert (tmp_path / "r.csv").read_bytes() == made.csv().encode()
    assert len(made.rows()) == len(made.csv().splitlines()) - 1
    assert {row["unit"] for row in made.rows() if row["measure"] == "memory"} == {"bytes"}
