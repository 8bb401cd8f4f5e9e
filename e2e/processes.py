"""Programs that tests start: however a test ends, they have ended too, are reaped, and their pipes are closed.

A process that one test leaves behind is a warning in whichever test the garbage is collected in, and so that one's failure.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ONPAGE = (sys.executable, "-m", "onpage")
LIMIT = 300
"""Seconds for a program that measures; on two busy cores it takes a sixth."""


@contextmanager
def started(
    command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None, in_one: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """A program whose output is to be read, `in_one` stream or in two."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if in_one else subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        yield process
    finally:
        kill(process)
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()


def kill(process: subprocess.Popen[str]) -> None:
    """With its children, unless it has ended: then its number may be another's."""
    if process.poll() is not None:
        return
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    psutil.wait_procs(children, timeout=10)


def heard(process: subprocess.Popen[str], seconds: float = LIMIT) -> tuple[str, str]:
    """All that it prints until it ends; AssertionError with that much if it does not end in time."""
    try:
        return process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        kill(process)
        printed, said = process.communicate()
        raise AssertionError(f"{process.args} did not end in {seconds:g} s:\n{printed}\n{said}") from None


def completed(
    command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None, seconds: float = LIMIT
) -> subprocess.CompletedProcess[str]:
    """A program that has run to its end, whatever its status."""
    with started(command, environment=environment) as process:
        printed, said = heard(process, seconds)
        return subprocess.CompletedProcess(command, process.returncode, printed, said)
