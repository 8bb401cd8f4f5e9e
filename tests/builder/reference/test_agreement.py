"""How often an engine agrees with the reference: here the engine is the reference, or somebody who errs."""

from __future__ import annotations

import pytest
from sentencepiece import SentencePieceProcessor

from builder.demo.generator import social_prompt
from builder.formats.web_file_reader import WebFile
from builder.model.tokenizer import Tokenizer
from builder.reference.agreement import Agreement, Written, agreement
from builder.reference.dense import Reference
from builder.reference.sources import WebFileSource
from webapp.paths import DEMO_MODEL

TEXTS = (
    "The library opens on 5 May in Leeds.",
    "Two new trams run from Hill Street from Monday.",
    "The choir sings at noon.",
)
BEGINNINGS = [social_prompt(text, "friendly", 25) for text in TEXTS]
"""What the demo was made for: of another text it may write anything."""


def judged(answers: list[Written]) -> Agreement:
    file = WebFile.open(DEMO_MODEL)
    tokenizer = Tokenizer.from_bytes(DEMO_MODEL, file.tokenizer())
    return agreement(WebFileSource(file), tokenizer.processor, tokenizer.beginning, answers)


@pytest.fixture(scope="module")
def written() -> list[Written]:
    """Greedy texts of the demo, as an engine that is right writes them."""
    model = Reference.from_web_file(DEMO_MODEL)
    pieces = SentencePieceProcessor(model_proto=model.sentencepiece)
    prompts = [[model.start_id, *pieces.encode(beginning)] for beginning in BEGINNINGS]
    texts = (
        pieces.decode([*prompt[1:], *answer.ids])
        for prompt, answer in zip(prompts, model.greedy(prompts, 8), strict=True)
    )
    return [Written(beginning, text[len(beginning) :]) for beginning, text in zip(BEGINNINGS, texts, strict=True)]


def test_an_engine_that_is_right_agrees_everywhere(written: list[Written]) -> None:
    found = judged(written)
    assert found.positions == found.same >= 12
    assert found.share.value == 1.0 > found.share.low > 0.7


def test_a_wrong_word_costs_its_own_positions(written: list[Written]) -> None:
    first, *others = written
    found = judged([Written(first.beginning, " zebra" + first.text), *others])
    assert 0 < found.positions - found.same < len(" zebra") + 4
    alone = judged(others)
    assert found.same >= alone.same


def test_what_cannot_be_told_apart_is_left_out() -> None:
    assert judged([]) == Agreement(0, 0)
    assert judged([Written("The librar", "y")]) == Agreement(0, 0)  # one piece over the seam
