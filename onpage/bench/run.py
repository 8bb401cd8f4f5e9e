"""`onpage bench run`: models × engines × browsers, each a record; the results file is written anew after every one.

The models are served by a process of its own. In one browser one job runs after the other, each in a fresh tab; several
browsers run side by side. However it ends (an error, a crash, Ctrl-C), what was measured is in the file.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.async_api import Playwright, async_playwright

from builder.errors import BenchError, OnpageError
from builder.files.digest import sha256_of
from builder.files.writing import check_writable
from onpage.bench import machine
from onpage.bench.browser import GPU_WEBGPU, SOFTWARE_WEBGPU, BrowserNotFoundError, find_browser, flags
from onpage.bench.correctness import compare_engines, known_prompt
from onpage.bench.drivers import Driver
from onpage.bench.drivers.cdp import DebuggedBrowser
from onpage.bench.drivers.launched import LaunchedBrowser
from onpage.bench.drivers.remote import RemoteBrowser
from onpage.bench.measure import Job, Measurement, Place, look_at
from onpage.bench.measured_models import BenchModel, weight_bytes
from onpage.bench.peers import native
from onpage.bench.peers.peer_models import PEERS, PeerModel
from onpage.bench.record import VERSION, Record, now, write_results
from onpage.bench.server import Server, serving
from onpage.extras import requires
from webapp.served_models import ENGINES

ALL = "all"
SEED = 1


@dataclass(frozen=True)
class Options:
    """What is measured, and where."""

    prefill: tuple[int, ...] = (32, 128, 512, 1024)
    decode: int = 256
    context: int = 2048
    runs: int = 5
    warmup: int = 1
    cold: int = 1
    """Loads from the network."""
    warm: int = 2
    """Loads from the browser's storage."""
    browser: Path | None = None
    flags: tuple[str, ...] = ()
    """On top of those of `gpu`."""
    gpu: bool | None = None
    """Flags for a GPU, or for the software adapter; None: for what the machine has."""
    headless: bool = True
    require_gpu: bool = False
    connect: tuple[str, ...] = ()
    """Playwright servers."""
    cdp: tuple[str, ...] = ()
    """Chromes with remote debugging."""
    selenium: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 0
    public_url: str | None = None
    """Where the browsers find the page, if not at `host`."""
    timeout: float = 900.0
    """Seconds without an event."""
    onpage: Path | None = None
    """The command that serves the page, if not this one."""


@dataclass
class Listener:
    """Who watches a run. Each may be replaced."""

    say: Callable[[str], None] = lambda sentence: None
    """What the user should know, a sentence."""
    progress: Callable[[str, dict[str, Any]], None] = lambda place, progress: None
    """A step of the page; `place` is the model, the engine and the browser."""
    record: Callable[[Record], None] = lambda record: None
    """One is finished, and in the file."""


@dataclass
class Results:
    """The file, which holds every finished record at any time."""

    path: Path
    content: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.content = {
            "schema": VERSION,
            "created": now(),
            "onpage": machine.onpage(),
            "machine": machine.machine(),
            "records": [],
        }

    @property
    def records(self) -> list[Record]:
        records: list[Record] = self.content["records"]
        return records

    def add(self, record: Record) -> None:
        """Writes the file with one record more."""
        self.records.append(record)
        self.write()

    def write(self) -> None:
        """As it is; OutputError where it cannot be written."""
        write_results(self.path, self.content)


