"""Which processes are a browser's: also what has outlived its parent; and looking for them goes through the machine's once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from onpage.bench.memory import MemoryWatch, end_processes

MARK = "--user-data-dir=/none/onpage-test-memory"
FAMILY = """
import subprocess, sys, time
REST = "import time; time.sleep(300)"
CHILD = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', '{REST}']).pid, flush=True); {REST}"
child = subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True)
print(child.pid, child.stdout.readline(), flush=True)
time.sleep(300)
"""
"""A program that starts one that starts another; it prints the numbers of both."""


@pytest.fixture
def family() -> Iterator[tuple[subprocess.Popen[str], set[int]]]:
    command = [sys.executable, "-c", FAMILY, MARK]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout
        others = [int(pid) for pid in first.stdout.readline().split()]
        try:
            yield first, {first.pid, *others}
        finally:
            end_processes([psutil.Process(pid) for pid in (first.pid, *others) if psutil.pid_exists(pid)])


def pids(watch: MemoryWatch) -> set[int]:
    return {process.pid for process in watch.processes()}


def test_all_that_a_browser_started_are_its_processes_and_no_others(
    family: tuple[subprocess.Popen[str], set[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []
    children = psutil.Process.children
    monkeypatch.setattr(
        psutil.Process, "children", lambda self, recursive=False: looked.append(self.pid) or children(self, recursive)
    )
    watch = MemoryWatch(MARK)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert pids(watch) == family[1]
        other.terminate()
    assert pids(watch) == family[1]
    assert looked == [psutil.Process().pid] * 2, "once a look: this takes processor time from what is measured"


def test_what_outlives_its_parent_is_still_the_browsers(family: tuple[subprocess.Popen[str], set[int]]) -> None:
    first, everyone = family
    watch = MemoryWatch(MARK)
    seen = {first.pid, *(child.pid for child in psutil.Process(first.pid).children())}
    watch._seen = {pid: psutil.Process(pid) for pid in seen}
    first.kill()
    first.wait()
    assert pids(watch) == everyone, "also the one that was not seen before"
    end_processes(watch.processes())
    assert not any(process.is_running() for process in watch.processes())
