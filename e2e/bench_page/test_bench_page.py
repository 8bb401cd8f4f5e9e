"""`/bench` as a person and as a program use it: the plan runs live, stops, and leaves a results file that keeps to the schema."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from builder.synth.web_file import synthesize
from e2e.page.conftest import Watched, insecure, watched_tab
from e2e.page.servers import RunningServer, onpage_serve
from e2e.page.test_accessibility import check
from onpage.bench.measures import status_of
from onpage.bench.record import fold, load_results, new_record, problem_of
from webapp.paths import DEMO

PLAN_SECONDS = 300
"""A plan takes a few; the rest is for busy cores."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """With a synthetic model, so small that its shaders are most of its time, and the demo model."""
    tiny = tmp_path_factory.mktemp("models") / "tiny-web.task"
    synthesize("layers=1,hidden=64,ffn=128,heads=1,kv=1,context=512", tiny)
    with onpage_serve([tiny, "demo"]) as running:
        yield running


@pytest.fixture
def tab(browser: Browser) -> Iterator[Watched]:
    with watched_tab(browser, reduced_motion="reduce") as tab:
        yield tab


def choose(page: Page, lengths: list[int], decode: int, runs: int, context: int = 512) -> None:
    for length in (32, 128, 512, 1024):
        page.get_by_role("checkbox", name=f"{length:,}").set_checked(length in lengths)
    for label, number in (("New tokens", decode), ("Runs", runs), ("Context", context)):
        field = page.get_by_label(label)
        field.press("ControlOrMeta+a")  # in Firefox `fill` adds to a number instead of replacing it
        field.press_sequentially(str(number))


def when_drawn(page: Page, title: str, act: str) -> None:
    """Does `act` in the page as soon as it shows the figure: the plan may be over before one could look."""
    page.evaluate(
        f"""(title) => new MutationObserver((_, observer) => {{
          if (![...document.querySelectorAll("figure")].some(({{ textContent }}) => textContent.includes(title))) return;
          observer.disconnect();
          {act};
        }}).observe(document.body, {{ subtree: true, childList: true }})""",
        title,
    )


def finish(page: Page) -> None:
    page.wait_for_selector("body[data-phase=finished]", timeout=PLAN_SECONDS * 1000)


def download(page: Page, to: Path) -> dict[str, Any]:
    with page.expect_download() as arriving:
        page.get_by_role("button", name="Download the results").click()
    assert arriving.value.suggested_filename.startswith("onpage-bench-20")
    arriving.value.save_as(to)
    return load_results(to)  # which holds every value against the schema


def test_a_person_measures(tab: Watched, server: RunningServer, tmp_path: Path) -> None:
    page = tab.open(f"{server.url}/")
    page.get_by_text("Details", exact=True).click()
    page.get_by_role("link", name="How fast is this browser?").click()
    page.wait_for_selector("body[data-phase=ready]")
    expect(page.get_by_role("list", name="What to know before measuring")).to_contain_text("found no GPU")
    check(page)

    page.get_by_label("Model").select_option(index=0)
    choose(page, [32, 128], decode=24, runs=2)
    when_drawn(page, "Prefill by prompt length", "window.phaseWhenDrawn = document.body.dataset.phase")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_be_focused()
    finish(page)
    assert page.evaluate("window.phaseWhenDrawn") == "running", "it grows as it is measured"
    expect(page.get_by_role("table", name="MediaPipe")).to_contain_text("Decode")
    expect(page.locator(".report-card")).to_contain_text("these are not a GPU's figures")
    check(page)

    results = download(page, tmp_path / "results.json")
    (record,) = results["records"]
    assert (record["status"], record["errors"], record["notes"]) == ("complete", [], [])
    assert record["software"] is True and record["adapter"]["software"] is True and record["adapter"]["features"]
    assert record["engine"]["version"] == "0.10.29" and record["browser"]["connection"] == "page"
    assert [(load["kind"], load["from_cache"]) for load in record["loads"]] == [("cold", False), ("warm", True)]
    samples = record["samples"]
    expected = [(n, run, warmup) for run, warmup in ((1, True), (1, False), (2, False)) for n in (32, 128)]
    assert list(dict.fromkeys((s["prefill"], s["run"], s["warmup"]) for s in samples)) == expected
    for each in expected:
        spent = [s["pieces"][-1][0] for s in samples if (s["prefill"], s["run"], s["warmup"]) == each]
        assert sum(spent) >= 500 > sum(spent[:-1]), "as many answers as last half a second"
    for sample in samples:
        assert sample["counted"] == "construction" and sample["prompt_tokens"] == sample["prefill"]
        assert 24 <= sample["tokens"] < 27 and sample["tokens"] == sample["checked_tokens"]
        assert sum(characters for _, characters in sample["pieces"]) == 7 * sample["tokens"]
        assert sample["pieces"][0][0] == sample["ttft"] > 0

    page.get_by_label("Compare with a file").set_input_files(tmp_path / "results.json")
    expect(page.get_by_role("table", name="Against the baseline")).to_contain_text("× 1.00")
    (tmp_path / "other.json").write_text('{"schema": "else"}')
    page.get_by_label("Compare with a file").set_input_files(tmp_path / "other.json")
    expect(page.get_by_role("alert")).to_contain_text("other.json has no schema")


def test_stopping_keeps_what_was_measured(tab: Watched, server: RunningServer, tmp_path: Path) -> None:
    """The demo model in the engine that is offered first where there is no GPU; its tokens are counted by its tokenizer."""
    page = tab.open(f"{server.url}/bench")
    page.wait_for_selector("body[data-phase=ready]")
    page.get_by_label("Model").select_option(index=1)
    expect(page.get_by_role("checkbox", name="LiteRT-LM, CPU")).to_be_checked()
    expect(page.get_by_role("checkbox", name="MediaPipe, WebGPU")).not_to_be_checked()
    choose(page, [32], decode=60, runs=100)
    when_drawn(page, "Decode by prompt length", "document.querySelector('#stop').click()")
    page.get_by_role("button", name="Start").click()
    finish(page)
    expect(page.get_by_role("button", name="Measure again")).to_be_focused()
    (record,) = download(page, tmp_path / "results.json")["records"]
    assert record["status"] == "partial"
    assert [error["sentence"] for error in record["errors"]] == ["The run was stopped before its end."]
    assert record["adapter"] is None and record["software"] is False and record["engine"]["backend"] == "CPU"
    assert record["correctness"]["ok"] is True, "the demo's answer is known"
    assert 1 < len({(sample["run"], sample["warmup"]) for sample in record["samples"]}) < 101
    for sample in record["samples"]:
        assert sample["prompt_tokens"] == 32 and sample["counted"] == "steps"
        assert sample["engine_figures"] and sample["tokens"] <= 61


def test_what_cannot_be_measured_is_said(tab: Watched, server: RunningServer) -> None:
    page = tab.open(f"{server.url}/bench")
    page.wait_for_selector("body[data-phase=ready]")
    choose(page, [], decode=24, runs=1)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert")).to_have_text("Choose at least one number of prompt tokens.")
    choose(page, [32], decode=100, runs=1, context=128)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert")).to_have_text("Nothing fits: the shortest prompt and its answer take 132 tokens.")


def test_an_insecure_address_has_the_processor(browser: Browser) -> None:
    with insecure(browser, [DEMO], "/bench") as (_, tab):
        page = tab.page
        warnings = page.get_by_role("list", name="What to know before measuring")
        expect(warnings).to_contain_text("on localhost and https only")
        expect(warnings).to_contain_text("clock is coarse")
        choose(page, [32], decode=8, runs=1)
        page.get_by_role("button", name="Start").click()
        finish(page)
        expect(page.locator(".report-card")).to_contain_text("Answer checked: correct.")


def drive(page: Page, plan: dict[str, Any]) -> dict[str, Any]:
    """The record of a plan, as a program gets it."""
    page.evaluate("(plan) => onpageBench.start(plan)", plan)
    record, taken, until = new_record(plan), 0, time.monotonic() + PLAN_SECONDS
    while time.monotonic() < until:
        events = page.evaluate("(from) => onpageBench.take(from)", taken)
        taken += len(events)
        for event in events:
            fold(record, event)
        if any(event["at"] == "status" for event in events):
            assert events[-1]["at"] == "status", "it is the last"
            record["status"] = status_of(record)
            assert events[-1]["value"] == record["status"]
            assert problem_of(record, "record") is None
            return record
        page.wait_for_timeout(200)
    raise AssertionError(f"no status after {PLAN_SECONDS} s: {json.dumps(record)[:2000]}")


def on_the_processor(page: Page) -> dict[str, Any]:
    """Of a plan: the demo model in the engine that is loaded in a second."""
    model = page.evaluate("fetch('/api/models').then((response) => response.json())")[1]
    (file,) = (file for file in model["files"] if "litert-lm-cpu" in file["engines"])
    return {
        "engine": "litert-lm-cpu",
        "model": {"name": "demo", **{name: file[name] for name in ("url", "size", "sha256", "context")}},
    }


def test_a_program_measures(tab: Watched, server: RunningServer) -> None:
    """A plan; then with a wrong answer as the known one, a prompt too long, and with no model."""
    page = tab.open(f"{server.url}/bench?driven")
    page.wait_for_function("'onpageBench' in globalThis")
    model = page.evaluate("fetch('/api/models').then((response) => response.json())")[0]
    plan: dict[str, Any] = {
        "engine": "mediapipe",
        "model": {name: model[name] for name in ("name", "url", "size", "sha256", "context")} | {"synthetic": True},
        "prefill": [16, 500],
        "decode": 20,
        "context": 512,
        "runs": 1,
        "warmup": 0,
        "seed": 1,
        "loads": {"cold": 0, "warm": 1},
        "correctness": {"prompt": " babaca babace babaci", "text": None, "tokens": 12},
    }
    first = drive(page, plan)
    assert first["status"] == "complete" and first["correctness"]["ok"] is None
    assert first["notes"] == [
        "Prefill 500 was left out: with 20 new tokens it does not fit a context of 512.",
        "A load that was to be warm counts as a cold one: the browser had not kept the model.",
    ]
    assert [(load["kind"], load["from_cache"]) for load in first["loads"]] == [("cold", False)]
    assert {sample["prefill"] for sample in first["samples"]} == {16}
    found = first["correctness"]["found"]
    assert len(found) >= 12 * 7 and first["first_answer"]["tokens"] == len(found) // 7

    quick = plan | on_the_processor(page) | {"prefill": [16], "decode": 8}
    wrong = drive(page, quick | {"correctness": plan["correctness"] | {"text": " babaca" * 12}})
    assert wrong["correctness"]["ok"] is False and wrong["status"] == "failed"
    assert wrong["samples"], "kept, though they mean nothing"

    long = drive(page, quick | {"correctness": plan["correctness"] | {"prompt": " wait" * 510}})
    assert long["status"] == "complete" and long["correctness"]["ok"] is None
    assert any("do not fit a context of 512" in note for note in long["notes"])

    tab.expected.append("404")
    missing = drive(page, plan | {"model": plan["model"] | {"url": "/models/none/none.task", "sha256": "0" * 64}})
    assert missing["status"] == "failed" and missing["samples"] == []
    assert [(error["code"], error["during"]) for error in missing["errors"]] == [("model-missing", "warm load")]

    unknown = drive(page, plan | {"engine": "none"})
    assert unknown["status"] == "failed" and "no engine none" in unknown["errors"][0]["detail"]


def test_a_paced_plan_waits_for_its_turns(tab: Watched, server: RunningServer) -> None:
    """One run, which grows by an answer of each length a turn; and stopped while it waits, it ends."""
    page = tab.open(f"{server.url}/bench?driven")
    page.wait_for_function("'onpageBench' in globalThis")
    plan = on_the_processor(page) | {
        "prefill": [16, 32],
        "decode": 8,
        "context": 256,
        "runs": 1,
        "warmup": 1,
        "seed": 1,
        "loads": {"cold": 1, "warm": 0},
        "paced": True,
        "run_milliseconds": 50,
    }

    def until(at: str) -> list[dict[str, Any]]:
        deadline = time.monotonic() + PLAN_SECONDS
        while time.monotonic() < deadline:
            events: list[dict[str, Any]] = page.evaluate("(n) => onpageBench.take(n, 500)", taken[0])
            taken[0] += len(events)
            heard.extend(events)
            if any(event["at"] == at for event in events):
                return heard
        raise AssertionError(heard)

    heard: list[dict[str, Any]] = []
    taken = [0]
    page.evaluate("(plan) => onpageBench.start(plan)", plan)
    until("turn")
    assert {event["value"]["warmup"] for event in heard if event["at"] == "samples"} == {True}
    for _ in range(3):
        page.evaluate("onpageBench.turn(true)")
        until("turn")
    counted = [event["value"] for event in heard if event["at"] == "samples" and not event["value"]["warmup"]]
    assert [(sample["prefill"], sample["run"]) for sample in counted] == [(16, 1), (32, 1)] * 3
    page.evaluate("onpageBench.turn(false)")
    assert until("status")[-1]["value"] == "complete"
    taken[0] = 0
    heard.clear()
    page.evaluate("(plan) => onpageBench.start(plan)", plan)
    until("turn")
    page.evaluate("onpageBench.stop()")
    assert until("status")[-1]["value"] == "partial"


def test_a_page_that_cannot_begin_begins_anew(tab: Watched, server: RunningServer) -> None:
    """Whatever is thrown before the form is there has a way on: its button once did nothing."""
    tab.page.route("**/api/models", lambda route: route.fulfill(json=[None]), times=1)
    page = tab.open(f"{server.url}/bench")
    assert tab.problem() == "engine-failed"
    with page.expect_navigation():
        page.locator(".problem-action").click()
    page.wait_for_selector("body[data-phase=ready]")
