"""A GPU that computes wrongly is found before the first answer, and on /check; the page then writes on the processor."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from e2e.gpu_check import SHIM
from e2e.page.conftest import LOAD_MS, Watched, begin_worker_with, watched_context
from e2e.page.servers import RunningServer, onpage_serve
from e2e.page.test_accessibility import check
from webapp.paths import DEMO_GRAPH, DEMO_MODEL

FAULT = {"kind": "window", "amount": 1}
MODEL, CASE = "gemma2", 1
REAL = """
Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", { get: () => false });
AbortSignal.timeout = () => new AbortController().signal;
"""
"""Without the first the page does not ask: it knows that software plays the GPU. Without the second it may wait too short for that."""


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """With a model for MediaPipe and for the processor: LiteRT-LM on WebGPU would be asked next, which takes its time."""
    with onpage_serve([f"{DEMO_MODEL},{DEMO_GRAPH}"]) as running:
        yield running


@pytest.fixture
def tab(browser: Browser) -> Iterator[Watched]:
    """On a GPU whose windows are too wide by one, with one case of the check: each program is compiled on the processor here."""

    def one_case(route: Route) -> None:
        answers: dict[str, Any] = route.fetch().json()
        [model] = [model for model in answers["models"] if model["id"] == MODEL]
        route.fulfill(json=answers | {"models": [model | {"cases": [model["cases"][CASE]]}]})

    with watched_context(
        browser, reduced_motion="reduce", permissions=["clipboard-read", "clipboard-write"]
    ) as new_tab:
        tab = new_tab()
        tab.page.context.route("**/answers.json", one_case)
        begin_worker_with(tab.page, "mediapipe.worker.js", f"self.GPU_FAULT = {json.dumps(FAULT)};\n{SHIM}")
        yield tab


def test_the_page_writes_on_the_processor_where_the_gpu_computes_wrongly(tab: Watched, server: RunningServer) -> None:
    page = tab.page
    page.add_init_script(REAL)
    tab.open(server.url)
    tab.wait_for("ready")
    notice = page.locator(".main > .notice").first
    expect(notice).to_contain_text("This GPU computes wrongly")
    expect(notice).to_contain_text(
        "1 of 1 test answers wrong, so this model runs in LiteRT-LM on the processor instead"
    )
    expect(page.locator("body")).to_have_attribute("data-engine", "litert-lm-cpu")

    started: list[str] = []
    page.on("worker", lambda worker: started.append(worker.url))
    page.reload()
    tab.wait_for("ready")
    expect(notice).to_contain_text("This GPU computes wrongly")
    assert [url for url in started if "litert_lm" in url]
    assert len([url for url in started if "mediapipe" in url]) <= 1, "the GPU is not asked twice"
    tab.open_details()
    expect(page.locator(".engine-reason")).to_contain_text("1 of 1 test answers wrong")


def test_the_check_names_the_wrong_case_and_gives_its_verdict_to_copy(tab: Watched, server: RunningServer) -> None:
    page = tab.open(f"{server.url}/check")
    page.wait_for_selector("body[data-phase=ready]")
    expect(page.locator("#software")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Check this GPU").click()
    expect(page.get_by_role("button", name="Stop")).to_be_focused()
    verdict = page.locator("#verdicts li").first
    expect(verdict).to_contain_text(
        "MediaPipe 0.10.29 in float16: wrong in 1 of 1 cases (Gemma 2, 72 tokens: word ", timeout=LOAD_MS
    )
    page.get_by_role("button", name="Stop").click()
    page.wait_for_selector("body[data-phase=finished]")
    expect(page.get_by_role("alert")).to_have_text("This GPU computes Gemma wrongly.")
    expect(page.get_by_role("cell", name="wrong, word").first).to_be_visible()
    check(page)
    page.get_by_role("button", name="Copy the verdict").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    for part in (
        "swiftshader",
        "Driver: ",
        "float16: yes" if sys.platform == "linux" else "no shader-f16",
        "Chrome/",
        "wrong in 1 of 1 cases (Gemma 2, 72 tokens: word ",
    ):
        assert part in copied
