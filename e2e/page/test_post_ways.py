"""What a person does with posts: keeps, edits, changes and chooses them; on the device's own storage, in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from e2e.page.conftest import EXAMPLE, Watched, watched_tab
from e2e.page.servers import FaultyServer
from e2e.page.test_accessibility import check

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def tab(browser: Browser, scripted_server: FaultyServer) -> Iterator[Watched]:
    with watched_tab(browser, viewport=PHONE, reduced_motion="reduce", accept_downloads=True) as tab:
        tab.open(scripted_server.url)
        tab.wait_for("ready")
        tab.page.get_by_role("button", name=EXAMPLE).click()
        yield tab


@pytest.fixture
def written(tab: Watched) -> Page:
    """With a post of the model's on the screen."""
    tab.write()
    return tab.page


def text_of(page: Page) -> Locator:
    return page.get_by_role("log", name="The post")


def unfold(page: Page, name: str) -> None:
    summary = page.locator("summary", has_text=name)
    if summary.locator("xpath=..").get_attribute("open") is None:
        summary.click()


def test_a_post_is_edited_in_its_place_and_the_reload_has_it(tab: Watched, written: Page) -> None:
    page, post = written, tab.post
    page.get_by_role("button", name="Edit", exact=True).click()
    area = page.get_by_label("The post, to be edited")
    expect(area).to_be_focused()
    area.press("Control+Home")
    page.keyboard.type("Hello! ")
    area.press("ControlOrMeta+z")
    expect(area).to_have_value(post)
    area.press("ControlOrMeta+y")
    expect(page.locator(".counts-total")).to_contain_text(f"{len(post) + 7} characters")
    area.press("Escape")
    expect(page.get_by_role("button", name="Edit", exact=True)).to_be_focused()
    expect(text_of(page)).to_have_text(f"Hello! {post}")
    page.reload()
    tab.wait_for("ready")
    expect(text_of(page)).to_have_text(f"Hello! {post}")


@pytest.mark.parametrize("finished", [True, False])
def test_an_edit_is_kept_when_the_page_is_left_at_once(
    tab: Watched, written: Page, scripted_server: FaultyServer, finished: bool
) -> None:
    """A write that waited for the device's answers was lost with the page: always while it was typed, often after Escape."""
    page, post = written, tab.post
    typed = """(area, [mark, finished]) => {
      area.value = mark + area.value;
      area.dispatchEvent(new Event("input", { bubbles: true }));
      if (finished) area.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    }"""
    for mark in (f"Finished: {finished}. ", "Again. "):
        page.get_by_role("button", name="Edit", exact=True).click()
        area = page.get_by_label("The post, to be edited")
        area.evaluate(f"(area, given) => {{ ({typed})(area, given); location.reload(); }}", [mark, finished])
        post = mark + post
        tab.wait_for("ready")
        expect(text_of(page)).to_have_text(post)
    other = page.context.new_page()
    other.goto(scripted_server.url)
    other.locator("summary", has_text="Earlier posts").click()
    other.locator(".history-item", has_text=post).get_by_role("button").first.click()
    other.get_by_role("button", name="Edit", exact=True).click()
    other.get_by_label("The post, to be edited").evaluate(typed, ["Closed. ", finished])
    other.close()
    unfold(page, "Earlier posts")
    expect(page.locator(".history-item", has_text=f"Closed. {post}")).to_have_count(1)


def test_one_tap_changes_it_and_undo_takes_that_back(tab: Watched, written: Page) -> None:
    page, post = written, tab.post
    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_label("The post, to be edited").fill("The choir sings 🎉. Come along! #Choir")
    page.get_by_role("button", name="Done").click()
    for name in ("Shorter", "No emoji", "Add the date"):
        page.get_by_role("button", name=name, exact=True).click()
    expect(text_of(page)).to_have_text("The choir sings. Friday, 22 May. #Choir")
    card = page.locator(".card")
    for _ in range(4):
        card.get_by_role("button", name="Undo", exact=True).click()
    expect(text_of(page)).to_have_text(post)


def test_the_history_is_in_every_tab_and_leaves_as_files(
    tab: Watched, written: Page, scripted_server: FaultyServer, tmp_path: Path
) -> None:
    page, post = written, tab.post
    unfold(page, "Earlier posts")
    expect(page.locator(".history-item").first).to_contain_text(post)
    check(page)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export as JSON").click()
    waiting.value.save_as(tmp_path / "posts.json")
    exported = json.loads((tmp_path / "posts.json").read_text(encoding="utf-8"))
    assert exported["posts"][0]["post"] == post
    assert "Northfield Choir" in exported["posts"][0]["source"]
    other = page.context.new_page()
    other.goto(scripted_server.url)
    other.locator("summary", has_text="Earlier posts").click()
    expect(other.locator(".history-item").first).to_be_visible()  # the list is read when it is unfolded
    count = other.locator(".history-item").count()
    other.get_by_role("button", name="Delete all").click()
    other.get_by_role("button", name="Yes, delete").click()
    expect(page.locator(".history-item")).to_have_count(0)
    other.close()
    assert count >= 1


def test_three_to_choose_from_for_a_network_with_a_voice(tab: Watched, written: Page) -> None:
    page = written
    page.get_by_role("button", name="Announcement").click()  # of which the demo writes nothing that the page puts away
    unfold(page, "More options")
    page.get_by_label("For", exact=True).select_option("x")
    page.get_by_label("Your hashtags").fill("Northfield")
    page.get_by_label("Your link").fill("https://choir.example")
    page.get_by_label("Write three to choose from").check()
    check(page)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.get_by_role("button", name="Write", exact=True).click()
    choices = page.get_by_role("button", name=re.compile("Choose variant"))
    expect(choices).to_have_count(3)
    texts = page.locator(".variant-text").all_inner_texts()
    assert all("https://choir.example" in text and "#Northfield" in text for text in texts)
    check(page)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    choices.nth(1).click()
    expect(text_of(page)).to_have_text(texts[1])
    expect(page.get_by_role("heading", name="Your post")).to_be_focused()
    expect(page.locator(".counts-tightest")).to_contain_text("X")
    page.get_by_label("Write three to choose from").uncheck()
    for name in ("Your hashtags", "Your link"):
        page.get_by_label(name).fill("")
    page.get_by_label("For", exact=True).select_option("")
    page.locator("summary", has_text="More options").click()


def test_without_storage_the_posts_of_the_tab_are_there_and_it_is_said(
    new_tab: Callable[[], Watched], scripted_server: FaultyServer
) -> None:
    tab = new_tab()
    tab.page.add_init_script("Object.defineProperty(self, 'indexedDB', { value: undefined })")
    tab.open(scripted_server.url)
    tab.wait_for("ready")
    tab.page.get_by_role("button", name=EXAMPLE).click()
    post = tab.write()
    unfold(tab.page, "Earlier posts")
    expect(tab.page.locator(".history-item")).to_contain_text(post)
    expect(tab.page.locator(".history-trouble")).to_contain_text("gives the page no storage")
