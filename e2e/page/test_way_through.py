"""A person's way through the page, on one engine: load, write, stop, again, too long, settings, reload."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.page.conftest import EXAMPLE, WRITE_MS, Watched, watched
from e2e.page.servers import RunningServer

LONGEST_TASK_MS = 500
"""Of the page's own thread. Anything an engine does there would take seconds."""

PREPARE = """
addEventListener("DOMContentLoaded", () => {
  const [step, detail] = [".loading-step", ".loading-detail"].map((name) => document.querySelector(name));
  window.loading = [];
  new MutationObserver(() => window.loading.push([step.textContent, detail.textContent]))
    .observe(step.parentElement, { subtree: true, childList: true, characterData: true });
});
window.shared = [];
window.longTasks = [];
new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map(({ duration }) => duration)))
  .observe({ type: "longtask", buffered: true });
Object.defineProperty(navigator, "share", { value: async (data) => { window.shared.push(data); } });
"""


@pytest.fixture(scope="module")
def tab(browser: Browser, server: RunningServer) -> Iterator[Watched]:
    """One tab with one loaded engine, for all tests of this module in their order."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    context.add_init_script(PREPARE)
    tab = watched(context)
    tab.open(server.url)
    tab.wait_for("ready")
    yield tab
    context.close()


@pytest.fixture(autouse=True)
def no_complaints(tab: Watched) -> Iterator[None]:
    yield
    tab.check()


@pytest.fixture
def page(tab: Watched) -> Page:
    return tab.page


def write(tab: Watched) -> str:
    """Press Write and wait for the whole post."""
    tab.page.get_by_role("button", name="Write", exact=True).click()
    tab.page.wait_for_selector("body[data-phase=writing]", timeout=WRITE_MS)
    tab.wait_for("ready", WRITE_MS)
    return post(tab.page)


def post(page: Page) -> str:
    return page.get_by_role("log", name="The post").inner_text()


def stop_after_some_text(tab: Watched) -> str:
    """For models whose posts are long: enough is enough."""
    expect(tab.page.get_by_role("log", name="The post")).to_have_text(re.compile(".{20,}", re.DOTALL), timeout=WRITE_MS)
    tab.page.get_by_role("button", name="Stop").click()
    tab.wait_for("ready", WRITE_MS)
    return post(tab.page)


def figures(page: Page) -> dict[str, str]:
    rows = page.locator(".figures-list > div").all()
    return {row.locator("dt").inner_text(): row.locator("dd").first.inner_text() for row in rows}


def test_ready(page: Page) -> None:
    expect(page.get_by_role("status")).to_have_text("Ready")
    expect(page.get_by_role("button", name="Write", exact=True)).to_be_disabled()  # there is no text yet
    expect(page.locator("#model-facts")).to_contain_text("MB")
    expect(page.get_by_text("Nothing leaves this computer.")).to_be_visible()
    expect(page.get_by_role("note")).to_contain_text(
        "found no graphics card"
    )  # the software adapter: a warning, no more


def test_loading_showed_phase_bytes_and_speed(page: Page) -> None:
    shown: list[tuple[str, str]] = page.evaluate("window.loading")
    steps = list(dict.fromkeys(step for step, _ in shown if step))
    assert steps == ["Downloading the model", "Creating the engine", "Warming up"]
    progress = re.compile(r"[\d.,]+ [kMG]B of [\d.]+ MB · [\d.]+ [kMG]B/s")
    assert any(progress.fullmatch(detail) for step, detail in shown if step == "Downloading the model")


def test_write(tab: Watched, page: Page) -> None:
    page.get_by_role("button", name=EXAMPLE).click()
    expect(page.locator("#count")).to_have_text(re.compile(r"^\d+ of [\d,]+ tokens$"))
    page.get_by_role("radio", name="Enthusiastic").check()
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.get_by_role("button", name="Stop")).to_be_focused()
    expect(page.locator("#post")).to_have_attribute("aria-busy", "true")
    log = page.get_by_role("log", name="The post")
    expect(log).not_to_be_empty(timeout=WRITE_MS)
    early = post(page)
    tab.wait_for("ready", WRITE_MS)
    whole = post(page)
    assert whole.startswith(early.rstrip())
    assert len(whole) > len(early), "the post did not stream"
    assert "<end_of_turn>" not in whole
    expect(log).to_have_attribute("aria-busy", "false")
    expect(page.get_by_role("button", name="Write", exact=True)).to_be_focused()
    expect(page.locator(".card-kind")).to_have_text("Enthusiastic · short · seed 1")


def test_figures(page: Page) -> None:
    shown = figures(page)
    first, prefill, decode = (float(re.sub(r"[^\d.]", "", shown[name])) for name in ("First text", "Prefill", "Decode"))
    if shown["First text"].endswith(" ms"):
        first /= 1000
    prompt, answer = (int(number.replace(",", "")) for number in shown["Tokens in / out"].split(" / "))
    assert prompt > 50
    assert answer > 5
    assert prefill == pytest.approx(prompt / first, rel=0.05)
    assert decode > 0


def test_counts(page: Page) -> None:
    whole = post(page)
    words = len(whole.split())
    expect(page.locator(".counts-total")).to_contain_text(f"{words} word")
    expect(page.locator(".counts-limits li")).to_have_count(5)


def test_copy_and_share(page: Page) -> None:
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#post").text_content()
    page.get_by_role("button", name="Share").click()
    assert page.evaluate("window.shared") == [{"text": page.locator("#post").text_content()}]


def test_prompt_reused(tab: Watched, page: Page) -> None:
    """The same prompt again: the engine still holds it, and the page says so beside the figure."""
    assert write(tab)
    expect(page.locator(".figures-note")).to_have_text("100 % reused")


def test_page_never_froze(page: Page) -> None:
    """Neither while the engine was loaded and warmed up nor while it wrote."""
    assert max(page.evaluate("window.longTasks"), default=0) < LONGEST_TASK_MS


def test_try_again(tab: Watched, page: Page) -> None:
    before = post(page)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Your post")).to_be_focused()
    page.wait_for_selector("body[data-phase=writing]", timeout=WRITE_MS)
    tab.wait_for("ready", WRITE_MS)
    assert post(page) != before
    expect(page.locator(".card-kind")).to_contain_text("seed 2")


def test_stop(tab: Watched, page: Page) -> None:
    """And the next post works."""
    page.get_by_role("radio", name="Standard").check()
    page.get_by_role("button", name="Write", exact=True).click()
    stopped = stop_after_some_text(tab)
    expect(page.get_by_role("button", name="Write", exact=True)).to_be_focused()
    expect(page.get_by_role("status")).to_have_text("Stopped")
    assert len(write(tab)) > len(stopped)


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
    assert write(tab)


def test_settings_reload(tab: Watched, page: Page) -> None:
    page.get_by_text("Sampling settings").click()
    apply = page.get_by_role("button", name="Apply and reload the model")
    expect(apply).to_be_disabled()
    page.get_by_label("Top K").fill("1")
    page.get_by_label("Seed").fill("41")
    apply.click()
    page.wait_for_selector("body[data-phase=loading]")
    tab.wait_for("ready")
    expect(page.get_by_label("Top K")).to_have_value("1")
    first = write(tab)
    expect(page.locator(".card-kind")).to_contain_text("seed 41")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector("body[data-phase=writing]", timeout=WRITE_MS)
    tab.wait_for("ready", WRITE_MS)
    assert post(page) == first, "with top K 1 every seed writes the same"
    expect(page.get_by_label("Seed")).to_have_value("42")


def test_keyboard(tab: Watched, page: Page) -> None:
    page.get_by_label("Your text").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="Enthusiastic")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("radio", name="Professional")).to_be_checked()
    page.get_by_label("Your text").focus()
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("body[data-phase=writing]", timeout=WRITE_MS)
    stop_after_some_text(tab)


def test_reload_keeps_the_draft(tab: Watched, page: Page) -> None:
    text = page.get_by_label("Your text").input_value()
    page.reload()
    expect(page.get_by_label("Your text")).to_have_value(text)
    expect(page.get_by_role("radio", name="Professional")).to_be_checked()
    tab.wait_for("ready")
    expect(page.get_by_label("Seed")).to_have_value("42")


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
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("body[data-phase=loading]")
    expect(picker).to_be_focused()
    tab.wait_for("ready")
    assert "Downloading the model" in {step for step, _ in page.evaluate("window.loading")}
    expect(picker).to_be_focused()
    expect(page.locator("#model-facts")).to_contain_text("noise")
    expect(page.get_by_label("Your text")).to_have_value(text)


def test_other_model_while_one_is_loading(tab: Watched, page: Page, model_file: Path) -> None:
    """After a reload the tab still has the model that was chosen; who waits for the wrong one takes another."""
    page.reload()
    page.wait_for_selector("body[data-phase=loading]")
    picker = page.get_by_label("Model", exact=True)
    expect(picker.locator("option:checked")).to_contain_text("noise")
    first = model_file.stem.removesuffix("-web")
    tab.choose_model(first)
    expect(page.locator("#model-facts")).to_contain_text(first)
    tab.choose_model("noise")
    tab.wait_for("ready")
    expect(page.locator("#model-facts")).to_contain_text("noise")
    expect(picker.locator("option:checked")).to_contain_text("noise")


def test_runaway_is_stopped(tab: Watched, page: Page) -> None:
    """The second model never stops by itself."""
    page.get_by_label("Your text").fill("Short.")
    page.get_by_role("radio", name="Short").check()
    words = len(write(tab).split())
    assert 75 <= words < 100
    expect(page.get_by_role("alert")).to_contain_text("lost its way")
