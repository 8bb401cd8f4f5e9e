"""What a writer sees first: a page to write on, with what an engineer wants to know folded away."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from e2e.page.conftest import EXAMPLE, STEP_MS, WRITE_MS, Watched, begin_worker_with, wait_for_stop, watched_tab
from e2e.page.servers import FaultyServer
from e2e.page.test_known_posts import KNOWN
from webapp.paths import static_folder

PHONE = {"width": 390, "height": 844}
MIN_TARGET = 44
"""Pixels that a finger needs."""
MIN_CONTRAST = 3
"""Of a control's border against what is around it (WCAG 2.2, 1.4.11)."""

BORDERS = """
() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const channel = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const around = (element) => {
    for (let each = element.parentElement; each; each = each.parentElement) {
      const [r, g, b, a = 1] = rgb(getComputedStyle(each).backgroundColor);
      if (a > 0) return [r, g, b];
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("button, select, textarea, input:not([type=radio]), .choice-label")]
    .filter((element) => element.checkVisibility())
    .filter((element) => getComputedStyle(element).borderTopStyle !== "none" && rgb(getComputedStyle(element).borderTopColor)[3] !== 0)
    .map((element) => {
      const [a, b] = [rgb(getComputedStyle(element).borderTopColor), around(element)].map(luminance);
      return [element.className || element.tagName, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
    });
}
"""


@pytest.fixture(scope="module")
def tab(browser: Browser, scripted_server: FaultyServer) -> Iterator[Watched]:
    with watched_tab(browser, viewport=PHONE, reduced_motion="reduce") as tab:
        tab.open(scripted_server.url)
        tab.wait_for("ready")
        yield tab


@pytest.fixture
def page(tab: Watched) -> Iterator[Page]:
    """Ready, with an empty text and what is folded away folded away."""
    if "endless" in tab.page.locator(".header-model option:checked").inner_text():
        with tab.through("loading", "ready"):
            tab.choose_model("onpage-demo")
    tab.page.get_by_label("Your text").fill("")
    yield tab.page
    tab.check()


def height(element: Locator) -> float:
    box = element.bounding_box()
    assert box
    return box["height"]


def test_write_is_above_the_fold_on_a_phone(page: Page) -> None:
    page.evaluate("scrollTo(0, 0)")
    box = page.get_by_role("button", name="Write", exact=True).bounding_box()
    assert box and box["y"] + box["height"] <= PHONE["height"]


def test_a_finger_finds_every_control(page: Page) -> None:
    controls = page.locator(
        ".workspace button:visible, .workspace select:visible, .choice-label:visible, summary:visible"
    )
    assert controls.count() > 10
    small = [each.inner_text() for each in controls.all() if height(each) < MIN_TARGET]
    assert not small


def test_what_an_engineer_wants_to_know_is_folded_away(page: Page) -> None:
    page.get_by_role("button", name=EXAMPLE).click()
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.locator(".card-actions")).to_be_visible(timeout=WRITE_MS)
    folded = ("Engine", "tok/s", "Temperature", "Seed", "tokens")
    seen = page.locator("main").inner_text()
    assert not [word for word in folded if word in seen.replace(page.locator(".composer-count").inner_text(), "")]
    page.get_by_text("Details", exact=True).click()
    seen = page.locator("main").inner_text()
    assert not [word for word in folded if word not in seen]
    page.get_by_text("Details", exact=True).click()


def test_only_the_tightest_network_is_named(page: Page) -> None:
    page.get_by_role("button", name=EXAMPLE).click()
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.locator(".card-actions")).to_be_visible(timeout=WRITE_MS)
    characters = int(re.findall(r"(\d+) character", page.locator(".counts-total").inner_text())[0])
    expect(page.locator(".counts-tightest")).to_have_text(f"fits X, {280 - characters} left")
    expect(page.locator(".counts-limits")).to_be_hidden()
    page.get_by_text("All networks").click()
    expect(page.locator(".counts-limits li")).to_have_count(5)
    expect(page.locator(".counts-limits li").first).to_be_visible()
    page.get_by_text("All networks").click()