async def run(
    models: Sequence[BenchModel], engines: Sequence[str], options: Options, output: Path, listener: Listener
) -> Results:
    """Measures each model with each engine in each browser. Raises OnpageError where it cannot be begun."""
    check_writable(output)
    results = Results(output)
    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright())
        in_page = [engine for engine in engines if engine != native.ID]
        drivers = drivers_of(playwright, options, listener) if in_page else []
        allowed = [urlsplit(options.public_url).hostname or ""] if options.public_url else []
        arguments = [argument for model in models for argument in model.arguments]
        peers = sorted({path for model in models for path in model.peers.values()})
        server = await stack.enter_async_context(
            serving(
                arguments,
                peers=peers,
                host=options.host,
                port=options.port,
                allowed_hosts=allowed,
                onpage=options.onpage,
            )
        )
        url = f"{(options.public_url or server.url).rstrip('/')}/bench?driven"
        jobs = jobs_of(models, engines, server, options, listener)
        places = [await _place(driver, url) for driver in drivers]
        for driver, place in zip(drivers, places, strict=True):
            check_place(driver, place, options, listener)
        try:
            async with asyncio.TaskGroup() as group:
                for driver, place in zip(drivers, places, strict=True):
                    suited = [job.on(place) for job in jobs if job.plan["engine"] != native.ID]
                    group.create_task(_measure_all(driver, url, suited, options, results, listener))
        except* OnpageError as errors:
            raise errors.exceptions[0] from None
        for job in (job for job in jobs if job.plan["engine"] == native.ID):
            record = await native.measure(job.plan, _path_of(job), job.model)
            results.add(record)
            listener.record(record)
    if compare_engines(results.records):
        results.write()
    return results


def chosen_engines(names: Sequence[str]) -> tuple[str, ...]:
    """Ids of engines, `all` being those that the page offers; BenchError where one is unknown."""
    known = tuple(dict.fromkeys(engine for ids in ENGINES.values() for engine in ids))
    for name in names:
        if name not in (*known, *PEERS, native.ID, ALL):
            expected = ", ".join((*known, *PEERS, native.ID))
            raise BenchError(f"There is no engine {name!r}: expected {expected} or {ALL}.", subject=name)
    return tuple(dict.fromkeys(engine for name in names for engine in (known if name == ALL else (name,))))


def drivers_of(playwright: Playwright, options: Options, listener: Listener) -> list[Driver]:
    """The browsers that were named, else one of this machine; BenchError where there is none."""
    drivers: list[Driver] = [
        RemoteBrowser(playwright, address, remote_options(options), through_connection=options.public_url is None)
        for address in options.connect
    ]
    drivers += [DebuggedBrowser(playwright, address) for address in options.cdp]
    if options.selenium:
        with requires("selenium"):
            import selenium  # noqa: F401
        from onpage.bench.drivers.webdriver import GridBrowser

        arguments = launch_flags(options, listener)
        drivers += [GridBrowser(address, arguments, headless=options.headless) for address in options.selenium]
    if not drivers:
        try:
            found = find_browser(playwright.chromium, options.browser)
        except BrowserNotFoundError as error:
            raise BenchError(str(error)) from None
        drivers.append(LaunchedBrowser(playwright, found, launch_flags(options, listener), headless=options.headless))
    return drivers


def remote_options(options: Options) -> dict[str, Any]:
    """For a Playwright server, whose machine we do not know: only what was said."""
    said = options.gpu is not None or options.flags
    return {
        "headless": options.headless,
        **({"args": list(launch_flags(options, Listener()))} if said else {}),
        **({"executablePath": str(options.browser)} if options.browser else {}),
    }


def launch_flags(options: Options, listener: Listener) -> tuple[str, ...]:
    """For a browser that is started for us: WebGPU on the GPU, or on the software adapter where there is none."""
    gpu = options.gpu
    if gpu is None:
        gpu = sys.platform != "linux" or bool(machine.gpus())
        if not gpu:
            listener.say("No graphics card was found: measuring on the software adapter (--gpu tries nevertheless).")
    preset = GPU_WEBGPU if gpu else SOFTWARE_WEBGPU
    return tuple(flags((*preset, *options.flags)))


def jobs_of(
    models: Sequence[BenchModel], engines: Sequence[str], server: Server, options: Options, listener: Listener
) -> list[Job]:
    """A job for each engine that has a file of a model, in the order given; what is left out is said, and nothing left is an
    error."""
    jobs, left_out = [], []
    for model in models:
        hashes = {server.sha256_of(path) for path in (model.path, *model.others)}
        peers = [PeerModel.read(path).to_json() for path in sorted(set(model.peers.values()))]
        for engine in engines:
            runs_as = "litert-lm-cpu" if engine == native.ID else engine  # the same files
            served = next(
                (
                    (entry, file)
                    for entry in server.models
                    if any(file["sha256"] in hashes for file in entry["files"])
                    for file in (*entry["files"], *peers)
                    if runs_as in file["engines"] and (file in peers or file["sha256"] in hashes)
                ),
                None,
            )
            if served:
                jobs.append(_job(model, engine, *served, options))
            else:
                left_out.append(f"{engine} has no file of {model.name} that it runs: {missing(engine)}")
    if not jobs:
        raise BenchError(left_out[0])
    for sentence in left_out:
        listener.say(sentence)
    return jobs


