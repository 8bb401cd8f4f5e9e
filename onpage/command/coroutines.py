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
        return await work


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
