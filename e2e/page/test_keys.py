"""The keys of the whole page, and a text that an address brings."""

from __future__ import annotations

from playwright.sync_api import expect

from e2e.page.conftest import STEP_MS, Watched, begin_worker_with, wait_for_stop
from e2e.page.servers import FaultyServer
from e2e.page.test_accessibility import check

BROUGHT = "The library & café open on 3 May?"


def test_an_address_brings_a_text_and_the_keys_work(tab: Watched, scripted_server: FaultyServer) -> None:
    begin_worker_with(tab.page, "litert_lm.worker.js", wait_for_stop(5))
    page = tab.open(f"{scripted_server.url}/#/post?text=The%20library%20%26%20caf%C3%A9+open+on%203%20May%3F")
    tab.wait_for("ready")
    area = page.get_by_label("Your text")
    expect(area).to_have_value(BROUGHT)
    assert page.url == f"{scripted_server.url}/#/post"
    area.press("?")
    expect(area).to_have_value(f"{BROUGHT}?")
    area.press("ControlOrMeta+Enter")
    stop = page.get_by_role("button", name="Stop")
    expect(stop).to_be_visible()
    page.get_by_role("heading", name="onpage").click()  # the focus is nowhere
    with tab.through("ready"):
        page.keyboard.press("Escape")
    expect(tab.status).to_have_text("Stopped", timeout=STEP_MS)
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_contain_text("Stop the answer")
    check(page)
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(keys).to_be_visible()
