"""Graphs in both engines that run them in a page: the same text as transformers, on the CPU and on WebGPU.

The engines give texts, not ids, so texts are compared.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from builder.bundle import Conversation, graph_source, write_task
from builder.formats.litertlm_reader import LitertlmFile
from builder.formats.web_file_reader import WebFile
from builder.graph import parameters
from builder.graph.convert import convert_to_graph
from builder.model.families.dense import GEMMA_TURNS
from builder.model.tokenizer import Tokenizer
from builder.reference.dense import Reference
from builder.synth.web_file import word
from e2e.bare import BareTab, call, generate
from onpage.bench.browser import launch
from tests.goldens.cases import CASES, GRAPH_GOLDENS, NEW_TOKENS, goldens, text_of
from webapp.paths import DEMO_GRAPH, DEMO_MODEL

CONTEXT = 512


@pytest.fixture(scope="module")
def cases() -> list[dict[str, Any]]:
    cases = json.loads(GRAPH_GOLDENS.read_text())["cases"]
    assert len(cases) >= 8
    return sorted(cases, key=lambda case: case["prompt_tokens"])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The .litertlm that ships, and the zip .task that onpage makes of the graph in it."""
    folder = tmp_path_factory.mktemp("graphs")
    (folder / "demo.litertlm").symlink_to(DEMO_GRAPH)
    decoder = LitertlmFile.open(DEMO_GRAPH).decoder
    with DEMO_GRAPH.open("rb") as file:
        file.seek(decoder.offset)
        (folder / "demo.tflite").write_bytes(file.read(decoder.size))
    tokenizer = Tokenizer.from_bytes(DEMO_MODEL, WebFile.open(DEMO_MODEL).tokenizer())
    source = graph_source(folder / "demo.tflite", tokenizer, Conversation.of(tokenizer, GEMMA_TURNS), "gemma3")
    write_task(folder / "demo.task", source)
    return folder


def answers(page: Page, model: str, prompts: list[str]) -> list[str]:
    """The greedy text after each prompt. One load for all."""
    call(page, "([model, maxTokens]) => bare.load(model, {maxTokens})", [model, CONTEXT])
    return [str(call(page, "(text) => bare.generate(text)", prompt)["text"]) for prompt in prompts]


def test_the_cpu_engine_answers_as_transformers_does_without_webgpu(
    browser: Browser, address: str, cases: list[dict[str, Any]]
) -> None:
    plain = launch(browser.browser_type, ())
    try:
        page = plain.new_page()
        page.goto(f"{address}/bare/litert_lm.html")
        assert page.evaluate("async () => await navigator.gpu?.requestAdapter() ?? null") is None
        found = answers(page, "/models/demo.litertlm", [case["prompt"] for case in cases])
    finally:
        plain.close()
    assert found == [case["text"] for case in cases]


def test_mediapipe_answers_as_transformers_does(mediapipe: BareTab, cases: list[dict[str, Any]]) -> None:
    few = [cases[0], cases[-1]]  # on software WebGPU each takes some ten seconds
    assert few[-1]["prompt_tokens"] > 200
    prompts = [case["prompt"] for case in few]
    found = mediapipe.ask(lambda page: answers(page, "/models/demo.task", prompts))
    assert found == [case["text"] for case in few]


def test_mediapipe_answers_as_the_reference_does_with_windows_caps_and_a_head_in_parts(
    mediapipe: BareTab, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo model has none of them: its window is its context."""
    monkeypatch.setattr(parameters, "MAX_PART", 32_768)
    name, context = "gemma2", 128
    case = CASES[name]
    web = case.convert(name, models).path
    convert_to_graph(web, models / "graph.task", context=context, prefill=[16])
    prompt = case.prompt(goldens()["cases"][name]["prompt_seed"])
    [expected] = Reference.from_web_file(web).greedy([prompt], NEW_TOKENS)

    def ask(page: Page) -> list[str]:
        call(page, "([model, maxTokens]) => bare.load(model, {maxTokens})", ["/models/graph.task", context])
        return generate(page, text_of(prompt), NEW_TOKENS)

    assert mediapipe.ask(ask) == [word(i) for i in expected.ids]
