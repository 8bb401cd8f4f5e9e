"""Documents searched by meaning, with a small random model: what it thinks near is chance, but everything around it is as with a real one
(real/test_documents.py has that)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from builder.encoder.convert import convert_encoder
from e2e.page.conftest import Watched
from e2e.page.servers import FaultyServer, faulty_server
from e2e.page.test_accessibility import check
from tests.goldens.encoder_cases import ENCODERS
from webapp.paths import DEMO

RULES = "# Rules\n\n## Keys\n\nw20 w21 w22 lie in the office.\n\n## Boats\n\nw30 w31 w32 are washed on Sundays.\n"
RECORD_TEXTS = """
(results) => {
  window.said = "";
  new MutationObserver(() => (window.said += results.innerText)).observe(results, { subtree: true, childList: true, characterData: true });
}
"""
ELSEWHERE = "w300 w301"
"""A question whose words stand in no document."""


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """The model's file."""
    path = tmp_path / "tiny.litertlm"
    convert_encoder(ENCODERS["bert"].write(tmp_path / "checkpoint"), path)
    return path


@pytest.fixture
def server(encoder: Path) -> Iterator[FaultyServer]:
    with faulty_server([DEMO, encoder]) as running:
        yield running


def opened(tab: Watched, server: FaultyServer) -> tuple[Page, Locator]:
    """The documents with one in them, and where the page says how the search by meaning is."""
    page = tab.open(f"{server.url}#/documents")
    page.locator(".documents-file").set_input_files({"name": "rules.md", "mimeType": "", "buffer": RULES.encode()})
    expect(page.locator(".documents-list li")).to_have_count(1)
    return page, page.locator(".documents-meaning")


def ask(page: Page, question: str) -> Locator:
    """Where what is found is shown."""
    field = page.get_by_label("Ask your documents")
    field.fill(question)
    field.press("Enter")
    return page.locator(".documents-results")


def test_from_nothing_found_to_meanings_and_back(server: FaultyServer, tab: Watched) -> None:
    page, meaning = opened(tab, server)
    results = ask(page, ELSEWHERE)
    expect(results).to_contain_text("Nothing was found.")
    expect(results).to_contain_text("It takes a second model, tiny (")
    results.evaluate(RECORD_TEXTS)
    results.get_by_role("button", name="Search by meaning too").click()
    expect(meaning).to_contain_text("Words and meanings are searched, with tiny.")
    expect(results).to_contain_text("2 of 2 passages · by words and meaning")
    expect(results).to_contain_text("come nearest to what it means")
    assert "Loading tiny. Words are searched meanwhile." in page.evaluate("said")
    expect(results).not_to_contain_text("Words are searched")
    check(page)

    for asked, heading in (("office", "Keys"), ("washed", "Boats")):
        ask(page, asked)  # the first by words is the first or second by meaning, so it is found among both
        expect(results.locator(".documents-hit")).to_have_count(2)
        hit = results.locator(".documents-hit-open", has_text=heading)
        hit.click()
        expect(page.locator(".documents-reader mark")).to_contain_text(asked)
        page.get_by_role("button", name="Back").click()
        expect(hit).to_be_focused()

    page.reload()
    expect(meaning).to_contain_text("Words and meanings are searched, with tiny.")  # it was wanted on this device
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".documents-shelf > summary")).to_have_text("Documents (1) · by words and meaning")
    page.set_viewport_size({"width": 1280, "height": 800})
    meaning.get_by_role("button", name="Turn off").click()
    expect(meaning).to_contain_text("It takes a second model, tiny")
    expect(ask(page, ELSEWHERE)).to_contain_text("Nothing was found.")
    expect(ask(page, "office").locator(".documents-hit")).to_have_count(1)
    expect(results).not_to_contain_text("by words and meaning")
    page.goto(f"{server.url}#/models")
    row = page.locator(".models-item", has_text="searches documents by meaning")
    expect(row.get_by_role("heading")).to_have_text("tiny")
    expect(row.get_by_role("button", name="Use: tiny")).to_be_hidden()
    licence = page.locator(".models-quiet a").first
    assert licence.evaluate("(link) => getComputedStyle(link).color === getComputedStyle(link.parentElement).color")


def test_vectors_of_another_size(server: FaultyServer, tab: Watched) -> None:
    """The list says that the model's vectors may be cut: a random one's as well as any."""

    def lie(route: Route) -> None:
        models = route.fetch().json()
        for each in models:
            if "embedding" in each:
                each["embedding"]["sizes"] = [8, 16, each["embedding"]["dimensions"]]
        route.fulfill(body=json.dumps(models), content_type="application/json")

    tab.page.route("**/api/models", lie)
    page, meaning = opened(tab, server)
    size = meaning.get_by_label("Numbers for each passage")
    assert size.locator("option").all_text_contents()[:2] == [
        "8 (32 kB for 1,000 passages)",
        "16 (64 kB for 1,000 passages)",
    ]
    meaning.get_by_role("button", name="Search by meaning too").click()
    expect(meaning).to_contain_text("Words and meanings are searched, with tiny.")
    for chosen in ("8", "16"):  # cut from what is there, and read again
        size.select_option(chosen)
        expect(meaning).to_contain_text("Words and meanings are searched, with tiny.")
        expect(ask(page, ELSEWHERE)).to_contain_text("2 of 2 passages · by words and meaning")
    check(page)
    page.reload()
    expect(meaning).to_contain_text("Words and meanings are searched, with tiny.")
    expect(size).to_have_value("16")


def test_a_model_that_breaks_or_is_missing_leaves_the_words(server: FaultyServer, tab: Watched, encoder: Path) -> None:
    tab.expected += ["out of memory", "404|410|Failed to load resource"]
    page, meaning = opened(tab, server)
    model = encoder.rename(encoder.with_suffix(".away"))
    results = ask(page, ELSEWHERE)
    start = meaning.get_by_role("button", name="Search by meaning too")
    start.click()
    expect(meaning).to_contain_text("The model is missing: tiny. Words are searched as before.")
    expect(results).to_contain_text("The model is missing: tiny.")
    check(page)
    model.rename(encoder)
    results.get_by_role("button", name="Try again").click()
    expect(meaning).to_contain_text("Words and meanings are searched")
    expect(results).to_contain_text("by words and meaning")

    worker = next(worker for worker in page.workers if "embedding" in worker.url)
    worker.evaluate("() => void setTimeout(() => { throw new Error('out of memory'); })")
    ask(page, "office")
    expect(results.locator(".documents-hit")).to_have_count(1)
    expect(meaning).to_contain_text("The engine stopped working: tiny.")
    meaning.get_by_role("button", name="Turn off").click()
    expect(start).to_be_visible()
