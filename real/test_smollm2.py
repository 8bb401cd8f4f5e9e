"""SmolLM2-135M-Instruct, a real model built like Llama: from its GGUF file to a graph, whose text is the reference's natively and in
Chromium, and to a chat in the page.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from builder.graph.convert import convert_to_graph
from builder.model.opened import OpenedCheckpoint
from builder.reference.evaluate import Figures
from builder.reference.evaluated import evaluate_model
from builder.reference.writer import Writer
from e2e.bare import call, served
from e2e.processes import ONPAGE
from real.serving import page_of, store_with
from tests.goldens.native import answers
from tests.graph_reference import graph_writer

CONTEXT, NEW_TOKENS = 256, 24
MINUTES = 60_000
QUESTIONS = ("Write one sentence about the sea.", "What is the capital of France?")
BEGINNING = "Monday, Tuesday, Wednesday,"


@pytest.fixture(scope="module")
def reference(smollm2: Path) -> tuple[Writer, OpenedCheckpoint]:
    return graph_writer(smollm2)


def prompts(opened: OpenedCheckpoint) -> list[str]:
    question = opened.turns.question
    return [BEGINNING, *(f"{question.prefix}{text}{question.suffix}" for text in QUESTIONS)]


def test_the_reference_knows_what_the_model_knows(reference: tuple[Writer, OpenedCheckpoint]) -> None:
    """Weights in another order, or turns that it was not taught, would make it babble."""
    writer, opened = reference
    processor = opened.tokenizer.processor
    found = writer.greedy([processor.encode(prompts(opened)[-1])], NEW_TOKENS)[0]
    assert (processor.decode(found.ids), found.stopped) == ("The capital of France is Paris.", True)


@pytest.fixture(scope="module")
def exact(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its graph with int8 weights and float32 activations."""
    graph = tmp_path_factory.mktemp("exact") / "smollm2.litertlm"
    convert_to_graph(smollm2, graph, activations="float32", context=CONTEXT, prefill=(32,))
    return graph


@pytest.fixture(scope="module")
def expected(reference: tuple[Writer, OpenedCheckpoint]) -> list[str]:
    """What the reference writes after each prompt, 24 tokens at most."""
    writer, opened = reference
    processor = opened.tokenizer.processor
    found = [writer.greedy([processor.encode(prompt)], NEW_TOKENS)[0] for prompt in prompts(opened)]
    assert sum(len(one.ids) for one in found) > 50
    return [processor.decode(one.ids) for one in found]


def test_the_native_engine_writes_what_the_reference_writes(
    reference: tuple[Writer, OpenedCheckpoint], exact: Path, expected: list[str]
) -> None:
    found = answers(exact, prompts(reference[1]), CONTEXT)
    assert [text[: len(wanted)] for text, wanted in zip(found, expected, strict=True)] == expected


def test_the_pages_engine_writes_what_the_reference_writes(
    browser: Browser, reference: tuple[Writer, OpenedCheckpoint], exact: Path, expected: list[str]
) -> None:
    with served(exact.parent) as address:
        page = browser.new_page()
        page.goto(f"{address}/bare/litert_lm.html")
        page.wait_for_function("globalThis.bare")
        options = {"maxTokens": CONTEXT}
        call(page, "([model, options]) => bare.load(model, options)", [f"/models/{exact.name}", options])
        found = [str(call(page, "(text) => bare.generate(text)", prompt)["text"]) for prompt in prompts(reference[1])]
        page.close()
    assert [text[: len(wanted)] for text, wanted in zip(found, expected, strict=True)] == expected


def test_int8_activations_cost_little_once_the_inputs_are_evened_out(smollm2: Path, tmp_path: Path) -> None:
    """With 8-bit weights alone it is 0.004 and 95 %."""

    def cost(smooth: bool) -> Figures:
        convert_to_graph(smollm2, tmp_path / "graph.litertlm", context=CONTEXT, smooth=smooth)
        return evaluate_model(tmp_path / "graph.litertlm", against=smollm2, tokens=512).all

    evened, plain = cost(True), cost(False)
    assert evened.divergence and plain.divergence and evened.same_choice
    assert evened.divergence.value < 0.013 and evened.divergence.value < 0.65 * plain.divergence.value
    assert evened.same_choice.value > 0.9


def test_a_chat_and_functions_in_the_page(browser: Browser, smollm2: Path, tmp_path: Path) -> None:
    """As `make chat` serves it: int8 activations, its own turns, a second turn that knows the first. It was taught no functions: what it
    makes of them is shown, and runs nothing by itself."""
    store = store_with(smollm2, tmp_path / "store")
    environment = {**os.environ, "ONPAGE_HOME": str(store.folder)}
    subprocess.run([*ONPAGE, "fetch", "smollm2-135m"], env=environment, check=True)
    with page_of(store, "serve", "--model", "smollm2-135m") as (url, _):
        page = browser.new_page()
        page.goto(f"{url}#/chat")
        page.wait_for_selector("body[data-phase=ready]", timeout=5 * MINUTES)
        assert page.locator("body").get_attribute("data-engine") == "litert-lm-cpu"
        expect(page.locator(".model-licence")).to_contain_text("Apache-2.0")
        first = asked(page, "What is the capital of France?")
        second = asked(page, "And what is it known for?")
        page.get_by_role("link", name="Functions").click()
        page.get_by_label("What is to be done").fill("What is 15% of 80?")
        page.get_by_role("button", name="Ask", exact=True).click()
        ended = page.locator(".functions-exchange .functions-note", has_text="By ")
        call = page.locator(".functions-thread .functions-call[data-state=waiting]")
        expect(ended.or_(call).first).to_be_visible(timeout=5 * MINUTES)
        assert page.locator(".functions-thread .functions-call[data-state=done]").count() == 0
        assert page.locator("body").get_attribute("data-phase") == "ready"
        page.close()
    assert "Paris" in first and len(second.split()) > 3
    assert "<|" not in first + second and "assistant" not in first + second


def asked(page: Page, question: str) -> str:
    page.get_by_label("Your question").last.fill(question)
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector("body[data-phase=writing]", timeout=MINUTES)
    page.wait_for_selector("body[data-phase=ready]", timeout=5 * MINUTES)
    return page.locator(".turn").last.inner_text()
