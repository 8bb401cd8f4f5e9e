"""The proof that the converter is right: MediaPipe on WebGPU answers as transformers does, token for token.

Every text that can come out is made of words with exactly one id each, so equal text is equal ids.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from playwright.sync_api import Page

from builder.model.weights import LayerMatrix
from builder.quantize.scheme import INT8, Quantization
from builder.reference.dense import Reference
from builder.synth.web_file import word
from e2e.bare import BareTab, call, generate
from tests.goldens.cases import CASES, Case, goldens, text_of

TWICE = "int4-two-kv-heads"
"""Of which a second prompt is answered, and the first as those of the others are."""


@pytest.mark.parametrize("name", [name for name in CASES if name != TWICE])
def test_the_engine_answers_as_transformers_does(mediapipe: BareTab, models: Path, name: str) -> None:
    case, golden = CASES[name], goldens()["cases"][name]
    ids = golden["ids"]
    assert len(ids) >= 32
    case.convert(name, models)
    prompt = case.prompt(golden["prompt_seed"])
    answer = mediapipe.ask(lambda page: write(page, name, prompt, len(ids)))
    assert answer.split() == [word(i) for i in ids]


def test_a_second_prompt_of_another_length_is_answered_as_exactly(mediapipe: BareTab, models: Path) -> None:
    """With several key-value heads that takes a `maxTokens` of a multiple of 32, which the page sees to: docs/families.md."""
    tokens = 12
    case, golden = CASES[TWICE], goldens()["cases"][TWICE]
    assert len(golden["ids"]) >= 32
    reference = Reference.from_web_file(case.convert(TWICE, models).path)
    prompt, answer = clear_answer(dataclasses.replace(case, prompt_tokens=31), reference, tokens)

    def ask(page: Page) -> list[list[str]]:
        call(page, "(model) => bare.load(model, {maxTokens: 64})", f"/models/{TWICE}.task")
        first = generate(page, text_of(case.prompt(golden["prompt_seed"])), len(golden["ids"]))
        return [first, generate(page, text_of(prompt), tokens)]

    first, second = mediapipe.ask(ask)
    assert first == [word(i) for i in golden["ids"]]
    assert second == [word(i) for i in answer]


def clear_answer(case: Case, reference: Reference, tokens: int) -> tuple[list[int], list[int]]:
    """A prompt whose answer has no near tie, and the answer."""
    for seed in range(100):
        prompt = case.prompt(seed)
        (answer,) = reference.greedy([prompt], tokens, stop_ids=set())
        if min(answer.margins) > 0.03:
            return prompt, answer.ids
    raise AssertionError("no prompt has a clear answer")


def write(page: Page, name: str, prompt: list[int], tokens: int) -> str:
    """Loads the model and returns its greedy text."""
    call(page, "([model, maxTokens]) => bare.load(model, {maxTokens})", [f"/models/{name}.task", len(prompt) + tokens])
    assert call(page, "(text) => bare.count(text)", text_of(prompt)) == len(prompt) - 1
    return str(call(page, "(text) => bare.generate(text)", text_of(prompt))["text"])


MIXES: dict[str, tuple[LayerMatrix, ...]] = {
    "value-up": ("value", "up"),
    "key-value-output-down": ("key", "value", "output", "down"),
}
"""Each matrix with and without the ones that are beside it."""


@pytest.mark.parametrize("mix", MIXES)
def test_the_engine_takes_another_scheme_in_a_matrix_of_every_layer(mediapipe: BareTab, models: Path, mix: str) -> None:
    """As `convert --bits auto` mixes them. It wants all layers alike: with one that differs it says "Subgraph input tensors don't match"."""
    name, tokens = f"mixed-{mix}", 16
    exceptions = tuple((part, INT8) for part in MIXES[mix])
    quantization = dataclasses.replace(Quantization.of("q4_0"), exceptions=exceptions)
    case = dataclasses.replace(CASES["q4_0-embedding-int8"], quantization=quantization)
    reference = Reference.from_web_file(case.convert(name, models).path)
    prompt, answer = clear_answer(case, reference, tokens)
    text = mediapipe.ask(lambda page: write(page, name, prompt, tokens))
    assert text.split()[:tokens] == [word(i) for i in answer]
