"""A running Chrome with remote debugging, on this machine, another, or a phone through `adb forward`. (`--cdp http://…`)"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Playwright

from onpage.bench.drivers import Address, Description, DriverError, Memory, Opened
from onpage.bench.drivers.playwright_tab import PlaywrightTab, close, new_page


class DebuggedBrowser:
    """See `Driver`. A new tab in the profile that is open there: Chrome on Android has no others."""

    def __init__(self, playwright: Playwright, address: str) -> None:
        self._address = Address(address)
        self.name = self._address.name
        self._playwright = playwright

    @asynccontextmanager
    async def tab(self) -> AsyncIterator[Opened]:
        """As in `Driver`. The browser goes on running; our tab is closed."""
        try:
            browser = await self._playwright.chromium.connect_over_cdp(self._address.url, no_defaults=True)
        except Exception as error:
            raise DriverError(
                "browser-unreachable",
                f"No Chrome with remote debugging answers at {self.name}: start one with --remote-debugging-port=9222, or "
                f"for a phone run adb forward tcp:9222 localabstract:chrome_devtools_remote.",
                self._address.hidden(str(error)),
            ) from None
        try:
            description = Description(browser.browser_type.name, browser.version, "cdp", self.name)
            page = await new_page(browser.contexts[0] if browser.contexts else browser, self.name)
            try:
                yield Opened(PlaywrightTab(page, description), Memory())
            finally:
                await close(page)
        finally:
            await close(browser)
