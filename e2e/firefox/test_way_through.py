"""A person's way through the page in Firefox: load, write, copy, again, stop, load again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.page.conftest import EXAMPLE, Watched, begin_worker_with, wait_for_stop, watched_tab
from e2e.page.servers import RunningServer
from e2e.page.test_engines import engine
from e2e.page.test_known_posts import test_every_example_becomes_its_known_post

__all__ = ["test_every_example_becomes_its_known_post"]


@pytest.fixture(scope="module")
def requests() -> list[str]:
    """The name of every file that the tab and its workers asked for."""
    return []


@pytest.fixture(scope="module")
def loaded(browser: Browser, quick_server: RunningServer, requests: list[str]) -> Iterator[Watched]:
    """One tab with one loaded engine, for the tests of this module."""
    with watched_tab(browser) as tab:
        tab.page.context.on("request", lambda request: requests.append(request.url.rpartition("/")[2]))
        tab.open(quick_server.url)
        tab.wait_for("ready")
        yield tab


@pytest.fixture
def page(loaded: Watched) -> Page:
    """With an example in it, ready to write."""
    loaded.page.get_by_role("button", name=EXAMPLE).click()
    return loaded.page


def test_it_takes_the_faster_build(page: Page, requests: list[str]) -> None:
    """Firefox suspends WebAssembly and has relaxed SIMD."""
    assert engine(page) == "Runs on the processor: this browser has no WebGPU."
    assert "litertlm_wasm_internal.wasm" in requests
    assert "litertlm_wasm_compat_asyncify_internal.wasm" not in requests


def test_copy(loaded: Watched, page: Page) -> None:
    """What is on the clipboard is what a person pastes."""
    written = loaded.write()
    page.get_by_role("button", name="Copy").click()
    area = page.get_by_label("Your text")
    area.press("ControlOrMeta+a")
    area.press("ControlOrMeta+v")
    expect(area).to_have_value(written)


def test_try_again(loaded: Watched, page: Page) -> None:
    seed = page.locator(".figures-list div", has_text="Seed").locator("dd")
    page.get_by_role("radio", name="Standard").check()  # at which each seed says something else
    first, drawn = loaded.write(), seed.text_content()
    assert loaded.write("Try again") != first
    expect(seed).not_to_have_text(str(drawn))


def test_reload(loaded: Watched, page: Page, requests: list[str]) -> None:
    """The model comes from the browser's storage."""
    model = "onpage-demo.litertlm"
    assert requests.count(model) == 1
    page.reload()
    loaded.wait_for("ready")
    assert requests.count(model) == 1
    assert loaded.write()


def test_stop(quick_server: RunningServer, tab: Watched) -> None:
    """The engine hears it while it writes, through memory that it shares with the page."""
    begin_worker_with(tab.page, "litert_lm.worker.js", wait_for_stop(5))
    page = tab.open(quick_server.url)
    tab.wait_for("ready")
    page.get_by_role("button", name=EXAMPLE).click()
    page.get_by_role("button", name="Write", exact=True).click()
    log = page.get_by_role("log", name="The post")
    expect(log).not_to_be_empty()
    with tab.through("ready"):
        page.get_by_role("button", name="Stop").click()
    expect(tab.status).to_have_text("Stopped")
    expect(page.get_by_role("button", name="Write", exact=True)).to_be_focused()
    assert len(log.inner_text().split()) < 10
