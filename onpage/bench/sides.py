"""The two sides of an interleaved comparison: what serves and drives each, and what is measured of it in a round.

A round of a side is a fresh browser, in which a page is loaded, warmed up and then measured turn by turn. The native engine
has no turns: it takes its whole plan in the first.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from playwright.async_api import Playwright

from builder.errors import BenchError
from onpage.bench.browsers import check_place, drivers_of, place_of
from onpage.bench.configuration import Configuration
from onpage.bench.drivers import Driver
from onpage.bench.jobs import chosen_engines, jobs_of, path_of
from onpage.bench.measure import Job, Measurement
from onpage.bench.measured_models import BenchModel, find_model
from onpage.bench.measures import fitting
from onpage.bench.options import Listener, Options
from onpage.bench.peers import native
from onpage.bench.peers.peer_models import PEERS
from onpage.bench.record import Record
from onpage.bench.run import bench_server


class Half(Protocol):
    """One side of one round, being measured."""

    begun: bool
    ended: bool

    async def begin(self) -> None:
        """Until it waits for its first turn."""

    async def turn(self, *, more: bool) -> None:
        """Takes one turn, or ends."""

    async def close(self) -> None:
        """However it ended."""

    async def judge(self) -> None:
        """Has its answer checked."""

    def interrupted(self) -> None:
        """Notes that somebody stopped it."""

    def measured(self) -> dict[int, float]:
        """Milliseconds of answers, by prompt length."""

    def finished(self) -> Record:
        """Its record."""


@dataclass(frozen=True)
class Side:
    """What is measured on one side, for all rounds."""

    configuration: Configuration
    job: Job
    options: Options
    listener: Listener
    driver: Driver | None
    """None for the native engine."""
    url: str

    def half(self) -> Half:
        """For a new round."""
        if self.driver is None:
            return _NativeHalf(self.job)
        place = f"{self.job.model['name']}, {self.job.plan['engine']}"
        return _PageHalf(
            self.job.paced(), self.options.timeout, partial(self.listener.progress, place), self.driver, self.url
        )


def prepared(configuration: Configuration, options: Options) -> tuple[BenchModel, Options]:
    """The model and the settings of a side; BenchError where it is none that can be measured."""
    engine, *more = chosen_engines([configuration.engine])
    if more:
        raise BenchError(
            f"{configuration.text} stands for several configurations: name one engine of {engine}, {', '.join(more)}.",
            subject=configuration.text,
        )
    if configuration.onpage and engine in (*PEERS, native.ID):
        raise BenchError(
            f"{configuration.text} would not measure {configuration.onpage}: {engine} is not an engine of its page. Leave onpage= out.",
            subject=configuration.text,
        )
    settings = replace(
        options,
        browser=configuration.browser or options.browser,
        flags=(*options.flags, *configuration.flags),
        onpage=configuration.onpage,
    )
    return find_model(configuration.model, [engine]), settings


async def side_of(
    stack: AsyncExitStack,
    playwright: Playwright,
    configuration: Configuration,
    model: BenchModel,
    options: Options,
    listener: Listener,
) -> Side:
    """Its server, which runs as long as `stack`, and its browser, which is looked at once."""
    server, url = await stack.enter_async_context(bench_server([model], options))
    [job] = jobs_of([model], [configuration.engine], server, options, listener)
    if configuration.engine == native.ID:
        return Side(configuration, job, options, listener, None, url)
    driver = drivers_of(playwright, options, listener)[0]
    check_place(driver, await place_of(driver, url), options, listener)
    return Side(configuration, job, options, listener, driver, url)


class _PageHalf(Measurement):
    def __init__(self, job: Job, silence: float, on_progress: Any, driver: Driver, url: str) -> None:
        super().__init__(job, silence, on_progress)
        self._driver, self._url = driver, url

    async def begin(self) -> None:
        await self.open(self._driver, self._url)
        await self.until("turn")

    def measured(self) -> dict[int, float]:
        spent = dict.fromkeys(fitting(self.job.plan), 0.0)
        for sample in self.record["samples"]:
            if not sample["warmup"]:
                spent[sample["prefill"]] += sample["pieces"][-1][0]
        return spent


class _NativeHalf:
    def __init__(self, job: Job) -> None:
        self.begun = self.ended = False
        self._job = job
        self._record: Record = {}

    async def begin(self) -> None:
        pass

    async def turn(self, *, more: bool) -> None:
        if more and not self.ended:
            self._record = await native.measure(self._job.plan, path_of(self._job), self._job.model)
            self.begun = self.ended = True

    async def close(self) -> None:
        pass

    async def judge(self) -> None:
        if self.ended:
            await native.judge(self._record, self._job.source, self._job.plan)

    def interrupted(self) -> None:
        pass

    def measured(self) -> dict[int, float]:
        return {}

    def finished(self) -> Record:
        return self._record
