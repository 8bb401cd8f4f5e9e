"""A tokenizer.json made by transformers from a SentencePiece model (tests/goldens/make_tokenizer.py), and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as FastTokenizer

from builder.convert.web_file import convert_checkpoint
from builder.errors import TokenizerError
from builder.formats.inspect_web_file import inspect_web_file
from builder.model.tokenizer import Tokenizer
from builder.model.tokenizer_json import sentencepiece_from_json
from tests.checkpoints import gemma3_config, write_checkpoint

FOLDER = Path(__file__).parents[2] / "goldens" / "tokenizer"
ROWS = 700


def processor(model: bytes) -> sentencepiece.SentencePieceProcessor:
    loaded = sentencepiece.SentencePieceProcessor()
    loaded.LoadFromSerializedProto(model)
    return loaded


MADE = processor(sentencepiece_from_json(FOLDER / "tokenizer.json", ROWS))
ORIGINAL = processor((FOLDER / "tokenizer.model").read_bytes())
FAST = FastTokenizer.from_file(str(FOLDER / "tokenizer.json"))

WORDS = st.sampled_from(
    [
        "the",
        " ",
        "  ",
        " " * 7,
        "\n",
        "\n\n",
        "\n" * 9,
        "<b>",
        "</b>",
        "<start_of_turn>",
        "<mask>",
        "ing",
        "é",
        "\t",
        "12",
    ]
)
TEXTS = st.lists(st.one_of(WORDS, st.text(max_size=8)), max_size=20).map("".join)
EXCEPTED = ["\u2581", " " * 8, "<pad>", "<eos>", "<bos>", "<unk>"]
"""What the module's docstring names: the mark of spaces, longer runs of them, control tokens."""


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_it_splits_as_the_original_and_as_transformers(text: str) -> None:
    ids = MADE.encode(text)
    assert ids == ORIGINAL.encode(text)
    if not any(part in text for part in EXCEPTED):
        assert ids == FAST.encode(text, add_special_tokens=False).ids


def test_it_has_the_original_pieces_and_marks() -> None:
    made = Tokenizer.from_bytes(Path("made"), sentencepiece_from_json(FOLDER / "tokenizer.json", ROWS))
    original = Tokenizer.open(FOLDER / "tokenizer.model")
    assert made.pieces == original.pieces
    assert (made.start_id, made.end_id) == (original.start_id, original.end_id) == (2, 1)


def edited(tmp_path: Path, edit: Callable[[dict[str, Any]], Any]) -> Path:
    values = json.loads((FOLDER / "tokenizer.json").read_text())
    edit(values)
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(values))
    return path


def swap(items: list[Any], first: int, second: int) -> None:
    items[first], items[second] = items[second], items[first]


EDITS: list[tuple[Callable[[dict[str, Any]], Any], str | None]] = [
    (lambda v: v["model"].update(type="Unigram"), "model.type is 'Unigram'"),
    (lambda v: v["model"].update(ignore_merges=True), "ignore_merges is True"),
    (lambda v: v["model"].update(byte_fallback=False), "byte_fallback is False"),
    (lambda v: v.update(normalizer={"type": "NFC"}), "normalizer is"),
    (lambda v: v.update(normalizer=None), "normalizer is None"),
    (lambda v: v.update(pre_tokenizer={"type": "ByteLevel"}), "pre_tokenizer is"),
    (lambda v: v["model"]["merges"].pop(), "pairs that make"),
    (lambda v: v["model"]["merges"].append(["x", "\u00e9q"]), "makes no piece"),
    (lambda v: v["model"]["merges"].append("nonsense"), "is not a pair"),
    (lambda v: v["model"]["merges"].append([1, 2]), "is not a pair"),
    (lambda v: v["model"].update(merges=None), "model.merges is None"),
    (lambda v: v["model"]["vocab"].pop("<0x41>"), "the ids of the vocabulary"),
    (lambda v: v["model"]["vocab"].update({"<0x41>": "7"}), "the ids of the vocabulary"),
    (lambda v: v["model"]["vocab"].update({"<b>": 5}), "another id"),
    (lambda v: v["model"].update(vocab=[]), "model.vocab is"),
    (lambda v: v["model"].update(unk_token="nothing"), "unk_token is 'nothing'"),
    (lambda v: v["model"].update(unk_token=["<unk>"]), "unk_token is ['<unk>']"),
    (lambda v: v["model"]["vocab"].update({"\ud800": 700}), "half of a surrogate pair"),
    (lambda v: v["added_tokens"][4].update(lstrip=True), "has lstrip"),
    (lambda v: v["added_tokens"].append({"id": 700, "content": "a b"}), None),
    (
        lambda v: v["added_tokens"][4].update(content="a b", id=4) or v["model"]["vocab"].pop("<mask>"),
        "holds a space",
    ),
    (lambda v: v["added_tokens"].append({"content": "x"}), "has no id"),
    (lambda v: v["added_tokens"].append(7), "has no content"),
    (lambda v: v["added_tokens"][17].update(normalized=True), None),
    (lambda v: v["added_tokens"][7].update(normalized=True), "overlap"),
]
"""Changes of the golden tokenizer.json, and what is said of each; None: it is taken. static/convert is asked about them, too."""


