"""A running Chrome with remote debugging, on this machine, another, or a phone through `adb forward`. (`--cdp http://…`)"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

import httpx2
from playwright.async_api import Page, Playwright

from onpage.bench.drivers import CLOSE_SECONDS, Address, Description, DriverError, Memory, Opened
from onpage.bench.drivers.playwright_tab import PlaywrightTab, answer_of, close, new_page


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
            target = None
            try:
                target = await _target_of(page)
                yield Opened(PlaywrightTab(page, description), Memory())
            finally:
                await close(page)
                if target and not page.is_closed():
                    await asyncio.to_thread(self._close_by_itself, target)
        finally:
            await close(browser)

    def _close_by_itself(self, target: str) -> None:
        """Closes a tab without Playwright, whose driver may be gone: a signal to all programs of a terminal ends it before us."""
        scheme, place, _, query, _ = urlsplit(self._address.url)
        scheme = {"ws": "http", "wss": "https"}.get(scheme, scheme)
        with suppress(httpx2.HTTPError):
            httpx2.get(urlunsplit((scheme, place, f"/json/close/{target}", query, "")), timeout=CLOSE_SECONDS)


async def _target_of(page: Page) -> str | None:
    """Chrome's own name for a tab; None where it does not say."""
    with suppress(Exception):
        session = await answer_of(page.context.new_cdp_session(page), CLOSE_SECONDS)
        said = await answer_of(session.send("Target.getTargetInfo"), CLOSE_SECONDS)
        await answer_of(session.detach(), CLOSE_SECONDS)
        return str(said["targetInfo"]["targetId"])
    return None
