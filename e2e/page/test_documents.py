"""A person's way through the documents: add, search, open the source at its passage, reload, remove. The demo answers nothing here."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from e2e.page.conftest import Watched
from e2e.page.servers import FaultyServer
from e2e.page.test_accessibility import check

FOLDER = Path(__file__).parents[2] / "tests" / "static" / "documents"


def test_search_open_a_source_reload_and_remove(tab: Watched, scripted_server: FaultyServer) -> None:
    page = tab.open(f"{scripted_server.url}#/documents")
    page.get_by_role("button", name="Try it with this document").click()
    expect(page.locator(".documents-hit").first).to_contain_text("bring two guests")

    names = ["observatory-report.pdf", "lease.docx", "ferry-terms.html"]
    page.locator(".documents-file").set_input_files([FOLDER / name for name in names] + [FOLDER / "../node.py"])
    expect(page.locator(".documents-list li")).to_have_count(5)
    expect(page.locator(".documents-item", has_text="observatory-report.pdf")).to_contain_text("3 pages")
    page.locator(".documents-file").set_input_files(
        {"name": "bad.docx", "mimeType": "", "buffer": b"PK\x03\x04 and no more"}
    )
    expect(page.get_by_role("alert").filter(has_text="bad.docx was not added")).to_be_visible()
    assert page.evaluate("[document.title.includes('script'), window.sparrow]") == [False, None]  # of ferry-terms.html

    question = page.get_by_label("Ask your documents")
    for asked, source, passage in [
        (
            "May the tenant go through the lock?",
            "lease.docx · Lease of a houseboat › Sailing",
            "never through the lock",
        ),
        ("Who found the largest piece of the fireball?", "observatory-report.pdf", "Two schoolgirls found the largest"),
    ]:
        question.fill(asked)
        question.press("Enter")
        first = page.locator(".documents-hit-open").first
        expect(first).to_contain_text(source)
        first.click()
        expect(page.locator(".documents-reader mark")).to_contain_text(passage)
        expect(page.locator(".documents-reader mark")).to_be_in_viewport()
        expect(page.locator(".documents-reader h2")).to_be_focused()
        if asked.startswith("Who"):
            check(page)
        page.get_by_role("button", name="Back").click()
        expect(first).to_be_focused()

    question.fill("What is the capital of Mongolia?")
    question.press("Enter")
    expect(page.locator(".documents-results")).to_contain_text("Nothing")
    page.reload()
    expect(page.locator(".documents-list li")).to_have_count(5)
    expect(question).to_have_value("What is the capital of Mongolia?")
    page.get_by_role("button", name="Remove lease.docx").click()
    page.get_by_role("button", name="Press again to remove").click()
    expect(page.locator(".documents-list li")).to_have_count(4)
    question.fill("May the tenant go through the lock?")
    question.press("Enter")
    expect(page.locator(".documents-results")).not_to_contain_text("Sailing")
    tab.wait_for("ready")
