"""What fails while the page is in use: the engine crashes, the GPU process dies. The text and the page survive."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page, Route, expect

from e2e.browser import launch
from e2e.page.conftest import EXAMPLE, WRITE_MS, Watched, watched
from e2e.page.servers import RunningServer


def begin_to_write(page: Page) -> None:
    page.get_by_role("button", name=EXAMPLE).click()
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.get_by_role("log", name="The post")).not_to_be_empty(timeout=WRITE_MS)


def throw_in_engine(page: Page) -> None:
    """An error that nothing in the worker catches, as the engine's own are."""
    (worker,) = page.workers
    worker.evaluate("void setTimeout(() => { throw new Error('thrown by the test'); })")


def test_engine_crashes_while_writing(server: RunningServer, tab: Watched) -> None:
    tab.expected.append("thrown by the test")
    page = tab.open(server.url)
    tab.wait_for("ready")
    begin_to_write(page)
    typed = page.get_by_label("Your text").input_value()
    throw_in_engine(page)
    page.wait_for_selector("body[data-phase=loading]")
    tab.wait_for("ready")
    expect(page.get_by_role("alert")).to_contain_text("started again")
    expect(page.get_by_label("Your text")).to_have_value(typed)
    throw_in_engine(page)  # no post was finished in between, so this is the second time
    assert tab.problem() == "engine-failed"
    expect(page.locator("#problem")).to_contain_text("thrown by the test")
    page.get_by_role("button", name="Start the engine again").click()
    tab.wait_for_engine()
    expect(page.get_by_label("Your text")).to_have_value(typed)


SILENCE = "self.postMessage = () => {}"
"""In the worker: whatever the engine does from now on, the page hears nothing of it."""


def test_engine_cannot_be_stopped(server: RunningServer, tab: Watched) -> None:
    """Ten seconds after Stop the page gives the engine up and starts another: the text is kept."""
    page = tab.page
    page.clock.install()
    tab.open(server.url)
    tab.wait_for("ready")
    begin_to_write(page)
    typed = page.get_by_label("Your text").input_value()
    (worker,) = page.workers
    worker.evaluate(SILENCE)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.clock.fast_forward(9_000)
    expect(page.locator("body")).to_have_attribute("data-phase", re.compile("writing|stopping"))
    page.clock.fast_forward(2_000)
    page.wait_for_selector("body[data-phase=loading]")
    tab.wait_for("ready")
    expect(page.get_by_role("alert")).to_contain_text("started again")
    expect(page.get_by_label("Your text")).to_have_value(typed)


def silenced(route: Route) -> None:
    response = route.fetch()
    route.fulfill(response=response, body=f"{SILENCE};\n{response.text()}")


def test_engine_falls_silent_while_loading(server: RunningServer, tab: Watched) -> None:
    """Three minutes without a sign of life end the load with a screen that can start it again."""
    page = tab.page
    page.clock.install()
    page.route("**/mediapipe.worker.js", silenced)
    tab.open(server.url)
    page.wait_for_selector("body[data-phase=loading]")
    page.clock.fast_forward(179_000)
    expect(page.locator("body")).to_have_attribute("data-phase", "loading")
    page.clock.fast_forward(2_000)
    page.wait_for_timeout(100)
    page.clock.fast_forward(181_000)  # the page tries a second time by itself
    assert tab.problem() == "engine-failed"
    expect(page.locator("#problem")).to_contain_text("three minutes")


def test_device_lost(server: RunningServer, browser: Browser) -> None:
    """The GPU process is killed, as a driver reset does it; the browser makes a new one."""
    with launch(browser.browser_type) as doomed:
        tab = watched(doomed.new_context())
        page = tab.open(server.url)
        tab.wait_for("ready")
        begin_to_write(page)
        typed = page.get_by_label("Your text").input_value()
        tab.expected.append(".*")
        doomed.new_browser_cdp_session().send("Browser.crashGpuProcess")
        assert tab.problem() == "device-lost"
        page.get_by_role("button", name="Start the engine again").click()
        tab.wait_for("ready")
        expect(page.get_by_label("Your text")).to_have_value(typed)
        begin_to_write(page)


def test_two_tabs(server: RunningServer, new_tab: Callable[[], Watched]) -> None:
    """Each has its own engine, draft and model; both write at the same time."""
    first, second = new_tab(), new_tab()
    for tab in (first, second):
        tab.open(server.url)
    first.wait_for("ready")
    second.wait_for("ready")
    second.page.get_by_role("radio", name="Professional").check()
    expect(first.page.get_by_role("radio", name="Professional")).not_to_be_checked()
    for tab in (first, second):
        tab.page.get_by_role("button", name=EXAMPLE).click()
        tab.page.get_by_role("button", name="Write", exact=True).click()
    for tab in (first, second):
        expect(tab.page.get_by_role("log")).to_have_text(re.compile(".{20,}", re.DOTALL), timeout=WRITE_MS)
        tab.wait_for("ready", WRITE_MS)
