"""The page without its server: it opens after one visit, and an update of it is whole or nothing. A tab keeps the version it began with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from e2e.page.conftest import EXAMPLE, Watched, watched_context
from e2e.page.servers import faulty_server
from webapp.front_end import own_files
from webapp.paths import DEMO_GRAPH, static_folder

KEPT = "This page also opens without its server."
OLD, NEW = "Nothing leaves this computer.", "Another version."
UPDATE = """
async () => {
  const registration = await navigator.serviceWorker.ready;
  const found = new Promise((resolve) => registration.addEventListener("updatefound", () => resolve(registration.installing), { once: true }));
  await registration.update();
  const worker = await found;
  return new Promise((resolve) => {
    const look = () => ["installed", "activated", "redundant"].includes(worker.state) && resolve(worker.state);
    worker.addEventListener("statechange", look);
    look();
  });
}
"""
ABOUT = "async () => (await fetch('static/app/about.css')).text()"
CACHES = "async () => (await caches.keys()).filter((name) => !name.endsWith(':lists')).length"


@pytest.fixture
def new_tab(browser: Browser) -> Iterator[Callable[[], Watched]]:
    with watched_context(browser, service_workers="allow") as make:
        yield make


@pytest.fixture
def whole_tab(whole_browser: Browser) -> Iterator[Watched]:
    """In a browser that can install pages."""
    with watched_context(whole_browser, service_workers="allow") as make:
        yield make()


def test_it_opens_and_writes_without_the_server(whole_tab: Watched) -> None:
    tab = whole_tab
    page = tab.page
    with faulty_server([DEMO_GRAPH]) as server:
        url = tab.open(server.url + "/").url
        tab.wait_for("ready")
        expect(page.get_by_text(KEPT)).to_be_visible()
        assert not [name for name in page.evaluate("caches.keys()") if "models" in name]
        session = page.context.new_cdp_session(page)
        errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
        assert [error["errorId"] for error in errors] == ["in-incognito"], "as contexts of Playwright are"
        assert server.faults.requests == [""]
    tab.expected.append("ERR_CONNECTION_REFUSED")  # the list of models is asked for, in vain
    page.goto(f"{url}?engine=#/post")
    tab.wait_for("ready")
    assert page.evaluate("crossOriginIsolated && navigator.serviceWorker.controller !== null")
    expect(page.get_by_text("The server does not answer.")).to_be_visible()
    page.get_by_role("button", name=EXAMPLE).click()
    assert len(tab.write().split()) > 5
    page.locator(".kept-remove").click()
    expect(page.locator(".kept")).to_contain_text("keeps no model")
    page.reload()
    assert tab.problem() == "model-not-kept"


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """A copy of the page's files, which may change."""
    copy = tmp_path / "static"
    for path in own_files(static_folder()):
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(static_folder() / path, copy / path)
    (copy / "vendor").symlink_to(static_folder() / "vendor")
    return copy


def test_an_update_is_whole_or_nothing(new_tab: Callable[[], Watched], static: Path) -> None:
    """Two files change. The second cannot be had: nothing has changed. When it can, an open tab keeps what it has."""
    tab = new_tab()
    page = tab.page
    tab.expected += ["404", "ERR_"]
    with faulty_server([], static=static) as server:  # no model: its screen is a page, too
        tab.open(server.url)
        expect(page.get_by_text(KEPT)).to_be_visible()
        text = static / "text" / "en.js"
        text.write_text(text.read_text(encoding="utf-8").replace(OLD, NEW), encoding="utf-8")
        (static / "app" / "about.css").write_text("p { margin: 0 }")
        server.faults.refuse = {"about.css": 1}
        assert page.evaluate(UPDATE) == "redundant"
        assert page.evaluate(CACHES) == 1, "nothing is left of it"
        page.reload()
        expect(page.locator(".header-promise")).to_have_text(OLD)
        assert page.evaluate(UPDATE) == "installed"
        expect(page.get_by_text("A new version of this page is ready.")).to_be_visible()
        other = new_tab()
        other.expected += ["404", "ERR_"]
        other.open(server.url)
        expect(other.page.locator(".header-promise")).to_have_text(OLD)
        assert len(page.evaluate(ABOUT)) > 100
        page.close()
        other.page.close()
        last = new_tab()
        last.expected += ["404", "ERR_"]
        for _ in range(50):  # the old version ends a moment after its last tab
            last.open(server.url)
            if last.page.locator(".header-promise").inner_text() == NEW:
                break
            last.page.goto("about:blank")
            last.page.wait_for_timeout(200)
        expect(last.page.locator(".header-promise")).to_have_text(NEW)
        assert last.page.evaluate(ABOUT) == "p { margin: 0 }", "all of it"
        assert last.page.evaluate(CACHES) == 1, "nothing of the old one is left"


def test_the_bench_is_measured_without_it_and_another_program_is_seen(
    new_tab: Callable[[], Watched], scripted: Path
) -> None:
    tab = new_tab()
    page = tab.page
    with faulty_server([DEMO_GRAPH], static=scripted) as server:
        tab.open(server.url)
        tab.wait_for("ready")
        expect(page.get_by_text(KEPT)).to_be_visible()
        page.goto(f"{server.url}/bench")
        tab.wait_for("ready")
        page.wait_for_function("navigator.serviceWorker.controller === null")
        page.goto(server.url)
        tab.wait_for("ready")
        expect(page.get_by_text(KEPT)).to_be_visible()
        page.reload()
        page.wait_for_function("navigator.serviceWorker.controller !== null")
        server.faults.instead = "<title>Another program</title>"
        page.reload()
        expect(page).to_have_title("Another program")
        assert page.evaluate("caches.keys()") == []
        page.close()  # it would ask for its icon where nobody is any more
