"""What is asynchronous ends, or is cancelled, for a caller that has no event loop and for one that is inside of one."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from onpage.bench.blocking import run_blocking

MAIN = threading.main_thread().ident or 0


async def work(log: list[str], *, fails: bool = False) -> str:
    log.append(threading.current_thread().name)
    await asyncio.sleep(0)
    if fails:
        raise ValueError("on purpose")
    return "done"


async def interrupted(log: list[str]) -> None:
    try:
        signal.pthread_kill(MAIN, signal.SIGINT)
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0)
        log.append("cleaned up")


def directly(call: Callable[[], Any]) -> Any:
    return call()


def in_a_notebook(call: Callable[[], Any]) -> Any:
    """As ipykernel runs a cell: in the main thread, inside of a loop that leaves signals alone."""

    async def cell() -> Any:
        return call()

    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(cell())
    finally:
        loop.close()


@pytest.mark.parametrize("place", [directly, in_a_notebook])
def test_it_returns_or_raises_what_the_work_does(place: Callable[[Callable[[], Any]], Any]) -> None:
    log: list[str] = []
    assert place(lambda: run_blocking(work(log))) == "done"
    with pytest.raises(ValueError, match="on purpose"):
        place(lambda: run_blocking(work(log, fails=True)))
    assert all(name.startswith("onpage-bench") for name in log) is (place is in_a_notebook)


@pytest.mark.parametrize("place", [directly, in_a_notebook])
def test_an_interrupt_cancels_it_and_waits_until_it_has_cleaned_up(place: Callable[[Callable[[], Any]], Any]) -> None:
    log: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        place(lambda: run_blocking(interrupted(log)))
    assert log == ["cleaned up"]
