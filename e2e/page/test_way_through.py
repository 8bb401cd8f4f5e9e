"""A person's way through the page, on MediaPipe: load, write, again, too long, another model, stop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.page.conftest import EXAMPLE, WRITE_MS, Watched, hold_end, watched_tab
from e2e.page.servers import RunningServer

MAX_PAGE_SHARE = 1 / 3
"""What the page's own thread may take of the processor's time that goes to the page and its workers; it takes a tenth, and with
an engine in it would take nearly all. Unlike the time that a task lasts, this is the same on a slow or busy machine."""

PREPARE = """
[window.loading, window.written, window.said] = [[], [], []];
new MutationObserver((records) => {
  const text = (name) => document.querySelector(name)?.textContent ?? "";
  const changed = (name) => records.some(({ target }) => (target.closest ? target : target.parentElement)?.closest(name));
  if (changed(".loading")) window.loading.push([text(".loading-step"), text(".loading-detail")]);
  if (changed(".card-text")) window.written.push(text(".card-text"));
  if (changed(".card-copy")) window.said.push(text(".card-copy"));
}).observe(document, { subtree: true, childList: true, characterData: true });
window.shared = [];
Object.defineProperty(navigator, "share", { value: async (data) => { window.shared.push(data); } });
"""

pytestmark = pytest.mark.usefixtures("no_complaints")


@pytest.fixture(scope="module")
def tab(whole_browser: Browser, server: RunningServer) -> Iterator[Watched]:
    """One tab with one loaded engine, for all tests of this module: each begins with `page`, whatever was before."""
    with watched_tab(whole_browser, permissions=["clipboard-read", "clipboard-write"]) as tab:
        tab.page.add_init_script(PREPARE)
        tab.open(server.url)
        tab.wait_for("ready")
        yield tab


@pytest.fixture
def page(tab: Watched) -> Page:
    """Ready, with the first model, an example in it, and the first tone and length."""
    return prepared(tab, 0)


@pytest.fixture
def endless(tab: Watched) -> Page:
    """As `page`, with the second model, which never stops by itself."""
    return prepared(tab, 1)


def prepared(tab: Watched, model: int) -> Page:
    use_model(tab, model)
    page = tab.page
    page.get_by_role("button", name=EXAMPLE).click()
    page.get_by_role("radio", name="Friendly").check()
    page.get_by_role("radio", name="Short").check()
    return page


@pytest.fixture(scope="module")
def posts() -> set[str]:
    """Those that `written` wrote."""
    return set()


@pytest.fixture
def written(tab: Watched, page: Page, posts: set[str]) -> Page:
    """As `page`, with a post: that of a test before, if it is still there."""
    if tab.post not in posts:
        posts.add(tab.write())
    return page


def use_model(tab: Watched, index: int) -> None:
    picker = tab.page.get_by_label("Model", exact=True)
    wanted = picker.locator("option").nth(index).get_attribute("value")
    if picker.input_value() == wanted:
        return
    with tab.through("loading", "ready"):
        picker.select_option(wanted)


def figures(page: Page) -> dict[str, str]:
    rows = page.locator(".figures-list > div").all()
    return {str(row.locator("dt").text_content()): str(row.locator("dd").first.text_content()) for row in rows}


def seed_of(page: Page) -> str:
    return figures(page)["Seed"]


def test_ready(tab: Watched, page: Page) -> None:
    expect(page.get_by_role("button", name="Write", exact=True)).to_be_enabled()
    page.get_by_label("Your text").fill(" ")
    expect(page.get_by_role("button", name="Write", exact=True)).to_be_disabled()  # there is no text
    expect(page.locator(".model-facts")).to_contain_text("MB")
    expect(page.get_by_text("Nothing leaves this computer.")).to_be_visible()
    tab.open_details()
    expect(page.get_by_role("note")).to_contain_text(
        "found no graphics card"
    )  # the software adapter: a warning, no more


def test_loading_showed_phase_bytes_and_speed(page: Page) -> None:
    shown: list[tuple[str, str]] = page.evaluate("window.loading")
    steps = list(dict.fromkeys(step for step, _ in shown if step not in ("", "Starting")))
    assert steps[:3] == ["Downloading the model", "Creating the engine", "Warming up"]
    progress = re.compile(r"[\d.,]+ [kMG]B of [\d.]+ MB · [\d.]+ [kMG]B/s")
    assert any(progress.fullmatch(detail) for step, detail in shown if step == "Downloading the model")


def test_write(tab: Watched, page: Page) -> None:
    expect(page.locator(".composer-count")).to_have_text(re.compile(r"^\d+ of [\d,]+ tokens$"))
    page.get_by_role("radio", name="Enthusiastic").check()
    end = hold_end(page)
    page.evaluate("window.written.length = 0")
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(page.get_by_role("button", name="Write", exact=True)).to_be_focused()
    log = page.get_by_role("log", name="The post")
    expect(page.locator(".card:not([data-reading]) .card-text")).not_to_be_empty(timeout=WRITE_MS)
    expect(log).to_have_attribute("aria-busy", "true")
    with tab.through("ready"):
        end()
    whole = tab.post
    steps = [step for step in page.evaluate("window.written") if step]  # the post before went in between
    assert len(set(steps)) > 2 and steps[-1] == whole, "the post did not stream"
    assert all(later.startswith(step) for step, later in pairwise(steps))
    assert "<end_of_turn>" not in whole
    expect(log).to_have_attribute("aria-busy", "false")
    expect(page.get_by_role("button", name="Write", exact=True)).to_be_focused()
    expect(page.locator(".card-kind")).to_have_text("Enthusiastic · short")


def test_figures(written: Page) -> None:
    shown = figures(written)
    first, prefill, decode = (float(re.sub(r"[^\d.]", "", shown[name])) for name in ("First text", "Prefill", "Decode"))
    if shown["First text"].endswith(" ms"):
        first /= 1000
    prompt, answer = (int(number.replace(",", "")) for number in shown["Tokens in / out"].split(" / "))
    assert prompt > 50
    assert answer > 5
    assert prefill == pytest.approx(prompt / first, rel=0.05)
    assert decode > 0


def test_counts(tab: Watched, written: Page) -> None:
    whole = tab.post
    expect(written.locator(".counts-total")).to_have_text(re.compile(rf"\d+ words, {len(whole)} characters"))
    expect(written.locator(".counts-limits li")).to_have_count(5)


def test_copy_and_share(written: Page) -> None:
    page = written
    page.evaluate("window.said.length = window.shared.length = 0")
    page.get_by_role("button", name="Copy").click()
    page.wait_for_function("() => window.said.includes('Copied')")  # for two seconds
    assert page.evaluate("navigator.clipboard.readText()") == page.locator(".card-text").text_content()
    page.get_by_role("button", name="Share").click()
    assert page.evaluate("window.shared") == [{"text": page.locator(".card-text").text_content()}]


def test_prompt_reused(tab: Watched, page: Page) -> None:
    """The same prompt again: the engine still holds it, and the page says so beside the figure."""
    tab.write()
    assert tab.write()
    expect(page.locator(".figures-note")).to_have_text("100 % reused")


def test_page_never_froze(written: Page) -> None:
    """Neither while the engine was loaded and warmed up nor while it wrote: none of it was done by the page's own thread."""
    session = written.context.new_cdp_session(written)
    session.send("Performance.enable")
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    assert 0 < metrics["ThreadTime"] / metrics["ProcessTime"] < MAX_PAGE_SHARE


