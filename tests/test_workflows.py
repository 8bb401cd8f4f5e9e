"""The GitHub Actions files: what of each can be checked in a moment. What bench.yml measures is tests.onpage.bench's matter."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS: dict[str, dict[Any, Any]] = {
    path.name: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in (ROOT / ".github" / "workflows").glob("*.yml")
}
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
TRIGGERS = True
"""YAML 1.1 reads the key `on` so."""


def steps(name: str) -> Iterator[dict[str, Any]]:
    for job in WORKFLOWS[name]["jobs"].values():
        yield from job["steps"]


def make_targets() -> set[str]:
    """Those of the Makefile."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    rules = [line.partition(":")[0] for line in lines if re.match(r"[\w./% -]+:(?!=)", line)]
    return {target for rule in rules for target in rule.split()}


def test_both_are_there() -> None:
    assert set(WORKFLOWS) == {"bench.yml", "test.yml"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_step_is_sound_shell_or_a_pinned_action(name: str) -> None:
    for step in steps(name):
        if "run" in step:
            assert step["name"]
            subprocess.run(["bash", "-n", "-c", step["run"]], check=True)
        else:
            assert PINNED.fullmatch(step["uses"]), f"{step['uses']}: a tag can be moved, name a commit"


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_make_target_is_one_that_is_there(name: str) -> None:
    lines = [line for step in steps(name) for line in step.get("run", "").splitlines() if line.startswith("make ")]
    wanted = {word for line in lines for word in re.sub(r"^make( -C \w+)?", "", line).split()}
    assert wanted and wanted <= make_targets()


@pytest.mark.parametrize("name", WORKFLOWS)
def test_it_may_only_read_and_ends_by_itself(name: str) -> None:
    assert WORKFLOWS[name]["permissions"] == {"contents": "read"}
    for job in WORKFLOWS[name]["jobs"].values():
        assert job["timeout-minutes"] <= 60
    for step in steps(name):
        if "actions/checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", WORKFLOWS)
def test_it_has_the_oldest_python_and_node_that_we_support(name: str) -> None:
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    given = {key: value for step in steps(name) for key, value in step.get("with", {}).items()}
    assert f">={given['python-version']}" == requires
    assert f"parseInt(process.versions.node) < {given['node-version']} " in (ROOT / "Makefile").read_text(
        encoding="utf-8"
    )


def test_tests_run_as_they_do_here_for_every_change() -> None:
    """`make test`, which .ci/run runs too, of a pull request and of what is merged."""
    assert list(steps("test.yml"))[-1]["run"] == "make test"
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").endswith("exec make test\n")
    assert WORKFLOWS["test.yml"][TRIGGERS] == {"push": {"branches": ["main"]}, "pull_request": None}
