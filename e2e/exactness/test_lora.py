"""The proof that adapter files are right: MediaPipe with `loadLoraModel` answers as peft does, token for token.

One engine for each base: with each adapter, and then without it, which must be the base's own answer. (First without one:
e2e/page/test_adapter.py.)
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from builder.lora.adapter_file import convert_adapter
from builder.synth.web_file import word
from e2e.bare import BareTab, call, generate
from tests.goldens.cases import CASES, text_of
from tests.goldens.lora_cases import LORA_CASES, lora_goldens

CACHE_MULTIPLE = 32
"""With several key-value heads and another `maxTokens` the engine applies adapters wrongly (static/engine/workers/mediapipe.worker.js)."""


@pytest.mark.parametrize("base", sorted({case.base for case in LORA_CASES.values()}))
def test_the_engine_answers_with_an_adapter_as_peft_does(mediapipe: BareTab, models: Path, base: str) -> None:
    CASES[base].convert(base, models)
    names = [name for name, case in LORA_CASES.items() if case.base == base]
    ranks = {
        convert_adapter(models / base, LORA_CASES[name].write(name, models), models / f"{name}.bin").rank
        for name in names
    }
    goldens = {name: lora_goldens()["applied"][name] for name in names}
    assert all(len(golden["ids"]) >= 32 for golden in goldens.values())
    answers = mediapipe.ask(lambda page: write(page, base, goldens, sorted(ranks)))
    for name, (adapted, after) in answers.items():
        ids, without = goldens[name]["ids"], goldens[name]["ids_without"]
        assert adapted == [word(i) for i in ids], name
        assert after == [word(i) for i in without], name


def write(page: Page, base: str, goldens: dict[str, dict], ranks: list[int]) -> dict[str, tuple[list[str], list[str]]]:
    """The greedy words with each adapter and then without it, by one engine."""
    prompts = {name: CASES[base].prompt(golden["prompt_seed"]) for name, golden in goldens.items()}
    tokens = max(len(prompts[name]) + len(golden["ids"]) for name, golden in goldens.items())
    tokens = -(-tokens // CACHE_MULTIPLE) * CACHE_MULTIPLE
    options = {"maxTokens": tokens, "loraRanks": ranks}
    call(page, "([model, options]) => bare.load(model, options)", [f"/models/{base}.task", options])
    answers = {}
    for name in goldens:
        call(page, "(adapter) => bare.adapt(adapter)", f"/models/{name}.bin")
        adapted = generate(page, text_of(prompts[name]), len(goldens[name]["ids"]))
        call(page, "(adapter) => bare.adapt(adapter)", None)
        answers[name] = adapted, generate(page, text_of(prompts[name]), len(goldens[name]["ids_without"]))
    return answers
