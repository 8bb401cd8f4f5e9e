"""One record: a plan, carried out in one tab of one browser, from its first event to its last, whatever becomes of the tab.

The page measures; here its events are fetched and folded, and what only the outside can know is added: the browser, its
memory, the model's origin, whether the answer was right. A tab that crashes or falls silent ends the record with an error, and
what it had told until then stays.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from onpage.bench.correctness import judge
from onpage.bench.drivers import Driver, DriverError, Memory, Tab
from onpage.bench.measured_models import BenchModel
from onpage.bench.peers.peer_models import PEERS
from onpage.bench.peers.serving import REGISTER
from onpage.bench.record import Record, fold, label_of, new_record, problem_of
from onpage.bench.statistics import summarize

POLL_SECONDS = 0.5
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

    def on(self, place: Place) -> Job:
        """With what there is to measure there: the bandwidth of a memory only where it is a GPU's."""
        return replace(self, plan=self.plan | {"bandwidth": bool(place.adapter and not place.adapter["software"])})


async def look_at(tab: Tab, url: str) -> Place:
    """Opens the page in a tab; DriverError where it is not ours, or not in a secure context, which WebGPU needs."""
    await tab.open(url)
    if not await tab.evaluate("isSecureContext"):
        raise DriverError(
            "insecure-context",
            f"{url} is no secure context for the browser, which hides WebGPU there: serve it over https, or as localhost "
            f"(adb reverse on a phone), and name that address with --public-url.",
        )
    if not await tab.evaluate("'onpageBench' in globalThis"):
        raise DriverError("page-failed", f"{url} is not the bench of this onpage: check --public-url.")
    agent = str(await tab.evaluate("navigator.userAgent"))
    description = await tab.describe()
    return Place(description.to_json(agent), await tab.evaluate(ADAPTER))


class Measurement:
    """A job being carried out, once. `finished` gives its record at any time: after the end, a crash or a cancellation."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.record = new_record(job.plan)
        self.record["notes"] = list(job.notes)
        self._during = ""
        self._ended = False
        self.begun = False
        """Whether the page has told anything."""
        self._memory = Memory()

    async def carry_out(self, driver: Driver, url: str, seconds: float, on_progress: OnProgress) -> None:
        """In a new tab of `driver`. `seconds` without any event end it. What goes wrong with the browser is in the record."""
        try:
            async with driver.tab() as opened:
                self._memory = opened.memory
                place = await look_at(opened.tab, url)
                try:
                    await self._follow(opened.tab, seconds, on_progress)
                finally:
                    self.record["browser"] = place.browser  # the page knows less of it
        except asyncio.CancelledError:
            self.record["notes"].append("The run was interrupted.")
            raise
        except DriverError as error:
            self.begun = True
            self.fail(error.code, str(error), error.detail)

    async def judge(self) -> None:
        """Has the answer checked by who can, after everything was measured."""
        verdict = await asyncio.to_thread(judge, self.job.source, self.job.plan, self.record)
        if verdict:
            self.record["correctness"] |= {"ok": verdict.ok, "against": verdict.against}
            if verdict.expected is not None:
                self.record["correctness"]["expected"] = verdict.expected

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
        record = self.record | {"model": self.job.model, "memory": self._memory.to_json()}
        record["status"] = self._status()
        record["summary"] = []
        problem = problem_of(record, "record")
        if problem:
            blank = Measurement(self.job)
            blank.fail("bad-events", f"The page told what no record holds: {problem}.")
            return blank.finished()
        record["label"] = label_of(record)
        record["summary"] = [summary.to_json() for summary in summarize(record)]
        return record

    def _status(self) -> str:
        record = self.record
        counted = any(not sample["warmup"] for sample in record["samples"])
        if record["correctness"]["ok"] is False or not counted:
            return "failed"
        return record["status"] if self._ended and not record["errors"] else "partial"

    async def _follow(self, tab: Tab, seconds: float, on_progress: OnProgress) -> None:
        if self.job.plan["engine"] in PEERS:
            await tab.evaluate(REGISTER)
        await tab.evaluate(f"void onpageBench.start({json.dumps(self.job.plan)})")
        taken, last = 0, time.monotonic()
        while not self._ended:
            events = await tab.evaluate(f"onpageBench.take({taken})")
            if not isinstance(events, list) or not all(
                isinstance(e, dict) and e.keys() == {"at", "value"} for e in events
            ):
                raise DriverError("page-failed", "The page told no events: is it of this version of onpage?")
            taken += len(events)
            for event in events:
                last = time.monotonic()
                self._hear(event, on_progress)
            if time.monotonic() - last > seconds:
                raise DriverError(
                    "timeout", f"Nothing was heard of the page for {seconds:g} s; --timeout gives it longer."
                )
            await asyncio.sleep(POLL_SECONDS)

    def _hear(self, event: dict[str, Any], on_progress: OnProgress) -> None:
        self.begun = True
        at, value = event["at"], event["value"]
        if at == "progress":
            self._during = str(value["text"])
            on_progress(value)
        fold(self.record, event)
        self._ended = at == "status"
