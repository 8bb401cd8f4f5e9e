"""The vocabulary that ships inside the demo model."""

from __future__ import annotations

import pytest
from sentencepiece import SentencePieceProcessor

from builder.demo import tokenizer
from builder.demo.generator import social_prompt, test_rows, tones
from builder.formats.web_file_reader import WebFile
from webapp.paths import DEMO_MODEL

test_rows.__test__ = False  # type: ignore[attr-defined]  # a function of the generator, not a test


@pytest.fixture(scope="module")
def pieces() -> SentencePieceProcessor:
    return SentencePieceProcessor(model_proto=WebFile.open(DEMO_MODEL).tokenizer())


@pytest.mark.parametrize(
    "text",
    [
        "Velmora Library opens on Saturday, 14 March 2027 at 3 pm.",
        "  two  spaces, a tab\tand a line\r\nbreak ",
        "naïve Łódź Ελλάδα Привет 日本語 العربية हिन्दी",
        "👩‍🔬🏳️‍🌈 🙌 \U0001f9ff",
        "½ ﬁ K Å é",
        "",
    ],
)
def test_any_pasted_text_comes_back_as_it_was(pieces: SentencePieceProcessor, text: str) -> None:
    assert pieces.decode(pieces.encode(text)) == text


def test_generated_rows_come_back_and_fit_the_context(pieces: SentencePieceProcessor) -> None:
    for row in test_rows(1, 200):
        assert pieces.decode(pieces.encode(row.post)) == row.post
        assert len(pieces.encode(row.prompt + row.post)) < 512


def test_special_ids_and_markers_are_single_pieces(pieces: SentencePieceProcessor) -> None:
    ids = (pieces.pad_id(), pieces.eos_id(), pieces.bos_id(), pieces.unk_id())
    assert ids == (tokenizer.PAD, tokenizer.EOS, tokenizer.BOS, tokenizer.UNK)
    assert pieces.vocab_size() == tokenizer.VOCABULARY
    for marker in tokenizer.MARKERS:
        assert len(pieces.encode(marker)) == 1


def test_the_instruction_costs_few_tokens(pieces: SentencePieceProcessor) -> None:
    longest = max(len(pieces.encode(social_prompt("", tone, 50))) for tone in tones())
    assert longest < 45
