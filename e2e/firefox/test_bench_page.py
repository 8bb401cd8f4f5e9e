"""A small run of /bench in Firefox."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from e2e.bench_page.test_bench_page import choose, finish
from e2e.page.conftest import Watched
from e2e.page.servers import RunningServer
from e2e.page.test_storage import eventually
from onpage.bench.record import load_results


def test_a_person_measures(tab: Watched, quick_server: RunningServer, downloads: Path) -> None:
    page = tab.open(f"{quick_server.url}/bench")
    page.wait_for_selector("body[data-phase=ready]")
    expect(page.get_by_role("list", name="What to know before measuring")).to_contain_text("no WebGPU")
    choose(page, [32], decode=16, runs=2)
    page.get_by_role("button", name="Start").click()
    finish(page)
    expect(page.locator(".report-card")).to_contain_text("Answer checked: correct.")
    page.get_by_role("button", name="Download the results").click()
    eventually(lambda: bool(list(downloads.glob("onpage-bench-20*.json"))))
    (results,) = downloads.iterdir()
    (record,) = load_results(results)["records"]  # which holds every value against the schema
    assert (record["status"], record["errors"], record["notes"]) == ("complete", [], [])
    assert record["adapter"] is None and record["engine"]["backend"] == "CPU"
    assert "Firefox/" in record["browser"]["user_agent"]
    assert [(load["kind"], load["from_cache"]) for load in record["loads"]] == [("cold", False), ("warm", True)]
    rounds = dict.fromkeys((s["prefill"], s["run"], s["warmup"]) for s in record["samples"])
    assert list(rounds) == [(32, 1, True), (32, 1, False), (32, 2, False)]
