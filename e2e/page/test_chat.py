"""A person's way through the chat, on the processor: ask, write anew, edit, stop and go on, reload, a full context, another task."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.page.conftest import WRITE_MS, Watched, begin_worker_with, wait_for_stop, watched_tab
from e2e.page.servers import RunningServer
from e2e.page.test_accessibility import check

pytestmark = pytest.mark.usefixtures("no_complaints")


@pytest.fixture(scope="module")
def tab(browser: Browser, quick_server: RunningServer) -> Iterator[Watched]:
    """One tab with the chat open, by its address; the demo writes in it."""
    with watched_tab(browser, reduced_motion="reduce", viewport={"width": 1200, "height": 800}) as tab:
        tab.open(f"{quick_server.url}#/chat")
        tab.wait_for("ready")
        yield tab


@pytest.fixture
def page(tab: Watched) -> Page:
    """A new, empty conversation."""
    tab.page.set_viewport_size({"width": 1200, "height": 800})
    tab.page.get_by_role("button", name="New chat", exact=True).click()
    expect(tab.page.locator(".turn")).to_have_count(0)
    return tab.page


def ask(tab: Watched, text: str) -> str:
    """Sends a question, and the answer to it once the page is ready again."""
    question = tab.page.get_by_label("Your question").last
    question.fill(text)
    with tab.through("writing", "ready"):
        question.press("Enter")
    return tab.page.locator(".turn-model .turn-text").last.inner_text()


def press(tab: Watched, name: str) -> None:
    """A button of the last turn that makes the model write."""
    with tab.through("writing", "ready"):
        tab.page.locator(".turn").last.get_by_role("button", name=name, exact=True).click()


def test_ask_branch_reload_and_go_to_another_task(tab: Watched, page: Page) -> None:
    expect(page.get_by_role("link", name="Chat")).to_have_attribute("aria-current", "page")
    expect(page.locator(".chat-empty")).to_contain_text("only writes posts")
    page.locator(".chat-sample").first.click()
    sample = page.get_by_label("Your question").last.input_value()
    first = ask(tab, sample)
    assert "#" in first
    expect(page.locator(".chat-left")).to_contain_text("tokens left")
    press(tab, "Try again")
    expect(page.locator(".turn-model .turn-place")).to_have_text("2 / 2")
    expect(page.locator(".turn-model")).to_be_focused()  # as the answer was whose place it took
    page.get_by_role("button", name="Previous version").press("Enter")
    expect(page.locator(".turn-model .turn-text")).to_have_text(first)
    expect(page.locator(".turn-model")).to_be_focused()  # for there is none before it

    question = page.locator(".turn-user")
    question.get_by_role("button", name="Edit").click()
    question.get_by_label("Edit the question").fill("The library opens on Monday.")
    with tab.through("writing", "ready"):
        question.get_by_role("button", name="Ask again").click()
    expect(page.locator(".turn-user .turn-place")).to_have_text("2 / 2")
    expect(page.locator(".turn-user")).to_be_focused()
    edited = page.locator(".turn-model .turn-text").inner_text()
    ask(tab, "On which day?")  # which goes on from what the engine holds
    tab.open_details()
    row = page.locator(".chat-figures-list > div", has_text="Prompt tokens read").locator("dd")
    read, _, whole = row.inner_text().split()
    assert int(read) < int(whole) / 2
    page.get_by_text("Details", exact=True).click()

    page.get_by_label("Your question").last.fill("half a thought")
    page.get_by_role("link", name="Post").click()
    expect(page.get_by_role("button", name="Write", exact=True)).to_be_visible()
    expect(page.locator(".chat")).to_be_hidden()
    page.go_back()
    expect(page.get_by_label("Your question").last).to_have_value("half a thought")
    page.reload()
    tab.wait_for("ready")
    expect(page.locator(".turn-model .turn-text").first).to_have_text(edited)
    expect(page.get_by_label("Your question").last).to_have_value("half a thought")
    page.get_by_label("Your question").last.fill("")
    check(page)


def test_a_question_is_kept_when_the_page_is_left_at_once(tab: Watched, page: Page) -> None:
    """Before its first word, nothing had written it down."""
    question = page.get_by_label("Your question").last
    question.fill("Does the library open on Monday?")
    question.evaluate(
        """(area) => {
          area.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
          setTimeout(() => location.reload());
        }"""
    )
    expect(tab.page.locator("html")).not_to_have_attribute("data-phases", re.compile("writing"))  # a new page
    tab.wait_for("ready")
    expect(page.locator(".turn-user .turn-text")).to_have_text("Does the library open on Monday?")


def test_stop_keeps_what_was_written_and_go_on_adds_to_it(tab: Watched, page: Page) -> None:
    begin_worker_with(
        page, "litert_lm.worker.js", wait_for_stop(20)
    )  # else the answer has gone round in a circle before one can press
    with tab.through("loading", "ready"):
        tab.choose_model("endless")
    page.get_by_label("Your question").last.fill("The library opens on Monday.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".turn-model .turn-text")).not_to_be_empty(timeout=WRITE_MS)
    with tab.through("ready"):
        page.get_by_role("button", name="Stop").click()
    expect(page.locator(".turn-note").last).to_have_text("The answer breaks off here.")
    before = page.locator(".turn-model .turn-text").inner_text()
    press(tab, "Go on")
    expect(page.locator(".turn-note").last).to_contain_text("repeated itself")
    page.get_by_text("Show what it repeated").click()
    parts = [page.locator(f".turn-model .{part}").inner_text() for part in ("turn-text", "turn-rest")]
    after, written = " ".join(parts).split(), before.split()[:-1]
    assert after[: len(written)] == written and len(after) > len(written)
    assert len(parts[0]) < len(parts[1])
    check(page)

    # a question that fits alone, but not beside the first round of that: there is a choice
    long = "The library opens on Monday. " * 60
    page.get_by_label("Your question").last.fill(long)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert").filter(has_text="no longer fits")).to_be_visible()
    check(page)
    expect(page.get_by_label("Your question").last).to_have_value(long)
    with tab.through("writing"):
        page.get_by_role("button", name="Leave out the oldest").click()
    expect(page.get_by_text("The model no longer sees what is above this line.")).to_be_visible()
    page.locator(".chat").press("Escape")
    tab.wait_for("ready")
    page.context.unroute_all()
    with tab.through("loading", "ready"):
        tab.choose_model("demo")


def test_instructions_and_files(tab: Watched, page: Page, tmp_path: Path) -> None:
    page.locator(".chat-instructions summary").click()
    page.get_by_label("Saved instructions").select_option("Brief answers")
    page.get_by_label("Save these as").fill("Mine")
    page.get_by_label("The model is told this").fill("Answer in one word.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("Saved instructions").locator("option", has_text="Mine")).to_have_count(1)
    answer = ask(tab, "The library opens on Monday.")
    page.get_by_text("Save, open, delete").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as a file").click()
    path = tmp_path / saved.value.suggested_filename
    saved.value.save_as(path)
    (conversation,) = json.loads(path.read_text(encoding="utf-8"))["conversations"]
    assert [turn["role"] for turn in conversation["turns"]] == ["user", "model"]
    count = page.locator(".chat-conversation").count()
    page.get_by_role("button", name="Delete this chat").click()
    page.get_by_role("button", name="Press again to delete").click()
    expect(page.locator(".chat-conversation")).to_have_count(count - 1)
    expect(page.get_by_label("Your question").last).to_be_focused()
    page.locator(".chat-file").set_input_files(path)
    expect(page.locator(".turn-model .turn-text")).to_have_text(answer)
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    page.locator(".chat-file").set_input_files(broken)
    expect(page.locator(".chat-list-note")).to_contain_text("broken.json was not opened: it is not JSON")
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(".chat-list > summary").click()
    check(page)
