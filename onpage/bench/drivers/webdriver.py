"""A browser behind a Selenium Grid, or behind a chromedriver alone. (`--selenium http://…`, SELENIUM_REMOTE_URL)"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from selenium.common.exceptions import NoSuchWindowException, TimeoutException, WebDriverException
from selenium.webdriver import ChromeOptions, Remote
from selenium.webdriver.remote.client_config import ClientConfig

from onpage.bench.drivers import (
    ANSWER_SECONDS,
    CLOSE_SECONDS,
    Address,
    Description,
    DriverError,
    Memory,
    Opened,
    reason,
)

T = TypeVar("T")
START_SECONDS = 120
"""A grid may have to wait for a free browser."""


class GridBrowser:
    """See `Driver`. A session, and so a browser with a fresh profile, for each tab."""

    def __init__(self, address: str, flags: tuple[str, ...], *, headless: bool) -> None:
        self._address = Address(address)
        self.name = self._address.name
        self._flags = flags
        self._arguments = [*flags, *(["--headless=new"] if headless else [])]

    @asynccontextmanager
    async def tab(self) -> AsyncIterator[Opened]:
        """As in `Driver`."""
        session = await asyncio.to_thread(self._start)
        try:
            yield Opened(_GridTab(session, self.name, self._flags), Memory())
        finally:
            with suppress(Exception):  # urllib3's, too, where the grid is gone
                await asyncio.wait_for(asyncio.to_thread(session.quit), CLOSE_SECONDS)

    def _start(self) -> Remote:
        options = ChromeOptions()
        for argument in self._arguments:
            options.add_argument(argument)
        config = ClientConfig(remote_server_addr=self._address.url, timeout=START_SECONDS)
        try:
            session = Remote(command_executor=self._address.url, options=options, client_config=config)
        except Exception as error:  # also urllib3's
            raise DriverError(
                "browser-unreachable",
                f"No Selenium Grid gives a Chrome at {self.name}: {self._address.hidden(reason(error))}.",
                self._address.hidden(str(error)),
            ) from None
        session.set_script_timeout(ANSWER_SECONDS)
        session.set_page_load_timeout(ANSWER_SECONDS)
        return session


class _GridTab:
    def __init__(self, session: Remote, address: str, flags: tuple[str, ...]) -> None:
        self._session = session
        self._address = address
        self._flags = flags

    async def open(self, url: str) -> None:
        await self._answer(lambda: self._session.get(url))

    async def evaluate(self, expression: str, seconds: float = ANSWER_SECONDS) -> Any:
        script = f"""const done = arguments[arguments.length - 1];
            Promise.resolve().then(() => ({expression})).then((value) => done({{value}}), (error) => done({{error: String(error)}}));"""
        answer = await self._answer(lambda: self._session.execute_async_script(script), seconds)
        if "error" in answer:
            raise DriverError("page-failed", f"The page failed: {answer['error']}", answer["error"])
        return answer.get("value")

    async def describe(self) -> Description:
        said = self._session.capabilities
        name, version = str(said.get("browserName", "")), str(said.get("browserVersion", ""))
        return Description(name, version, "selenium", self._address, self._flags)

    async def _answer(self, call: Callable[[], T], seconds: float = ANSWER_SECONDS) -> T:
        try:
            return await asyncio.wait_for(asyncio.to_thread(call), seconds)
        except (TimeoutException, TimeoutError) as error:
            detail = getattr(error, "msg", None)
            raise DriverError("tab-silent", f"The tab did not answer for {seconds:.0f} seconds.", detail) from None
        except NoSuchWindowException as error:
            raise DriverError("tab-closed", "The tab was closed; its browser goes on.", error.msg) from None
        except WebDriverException as error:
            detail = error.msg or ""
            if "crash" in detail:
                raise DriverError("tab-crashed", "The tab crashed.", detail) from None
            if "ERR_" in detail:
                raise DriverError("page-unreachable", f"The browser cannot open the page: {detail}", detail) from None
            sentence = f"The browser at {self._address} ended, or the grid gave it up."
            raise DriverError("browser-gone", sentence, detail) from None
        except Exception as error:  # urllib3's
            raise DriverError("browser-gone", f"The connection to {self._address} broke.", str(error)) from None
