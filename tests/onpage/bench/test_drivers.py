"""What is said of browsers elsewhere; that they are measured is e2e/bench/test_run.py's."""

from __future__ import annotations

import asyncio
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.async_api import Error

from onpage.bench.browser import FoundBrowser
from onpage.bench.drivers import Address, Driver, DriverError, playwright_tab, reason
from onpage.bench.drivers.cdp import DebuggedBrowser
from onpage.bench.drivers.launched import LaunchedBrowser
from onpage.bench.drivers.playwright_tab import answer_of, close, new_page
from onpage.bench.drivers.remote import RemoteBrowser

SECRET = "k3y"


async def open_a_tab(driver: Driver) -> None:
    async with driver.tab():
        pass


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("ws://127.0.0.1:3000/", "ws://127.0.0.1:3000/"),
        ("http://[::1]:9222", "http://[::1]:9222"),
        (f"wss://farm.example.org/playwright?token={SECRET}", "wss://farm.example.org/playwright"),
        (f"https://me:{SECRET}@hub.example.org/wd/hub#{SECRET}", "https://hub.example.org/wd/hub"),
        (f"https://me:{SECRET}@[", "an address that is none"),
    ],
)
def test_an_address_is_named_without_what_only_its_owner_knows(url: str, name: str) -> None:
    assert Address(url).name == name
    assert SECRET not in Address(url).hidden(f"connect {url} failed")


@pytest.mark.parametrize("kind", ["connect", "cdp"])
def test_a_key_in_an_address_is_in_no_sentence_and_no_detail(kind: str) -> None:
    """Both end in a results file, and that in a report for everybody."""
    url = f"ws://me:{SECRET}@127.0.0.1:9/?token={SECRET}"
    asked: list[str] = []

    class Chromium:
        async def connect(self, address: str, **_: Any) -> None:
            asked.append(address)
            raise Error(f"BrowserType.connect: connect ECONNREFUSED {address}\nCall log:\n - <ws connecting> {address}")

        connect_over_cdp = connect

    class Playwright:
        chromium = Chromium()

    playwright: Any = Playwright()
    driver: Driver = (
        DebuggedBrowser(playwright, url)
        if kind == "cdp"
        else RemoteBrowser(playwright, url, {}, through_connection=True)
    )

    with pytest.raises(DriverError) as failure:
        asyncio.run(open_a_tab(driver))
    assert asked == [url]
    assert SECRET not in f"{driver.name} {failure.value} {failure.value.detail}"
    assert "BrowserType" not in str(failure.value)


class Session:
    """Of a tab, over the debugging protocol."""

    async def send(self, method: str) -> dict[str, Any]:
        assert method == "Target.getTargetInfo"
        return {"targetInfo": {"targetId": "0AF1"}}

    async def detach(self) -> None:
        pass


class DebuggedTab:
    """That Playwright closes, or cannot close, for its driver has ended: a signal to all programs of a terminal reaches it first."""

    def __init__(self, *, closes: bool) -> None:
        self._closes, self._closed = closes, False

    async def close(self) -> None:
        if not self._closes:
            raise Exception("Connection closed while reading from the driver")
        self._closed = True

    def is_closed(self) -> bool:
        return self._closed

    def on(self, event: str, heard: Any) -> None:
        pass

    @property
    def context(self) -> Any:
        return SimpleNamespace(new_cdp_session=self._session)

    async def _session(self, page: Any) -> Session:
        assert page is self
        return Session()


@pytest.mark.parametrize(("closes", "expected"), [(True, []), (False, ["/json/close/0AF1?key=k"])])
@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_a_tab_in_a_running_chrome_is_closed_also_without_playwrights_driver(
    scheme: str, closes: bool, expected: list[str]
) -> None:
    """It stayed open in the user's Chrome, with the engine in it."""
    asked: list[str] = []

    class Chrome(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    async def connect(*_: Any, **__: Any) -> Any:
        async def end() -> None:
            pass

        async def tab() -> DebuggedTab:
            return DebuggedTab(closes=closes)

        context = SimpleNamespace(new_page=tab)
        kind = SimpleNamespace(name="chromium")
        return SimpleNamespace(contexts=[context], browser_type=kind, version="1", close=end)

    playwright: Any = SimpleNamespace(chromium=SimpleNamespace(connect_over_cdp=connect))
    with HTTPServer(("127.0.0.1", 0), Chrome) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            address = f"{scheme}://127.0.0.1:{server.server_port}/devtools/browser/1?key=k"
            asyncio.run(open_a_tab(DebuggedBrowser(playwright, address)))
        finally:
            server.shutdown()
            thread.join()
    assert asked == expected


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "Target page, context or browser has been closed\n║ Looks like you launched without a XServer ║",
            "no screen; run it",
        ),
        ("Target page, context or browser has been closed\nCall log:", "it ended at once"),
        ("Failed to launch: Error: spawn /b EACCES", "does not start: Failed to launch: Error: spawn /b EACCES."),
    ],
)
def test_a_browser_that_does_not_start_says_why(said: str, sentence: str) -> None:
    class Chromium:
        async def launch_persistent_context(self, *_: Any, **__: Any) -> None:
            raise Error(f"BrowserType.launch_persistent_context: {said}")

    class Playwright:
        chromium = Chromium()

    playwright: Any = Playwright()
    driver = LaunchedBrowser(playwright, FoundBrowser(Path("/b"), "named"), (), headless=False)
    with pytest.raises(DriverError) as failure:
        asyncio.run(open_a_tab(driver))
    assert sentence in str(failure.value)


def test_a_reason_is_one_line_without_the_librarys_function() -> None:
    assert reason(Error("Page.goto: net::ERR_UNSAFE_PORT at http://127.0.0.1:1/\nCall log:\n  - x")) == (
        "net::ERR_UNSAFE_PORT at http://127.0.0.1:1/"
    )
    assert reason(ValueError("")) == "ValueError"


class Gone:
    """A browser that nobody is left to answer for: Playwright waits for that, once more when the call is cancelled."""

    async def close(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    new_page = close


class Ended:
    """As Playwright says it where its driver has ended: by no error of its own."""

    async def close(self) -> None:
        raise Exception("Browser.close: Connection closed while reading from the driver")

    new_page = close


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANSWER_SECONDS", "CLOSE_SECONDS", "GIVE_UP_SECONDS"):
        monkeypatch.setattr(playwright_tab, name, 0.01)


@pytest.mark.parametrize("browser", [Gone(), Ended()])
def test_a_browser_that_does_not_answer_is_not_waited_for(browser: Any, impatient: None) -> None:
    async def let_go() -> None:
        async with asyncio.timeout(20):
            await close(browser)
            await new_page(browser, "ws://farm.example.org/")

    with pytest.raises(DriverError, match=r"The browser at ws://farm.example.org/ open(s|ed) no tab"):
        asyncio.run(let_go())


def test_an_interrupt_ends_a_call_that_is_never_answered(impatient: None) -> None:
    async def interrupted() -> None:
        waiting = asyncio.ensure_future(answer_of(Gone().close(), 20))
        await asyncio.sleep(0.01)
        waiting.cancel()
        async with asyncio.timeout(20):
            await asyncio.wait({waiting})
        assert waiting.cancelled()

    asyncio.run(interrupted())
