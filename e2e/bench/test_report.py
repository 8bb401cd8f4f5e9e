"""The report as a file in the browser: drawn from the disk, without a request, with hostile strings as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from onpage.bench.compare import compare_alike
from onpage.bench.record import problem_of
from onpage.bench.report.page import html_report
from tests.onpage.bench.records import again, record, results
from tests.onpage.bench.test_report import HOSTILE, hostile


@dataclass
class Opened:
    """A report in a page, with all that it asked for and complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    failures: list[str | None] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Any]:
    contexts = []

    def open_report(html: str, **options: Any) -> Opened:
        (tmp_path / "report.html").write_text(html, encoding="utf-8")
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        seen = Opened(context.new_page())
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.on("requestfailed", lambda request: seen.failures.append(request.failure))
        seen.page.on("console", lambda message: seen.complaints.append(message.text))
        seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        seen.page.goto((tmp_path / "report.html").as_uri())
        seen.page.wait_for_selector("#report table:visible")
        return seen

    yield open_report
    for context in contexts:
        context.close()


def two() -> dict[str, Any]:
    """Two engines, one of them at fewer lengths, with cold loads."""
    one, other = record(prefill=(32, 128, 512)), record(prefill=(32, 128), slower=1.4)
    other |= {
        "engine": other["engine"] | {"id": "litert-lm", "name": "LiteRT-LM"},
        "label": "synth · LiteRT-LM · SwiftShader",
    }
    for made in (one, other):
        made["loads"].append({"kind": "cold", "milliseconds": {"bytes": 2000, "engine": 2500}, "from_cache": False})
    return results(one, other)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_from_a_file_without_a_request_or_a_complaint(opened: Any, scheme: str) -> None:
    seen = opened(html_report([two()]), color_scheme=scheme)
    assert [url.split(":")[0] for url in seen.requests if not url.startswith("data:")] == ["file"]
    assert seen.complaints == []
    text = seen.page.inner_text("body")
    for words in ("How fast models run", "MediaPipe", "LiteRT-LM", "Xeon, 2 cores", "SwiftShader"):
        assert words in text
    assert seen.page.locator("svg").count() >= 3
    bars = seen.page.locator("figure:has-text('to the first answer') .plot-name").all_text_contents()
    assert (
        [bar.split()[0] for bar in bars] == ["cold:", "warm:"] * 2 and "MediaPipe" in bars[0] and "LiteRT-LM" in bars[2]
    )
    seen.page.set_viewport_size({"width": 1280, "height": 800})
    where = seen.page.get_by_role("region", name="What ran where")
    assert where.evaluate("(table) => table.scrollWidth <= table.clientWidth")
    paper = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) > 382) == (scheme == "light")
    seen.page.set_viewport_size({"width": 360, "height": 800})
    assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_baseline_is_compared_with_the_verdicts_of_the_command(opened: Any) -> None:
    before, now = results(record()), results(record(slower=1.2))
    seen = opened(html_report([now], baseline=before, comparison=compare_alike(before, [now])))
    assert seen.complaints == []
    text = seen.page.inner_text("#report")
    assert "regression" in text and "FAILED" in text and "0.833" in text


def test_the_verdict_comes_first_and_is_in_sight_on_a_phone(opened: Any) -> None:
    before, now = results(record()), results(record(slower=1.2))
    page = opened(
        html_report([now], baseline=before, comparison=compare_alike(before, [now])),
        viewport={"width": 360, "height": 640},
    ).page
    assert page.locator("#report section").first.locator("h2").inner_text() == "What changed"
    verdict = page.locator(".compared-failed").bounding_box()
    assert verdict and verdict["y"] + verdict["height"] < 640, "without scrolling"
    words = page.locator("[data-verdict]")
    assert words.count() == 9
    for box in (words.nth(index).bounding_box() for index in range(9)):
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= 360
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


