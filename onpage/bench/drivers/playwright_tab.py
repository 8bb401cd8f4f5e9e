"""A tab through Playwright, which three of the drivers share: its errors told apart, and no call without a limit.

Where the process that drives the browsers has ended, Playwright raises an Exception that is none of its own errors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from playwright.async_api import Browser, BrowserContext, Page
from playwright.async_api import TimeoutError as SlowError

from onpage.bench.drivers import ANSWER_SECONDS, CLOSE_SECONDS, Description, DriverError, reason

T = TypeVar("T")
GIVE_UP_SECONDS = 1.0


async def answer_of(call: Coroutine[Any, Any, T], seconds: float) -> T:
    """What a call of Playwright's returns; TimeoutError after `seconds`.

    Not by asyncio.wait_for, which waits for the end of what it has cancelled: Playwright tells the browser's side that a call is
    cancelled and waits for the answer, for ever where nobody is left to answer. When it is cancelled again, it ends.
    """
    task = asyncio.ensure_future(call)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            raise TimeoutError
        return task.result()
    finally:
        for _ in range(2):
            if task.cancel():
                await asyncio.wait({task}, timeout=GIVE_UP_SECONDS)
        if task.done() and not task.cancelled():
            task.exception()  # so that nobody misses it


async def new_page(opened: Browser | BrowserContext, name: str) -> Page:
    """A new tab; DriverError, in which the browser has this `name`, where there is none to be had."""
    try:
        return await answer_of(opened.new_page(), ANSWER_SECONDS)
    except (SlowError, TimeoutError):
        sentence = f"The browser at {name} opened no tab for {ANSWER_SECONDS:.0f} seconds."
        raise DriverError("tab-silent", sentence) from None
    except Exception as error:
        sentence = f"The browser at {name} opens no tab: {reason(error)}."
        raise DriverError("browser-gone", sentence, str(error)) from None


async def close(opened: Browser | BrowserContext | Page) -> None:
    """As far as it still answers: a browser that crashed or hangs is not waited for."""
    with suppress(Exception):
        await answer_of(opened.close(), CLOSE_SECONDS)


class PlaywrightTab:
    """See `Tab`. `describe` is the driver's to know."""

    def __init__(self, page: Page, description: Description) -> None:
        self._page = page
        self._description = description
        self._crashed = False
        page.on("crash", self._note_crash)

    async def open(self, url: str) -> None:
        """As in `Tab`."""
        response = await self._answer(lambda: self._page.goto(url, timeout=ANSWER_SECONDS * 1000))
        if response is None or not response.ok:
            status = "nothing" if response is None else f"{response.status} {response.status_text}"
            raise DriverError("page-refused", f"{url} answered {status}: is it the address of this onpage?")

    async def evaluate(self, expression: str, seconds: float = ANSWER_SECONDS) -> Any:
        """As in `Tab`."""
        return await self._answer(lambda: self._page.evaluate(expression), seconds)

    async def describe(self) -> Description:
        """As in `Tab`."""
        return self._description

    def _note_crash(self, _: Page) -> None:
        self._crashed = True

    async def _answer(self, call: Callable[[], Coroutine[Any, Any, T]], seconds: float = ANSWER_SECONDS) -> T:
        try:
            return await answer_of(call(), seconds)
        except (SlowError, TimeoutError) as error:
            if self._crashed:
                raise self._crash(str(error)) from None
            raise DriverError(
                "tab-silent", f"The tab did not answer for {seconds:.0f} seconds.", str(error) or None
            ) from None
        except Exception as error:
            raise await self._told_apart(error) from None

    async def _told_apart(self, error: Exception) -> DriverError:
        message = str(error).strip()
        gone = "closed" in message or "disconnected" in message
        if gone or "crash" in message:
            await asyncio.sleep(0.3)  # which of the two it was may be known a little later
        if self._crashed or "crash" in message:
            return self._crash(message)
        if gone:
            return self._ended(message)
        if "ERR_" in message or "NS_ERROR" in message:
            return DriverError("page-unreachable", f"The browser cannot open the page: {reason(error)}.", message)
        return DriverError("page-failed", f"The page failed: {reason(error)}.", message)

    def _ended(self, message: str) -> DriverError:
        """Whether the tab was closed and the browser lives on, or the browser is gone, or the connection to one elsewhere."""
        browser = self._page.context.browser
        if self._page.is_closed() and browser is not None and browser.is_connected():
            return DriverError("tab-closed", "The tab was closed; its browser goes on.", message)
        if self._description.connection == "launched":
            return DriverError("browser-gone", "The browser ended.", message)
        where = self._description.origin
        return DriverError("browser-gone", f"The browser at {where} ended, or the connection to it broke.", message)

    @staticmethod
    def _crash(message: str) -> DriverError:
        return DriverError("tab-crashed", "The tab crashed.", message)
