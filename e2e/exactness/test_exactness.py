"""The proof that the converter is right: MediaPipe on WebGPU answers as transformers does, token for token.

Every text that can come out is made of words with exactly one id each, so equal text is equal ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from builder.synth import word
from e2e.bare import served
from tests.goldens.cases import CASES, goldens, text_of


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
        page.goto(f"{address}/bare/index.html")
        page.evaluate(
            "([model, maxTokens]) => bare.load(model, {maxTokens})", [f"/models/{name}.task", len(prompt) + len(ids)]
        )
        assert page.evaluate("(text) => bare.count(text)", text_of(prompt)) == len(prompt) - 1
        answer = page.evaluate("(text) => bare.generate(text)", text_of(prompt))
    finally:
        page.close()
    assert answer["text"].split() == [word(i) for i in ids]
