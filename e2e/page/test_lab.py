"""A person's way through the lab, on the processor: an example, an instruction of one's own, JSON that is checked, two sides, a reload."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.page.conftest import Watched, watched_tab
from e2e.page.servers import RunningServer
from e2e.page.test_accessibility import check

pytestmark = pytest.mark.usefixtures("no_complaints")

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def tab(browser: Browser, quick_server: RunningServer) -> Iterator[Watched]:
    """One tab with the lab open, by its address; the demo makes a post of whatever it is asked."""
    with watched_tab(browser, reduced_motion="reduce", viewport=PHONE, accept_downloads=True) as tab:
        tab.open(f"{quick_server.url}#/lab")
        tab.wait_for("ready")
        yield tab


def run(tab: Watched, template: str) -> Page:
    """The example of a template, answered."""
    page = tab.page
    page.get_by_role("radio", name=template, exact=True).check(force=True)
    page.get_by_role("button", name="Try the example").click()
    with tab.through("writing", "ready"):
        page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("button", name="Save", exact=True).last).to_be_visible()
    return page


def test_the_example_of_a_template_an_instruction_of_ones_own_and_a_reload(tab: Watched, tmp_path: Path) -> None:
    page = tab.page
    expect(page.locator(".lab-card .notice").first).to_contain_text("only writes posts")
    run(tab, "Rewrite")
    answer = page.get_by_role("log", name="The answer").inner_text()
    assert answer
    page.locator(".lab-instruction > summary").click()
    page.get_by_label("The model is told this").fill("Write a {tone} post about {text} for {reader}.")
    expect(page.get_by_label("Reader")).to_be_visible()
    page.get_by_label("Save as").fill("For a reader")
    page.locator(".lab-save").get_by_role("button", name="Save").click()
    expect(page.get_by_role("radio", name="For a reader")).to_be_checked()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save my templates as a file").click()
    path = tmp_path / "templates.json"
    waiting.value.save_as(path)
    page.get_by_role("button", name="Delete this template").click()
    page.get_by_role("button", name="Press again to delete").click()
    expect(page.get_by_role("radio", name="For a reader")).to_have_count(0)
    page.locator(".lab-file").set_input_files(path)
    expect(page.get_by_role("radio", name="For a reader")).to_have_count(1)
    page.reload()
    tab.wait_for("ready")
    expect(page.get_by_role("log", name="The answer")).to_have_text(answer)


def test_every_language_has_a_name(tab: Watched) -> None:
    """Chrome has none for some, and showed their codes."""
    tab.page.get_by_role("radio", name="Translate", exact=True).check(force=True)
    options = tab.page.locator(".lab-fields").get_by_label("Language").locator("option")
    shown: list[list[str]] = options.evaluate_all("(all) => all.map(({ value, label }) => [value, label])")
    assert len(shown) > 140
    assert [code for code, name in shown if code == name] == []


def test_json_that_does_not_fit_is_corrected_once_and_both_are_shown(tab: Watched) -> None:
    """By the validator of the page, under its policy."""
    page = run(tab, "Extract JSON")
    expect(page.locator(".lab-verdict")).to_contain_text("not even after one correction")
    expect(page.locator(".lab-problems li").first).to_contain_text("There is no JSON in it.")
    page.locator(".lab-first > summary").click()
    expect(page.locator(".lab-first pre")).not_to_be_empty()
    page.get_by_label("JSON Schema").fill('{"pattern": "(a+)+$"}')
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="cannot be used")).to_be_visible()


def test_two_sides_on_the_same_input(tab: Watched, tmp_path: Path) -> None:
    page = tab.page
    page.locator(".lab-instruction > summary").click()
    page.locator("summary", has_text="Side by side").click()
    page.get_by_label("Compare two on the same input").check()
    side = page.get_by_role("group", name="Side B")
    demo = side.get_by_label("Model").locator("option", has_text="demo").get_attribute("value")
    side.get_by_label("Model").select_option(demo)  # the other one never ends
    side.get_by_label("Temperature").fill("1.7")
    run(tab, "Summarize")
    expect(page.locator(".lab-answer")).to_have_count(2)
    expect(page.get_by_role("log", name="The answer of side B")).not_to_be_empty()
    expect(page.locator(".lab-answer").nth(1)).to_contain_text("temperature 1.7")
    page.locator(".history > summary").click()
    check(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export as JSON").click()
    waiting.value.save_as(tmp_path / "answers.json")
    newest = json.loads((tmp_path / "answers.json").read_text(encoding="utf-8"))["runs"][0]
    assert [answer["temperature"] for answer in newest["answers"]][1] == 1.7