def missing(engine: str) -> str:
    """What to do for a model that an engine does not run."""
    if engine in ("litert-lm-cpu", native.ID):
        return "it takes a LiteRT graph, which is made of a checkpoint: onpage convert CHECKPOINT --target graph -o NAME.litertlm."
    if engine in PEERS:
        return "it is measured on synthetic models in blocks of 32 only, such as synth:gemma3-270m@q4_0."
    return "give it one with --model, or leave the engine out."


def check_place(driver: Driver, place: Place, options: Options, listener: Listener) -> None:
    """BenchError where a GPU is required and the browser has none; a sentence where it has a software adapter only."""
    adapter = place.adapter
    name = " ".join(text for text in (adapter["vendor"], adapter["architecture"]) if text) if adapter else ""
    if options.require_gpu and (adapter is None or adapter["software"]):
        found = f"only the software adapter {name}" if adapter else "no WebGPU adapter"
        raise BenchError(
            f"--require-gpu: the browser at {driver.name} has {found}. On Linux try --gpu, and see docs/bench.md for drivers "
            f"and flags.",
            subject=driver.name,
        )
    if adapter is None:
        listener.say(
            f"{driver.name} has no WebGPU adapter: engines on WebGPU will fail there (see --gpu and --software)."
        )
    elif adapter["software"]:
        listener.say(f"{driver.name} has only the software adapter {name}: these are not the figures of a GPU.")


def _job(model: BenchModel, engine: str, entry: dict[str, Any], file: dict[str, Any], options: Options) -> Job:
    context = min(options.context, entry["context"])
    if not any(length + options.decode <= context for length in options.prefill):
        raise BenchError(
            f"No prefill length fits {model.name}: {min(options.prefill)} tokens and {options.decode} new ones are more than its "
            f"context of {context}; choose less with --prefill or --decode."
        )
    about = {
        "name": model.label or entry["name"],
        "file": unquote(file["url"].rsplit("/", 1)[1]),
        "size": file["size"],
        "sha256": file["sha256"],
        "origin": model.origin,
        "format": file["format"],
        "quantization": entry["quantization"],
        "parameters": entry["parameters"],
        "weight_bytes": weight_bytes(model.path),
        "synthetic": model.synthetic,
    }
    plan = {
        "engine": engine,
        "model": about | {"url": file["url"], "context": context, "promptTemplate": entry["promptTemplate"]},
        "prefill": list(options.prefill),
        "decode": options.decode,
        "context": context,
        "runs": options.runs,
        "warmup": options.warmup,
        "seed": SEED,
        "loads": {"cold": options.cold, "warm": options.warm},
        "correctness": known_prompt(model, entry),
    }
    notes = () if context == options.context else (f"The model has a context of {context}, not {options.context}.",)
    return Job(plan, about, notes, model)


def _path_of(job: Job) -> Path:
    """Where the file of a plan is on this machine; read, for this engine does not get it from the server, which would know."""
    paths = (job.source.path, *job.source.others)
    return next(path for path in paths if sha256_of(path) == job.plan["model"]["sha256"])


async def _place(driver: Driver, url: str) -> Place:
    async with driver.tab() as opened:
        return await look_at(opened.tab, url)


async def _measure_all(
    driver: Driver, url: str, jobs: Sequence[Job], options: Options, results: Results, listener: Listener
) -> None:
    for job in jobs:
        measurement = Measurement(job)
        place = f"{job.model['name']}, {job.plan['engine']}, {driver.name}"
        try:
            await measurement.carry_out(driver, url, options.timeout, partial(listener.progress, place))
            await measurement.judge()
        finally:  # also when it was interrupted: what there is stays
            if measurement.begun:
                record = measurement.finished()
                results.add(record)
                listener.record(record)
