"""axe finds nothing to say in any phase, light or dark, wide or 320 px; and nothing needs sideways scrolling."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.page.conftest import EXAMPLE, WRITE_MS, Watched, hold_answer, hold_end, standing_cut, watched_tab
from e2e.page.servers import FaultyServer, faulty_server
from webapp.paths import DEMO_GRAPH

AXE = Path(__file__).parents[2] / "static" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = ({"width": 320, "height": 640}, {"width": 768, "height": 1024}, {"width": 1440, "height": 900})
RULES: dict[str, dict[str, Any]] = {"light": {}, "dark": {"runOnly": ["color-contrast", "link-in-text-block"]}}
"""What axe looks for: all, and once more what colours decide."""
SCREENS = (
    "insecure-origin",
    "no-webgpu",
    "no-adapter",
    "server-unreachable",
    "no-model",
    "model-missing",
    "model-not-kept",
    "model-corrupt",
    "model-unfit",
    "download-cut",
    "server-busy",
    "server-refused",
    "engine-failed",
    "lora-failed",
    "device-lost",
)
SHOW_PROBLEMS = """
async (codes) => {
  const { mountProblem } = await import("/static/app/problem.js");
  const own = document.querySelector(".problem");
  for (const code of codes) {
    const root = own.cloneNode(false);
    own.before(root);
    mountProblem(root).update({ code, detail: "detail ".repeat(30) });
  }
}
"""


@pytest.fixture(scope="module")
def server(scripted: Path) -> Iterator[FaultyServer]:
    with faulty_server([DEMO_GRAPH], static=scripted) as running:
        yield running


@pytest.fixture(scope="module")
def tab(browser: Browser, server: FaultyServer) -> Iterator[Watched]:
    with watched_tab(browser, reduced_motion="reduce") as tab:
        tab.open(server.url)
        tab.wait_for("ready")
        yield tab


@pytest.fixture
def ready(tab: Watched) -> Watched:
    """With its details unfolded."""
    tab.open_details()
    return tab


def check(page: Page) -> None:
    """Every size and scheme: no finding of axe, no sideways scrolling."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    for size in SIZES:
        page.set_viewport_size(size)  # type: ignore[arg-type]
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], f"{width} px wide at {size['width']}"
        for scheme, rules in RULES.items():
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            result: dict[str, Any] = page.evaluate(
                "(rules) => axe.run({ resultTypes: ['violations'], ...rules })", rules
            )
            findings = [
                f"{finding['id']}: {finding['help']}: {[node['html'][:200] + ' ' + node['failureSummary'] for node in finding['nodes']]}"
                for finding in result["violations"]
            ]
            assert not findings, f"{size['width']} px, {scheme}:\n" + "\n".join(findings)


def test_loading(new_tab: Callable[[], Watched], server: FaultyServer) -> None:
    """A part of the model has arrived, and the rest waits."""
    tab = new_tab()
    tab.page.emulate_media(reduced_motion="reduce")
    tab.expected.append("ERR_")
    server.faults.cut_at = [2_000_000]
    tab.open(server.url)
    cut = standing_cut(tab, server)
    expect(tab.page.get_by_role("progressbar")).to_be_visible()
    expect(tab.page.locator(".loading-detail")).to_contain_text("B of ")
    check(tab.page)
    with tab.through("ready"):
        cut.happen()


def test_ready_and_open(ready: Watched) -> None:
    check(ready.page)


def test_writing_and_written(ready: Watched) -> None:
    page = ready.page
    end = hold_end(page)
    page.get_by_role("radio", name="Standard").check()
    page.get_by_role("button", name=EXAMPLE).click()
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.get_by_role("log")).not_to_be_empty(timeout=WRITE_MS)
    check(page)
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    with ready.through("ready"):
        end()
    page.get_by_text("How these are measured").click()
    expect(page.locator(".composer-stop")).to_be_hidden(timeout=WRITE_MS)  # it may have been written again
    check(page)
    begin = hold_answer(page)
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.locator(".card[data-reading]")).to_be_visible()  # the post before, until the first word of the next
    check(page)
    with ready.through("ready"):
        begin()


def test_too_long(ready: Watched) -> None:
    page = ready.page
    page.get_by_label("Your text").fill("The library opens on Monday. " * 600)
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)


def test_problem_screens(ready: Watched) -> None:
    """All below each other: what axe says of one names its element."""
    page = ready.page
    page.evaluate(SHOW_PROBLEMS, SCREENS)
    screens = page.locator(".problem:visible")
    assert screens.evaluate_all("(all) => all.map(({ dataset }) => dataset.code)") == list(SCREENS)
    check(page)
    screens.evaluate_all("(all) => all.forEach((each) => each.remove())")
