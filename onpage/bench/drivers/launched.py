"""A browser of this machine, started for one record with a fresh profile on disk, so that it caches as a user's does.

(A context of Playwright's own keeps its HTTP cache in memory, and large models never get into that.)
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Playwright

from onpage.bench.browser import FoundBrowser
from onpage.bench.drivers import Description, DriverError, Opened, reason
from onpage.bench.drivers.playwright_tab import PlaywrightTab, close, new_page
from onpage.bench.memory import MemoryWatch, end_processes

PROFILE_PREFIX = "onpage-bench-"


class LaunchedBrowser:
    """See `Driver`."""

    def __init__(self, playwright: Playwright, found: FoundBrowser, flags: tuple[str, ...], *, headless: bool) -> None:
        self.name = str(found.path)
        self._playwright = playwright
        self._found = found
        self._flags = flags
        self._headless = headless

    @asynccontextmanager
    async def tab(self) -> AsyncIterator[Opened]:
        """As in `Driver`. Afterwards no process of the browser is left, however it ended."""
        with tempfile.TemporaryDirectory(prefix=PROFILE_PREFIX, ignore_cleanup_errors=True) as profile:
            watch = MemoryWatch(f"--user-data-dir={profile}")
            try:
                try:
                    context = await self._playwright.chromium.launch_persistent_context(
                        profile,
                        executable_path=self._found.path,
                        args=list(self._flags),
                        headless=self._headless,
                        handle_sigint=False,  # a Ctrl-C is ours to handle: what was measured is written first
                        handle_sigterm=False,
                        handle_sighup=False,
                    )
                except Exception as error:
                    raise DriverError(
                        "browser-unreachable", f"{self._found.path} does not start: {_why(error)}.", str(error)
                    ) from None
                version = context.browser.version if context.browser else ""
                description = Description(
                    self._playwright.chromium.name, version, "launched", self._found.origin, self._flags
                )
                # a new one beside the empty tab that it starts with would be one more process in its memory
                page = context.pages[0] if context.pages else await new_page(context, self.name)
                async with watch:
                    yield Opened(PlaywrightTab(page, description), watch.memory)
                await close(context)
            finally:
                end_processes(watch.processes())


def _why(error: Exception) -> str:
    """Playwright says the particular below the first line."""
    if "XServer" in str(error):
        return "there is no screen; run it under xvfb-run, or without --headed"
    if "has been closed" in str(error):
        return "it ended at once; --browser names another"
    return reason(error)
