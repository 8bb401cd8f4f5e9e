"""The GitHub Actions file: what of it can be checked in a moment. `python -m tests.onpage.bench.workflow` runs its steps."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from onpage.command import cli
from tests.onpage.bench.workflow import ROOT, WORKFLOW, run_steps, shell_steps

SCRIPTS = {name: script for name, script, _ in shell_steps()}


@pytest.mark.parametrize("name", list(SCRIPTS))
def test_every_step_is_sound_shell(name: str) -> None:
    subprocess.run(["bash", "-n", "-c", SCRIPTS[name]], check=True)


def test_every_command_of_ours_is_one_that_is_there() -> None:
    commands = [
        shlex.split(line)
        for script in SCRIPTS.values()
        for line in script.replace("\\\n", " ").splitlines()
        if "/bin/onpage " in line
    ]
    assert len(commands) == 2
    for words in commands:
        command: click.Command = cli
        context = click.Context(cli)
        arguments = [word.replace("$BUDGET", "600").replace("$MAX_REGRESSION", "5%") for word in words[1:]]
        while isinstance(command, click.Group):
            _, command, arguments = command.resolve_command(context, arguments)  # type: ignore[assignment]
        command.make_context("onpage", list(arguments))  # parses; a UsageError fails


def test_every_make_target_is_one_that_is_there() -> None:
    targets = set(re.findall(r"^([\w./%-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    targets |= set(
        re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[0].split()
    )
    lines = re.findall(r"^make -C \w+ (.+)$", SCRIPTS["Set both up"], re.MULTILINE)
    assert len(lines) == 2
    assert {target for line in lines for target in line.split()} <= targets


def test_it_may_read_only_and_keeps_every_report() -> None:
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    upload = next(step for step in job["steps"] if "upload-artifact" in step.get("uses", ""))
    for name in upload["with"]["path"].split():
        assert any(f"-o {name}" in script for script in SCRIPTS.values()), name


def test_a_step_that_fails_fails_the_job_and_the_report_is_made_all_the_same(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With commands that say what they were given in place of make and onpage."""
    for side in ("base", "head"):
        command = tmp_path / side / ".venv" / "bin" / "onpage"
        command.parent.mkdir(parents=True)
        command.write_text('#!/bin/sh\necho "$@"; [ "$2" = report ] && echo "report" > report.md\n')
        command.chmod(0o755)
    make = tmp_path / "make"
    make.write_text("#!/bin/sh\necho make $@\n")
    make.chmod(0o755)
    code = run_steps(tmp_path, {"PATH": f"{tmp_path}:/usr/bin:/bin", "BUDGET": "300"})
    output = capfd.readouterr().out
    assert code == 1  # compare's stand-in ends with the status of its test
    assert "make -C head" in output
    assert "--budget 300 --max-regression 5% --undecided fail" in output
    assert (tmp_path / "summary.md").read_text() == "report\n"
