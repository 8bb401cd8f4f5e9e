"""One activation is one: a double click, a key that is held. And what works is not given up for what cannot be had."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from e2e.page.conftest import Watched, hold_end


@pytest.fixture
def given(loaded: Watched) -> Watched:
    """With a text of another language, whose posts the page does not judge: it writes no second one of its own accord."""
    with loaded.through("ready"):
        loaded.choose_model("endless")
    loaded.page.get_by_label("Your text").fill(
        "Die Bibliothek ist am Montag nicht geöffnet, weil das Dach erneuert wird."
    )
    return loaded


def answers(page: Page) -> int:
    """How many were begun."""
    return (page.locator("html").get_attribute("data-phases") or "").split().count("writing")


def test_a_double_click_on_write_is_one(given: Watched) -> None:
    page = given.page
    end = hold_end(page)
    page.get_by_role("button", name="Write", exact=True).dblclick(delay=60)
    expect(page.get_by_role("log", name="The post")).not_to_be_empty()
    expect(given.status).to_have_text("Writing")
    with given.through("ready"):
        end()
    expect(given.status).to_have_text("The post is finished")
    assert answers(page) == 1


def test_enter_that_is_held_on_write_is_one(given: Watched) -> None:
    """Also after the post is finished."""
    page = given.page
    page.get_by_role("button", name="Write", exact=True).focus()
    with given.through("writing", "ready"):
        for _ in range(3):
            page.keyboard.down("Enter")
    for _ in range(3):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    expect(given.status).to_have_text("The post is finished")
    assert answers(page) == 1


def test_the_post_before_stays_until_the_first_word(loaded: Watched) -> None:
    page = loaded.page
    before = loaded.write()
    worker = page.workers[-1]
    worker.evaluate("() => { self.kept = self.postMessage.bind(self); self.postMessage = () => {}; }")
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.locator("body")).to_have_attribute("data-phase", "writing")
    expect(page.get_by_role("log", name="The post")).to_have_text(before)


def test_an_engine_that_cannot_be_fetched_leaves_the_one_that_works(loaded: Watched) -> None:
    page = loaded.page
    loaded.expected.append("ERR_FAILED")
    page.context.route("**/*", lambda route: route.abort())
    page.get_by_text("Details", exact=True).click()
    with loaded.through("loading", "ready"):
        page.get_by_label("Engine").select_option("mediapipe")
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
    expect(page.get_by_label("Engine")).to_have_value("")
    assert len(loaded.write().split()) > 5
    expect(page.get_by_role("alert")).to_be_hidden()
