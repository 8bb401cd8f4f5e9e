"""`onpage bench compare` on two files: its limit, its exit code, and what it prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from builder.errors import ResultsError
from onpage.bench.record import write_results
from onpage.command import cli
from tests.onpage.bench.records import OTHER_THREE_PERCENT, THREE_PERCENT, again, record, results


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
    with pytest.raises(ResultsError, match="name a second results file to compare it with"):
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
    assert (ran.exit_code, "could mean 5% or 0.05%" in ran.stderr) == (2, True)


@pytest.mark.parametrize("limit", ["five", "-1%", "100%", "nan", "1_0", "5%%", "5,5%", "", "-0", "9" * 5000])
def test_a_limit_that_is_none_is_wrong_usage(tmp_path: Path, limit: str) -> None:
    ran = CliRunner().invoke(cli, ["bench", "compare", "a", "b", "--max-regression", limit])
    assert (ran.exit_code, "is not a percentage" in ran.stderr) == (2, True)


def test_names_in_files_do_not_reach_the_terminal_as_commands(tmp_path: Path) -> None:
    hostile = record(label="\x1b[2J\x1b]0;owned\x07")
    ran = run(tmp_path, results(hostile), results(again(hostile)))
    assert "\x1b" not in ran.stdout and "\\x1b[2J" in ran.stdout