def test_an_example_can_be_undone(page: Page) -> None:
    text, undo = page.get_by_label("Your text"), page.locator(".composer").get_by_role("button", name="Undo")
    expect(undo).to_be_hidden()
    text.fill("My own words.")
    page.get_by_role("button", name="Event").click()
    expect(text).to_have_value(re.compile("Northfield Choir"))
    page.get_by_role("button", name="Announcement").click()
    undo.click()
    expect(text).to_have_value("My own words.")
    expect(undo).to_be_hidden()
    page.get_by_role("button", name="Event").click()
    text.press("ControlOrMeta+z")
    expect(text).to_have_value("My own words.")


def test_the_demo_says_what_it_is_and_how_to_get_a_real_model(page: Page) -> None:
    about = page.locator(".about")
    expect(about).to_contain_text("five million weights, English only")
    expect(page.locator(".about-commands")).to_be_hidden()
    page.set_viewport_size({"width": 1200, "height": 800})
    one_line = "([one, other]) => one.getBoundingClientRect().top < other.getBoundingClientRect().bottom"
    sentence, ways = about.locator(".about-sentence").element_handle(), about.locator(".about-ways").element_handle()
    assert page.evaluate(one_line, [ways, sentence]), "the ways to another model stand beside the sentence"
    page.set_viewport_size(PHONE)
    about.get_by_text("Get a real Gemma").click()
    expect(page.locator(".about-commands")).to_have_text("make gemma")
    about.get_by_text("Get a real Gemma").click()


def test_a_stopped_post_looks_stopped(tab: Watched, page: Page) -> None:
    begin_worker_with(page, "litert_lm.worker.js", wait_for_stop(5))
    with tab.through("loading", "ready"):
        tab.choose_model("endless")
    expect(page.locator(".about")).to_contain_text("endless writes here")
    expect(page.locator(".about")).to_contain_text("check names, dates and numbers")
    page.get_by_role("button", name=EXAMPLE).click()
    page.get_by_role("button", name="Write", exact=True).click()
    stop = page.get_by_role("button", name="Stop")
    expect(stop).to_be_visible()
    new = page.locator(".card:not([data-reading]) .card-text")  # not the post before
    expect(new).not_to_be_empty(timeout=WRITE_MS)
    stop.click()
    expect(page.locator(".card[data-stopped] .card-kind")).to_contain_text("Stopped", timeout=STEP_MS)


def test_borders_of_controls_can_be_seen(page: Page) -> None:
    page.get_by_text("Details", exact=True).click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = page.evaluate(BORDERS)
        assert len(found) > 12
        faint = [(name, round(contrast, 2)) for name, contrast in found if contrast < MIN_CONTRAST]
        assert not faint, scheme
    page.emulate_media(color_scheme="light")
    page.get_by_text("Details", exact=True).click()


def test_what_is_chosen_can_be_seen_in_high_contrast(page: Page) -> None:
    page.emulate_media(forced_colors="active")
    background = "label => getComputedStyle(label.querySelector('.choice-label')).backgroundColor"
    chosen = page.locator(".choice-option:has(:checked)").first.evaluate(background)
    other = page.locator(".choice-option:not(:has(:checked))").first.evaluate(background)
    page.emulate_media(forced_colors="none")
    assert chosen != other


def test_before_anything_is_written_there_is_a_sample(
    new_tab: Callable[[], Watched], scripted_server: FaultyServer
) -> None:
    examples = json.loads((static_folder() / "tasks/post/examples.json").read_text(encoding="utf-8"))
    ((title, sample),) = [(example["title"], example["post"]) for example in examples if "post" in example]
    assert sample == KNOWN[title], "what the demo writes, greedily"
    tab = new_tab()
    tab.open(scripted_server.url)
    expect(tab.page.locator(".card-sample blockquote")).to_have_text(sample)
