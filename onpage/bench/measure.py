"""One record: a plan, carried out in one tab of one browser, from its first event to its last, whatever becomes of the tab.

The page measures; here its events are fetched and folded, and what only the outside can know is added: the browser, its
memory, how busy the machine was, the model's origin, whether the answer was right. A tab that crashes or falls silent ends
the record with an error, and what it had told until then stays.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from typing import Any

from onpage.bench.correctness import judge_record
from onpage.bench.drivers import ANSWER_SECONDS, Driver, DriverError, Memory, Tab
from onpage.bench.load import LoadWatch
from onpage.bench.measured_models import BenchModel
from onpage.bench.measures import status_of
from onpage.bench.peers.peer_models import PEERS
from onpage.bench.peers.serving import REGISTER
from onpage.bench.record import Record, fold, label_of, new_record, problem_of
from onpage.bench.values import summarize

POLL_MILLISECONDS = 500
IDLE_SECONDS = 0.05
MAX_SENTENCE, MAX_DETAIL = 2000, 20_000
"""Characters, of the schema."""

OnProgress = Callable[[dict[str, Any]], None]
"""Gets each `progress` of the page."""

ADAPTER = 'import("/static/bench/environment.js").then((module) => module.findAdapter()).catch(() => null)'


@dataclass(frozen=True)
class Place:
    """What a tab says of itself before anything is measured."""

    browser: dict[str, Any]
    adapter: dict[str, Any] | None


@dataclass(frozen=True)
class Job:
    """A plan, and what the outside knows of it."""

    plan: dict[str, Any]
    model: dict[str, Any]
    """`model` of the record."""
    notes: tuple[str, ...]
    source: BenchModel

    def paced(self) -> Job:
        """To be measured in turn with another."""
        return replace(self, plan=self.plan | {"paced": True, "runs": 1})


async def look_at(tab: Tab, url: str, seconds: float = ANSWER_SECONDS) -> Place:
    """Opens the page in a tab; DriverError where it is not ours, or not in a secure context, which WebGPU needs."""
    await tab.open(url)
    if not await tab.evaluate("isSecureContext", seconds):
        raise DriverError(
            "insecure-context",
            f"{url} is not a secure context, so the browser hides WebGPU: serve it over https, or as localhost "
            f"(adb reverse on a phone), and name that address with --public-url.",
        )
    if not await tab.evaluate("'onpageBench' in globalThis", seconds):
        raise DriverError("page-failed", f"{url} is not the bench of this onpage: check --public-url.")
    agent = str(await tab.evaluate("navigator.userAgent", seconds))
    description = await tab.describe()
    return Place(description.to_json(agent), await tab.evaluate(ADAPTER, seconds))


class Measurement:
    """A job being carried out, once: `open`, `until` something happened, `close`. None of them raises a DriverError: what goes
    wrong with a browser ends the measurement and is in the record. `finished` gives the record at any time."""

    def __init__(self, job: Job, silence: float, on_progress: OnProgress = lambda progress: None) -> None:
        self.job = job
        self.record = new_record(job.plan)
        self.record["notes"] = list(job.notes)
        self.begun = False
        """Whether there is anything to say of it."""
        self.ended = False
        self._silence = silence
        self._on_progress = on_progress
        self._during = ""
        self._stack = AsyncExitStack()
        self._tab: Tab | None = None
        self._memory = Memory()
        self._load: LoadWatch | None = None
        self._taken = 0
        self._heard = time.monotonic()

    async def carry_out(self, driver: Driver, url: str) -> None:
        """From beginning to end, in a new tab of `driver`."""
        try:
            await self.open(driver, url)
            await self.until("status")
        except asyncio.CancelledError:
            self.interrupted()
            raise
        finally:
            await self.close()

    async def open(self, driver: Driver, url: str) -> None:
        """A new tab, in which the plan is begun."""
        self._load = LoadWatch()
        try:
            opened = await self._stack.enter_async_context(driver.tab())
            self._memory, self._tab = opened.memory, opened.tab
            place = await look_at(opened.tab, url, min(ANSWER_SECONDS, self._silence))
            self.record["browser"] = place.browser
            if self.job.plan["engine"] in PEERS:
                await opened.tab.evaluate(REGISTER)
            await opened.tab.evaluate(f"void onpageBench.start({json.dumps(self.job.plan)})")
        except DriverError as error:
            self._stop_with(error)
        self._heard = time.monotonic()

    async def until(self, awaited: str) -> None:
        """Takes events until one is `awaited`, or the measurement has ended."""
        while not self.ended:
            left = self._silence - (time.monotonic() - self._heard)
            if left <= 0:
                self._stop_with(self._silent())
                return
            try:
                events = await self._take(left)
            except DriverError as error:
                in_time = time.monotonic() - self._heard < self._silence
                self._stop_with(error if error.code != "tab-silent" or in_time else self._silent())
                return
            if not events:
                await asyncio.sleep(IDLE_SECONDS)  # the page of another version may not wait by itself
            for event in events:
                self._hear(event)
            if any(event["at"] == awaited for event in events):
                return

    async def turn(self, *, more: bool) -> None:
        """Gives a paced plan its next turn and waits until it has taken it, or ends it."""
        if self.ended or self._tab is None:
            return
        self._heard = time.monotonic()
        try:
            await self._tab.evaluate(f"onpageBench.turn({json.dumps(more)})", min(ANSWER_SECONDS, self._silence))
        except DriverError as error:
            self._stop_with(error)
        await self.until("turn" if more else "status")

    async def close(self) -> None:
        """Closes the tab, as far as that goes."""
        if self._load:
            self.record["load"] = self._load.to_json()
            self._load = None
        with suppress(DriverError):
            await self._stack.aclose()

    async def judge(self) -> None:
        """Has the answer checked by who can, after everything was measured."""
        await asyncio.to_thread(judge_record, self.job.source, self.job.plan, self.record)

    def interrupted(self) -> None:
        """Notes that somebody stopped it before its end."""
        self.ended = True
        self.fail("interrupted", "The run was interrupted.")

    def fail(self, code: str, sentence: str, detail: str | None = None) -> None:
        """Notes an error that the page could not tell."""
        self.record["errors"].append(
            {
                "code": code,
                "sentence": sentence[:MAX_SENTENCE],
                "detail": None if detail is None else detail[:MAX_DETAIL],
                "during": self._during[:MAX_SENTENCE] or None,
            }
        )

    def finished(self) -> Record:
        """The record with its label, status and summary; one without figures where the page told what the schema has not."""
        record = self.record | {"model": self.job.model, "memory": self._memory.to_json(), "summary": []}
        record["status"] = status_of(record)
        problem = problem_of(record, "record")
        if problem:
            blank = Measurement(self.job, self._silence)
            blank.fail("bad-events", f"The page sent an event that fits no record: {problem}.")
            return blank.finished()
        record["label"] = label_of(record)
        record["summary"] = [summary.to_json() for summary in summarize(record)]
        return record

    async def _take(self, seconds: float) -> list[dict[str, Any]]:
        if self._tab is None:
            raise DriverError("page-failed", "No tab was opened.")
        asked = f"onpageBench.take({self._taken}, {POLL_MILLISECONDS})"
        events = await self._tab.evaluate(asked, min(ANSWER_SECONDS, max(1.0, seconds)))
        if not isinstance(events, list) or not all(isinstance(e, dict) and e.keys() == {"at", "value"} for e in events):
            raise DriverError("page-failed", "The page sent no events: check that it is of this version of onpage.")
        self._taken += len(events)
        if events:
            self._heard = time.monotonic()
        return events

    def _silent(self) -> DriverError:
        return DriverError("timeout", f"The page was silent for {self._silence:g} s; --timeout sets a longer time.")

    def _stop_with(self, error: DriverError) -> None:
        self.begun = self.ended = True
        self.fail(error.code, str(error), error.detail)

    def _hear(self, event: dict[str, Any]) -> None:
        self.begun = True
        at, value = event["at"], event["value"]
        if at == "progress":
            self._during = str(value["text"])
            if value["step"] == "bandwidth":  # the page's buffer for that is more than a small model
                self._memory.is_final = True
            self._on_progress(value)
        elif at != "browser":  # the page knows less of it
            fold(self.record, event)
        self.ended = self.ended or at == "status"
