"""Byte-level tokenizers: ours cuts texts as Hugging Face's tokenizers does, and what it writes, that library reads alike."""

from __future__ import annotations

import copy
import json
import unicodedata
from typing import Any

import pytest
from tokenizers import Tokenizer

from builder.model.byte_pairs import NotBytePairsError, byte_pairs_in, is_byte_level, start_text
from tests.llama_checkpoints import CUTS, SPECIAL, tokenizer_json, trained

TEXTS = (
    "",
    " ",
    "Write one sentence about the sea.",
    "  two  spaces, three   here,\n\n\ttabs\r\nand lines \n \n end  ",
    "I'm sure they'VE said we'd go; it's THE dog's, isn't it? 'tis 'S",
    "In 2024 it cost $1,234.50 or 12345678 in 3 parts x² ½ Ⅷ ٣٤٥.",
    "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|<|im_end|>|im_end|> <repo_name>x<|endoftext|>",
    "naïve café — “quoted” … 東京 タワー 한국어 Ελληνικά ا\u0301 e\u0301 \u212b ﬁ",
    "emoji 👩‍👩‍👧 🇩🇪 ❤️\u200d🔥 and\u00a0no-break\u2003wide\u3000spaces\u0085next\u2028line\x1cfile",
    "def mean(values):\n    return sum(values) / len(values)  # ok\n",
    "\ufeffmark \x00 \x7f \ud7ff \U0010ffff",
)


@pytest.fixture(params=CUTS)
def cut(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def library(cut: str) -> Tokenizer:
    return Tokenizer.from_str(json.dumps(tokenizer_json(cut)))


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_cut_as_hugging_face_cuts_it(cut: str, text: str) -> None:
    ours, theirs = byte_pairs_in(tokenizer_json(cut), 640), library(cut)
    assert ours.encode(text) == theirs.encode(text, add_special_tokens=False).ids


def test_texts_come_back(cut: str) -> None:
    ours = byte_pairs_in(tokenizer_json(cut), 640)
    for text in TEXTS:
        if cut != "qwen2" or text.isascii():
            assert ours.decode(ours.encode(text)) == text


def test_what_is_written_is_the_same_tokenizer(cut: str) -> None:
    ours = byte_pairs_in(tokenizer_json(cut), 640)
    again = Tokenizer.from_str(ours.to_json().decode())
    theirs = library(cut)
    for text in TEXTS:
        assert again.encode(text).ids == theirs.encode(text, add_special_tokens=False).ids
    assert ours.to_json() == byte_pairs_in(tokenizer_json(cut), 640).to_json()


def test_every_character_is_cut_as_there() -> None:
    """Unicode's tables of both, character by character; those that one of them does not know yet are left out."""
    known = [chr(i) for i in range(0x3000) if unicodedata.category(chr(i)) not in ("Cn", "Cs")]
    text = "a".join(known) + " ".join(known)
    for cut in CUTS:
        ours, theirs = byte_pairs_in(tokenizer_json(cut), 640), library(cut)
        assert ours.encode(text) == theirs.encode(text, add_special_tokens=False).ids


def test_added_tokens_behind_the_embedding_are_left_out() -> None:
    values = tokenizer_json()
    values["added_tokens"].append(dict(values["added_tokens"][0], id=640, content="<new>"))
    assert len(byte_pairs_in(values, 641).pieces) == 641
    assert len(byte_pairs_in(values, 640).pieces) == 640


def test_the_token_that_begins_a_text_is_found() -> None:
    template = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {}}],
    }
    assert start_text({"post_processor": template}) == "<s>"
    assert (
        start_text({"post_processor": {"type": "Sequence", "processors": [{"type": "ByteLevel"}, template]}}) == "<s>"
    )
    assert start_text({"post_processor": {"type": "ByteLevel"}}) is None
    assert start_text({}) is None


def test_a_sentencepiece_tokenizer_is_none_of_these() -> None:
    assert is_byte_level(tokenizer_json())
    assert not is_byte_level({"pre_tokenizer": None})
    assert not is_byte_level({"pre_tokenizer": {"type": "Split"}})


def changed(path: str, value: Any) -> dict[str, Any]:
    values = copy.deepcopy(tokenizer_json())
    place: Any = values
    *folders, last = path.split(".")
    for name in folders:
        place = place[int(name)] if isinstance(place, list) else place[name]
    place[int(last) if isinstance(place, list) else last] = value
    return values


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("model.type", "WordPiece", "model.type"),
        ("model.dropout", 0.1, "model.dropout"),
        ("model.byte_fallback", True, "model.byte_fallback"),
        ("model.end_of_word_suffix", "</w>", "end_of_word_suffix"),
        ("model.vocab", [], "no vocabulary"),
        ("model.vocab", {"a": 5}, "does not number"),
        ("model.vocab", {"a": "b"}, "does not number"),
        ("model.merges", [["zzq", "zzr"]], "joins"),
        ("model.merges", ["a b c"], "no pair"),
        ("model.unk_token", "<none>", "unknown token"),
        ("normalizer", {"type": "Lowercase"}, "normalizer"),
        ("normalizer", ["NFC"], "normalizer"),
        ("pre_tokenizer.pretokenizers.0", {"type": "Whitespace"}, "Whitespace"),
        ("pre_tokenizer.pretokenizers.0", {"type": "Digits", "individual_digits": False}, "Digits"),
        ("pre_tokenizer.pretokenizers.1.add_prefix_space", True, "ByteLevel"),
        ("added_tokens.0.lstrip", True, "lstrip"),
        ("added_tokens.0.id", "0", "added token"),
        ("added_tokens.0.id", 639, "number"),
    ],
)
def test_what_is_done_otherwise_is_refused(path: str, value: Any, named: str) -> None:
    with pytest.raises(NotBytePairsError, match=named):
        byte_pairs_in(changed(path, value), 640)


def test_a_pattern_that_is_not_known_is_refused() -> None:
    values = tokenizer_json("llama-bpe")
    values["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = r"\w+"
    with pytest.raises(NotBytePairsError, match="pattern"):
        byte_pairs_in(values, 640)


def test_the_special_tokens_are_pieces() -> None:
    assert byte_pairs_in(tokenizer_json(), 640).pieces[: len(SPECIAL)] == SPECIAL
    assert trained().token_to_id("<|im_end|>") == 2
