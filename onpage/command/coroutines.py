"""Runs what is asynchronous so that a signal ends it in good order.

A KeyboardInterrupt must not be raised inside an event loop, where it would end whichever step is running: with the step that
reads from the browser's driver, all that waits for the driver waits for ever. The work is cancelled instead, as asyncio
itself does at Ctrl-C.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

from onpage.command.interrupts import ending_signals

T = TypeVar("T")
PATIENCE, GIVE_UP_SECONDS = 3, 1.0


def run_coroutine(work: Coroutine[Any, Any, T]) -> T:
    """As asyncio.run. A signal cancels the work, and when it has cleaned up a KeyboardInterrupt is raised."""
    try:
        return asyncio.run(_cancelled_by_signals(work))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _cancelled_by_signals(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.current_task()
    assert task
    with _cancelling(task):
        try:
            return await work
        finally:
            await _end_others(task)


async def _end_others(task: asyncio.Task[Any]) -> None:
    """Ends what else runs in the loop, as asyncio.run would, which waits without a limit: a call of Playwright's that is cancelled
    waits for an answer that nobody reads any more, until it is cancelled again."""
    for _ in range(PATIENCE):
        others = asyncio.all_tasks() - {task}
        if not others:
            return
        for other in others:
            other.cancel()
        await asyncio.wait(others, timeout=GIVE_UP_SECONDS)


@contextmanager
def _cancelling(task: asyncio.Task[Any]) -> Iterator[None]:
    def cancel(number: int, frame: FrameType | None) -> None:
        task.get_loop().call_soon_threadsafe(task.cancel)  # wakes the loop, which may be waiting for a socket

    before = {number: signal.signal(number, cancel) for number in ending_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
