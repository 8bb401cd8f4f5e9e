"""A tokenizer.json alone, or the listed pairs of a GGUF file: the page writes the SentencePiece model that `onpage convert` writes, or refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.builder.model.test_gguf_tokenizer import listed_pairs
from tests.builder.model.test_tokenizer_json import EDITS
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.gguf_files import tokens_of, write_gguf
from tests.static.test_convert import golden_json, in_the_page, put, same

CONFIG = gemma3_config(vocab_size=700, num_hidden_layers=1)

Edit = Callable[[dict[str, Any]], Any]


def listing(folder: Path, edit: Edit = lambda values: None) -> Path:
    """A checkpoint whose only tokenizer is the golden tokenizer.json, changed."""
    write_checkpoint(folder, CONFIG)
    (folder / "tokenizer.model").unlink()
    put("tokenizer.json", golden_json(edit))(folder)
    return folder


@pytest.mark.parametrize("bits", ["8", "q4_0"])
def test_the_model_of_listed_pairs_is_written_alike(tmp_path: Path, bits: str) -> None:
    said = same(listing(tmp_path / "c"), bits)
    assert said["facts"]["prompt"]["prefix"] == "<start_of_turn>user\n"


@pytest.mark.parametrize(("edit", "sentence"), EDITS)
def test_what_is_taken_and_what_is_refused_are_those_of_onpage_convert(
    tmp_path: Path, edit: Edit, sentence: str | None
) -> None:
    folder = listing(tmp_path / "c", edit)
    if sentence is None:
        same(folder)
        return
    said = in_the_page(folder, tmp_path / "m.task")
    assert said["refused"] in ("tokenizer", "damaged"), said
    assert said["detail"].startswith("tokenizer.json: ")


def with_rare_characters(values: dict[str, Any]) -> None:
    """A piece of two characters beyond the first plane, one of which is none; a tab as itself; added ones behind the embedding."""
    vocabulary = values["model"]["vocab"]
    last = max(vocabulary, key=vocabulary.__getitem__)
    number = vocabulary.pop(last)
    values["model"]["merges"] = [pair for pair in values["model"]["merges"] if last not in (*pair, "".join(pair))]
    vocabulary["😀😁"] = number
    values["model"]["merges"].append(["😀", "😁"])
    vocabulary["\t"] = vocabulary.pop("<0x09>")
    values["added_tokens"].append({"id": 700, "content": "<|behind|>"})


@pytest.mark.parametrize(
    ("edit", "beside"),
    [
        (with_rare_characters, {}),
        (lambda values: values["model"].update(merges=[" ".join(pair) for pair in values["model"]["merges"]]), {}),
        (lambda values: values.update(normalizer={"type": "Sequence", "normalizers": [values["normalizer"]]}), {}),
        (lambda values: values.update(pre_tokenizer=None, model=dict(reversed(values["model"].items()))), {}),
        (lambda values: None, {"eos_token": "<end_of_turn>", "pad_token": {"content": "<b>"}, "bos_token": 5}),
        (lambda values: None, {"pad_token": "<none>", "eos_token": "\ud800"}),
    ],
)
def test_every_way_to_say_it_is_read_alike(tmp_path: Path, edit: Edit, beside: dict[str, Any]) -> None:
    folder = listing(tmp_path / "c", edit)
    put("tokenizer_config.json", beside)(folder)
    same(folder)


def test_a_folder_without_a_tokenizer_is_incomplete(tmp_path: Path) -> None:
    folder = listing(tmp_path / "c")
    (folder / "tokenizer.json").unlink()
    assert in_the_page(folder, tmp_path / "m.task") == {"refused": "incomplete", "detail": "tokenizer.model"}


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    folder = listing(tmp_path / "c")
    text = (folder / "tokenizer.json").read_text()
    for cut in (0, 1, len(text) // 3, len(text) - 3):
        (folder / "tokenizer.json").write_text(text[:cut])
        assert in_the_page(folder, tmp_path / "m.task")["refused"] in ("damaged", "tokenizer"), cut
    assert json.loads(text)


@pytest.mark.parametrize("rows", [700, 704])
@pytest.mark.parametrize("without", [[], ["unknown"], ["bos"], ["padding", "eos"]], ids=str)
def test_listed_pairs_of_a_gguf_file_are_written_alike(tmp_path: Path, rows: int, without: list[str]) -> None:
    """llama.cpp has a name for such a tokenizer of its own, whatever the model."""
    said = listed_pairs() | {f"tokenizer__ggml__{key}_token_id": None for key in without}
    path = write_gguf(tmp_path / "m.gguf", CONFIG | {"vocab_size": rows}, **said)
    if without == ["unknown"]:
        assert in_the_page(path, tmp_path / "m.task")["refused"] == "tokenizer"
    else:
        same(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"merges": None},
        {"merges": ["zzq zzr"]},
        {"merges": ["a"]},
        {"merges": [1, 2]},
        {"tokens": [f"t{i}" for i in range(700)]},
    ],
)
def test_listed_pairs_that_are_no_sentencepiece_model_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    said = listed_pairs() | {f"tokenizer__ggml__{key}": value for key, value in changes.items()}
    path = write_gguf(tmp_path / "m.gguf", CONFIG | {"vocab_size": 704}, **said)
    assert in_the_page(path, tmp_path / "m.task")["refused"] == "tokenizer"


def test_tokens_behind_the_embedding_are_left_out(tmp_path: Path) -> None:
    said = tokens_of(CONFIG | {"vocab_size": 800})
    path = write_gguf(tmp_path / "m.gguf", CONFIG, **{key.replace(".", "__"): value for key, value in said.items()})
    same(path)
