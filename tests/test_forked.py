"""A forked command does what a started one does, and has of its own what a process has."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from builder.synth.web_file import synthesize
from tests.forked import onpage


def started(*arguments: object, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "onpage", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"ONPAGE_HOME": str(home)},
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("estimate", "layers=1", "--json"),
        ("estimate", "layers=ä"),
        ("--debug", "inspect", "none"),
        ("convert", "--bits", "5"),
    ],
)
def test_it_does_what_a_started_one_does(arguments: tuple[str, ...], tmp_path: Path) -> None:
    real, forked = started(*arguments, home=tmp_path), onpage(*arguments, home=tmp_path)
    shown = [done.stderr[: done.stderr.find("Traceback")] for done in (real, forked)]
    assert (forked.returncode, forked.stdout, shown[1]) == (real.returncode, real.stdout, shown[0])


def test_folder_and_environment_are_its_own(tmp_path: Path) -> None:
    synthesize("layers=1", tmp_path / "m.task")
    assert onpage("inspect", "m.task").returncode == 1
    assert "gemma3" in onpage("inspect", "m.task", cwd=tmp_path).stdout
    assert onpage("import", tmp_path / "m.task", "--id", "mine", home=tmp_path / "store").returncode == 0
    assert "mine" in onpage("models", "--stored", home=tmp_path / "store").stdout
    assert "mine" not in onpage("models", "--stored", home=tmp_path / "other").stdout


def test_several_run_at_once() -> None:
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda layers: onpage("estimate", f"layers={layers}").stdout, range(1, 9)))
    sizes = [float(text.split("layers=")[1].split(", ")[1].split()[0]) for text in done]
    assert sizes == sorted(sizes) and len(set(sizes)) > 4


def test_what_python_reads_at_its_start_is_read(tmp_path: Path) -> None:
    assert "import 'click'" in onpage("--version", env=os.environ | {"PYTHONVERBOSE": "1"}).stderr


def test_one_that_does_not_end_is_killed(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        onpage("serve", "--port", "0", timeout=2)
    (server,) = [child for child in psutil.Process().children() if "tests.forked" in child.cmdline()]
    psutil.wait_procs(server.children(), timeout=10)
    assert not server.children()
    assert onpage("--version").returncode == 0
