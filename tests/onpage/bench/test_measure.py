"""What becomes of a record when its tab is silent, closed or interrupted, with a tab that only pretends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.async_api import Error

from onpage.bench.drivers import Description, DriverError, Memory, Opened
from onpage.bench.drivers.playwright_tab import PlaywrightTab
from onpage.bench.load import LoadWatch
from onpage.bench.measure import Job, Measurement
from onpage.bench.measured_models import BenchModel
from onpage.bench.record import problem_of
from tests.onpage.bench.results import RECORD, SAMPLE

LOADED = [
    {"at": "progress", "value": {"step": "load", "done": 0, "total": 3, "text": "Loading"}},
    {"at": "loads", "value": RECORD["loads"][0]},  # type: ignore[index]
    {"at": "progress", "value": {"step": "sample", "done": 1, "total": 3, "text": "Run 1"}},
]


class FakeTab:
    """Tells `events`, then does `next`: falls silent, or raises."""

    def __init__(self, events: list[dict[str, Any]], then: Callable[[float], Any]) -> None:
        self.events, self.then, self.turns = events, then, 0

    async def open(self, url: str) -> None:
        pass

    async def describe(self) -> Description:
        return Description("chromium", "1", "launched", "system")

    async def evaluate(self, expression: str, seconds: float = 60.0) -> Any:
        if expression.startswith("onpageBench.take("):
            taken = int(expression[len("onpageBench.take(") :].split(",", maxsplit=1)[0])
            return self.events[taken:] or await self.then(seconds)
        if expression == "onpageBench.turn(true)":
            self.events += [{"at": "samples", "value": SAMPLE}, {"at": "turn", "value": 1}]
        if expression == "onpageBench.turn(false)":
            self.events += [{"at": "status", "value": "complete"}]
        return {"navigator.userAgent": "Mozilla"}.get(expression) if "import(" not in expression else None

    @asynccontextmanager
    async def tab(self) -> AsyncIterator[Opened]:
        yield Opened(self, Memory())


class Driver:
    name = "fake"

    def __init__(self, tab: FakeTab) -> None:
        self._tab = tab
        real = tab.evaluate

        async def evaluate(expression: str, seconds: float = 60.0) -> Any:
            return (
                True
                if expression in ("isSecureContext", "'onpageBench' in globalThis")
                else await real(expression, seconds)
            )

        tab.evaluate = evaluate  # type: ignore[method-assign]

    def tab(self) -> Any:
        return self._tab.tab()


def job(**plan: Any) -> Job:
    model: Any = RECORD["model"]
    return Job({**RECORD["plan"], **plan}, model, (), BenchModel("x", "file", Path("x")))  # type: ignore[dict-item]


async def frozen(seconds: float) -> Any:
    """As a tab whose process is stopped: no answer, until whoever asks gives up."""
    await asyncio.sleep(seconds)
    raise DriverError("tab-silent", f"The tab did not answer for {seconds:.0f} seconds.")


def carried_out(tab: FakeTab, silence: float = 900) -> Measurement:
    measurement = Measurement(job(), silence)
    asyncio.run(measurement.carry_out(Driver(tab), "http://x"))  # type: ignore[arg-type]
    return measurement


def test_a_frozen_tab_is_given_up_when_it_was_said() -> None:
    began = time.monotonic()
    record = carried_out(FakeTab(LOADED, frozen), silence=1).finished()
    assert time.monotonic() - began < 10, "and not after a minute for one call"
    (error,) = record["errors"]
    assert (error["code"], error["during"]) == ("timeout", "Run 1")
    assert error["sentence"] == "The page was silent for 1 s; --timeout sets a longer time."
    assert record["status"] == "partial", "its loads are there"
    assert problem_of(record, "record") is None


def test_what_the_bandwidth_is_measured_with_is_no_memory_of_the_engines() -> None:
    memory = Memory()
    memory.look(500, "seen", {})
    measurement = Measurement(job(), 1)
    measurement._memory = memory
    for event in (
        *LOADED,
        {"at": "progress", "value": {"step": "bandwidth", "done": 2, "total": 3, "text": "Reading"}},
    ):
        measurement._hear(event)
    memory.look(2000, "seen", {})
    assert memory.peak_bytes == 500


def test_a_page_that_answers_and_tells_nothing_is_given_up_too() -> None:
    async def nothing(seconds: float) -> Any:
        return []

    record = carried_out(FakeTab(LOADED, nothing), silence=1).finished()
    assert [error["code"] for error in record["errors"]] == ["timeout"]


@pytest.mark.parametrize(("events", "status"), [(LOADED, "partial"), (LOADED[:1], "failed")])
def test_a_tab_that_is_killed_leaves_what_was_measured_and_the_reason(
    events: list[dict[str, Any]], status: str
) -> None:
    async def killed(seconds: float) -> Any:
        raise DriverError("tab-crashed", "The tab crashed.")

    record = carried_out(FakeTab(list(events), killed)).finished()
    assert record["status"] == status
    assert [error["sentence"] for error in record["errors"]] == ["The tab crashed."]


def test_an_interrupt_is_in_the_errors() -> None:
    measurement = Measurement(job(), 900)

    async def interrupted() -> None:
        async def wait(seconds: float) -> Any:
            task.cancel()
            await asyncio.sleep(1)

        task = asyncio.create_task(measurement.carry_out(Driver(FakeTab(LOADED, wait)), "http://x"))  # type: ignore[arg-type]
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    record = measurement.finished()
    assert record["status"] == "partial"
    assert record["errors"] == [{"code": "interrupted", "sentence": "The run was interrupted.", "detail": None, "during": "Run 1"}]  # fmt: skip


def test_turns_are_taken_one_by_one() -> None:
    tab = FakeTab([*LOADED, {"at": "turn", "value": 0}], frozen)
    measurement = Measurement(job(paced=True), 5)

    async def take_turns() -> list[int]:
        await measurement.open(Driver(tab), "http://x")  # type: ignore[arg-type]
        counts = []
        await measurement.until("turn")
        for more in (True, True, False):
            counts.append(len(measurement.record["samples"]))
            await measurement.turn(more=more)
        await measurement.close()
        return counts

    assert asyncio.run(take_turns()) == [0, 1, 2]
    record = measurement.finished()
    assert (record["status"], record["errors"]) == ("complete", [])
    assert record["load"]["cores"] >= 1


def test_how_busy_the_machine_is() -> None:
    watch = LoadWatch()
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        sum(range(1000))
    load = watch.to_json()
    assert load["seconds"] >= 0.5 and 0 < load["busy"] <= 1
    assert 0 <= load["others"] < load["busy"], "our own work is none of the others'"


@pytest.mark.parametrize(
    ("connection", "closed", "connected", "code", "sentence"),
    [
        ("cdp", True, True, "tab-closed", "The tab was closed; its browser goes on."),
        ("cdp", True, False, "browser-gone", "The browser at http://phone ended, or the connection to it broke."),
        ("launched", True, False, "browser-gone", "The browser ended."),
        ("launched", True, True, "tab-closed", "The tab was closed; its browser goes on."),
    ],
)
def test_what_ended_is_said(connection: str, closed: bool, connected: bool, code: str, sentence: str) -> None:
    browser = SimpleNamespace(is_connected=lambda: connected)

    async def evaluate(expression: str) -> Any:
        raise Error("Page.evaluate: Target page, context or browser has been closed")

    page: Any = SimpleNamespace(
        on=lambda *_: None,
        evaluate=evaluate,
        is_closed=lambda: closed,
        context=SimpleNamespace(browser=browser),
    )
    tab = PlaywrightTab(page, Description("chromium", "1", connection, "http://phone"))
    with pytest.raises(DriverError) as caught:
        asyncio.run(tab.evaluate("1"))
    assert (caught.value.code, str(caught.value)) == (code, sentence)