@pytest.mark.parametrize(("edit", "sentence"), EDITS)
def test_what_would_split_otherwise_is_refused(
    tmp_path: Path, edit: Callable[[dict[str, Any]], Any], sentence: str | None
) -> None:
    path = edited(tmp_path, edit)
    if sentence is None:
        assert processor(sentencepiece_from_json(path, ROWS)).encode("The <b>end</b>") == ORIGINAL.encode(
            "The <b>end</b>"
        )
        return
    with pytest.raises(TokenizerError) as caught:
        sentencepiece_from_json(path, ROWS)
    assert sentence in str(caught.value)
    assert "copy tokenizer.model from the base model" in str(caught.value)


def test_a_name_that_is_no_text_is_passed_over(tmp_path: Path) -> None:
    path = edited(tmp_path, lambda _: None)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"bos_token": "\ud800"}))
    assert processor(sentencepiece_from_json(path, ROWS)).bos_id() == MADE.bos_id()


def test_pairs_out_of_order_are_refused_or_change_the_scores(tmp_path: Path) -> None:
    """Two pairs of pieces that overlap in a text, in the other order: the model made must follow the file, not the original."""

    def first_to_last(values: dict[str, Any]) -> None:
        merges = values["model"]["merges"]
        merges.append(merges.pop(next(i for i, pair in enumerate(merges) if pair == ["i", "n"])))

    path = edited(tmp_path, first_to_last)
    made, fast = processor(sentencepiece_from_json(path, ROWS)), FastTokenizer.from_file(str(path))
    text = "bringing singing into finding"
    assert made.encode(text) == fast.encode(text, add_special_tokens=False).ids != ORIGINAL.encode(text)


def test_a_piece_made_twice_in_the_list_is_refused(tmp_path: Path) -> None:
    def apart(values: dict[str, Any]) -> None:
        merges = values["model"]["merges"]
        parts = [i for i, pair in enumerate(merges) if "".join(pair) == "\u2581the"]
        assert len(parts) > 1
        merges.append(merges.pop(parts[0]))

    with pytest.raises(TokenizerError, match="do not stand together"):
        sentencepiece_from_json(edited(tmp_path, apart), ROWS)


@pytest.mark.parametrize("also", [None, "tokenizer.model"])
def test_a_checkpoint_with_only_tokenizer_json_converts(tmp_path: Path, also: str | None) -> None:
    """Also beside a tokenizer.model of another size, as fine-tuning with new tokens leaves them."""
    folder = write_checkpoint(tmp_path / "c", gemma3_config(vocab_size=ROWS))
    (folder / "tokenizer.model").unlink()
    (folder / "tokenizer.json").write_bytes((FOLDER / "tokenizer.json").read_bytes())
    if also:
        from builder.synth.web_file import synthetic_tokenizer

        (folder / also).write_bytes(synthetic_tokenizer(500))
    convert_checkpoint(folder, tmp_path / "m.task")
    facts = inspect_web_file(tmp_path / "m.task")
    assert facts.tokens.vocabulary == ROWS
    assert facts.prompt_template is not None


def test_a_checkpoint_without_a_tokenizer_says_what_to_fetch(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c")
    (folder / "tokenizer.model").unlink()
    with pytest.raises(TokenizerError, match=r"neither tokenizer\.model nor tokenizer\.json: copy tokenizer\.model"):
        convert_checkpoint(folder, tmp_path / "m.task")
