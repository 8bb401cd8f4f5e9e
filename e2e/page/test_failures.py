"""What fails while the page is in use: the engine crashes, the GPU process dies. The text and the page survive."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from e2e.conftest import QUICKER
from e2e.page.conftest import EXAMPLE, WRITE_MS, Watched, begin_worker_with, hold_end, watched
from e2e.page.servers import FaultyServer, RunningServer
from onpage.bench.browser import SOFTWARE_WEBGPU, launch

A_DAY = 86_400
"""Seconds on the page's clock, where it began at 0."""


def begin_to_write(page: Page) -> None:
    page.get_by_role("button", name=EXAMPLE).click()
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.get_by_role("log", name="The post")).not_to_be_empty(timeout=WRITE_MS)


def throw_in_engine(page: Page) -> None:
    """An error that nothing in the worker catches, as the engine's own are."""
    page.workers[-1].evaluate("void setTimeout(() => { throw new Error('thrown by the test'); })")


def test_engine_crashes_while_writing_and_while_it_waits(quick_server: RunningServer, tab: Watched) -> None:
    tab.expected.append("thrown by the test")
    page = tab.open(quick_server.url)
    tab.wait_for("ready")
    hold_end(page)
    begin_to_write(page)
    typed = page.get_by_label("Your text").input_value()
    with tab.through("loading", "ready"):
        throw_in_engine(page)
    expect(page.get_by_role("alert")).to_contain_text("started again")
    expect(page.get_by_label("Your text")).to_have_value(typed)
    throw_in_engine(page)  # no post was finished in between, so this is the second time
    assert tab.problem() == "engine-failed"
    expect(page.locator(".problem")).to_contain_text("thrown by the test")
    expect(page.get_by_label("Your text")).to_be_visible()  # it is "still here", as the screen says
    page.get_by_role("button", name="Start the engine again").click()
    tab.wait_for("ready")
    expect(page.get_by_label("Your text")).to_have_value(typed)
    assert tab.write()
    page.get_by_label("Your text").fill("Something typed.")
    with tab.through("loading", "ready"):  # while nothing is written, and the first time again
        throw_in_engine(page)
    expect(page.get_by_role("alert").filter(has_text="The engine stopped")).to_contain_text("started again")
    expect(page.get_by_label("Your text")).to_have_value("Something typed.")


def test_engine_cannot_be_stopped(quick_server: RunningServer, tab: Watched) -> None:
    """Ten seconds after Stop the page gives the engine up and starts another: the text is kept."""
    page = tab.page
    page.clock.install(time=0)
    tab.open(quick_server.url)
    tab.wait_for("ready")
    hold_end(page)
    begin_to_write(page)
    typed = page.get_by_label("Your text").input_value()
    page.clock.pause_at(A_DAY)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.clock.fast_forward(9_999)
    expect(page.locator("body")).to_have_attribute("data-phase", "writing")
    with tab.through("loading", "ready"):
        page.clock.fast_forward(1)
    expect(page.get_by_role("alert")).to_contain_text("started again")
    expect(page.get_by_label("Your text")).to_have_value(typed)


def test_engine_falls_silent_while_loading(scripted_server: FaultyServer, tab: Watched) -> None:
    """Three minutes without a sign of life end the load with a screen that can start it again."""
    page = tab.page
    begin_worker_with(page, "litert_lm.worker.js", "self.postMessage = () => {}")
    page.clock.install(time=0)
    page.clock.pause_at(A_DAY)
    tab.open(scripted_server.url)
    tab.wait_for("loading")
    page.clock.fast_forward(179_999)
    expect(page.locator("body")).to_have_attribute("data-phase", "loading")
    with page.expect_worker():  # the page tries a second time by itself
        page.clock.fast_forward(1)
    page.clock.fast_forward(180_000)
    assert tab.problem() == "engine-failed"
    expect(page.locator(".problem")).to_contain_text("three minutes")


def test_the_code_of_a_task_cannot_be_fetched(scripted_server: FaultyServer, tab: Watched) -> None:
    """Its screen's way on brings the task; the others go on meanwhile."""
    tab.expected.append("ERR_FAILED")
    page = tab.open(scripted_server.url)
    tab.wait_for("ready")
    fetched = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)")
    assert not [path for path in fetched if re.search("/tasks/(chat|lab|documents|functions|senses|models)/", path)]
    page.route("**/tasks/chat/chat.js", lambda route: route.abort(), times=1)
    page.get_by_role("link", name="Chat").click()
    expect(page.locator(".problem")).to_have_attribute("data-code", "server-unreachable")
    page.get_by_role("link", name="Post").click()
    expect(page.get_by_label("Your text")).to_be_visible()
    page.route("**/tasks/chat/chat.js", lambda route: route.abort(), times=1)
    page.get_by_role("link", name="Chat").click()
    page.locator(".problem-action").click()
    expect(page.get_by_role("textbox", name="Your question")).to_be_visible()
    expect(page.locator(".problem")).to_be_hidden()


def test_device_lost(server: RunningServer, browser: Browser) -> None:
    """The GPU process is killed, as a driver reset does it; the browser makes a new one."""
    with launch(browser.browser_type, (*SOFTWARE_WEBGPU, *QUICKER)) as doomed:
        tab = watched(doomed.new_context())
        page = tab.open(server.url)
        tab.wait_for("ready")
        begin_to_write(page)
        typed = page.get_by_label("Your text").input_value()
        doomed.new_browser_cdp_session().send("Browser.crashGpuProcess")
        assert tab.problem() == "device-lost"
        page.get_by_role("button", name="Start the engine again").click()
        tab.wait_for("ready")
        expect(page.get_by_label("Your text")).to_have_value(typed)
        begin_to_write(page)


def test_two_tabs(scripted_server: FaultyServer, new_tab: Callable[[], Watched]) -> None:
    """Each has its own engine, draft and model; both write at the same time."""
    first, second = tabs = new_tab(), new_tab()
    for tab in tabs:
        tab.open(scripted_server.url)
    first.wait_for("ready")
    second.wait_for("ready")
    second.choose_model("endless")
    expect(second.page.locator(".model-facts")).to_contain_text("endless")
    second.wait_for("ready")
    second.page.get_by_role("radio", name="Professional").check()
    expect(first.page.get_by_role("radio", name="Professional")).not_to_be_checked()
    expect(first.page.locator(".model-facts")).not_to_contain_text("endless")
    let_end = [hold_end(tab.page) for tab in tabs]
    for tab in tabs:
        begin_to_write(tab.page)
    for tab in tabs:
        expect(tab.page.get_by_role("log")).to_have_text(re.compile(".{20,}", re.DOTALL), timeout=WRITE_MS)
        expect(tab.page.locator("body")).to_have_attribute("data-phase", "writing")
    for tab, end in zip(tabs, let_end, strict=True):
        with tab.through("ready"):
            end()