def test_try_again(tab: Watched, written: Page) -> None:
    page = written
    page.get_by_role("button", name=EXAMPLE).click()
    page.get_by_role("radio", name="Standard").check()  # at which each seed says something else
    before, seed = tab.write(), seed_of(page)
    with tab.through("loading", "writing", "ready"):
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("heading", name="Your post")).to_be_focused()
    assert tab.post != before
    assert seed_of(page) != seed


def test_too_long(tab: Watched, page: Page) -> None:
    """It is counted, never sent; the engine still works afterwards."""
    area = page.get_by_label("Your text")
    short = area.input_value()
    area.fill("The library opens on Monday. " * 600)
    expect(area).to_have_attribute("aria-invalid", "")
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("too long")
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"takes [\d,]+ tokens"))
    area.fill("word " * 400_000)  # far too long to be counted, but not to be guessed
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"takes [2-9]\d\d,\d{3} tokens"))
    area.fill(short)
    expect(page.get_by_role("alert")).to_be_hidden()
    assert tab.write()


def test_other_model(tab: Watched, page: Page, model_file: Path) -> None:
    """By keyboard, with progress; the text stays, and so does the focus."""
    text = page.get_by_label("Your text").input_value()
    picker = page.get_by_label("Model", exact=True)
    options = [option.inner_text() for option in picker.locator("option").all()]
    assert [re.sub(r"[\d.]+", "#", option) for option in options] == [
        f"{model_file.stem.removesuffix('-web')} · int# · # MB",
        "noise · int# · # MB",
    ]
    page.evaluate("window.loading.length = 0")
    picker.focus()
    with tab.through("loading", "ready"):
        page.keyboard.press("ArrowDown")
        expect(picker).to_be_focused()
    assert "Downloading the model" in {step for step, _ in page.evaluate("window.loading")}
    expect(picker).to_be_focused()
    expect(page.locator(".model-facts")).to_contain_text("noise")
    expect(page.get_by_label("Your text")).to_have_value(text)


def test_stop(tab: Watched, endless: Page) -> None:
    page = endless
    page.get_by_role("radio", name="Standard").check()
    page.get_by_role("button", name="Write", exact=True).click()
    new = page.locator(".card:not([data-reading]) .card-text")  # not the post before
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(new).to_have_text(re.compile(".{20,}", re.DOTALL), timeout=WRITE_MS)
    with tab.through("ready"):
        page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Write", exact=True)).to_be_focused()
    expect(tab.status).to_have_text("Stopped")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_runaway_is_stopped(tab: Watched, endless: Page) -> None:
    """At three times the length asked for, in words or in tokens; and what was stopped writes again."""
    page = endless
    page.get_by_label("Your text").fill("Short.")
    page.get_by_role("radio", name="Short").check()
    for _ in range(2):
        words = len(tab.write().split())
        assert 20 <= words < 500, "its context has room for twice as many"
        expect(page.get_by_role("alert")).to_contain_text("lost its way")
