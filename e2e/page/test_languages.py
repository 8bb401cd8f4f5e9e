"""The page in each of its languages: chosen, kept, changed in place with nothing lost, and from right to left."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from e2e.page.conftest import watched_tab
from e2e.page.servers import faulty_server
from e2e.page.test_accessibility import AXE
from webapp.paths import DEMO_GRAPH

TEXTS = "performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.includes('/text/'))"
SAID = "[...document.querySelectorAll('header, main, footer')].map((part) => part.innerText).join('\\n')"
TASKS = ("post", "chat", "lab", "documents", "functions")
ENGINE = "?engine=litert-lm-cpu"
DRAFT = "The library opens on Monday, 3 May. Bring your own cup."


def test_a_change_keeps_the_model_and_what_was_written(browser: Browser, scripted: Path) -> None:
    """Begins in the browser's language, of which alone the texts are fetched; another is there in place, as if the page had begun in it."""
    with faulty_server([DEMO_GRAPH], static=scripted) as server, watched_tab(browser, locale="ja-JP") as tab:
        page = tab.open(f"{server.url}/{ENGINE}#/post")
        tab.wait_for("ready")
        expect(page.locator("html[lang=ja][dir=ltr]")).to_have_count(1)
        expect(page).to_have_title(re.compile("^onpage：自分の端末で"))
        fetched = page.evaluate(TEXTS)
        assert [name for name in fetched if "/ja/" in name]
        assert not [name for name in fetched if re.search(r"/text/(en|zh-..)(\.js|/)", name)]
        page.locator(".composer-text").fill(DRAFT)
        page.evaluate("location.hash = '#/chat'")
        page.locator(".chat-composer textarea, .chat-main textarea").last.fill("おはようございます")
        page.evaluate("location.hash = '#/documents'")
        page.locator(".documents-main input, .documents-main textarea").first.fill("Where?")
        page.locator(".documents-file").set_input_files([long_document("one.md"), long_document("two.md")])
        expect(page.locator(".documents-reading")).to_be_visible()
        assert page.locator(".documents-list li").count() < 2, "still being added"
        phases = page.locator("html").get_attribute("data-phases")

        page.locator(".language select").select_option("zh-TW")
        expect(page.locator("html[lang=zh-TW]")).to_have_count(1)
        expect(page.locator(".language select")).to_be_focused()
        expect(page.locator(".documents-main input, .documents-main textarea").first).to_have_value("Where?")
        expect(page.locator(".documents-list li")).to_have_count(2)  # what was being added goes on
        page.evaluate("location.hash = '#/chat'")
        expect(page.locator(".chat-main textarea").last).to_have_value("おはようございます")
        page.evaluate("location.hash = '#/post'")
        expect(page.locator(".composer-text")).to_have_value(DRAFT)
        expect(page).to_have_title("onpage：在自己的裝置上寫貼文")
        assert page.locator("html").get_attribute("data-phases") == phases, "no load"
        changed = {task: said_in(page, task) for task in TASKS}

        page.reload()
        tab.wait_for("ready")
        expect(page.locator("html[lang=zh-TW]")).to_have_count(1)
        assert {task: said_in(page, task) for task in TASKS} == changed
        page.locator(".language select").select_option("en")
        expect(page.locator(".header-promise")).to_have_text("Nothing leaves this computer.")
        tab.check()


def long_document(name: str) -> FilePayload:
    """A file of a megabyte, which takes a moment to be added."""
    return {"name": name, "mimeType": "", "buffer": f"# {name}\n\n{'The ferry leaves at nine. ' * 40_000}".encode()}


@pytest.mark.parametrize("language", ["ja", "ar-XB"])
def test_every_view_fits_and_reads(browser: Browser, language: str) -> None:
    """Of 320 px, where no engine runs: the views are those without a model, and the problem's screen."""
    with (
        faulty_server([]) as server,
        watched_tab(browser, viewport={"width": 320, "height": 640}, reduced_motion="reduce") as tab,
    ):
        tab.expected.append("404")
        page = tab.open(f"{server.url}/?lang={language}#/post")
        tab.wait_for("problem")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        assert page.evaluate("document.documentElement.dir") == ("rtl" if language == "ar-XB" else "ltr")
        look(page)
        for task in TASKS:
            page.evaluate(f"location.hash = '#/{task}'")
            expect(
                page.locator(f"body[data-task={task}] .task:not([hidden]) :is(textarea, input)").first
            ).to_be_attached()
            page.evaluate("document.querySelector('.workspace').hidden = false")
            page.evaluate("for (const each of document.querySelectorAll('.workspace details')) each.open = true")
            look(page)


def said_in(page: Page, task: str) -> str:
    page.evaluate(f"location.hash = '#/{task}'")
    expect(page.locator(f"body[data-task={task}] .task:not([hidden]) textarea").first).to_be_attached()
    said = ""
    while said != (said := str(page.evaluate(SAID))):
        page.wait_for_timeout(700)  # tokens are counted
    return said


def look(page: Page) -> None:
    """No sideways scrolling, and nothing for axe to say."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    assert not [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found]
