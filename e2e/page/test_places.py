"""Where the page is served and what a browser lacks there: below a path, at an insecure address, without shared memory."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from e2e.page.conftest import EXAMPLE, Watched, insecure
from e2e.page.servers import FaultyServer, RunningServer, faulty_server
from webapp.paths import DEMO, DEMO_GRAPH


def test_below_a_path(tab: Watched) -> None:
    """As behind a proxy: pages, modules, styles, workers, the engine, the model, and the bench."""
    with faulty_server([DEMO_GRAPH], below="/a/path") as server:
        page = tab.open(f"{server.url}/a/path/")
        tab.wait_for("ready")
        page.get_by_role("button", name=EXAMPLE).click()
        assert len(tab.write().split()) > 5
        page.get_by_text("Details", exact=True).click()
        page.get_by_role("link", name="How fast is this browser?").click()
        tab.wait_for("ready")
        assert page.url == f"{server.url}/a/path/bench"
        page.get_by_label("Runs").fill("1")
        page.get_by_label("New tokens").fill("8")
        page.get_by_role("button", name="Start").click()
        tab.wait_for("finished")
        expect(page.get_by_role("table").first).to_be_visible()
        tab.page.close()  # before its server


def test_copy_at_an_insecure_address(browser: Browser, scripted: Path) -> None:
    """Browsers give such a page no clipboard to write to."""
    with insecure(browser, [DEMO], static=scripted) as (_, tab):
        tab.wait_for("ready")
        page = tab.page
        page.get_by_role("button", name=EXAMPLE).click()
        post = tab.write()
        page.get_by_role("button", name="Copy").click()
        area = page.get_by_label("Your text")
        area.press("ControlOrMeta+a")
        area.press("ControlOrMeta+v")
        expect(area).to_have_value(post)


def test_without_shared_memory(quick_server: RunningServer, tab: Watched) -> None:
    """WebKitGTK 2.50 says that a page is isolated, and has no `SharedArrayBuffer`."""
    tab.page.add_init_script("delete globalThis.SharedArrayBuffer")
    page = tab.open(quick_server.url)
    tab.wait_for("ready")
    assert page.evaluate("[crossOriginIsolated, typeof SharedArrayBuffer]") == [True, "undefined"]
    page.get_by_role("button", name=EXAMPLE).click()
    assert len(tab.write().split()) > 5


def test_arabic_is_laid_out_from_right_to_left(scripted_server: FaultyServer, tab: Watched) -> None:
    page = tab.open(scripted_server.url)
    area = page.get_by_label("Your text")
    direction = "(element) => getComputedStyle(element).direction"
    area.fill("The library opens.")
    assert area.evaluate(direction) == "ltr"
    area.fill("تفتح المكتبة أبوابها يوم السبت")
    assert area.evaluate(direction) == "rtl"
