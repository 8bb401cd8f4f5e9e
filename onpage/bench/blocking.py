"""Runs what is asynchronous for a caller that is not, also in a notebook, whose thread runs an event loop already."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


def run_blocking(work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns or raises. Ctrl-C cancels it, and is a KeyboardInterrupt when it has cleaned up."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    return _in_another_thread(work)


def _in_another_thread(work: Coroutine[Any, Any, T]) -> T:
    tasks: list[asyncio.Task[Any]] = []
    interrupted = threading.Event()
    outcome: Future[T] = Future()

    async def announced() -> T:
        task = asyncio.current_task()
        assert task
        tasks.append(task)
        if interrupted.is_set():
            task.cancel()
        return await work

    def run() -> None:
        try:
            outcome.set_result(asyncio.run(announced()))
        except BaseException as error:
            outcome.set_exception(error)

    thread = threading.Thread(target=run, name="onpage-bench")
    try:
        thread.start()  # which an interrupt can leave when the thread is running already
        return outcome.result()
    except KeyboardInterrupt:
        interrupted.set()  # for a task that has not begun
        for task in tasks:
            with suppress(RuntimeError):  # its loop is closed: it has ended meanwhile
                task.get_loop().call_soon_threadsafe(task.cancel)
        raise
    finally:
        if thread.ident is not None:
            wait([outcome])
