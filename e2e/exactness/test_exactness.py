"""The proof that the converter is right: MediaPipe on WebGPU answers as transformers does, token for token.

Every text that can come out is made of words with exactly one id each, so equal text is equal ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page

from builder.synth import word
from e2e.bare import served
from tests.goldens.cases import CASES, goldens, text_of

SILENCE = 150_000
"""Milliseconds; the slowest case takes 40 seconds on two busy cores."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def address(models: Path) -> Iterator[str]:
    with served(models) as address:
        yield address


@pytest.mark.parametrize("name", CASES)
def test_the_engine_answers_as_transformers_does(browser: Browser, models: Path, address: str, name: str) -> None:
    case, golden = CASES[name], goldens()["cases"][name]
    ids = golden["ids"]
    assert len(ids) >= 32
    case.convert(name, models)
    prompt = case.prompt(golden["prompt_seed"])
    page = browser.new_page()
    try:
        answer = write(page, address, name, prompt, len(ids))
    except EngineSilentError:  # seen once in some dozens of loads; a wrong answer is never tried again
        page.close()
        page = browser.new_page()
        answer = write(page, address, name, prompt, len(ids))
    finally:
        page.close()
    assert answer.split() == [word(i) for i in ids]


class EngineSilentError(Exception):
    """The engine neither answered nor failed, as MediaPipe does after an abort that it does not report."""


def write(page: Page, address: str, name: str, prompt: list[int], tokens: int) -> str:
    """Loads the model on a fresh page and returns its greedy text."""

    def call(expression: str, argument: object) -> Any:
        # Playwright's evaluate has no limit of its own
        silent = f"new Promise((_, reject) => setTimeout(() => reject(new Error('engine silent')), {SILENCE}))"
        try:
            return page.evaluate(f"(argument) => Promise.race([({expression})(argument), {silent}])", argument)
        except Error as error:
            if "engine silent" in str(error):
                raise EngineSilentError from error
            raise

    page.goto(f"{address}/bare/index.html")
    call("([model, maxTokens]) => bare.load(model, {maxTokens})", [f"/models/{name}.task", len(prompt) + tokens])
    assert call("(text) => bare.count(text)", text_of(prompt)) == len(prompt) - 1
    return str(call("(text) => bare.generate(text)", text_of(prompt))["text"])
