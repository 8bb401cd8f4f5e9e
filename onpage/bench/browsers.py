"""Which browsers measure: those that were named, else one of this machine; how one is started, and whether it will do."""

from __future__ import annotations

import sys
from typing import Any

from playwright.async_api import Playwright

from builder.errors import BenchError
from onpage.bench import machine
from onpage.bench.browser import GPU_WEBGPU, SOFTWARE_WEBGPU, BrowserNotFoundError, find_browser, flags
from onpage.bench.drivers import Driver
from onpage.bench.drivers.cdp import DebuggedBrowser
from onpage.bench.drivers.launched import LaunchedBrowser
from onpage.bench.drivers.remote import RemoteBrowser
from onpage.bench.measure import Place, look_at
from onpage.bench.options import Listener, Options
from onpage.extras import requires


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
            listener.say("No graphics card was found: measuring on the software adapter (--gpu tries the GPU anyway).")
    preset = GPU_WEBGPU if gpu else SOFTWARE_WEBGPU
    return tuple(flags((*preset, *options.flags)))


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


async def place_of(driver: Driver, url: str) -> Place:
    """What a tab of the browser says of itself."""
    async with driver.tab() as opened:
        return await look_at(opened.tab, url)