POINTS = """(figure) => {
  const axis = [...figure.querySelectorAll(".plot-tick[text-anchor=end]")].map((tick) => [Number(tick.getAttribute("y")) - 4, tick.textContent]);
  const lines = [...figure.querySelectorAll(".plot-line")].filter((line) => line.tagName === "polyline");
  return { axis, lines: lines.map((line) => line.getAttribute("points").split(" ").map((point) => Number(point.split(",")[1]))) };
}"""


def test_the_drawing_shows_the_figures(opened: Any) -> None:
    """Read back from the SVG by its own axis: the speeds of the raw samples."""
    page = opened(html_report([two()])).page
    expected = {
        "Prefill by prompt length": [[100.0] * 3, [100 / 1.4] * 2],
        "Decode by prompt length": [[10.0] * 3, [10 / 1.4] * 2],
        "Decode along the answer": [[10.0] * 8, [10 / 1.4] * 8],
    }
    for title, series in expected.items():
        found = page.locator(f"figure:has(figcaption:text-is('{title}'))").evaluate(POINTS)
        ticks = [(y, float(text)) for y, text in found["axis"]]
        (low, least), (high, most) = min(ticks, key=lambda tick: tick[1]), max(ticks, key=lambda tick: tick[1])
        for line, speeds in zip(found["lines"], series, strict=True):
            drawn = [least + (y - low) * (most - least) / (high - low) for y in line]
            assert drawn == pytest.approx(speeds, rel=0.01), title


def test_hostile_strings_are_text(opened: Any) -> None:
    made = results(hostile(), record())
    assert problem_of(made) is None
    before = results(*map(again, made["records"]))
    seen = opened(html_report([made], baseline=before, comparison=compare_alike(before, [made])))
    assert seen.complaints == []
    assert seen.page.locator("img").count() == 0
    assert seen.page.locator("script").count() == 3
    assert (
        seen.page.evaluate("JSON.parse(document.getElementById('data').textContent).results.records[0].label")
        == HOSTILE
    )
    assert "<img src=x onerror=alert(2)>" in seen.page.inner_text("#report")


def test_the_policy_holds_against_what_gets_in(opened: Any) -> None:
    """Were a string to become markup after all: nothing of it would run or be fetched."""
    seen = opened(html_report([two()]))
    seen.page.evaluate(
        """() => {
          const image = document.createElement("img");
          image.src = "http://127.0.0.1:9/x.png";
          document.body.append(image);
          return fetch("http://127.0.0.1:9/").catch(() => {});
        }"""
    )
    assert any("Content Security Policy" in complaint for complaint in seen.complaints)
    assert seen.page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; return 'written'; } catch { return 'refused'; } }"
    ) == "refused"  # fmt: skip
    assert seen.failures == ["csp"]  # the image; fetch does not come as far as a request


def test_it_prints_light_and_whole(opened: Any, tmp_path: Path) -> None:
    seen = opened(html_report([two()]), color_scheme="dark")
    seen.page.emulate_media(media="print", color_scheme="dark")
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert seen.page.pdf(path=tmp_path / "report.pdf").startswith(b"%PDF")


@pytest.mark.parametrize("width", [718, 360])
def test_nothing_runs_off_a_printed_page(opened: Any, width: int) -> None:
    """A4 between its margins, and a narrow one: the widest table was 339 px too wide."""
    before, now = results(record()), results(hostile(), record(slower=1.2))
    comparison = compare_alike(before, [now])
    page = opened(
        html_report([now], baseline=before, comparison=comparison), viewport={"width": width, "height": 1000}
    ).page
    page.emulate_media(media="print")
    for table in page.locator("table").all():
        assert table.evaluate("(each) => each.getBoundingClientRect().right <= innerWidth"), table.inner_text()[:80]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_data_of_a_report_are_results_again(opened: Any) -> None:
    seen = opened(html_report([two()]))
    records = json.loads(seen.page.evaluate("document.getElementById('data').textContent"))["results"]["records"]
    assert problem_of(two() | {"records": records}) is None
