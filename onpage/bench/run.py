"""`onpage bench run`: models × engines × browsers, each a record; the results file is written anew after every one.

The models are served by a process of its own. In one browser one job runs after the other, each in a fresh tab; several
browsers run side by side. However it ends (an error, a crash, Ctrl-C), what was measured is in the file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import async_playwright

from builder.errors import OnpageError
from builder.files.writing import check_writable
from onpage.bench.browsers import check_place, drivers_of, place_of
from onpage.bench.correctness import compare_engines
from onpage.bench.drivers import Driver
from onpage.bench.jobs import jobs_of, path_of
from onpage.bench.measure import Job, Measurement
from onpage.bench.measured_models import BenchModel
from onpage.bench.options import Listener, Options
from onpage.bench.peers import native
from onpage.bench.results import Results
from onpage.bench.server import Server, serving


async def run(
    models: Sequence[BenchModel], engines: Sequence[str], options: Options, output: Path | None, listener: Listener
) -> Results:
    """Measures each model with each engine in each browser. Raises OnpageError where it cannot be begun."""
    check_output(output)
    results = Results(output)
    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright())
        in_page = [engine for engine in engines if engine != native.ID]
        drivers = drivers_of(playwright, options, listener) if in_page else []
        server, url = await stack.enter_async_context(bench_server(models, options))
        jobs = jobs_of(models, engines, server, options, listener)
        for driver in drivers:
            check_place(driver, await place_of(driver, url), options, listener)
        suited = [job for job in jobs if job.plan["engine"] != native.ID]
        try:
            async with asyncio.TaskGroup() as group:
                for driver in drivers:
                    group.create_task(_measure_all(driver, url, suited, options, results, listener))
        except* OnpageError as errors:
            raise errors.exceptions[0] from None
        for job in (job for job in jobs if job.plan["engine"] == native.ID):
            record = await native.measure(job.plan, path_of(job), job.model)
            await native.judge(record, job.source, job.plan)
            results.add(record)
            listener.record(record)
    if compare_engines(results.records):
        results.write()
    return results


def check_output(output: Path | None) -> None:
    """OutputError where a results file could not be written; None is in memory only."""
    if output is not None:
        check_writable(output)


@asynccontextmanager
async def bench_server(models: Sequence[BenchModel], options: Options) -> AsyncIterator[tuple[Server, str]]:
    """A server of the models, and the address of its page for a browser."""
    allowed = [urlsplit(options.public_url).hostname or ""] if options.public_url else []
    arguments = [argument for model in models for argument in model.arguments]
    peers = sorted({path for model in models for path in model.peers.values()})
    async with serving(
        arguments, peers=peers, host=options.host, port=options.port, allowed_hosts=allowed, onpage=options.onpage
    ) as server:
        yield server, f"{(options.public_url or server.url).rstrip('/')}/bench?driven"


async def _measure_all(
    driver: Driver, url: str, jobs: Sequence[Job], options: Options, results: Results, listener: Listener
) -> None:
    for job in jobs:
        place = f"{job.model['name']}, {job.plan['engine']}, {driver.name}"
        measurement = Measurement(job, options.timeout, partial(listener.progress, place))
        try:
            await measurement.carry_out(driver, url)
            await measurement.judge()
        finally:  # also when it was interrupted: what there is stays
            if measurement.begun:
                record = measurement.finished()
                results.add(record)
                listener.record(record)
