"""What runs in an event loop is cancelled by a signal, cleans up, and the program ends: in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, signal
from onpage.command.coroutines import run_coroutine
from onpage.command.interrupts import handle_ending_signals

async def reader(answers):
    # as a driver's connection: always busy, so that a signal finds it running, and everybody waits for what it reads
    while True:
        for _ in range(10_000):
            pass
        answers.put_nowait(1)
        await asyncio.sleep(0)

async def work():
    answers = asyncio.Queue()
    asyncio.create_task(reader(answers))
    try:
        print("begun", flush=True)
        while True:
            await answers.get()
    finally:
        while not answers.empty():
            answers.get_nowait()
        await answers.get()
        print("cleaned up", flush=True)

for number in ("SIGINT", "SIGHUP"):  # ignored where the tests run in the background or under nohup
    signal.signal(getattr(signal, number), signal.default_int_handler)
handle_ending_signals()
try:
    run_coroutine(work())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no other process can send these signals there")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_ends_what_runs_when_it_has_cleaned_up(name: str) -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout and running.stdout.readline() == "begun\n"
        running.send_signal(getattr(signal, name))
        try:
            said, _ = running.communicate(timeout=20)
        finally:
            running.kill()
    assert said.split("\n") == ["cleaned up", "interrupted", ""]
    assert running.returncode == 0


def test_a_call_that_waits_again_when_it_is_cancelled_is_not_waited_for() -> None:
    """As Playwright's do: the first interrupt of a run that was still starting its driver was its last sign of life."""
    program = """
import asyncio
from onpage.command.coroutines import run_coroutine

async def stubborn():
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()

async def work():
    asyncio.get_running_loop().left = asyncio.ensure_future(stubborn())
    await asyncio.sleep(0)

run_coroutine(work())
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
