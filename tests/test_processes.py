"""What e2e's tests start ends with them: also what does not want to, and what it started itself."""

from __future__ import annotations

import sys

import psutil
import pytest

from e2e.processes import completed, heard, started

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_program_that_does_not_end_is_killed_with_its_children_and_what_it_said_is_told() -> None:
    with pytest.raises(AssertionError, match=r"did not end in 1 s:\n(\d+)\n") as failure:
        completed([sys.executable, "-c", STUBBORN], seconds=1)
    child = int(str(failure.value).split("in 1 s:\n")[1].split()[0])
    assert not lives(child)


def test_a_test_that_fails_meanwhile_leaves_nothing_behind() -> None:
    with pytest.raises(ZeroDivisionError), started([sys.executable, "-c", STUBBORN]) as process:
        assert process.stdout and process.stderr
        child = int(process.stdout.readline())
        raise ZeroDivisionError
    assert process.returncode is not None, "it is reaped"
    assert process.stdout.closed and process.stderr.closed
    assert not lives(child)


def test_what_ended_by_itself_is_told_as_it_was() -> None:
    program = "import sys, os; print(os.environ['WORD'], flush=True); sys.exit('no')"
    ended = completed([sys.executable, "-c", program], environment={"WORD": "yes"})
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "yes\n", "no\n")
    with started([sys.executable, "-c", program], environment={"WORD": "yes"}, in_one=True) as process:
        assert heard(process) == ("yes\nno\n", None)


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
