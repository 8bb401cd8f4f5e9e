"""How far the engine is from exact: `REWINDING=off python -m e2e.exactness.differences [CASE …]`. Figures only; the tests are
beside it.

Random prompts as they come, near ties and all. Where an answer parts from the reference's, the distance of the reference's two
best logits at that token says how large the engine's error must have been. The logits have a standard deviation near 1.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page

from builder.reference.dense import Reference
from builder.reference.writer import Answer
from builder.synth.web_file import word
from e2e.bare import call, served
from onpage.bench.browser import launched
from tests.goldens.cases import CASES, NEW_TOKENS, Case, text_of

PROMPTS = range(1000, 1012)
REWINDING = os.environ.get("REWINDING", "on")
"""Whether an engine starts a prompt where it parts from the one before (its default), or anew."""


def answers(page: Page, address: str, name: str, case: Case) -> list[list[str]]:
    """The engine's words for each of PROMPTS."""
    page.goto(f"{address}/bare/index.html")
    room = case.prompt_tokens + NEW_TOKENS
    options = {"maxTokens": room, "disableRewinding": REWINDING == "off"}
    call(page, "([model, options]) => bare.load(model, options)", [f"/models/{name}.task", options])
    texts = (text_of(case.prompt(seed)) for seed in PROMPTS)
    return [call(page, "(text) => bare.generate(text)", text)["text"].split() for text in texts]


def parted_at(found: list[str], expected: Answer) -> int | None:
    """The first token that differs."""
    pairs = zip(found, (word(i) for i in expected.ids), strict=True)
    return next((i for i, (ours, theirs) in enumerate(pairs) if ours != theirs), None)


def main() -> None:
    """Prints a row of a table for each case."""
    print("| model | answers equal | tokens before any parted | margins where they parted |\n| --- | --- | --- | --- |")
    for name in sys.argv[1:] or [name for name, case in CASES.items() if not case.pieces]:
        case = CASES[name]
        with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as address, launched() as browser:
            reference = Reference.from_web_file(case.convert(name, Path(folder)).path)
            expected = reference.greedy([case.prompt(seed) for seed in PROMPTS], NEW_TOKENS, stop_ids=set())
            found = answers(browser.new_page(), address, name, case)
        places = [parted_at(ours, theirs) for ours, theirs in zip(found, expected, strict=True)]
        parted = [(i, answer) for i, answer in zip(places, expected, strict=True) if i is not None]
        margins = ", ".join(f"{answer.margins[i]:.4f}" for i, answer in parted) or "–"
        tokens = sum(NEW_TOKENS if i is None else i for i in places)
        print(f"| {name} | {len(PROMPTS) - len(parted)} of {len(PROMPTS)} | {tokens} | {margins} |", flush=True)


if __name__ == "__main__":
    main()
