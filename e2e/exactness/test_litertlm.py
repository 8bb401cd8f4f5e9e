"""The proof that bundles are right: LiteRT-LM on WebGPU writes from a `.litertlm` what transformers and the reference write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sentencepiece import SentencePieceProcessor

from builder.bundle import web_source, write_litertlm
from builder.reference.dense import Reference
from builder.synth.web_file import word
from e2e.bare import call, served
from tests.goldens.cases import CASES, goldens, text_of
from webapp.paths import DEMO_MODEL

NAMES = ("gemma3n", "mixed-embedding-q4_0")
CLEAR = 0.05
"""LiteRT-LM computes in float16. Where the two largest logits lie nearer to each other it may take the other one: it did at 0.047 (gemma3n)
and at 0.010 (int4-embedding-int8)."""

TEXT = "The museum opens at 9 am on Sunday."


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bundles")


@pytest.fixture
def page(browser: Browser, models: Path) -> Iterator[Page]:
    with served(models) as address:
        page = browser.new_page()
        page.goto(f"{address}/bare/litert_lm.html")
        yield page
        page.close()


def load(page: Page, name: str, tokens: int) -> None:
    options = {"maxTokens": tokens, "backend": "GPU_ARTISAN"}
    call(page, "([model, options]) => bare.load(model, options)", [f"/models/{name}.litertlm", options])


@pytest.mark.parametrize("name", NAMES)
def test_a_converted_model_answers_as_transformers_does(page: Page, models: Path, name: str) -> None:
    case, golden = CASES[name], goldens()["cases"][name]
    case.convert(name, models, ".litertlm")
    prompt, ids = case.prompt(golden["prompt_seed"]), golden["ids"]
    (expected,) = Reference.from_web_file(case.convert(name, models).path).greedy([prompt], len(ids), stop_ids=set())
    assert expected.ids == ids
    clear = next((i for i, margin in enumerate(expected.margins) if margin < CLEAR), len(ids))
    assert clear >= 12
    load(page, name, len(prompt) + len(ids))
    answer = call(page, "(text) => bare.generate(text)", text_of(prompt))["text"]
    assert answer.split()[:clear] == [word(i) for i in ids[:clear]]


def test_the_demo_model_answers_in_its_turns_and_ends(page: Page, models: Path) -> None:
    """The template and the stop tokens are the bundle's: the message goes in bare, and the answer ends by itself."""
    write_litertlm(models / "demo.litertlm", web_source(DEMO_MODEL))
    reference = Reference.from_web_file(DEMO_MODEL)
    tokenizer = SentencePieceProcessor(model_proto=reference.sentencepiece)
    turns = f"<start_of_turn>user\n{TEXT}<end_of_turn>\n<start_of_turn>model\n"
    [expected] = reference.greedy([[reference.start_id, *tokenizer.encode(turns)]], 120)
    assert expected.stopped and len(expected.ids) > 10
    load(page, "demo", 256)
    raw = call(page, "(text) => bare.generate(text)", turns)["text"]
    assert raw == tokenizer.decode(expected.ids)
    assert call(page, "(text) => bare.chat(text)", TEXT) == raw
