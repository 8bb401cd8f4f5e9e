"""A browser behind a Playwright server on another machine, or behind many of them. (`--connect ws://…`)

`playwright run-server` starts a browser for each connection and takes flags only when it was started with `--unsafe`;
`playwright launch-server` has a browser with flags of its own.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Playwright

from onpage.bench.drivers import Address, Description, DriverError, Memory, Opened, reason
from onpage.bench.drivers.playwright_tab import PlaywrightTab, close, new_page


class RemoteBrowser:
    """See `Driver`. `options` are what the server is asked to launch a browser with.

    With `through_connection` the page comes over the connection itself, so that the remote browser sees it as localhost, a
    secure context; else the browser must reach the page's address by itself, which is the faster way for a large model.
    """

    def __init__(
        self, playwright: Playwright, address: str, options: dict[str, Any], *, through_connection: bool
    ) -> None:
        self._address = Address(address)
        self.name = self._address.name
        self._playwright = playwright
        self._options = options
        self._through_connection = through_connection

    @asynccontextmanager
    async def tab(self) -> AsyncIterator[Opened]:
        """As in `Driver`."""
        try:
            browser = await self._playwright.chromium.connect(
                self._address.url,
                expose_network="<loopback>" if self._through_connection else None,
                headers={"x-playwright-launch-options": json.dumps(self._options)},
            )
        except Exception as error:
            raise DriverError(
                "browser-unreachable",
                f"No Playwright server can be used at {self.name}: {self._address.hidden(reason(error))}. Start one there with "
                f"playwright run-server, of the version that is installed here.",
                self._address.hidden(str(error)),
            ) from None
        try:
            flags = tuple(self._options.get("args", ()))
            description = Description(browser.browser_type.name, browser.version, "playwright", self.name, flags)
            yield Opened(PlaywrightTab(await new_page(browser, self.name), description), Memory())
        finally:
            await close(browser)
