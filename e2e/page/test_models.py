"""The page of models, in one tab with the scripted engine: pause, go on, check, delete, import, use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from builder.files.digest import sha256_of
from e2e.page.conftest import STEP_MS, Watched, begin_worker_with, watched_tab
from e2e.page.servers import FaultyServer, faulty_server
from e2e.page.test_accessibility import check
from e2e.page.test_storage import CHUNK, FLIP, eventually, stored
from webapp.paths import DEMO, DEMO_BUNDLE, DEMO_GRAPH, DEMO_MODEL

WEB, GRAPH = sha256_of(DEMO_MODEL), sha256_of(DEMO_GRAPH)


@pytest.fixture(scope="module")
def server(scripted: Path) -> Iterator[FaultyServer]:
    with faulty_server([DEMO], static=scripted) as running:
        yield running


@pytest.fixture(scope="module")
def tab(browser: Browser, server: FaultyServer) -> Iterator[Watched]:
    with watched_tab(browser, reduced_motion="reduce") as tab:
        tab.open(f"{server.url}/#/models")
        tab.wait_for("ready")
        yield tab


@pytest.fixture(autouse=True)
def _watched(no_complaints: None) -> None:
    """The test that the tab complained in fails."""


def row(page: Page, engine: str) -> Locator:
    return page.locator(".models-item", has_text=engine).first


def press(item: Locator, name: str) -> None:
    item.get_by_role("button", name=re.compile(name)).click()


def said(page: Page) -> Locator:
    return page.locator(".models-said")


def test_what_is_here_and_what_is_not(tab: Watched) -> None:
    page = tab.page
    here, web = row(page, "on the processor"), row(page, "MediaPipe")
    expect(here).to_contain_text("In this browser, 5.4 MB")
    expect(here.get_by_role("button", name="In use")).to_have_attribute("aria-disabled", "true")
    expect(web).to_contain_text("Not in this browser")
    expect(web).to_contain_text("It would run slowly")
    page.get_by_text("Published, not on this server").click()
    published = page.locator(".models-item", has_text="onpage fetch gemma3-1b-int4")
    for fact in (
        "700.4 MB",
        "Gemma Terms of Use",
        "published: 133 tok/s decode on MacBook M4 Max",
        "licence to be accepted",
    ):
        expect(published).to_contain_text(fact)
    expect(published.get_by_role("button")).to_have_count(0)
    check(page)
    page.get_by_text("Published, not on this server").click()


def test_paused_it_goes_on_where_it_stopped(tab: Watched, server: FaultyServer) -> None:
    page, web = tab.page, row(tab.page, "MediaPipe")
    asked = len(server.faults.requests)
    server.faults.cut_at = [CHUNK + 500_000]
    press(web, "^Download")
    server.faults.cuts.get(timeout=STEP_MS / 1000)
    eventually(lambda: stored(page).get(WEB) == CHUNK)
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(said(page)).to_contain_text("is paused. What has arrived stays.")
    expect(web).to_contain_text("4.2 MB of 5.2 MB are in this browser")
    press(web, "^Go on")
    expect(said(page)).to_contain_text("is in this browser now, and its hash is right.")
    assert server.faults.requests[asked:] == ["", f"bytes={CHUNK}-"]
    assert stored(page)[WEB] == DEMO_MODEL.stat().st_size


def test_a_check_finds_damage(tab: Watched, server: FaultyServer) -> None:
    page, web = tab.page, row(tab.page, "MediaPipe")
    asked = len(server.faults.requests)
    press(web, "^Check")
    expect(said(page)).to_contain_text("is undamaged: its hash is right.")
    page.evaluate(FLIP, WEB)
    press(web, "^Check")
    expect(said(page)).to_contain_text("was damaged and has been deleted. Download it again, or import its file again.")
    expect(web).to_contain_text("Not in this browser")
    assert len(server.faults.requests) == asked, "a check asks no server"


def test_deleting_asks_first(tab: Watched) -> None:
    page, web = tab.page, row(tab.page, "MediaPipe")
    press(web, "^Download")
    expect(said(page)).to_contain_text("is in this browser now")
    press(web, "^Delete")
    expect(web.locator(".models-remove")).to_have_text("Delete 5.2 MB? This cannot be undone")
    page.get_by_role("heading", name="On this device").focus()
    expect(web.locator(".models-remove")).to_have_text("Delete")
    press(web, "^Delete")
    press(web, "^Delete")
    expect(said(page)).to_contain_text("was deleted, which frees 5.2 MB.")
    assert set(stored(page)) == {GRAPH}


def test_a_download_goes_on_in_another_language(tab: Watched, server: FaultyServer) -> None:
    page, web = tab.page, row(tab.page, "MediaPipe")
    asked = len(server.faults.requests)
    server.faults.cut_at = [CHUNK + 500_000]
    press(web, "^Download")
    cut = server.faults.cuts.get(timeout=STEP_MS / 1000)
    eventually(lambda: stored(page).get(WEB) == CHUNK)
    page.locator(".language select").select_option("ja")
    expect(page.get_by_role("button", name="一時停止", exact=True)).to_be_visible()
    tab.expected.append("ERR_")
    cut.happen()
    expect(said(page)).to_contain_text("をこのブラウザに保存しました。ハッシュは正しい値です。")
    assert server.faults.requests[asked:] == ["", f"bytes={CHUNK + 500_000}-"], "its worker went on"
    page.locator(".language select").select_option("en")
    expect(said(page)).to_contain_text("is in this browser now, and its hash is right.")
    press(web, "^Delete")
    press(web, "^Delete")
    expect(web).to_contain_text("Not in this browser")


def test_what_another_site_shares_needs_no_room(tab: Watched, server: FaultyServer) -> None:
    page, web = tab.page, row(tab.page, "MediaPipe")
    files = [file for model in page.request.get(f"{server.url}/api/models").json() for file in model["files"]]
    [url] = [file["url"] for file in files if file["sha256"] == WEB]
    shared = f"{{ requestFileHandle: async () => ({{ getFile: async () => (await fetch('/{url}')).blob() }}) }}"
    begin_worker_with(
        page,
        "model_keeper.worker.js",
        f"Object.defineProperty(navigator, 'crossOriginStorage', {{ value: {shared} }});",
    )
    press(web, "^Download")
    expect(said(page)).to_contain_text("is shared by another site, and its hash is right.")
    expect(web).to_contain_text("Another site shares it with this one, so it takes no room here")
    expect(web.locator(".models-keep")).to_have_text("Check")
    page.context.unroute("**/model_keeper.worker.js")
    assert set(stored(page)) == {GRAPH}


def test_a_file_is_imported_and_used(tab: Watched, server: FaultyServer, endless_model: Path) -> None:
    """One that the server does not have; and what is no model is told what to do."""
    page = tab.page
    choose = page.locator(".models-storage input[type=file]").first
    choose.set_input_files([{"name": "my.bin", "mimeType": "", "buffer": b"GGUF".ljust(100, b"\0")}])
    expect(said(page)).to_contain_text("my.bin is a GGUF file. Import it alone")
    choose.set_input_files(DEMO_BUNDLE)
    expect(said(page)).to_contain_text("is a model that was listed already")
    choose.set_input_files(endless_model)
    expect(said(page)).to_contain_text("endless.litertlm was imported. Press Use to run it.")
    imported = page.locator(".models-item", has_text="imported from a file")
    asked = len(server.faults.requests)
    with tab.through("loading", "ready"):
        press(imported, "^Use")
    expect(imported.get_by_role("button", name="In use")).to_be_visible()
    page.reload()
    tab.wait_for("ready")
    expect(page.locator(".model-facts")).to_contain_text("endless")
    assert len(server.faults.requests) == asked, "it never leaves the browser, and comes from no server"
    kept = page.locator(".kept")
    expect(kept).to_contain_text("Remove leaves what you imported: endless.")
    kept.get_by_role("button", name="Remove").click()
    expect(kept.get_by_role("button", name="Remove")).to_have_attribute("aria-disabled", "true")
    assert list(stored(page).values()) == [endless_model.stat().st_size]
