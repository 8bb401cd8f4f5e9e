from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from builder.calibrate.texts import CONTEXT, DEFAULT_TEXT, cut, read_texts
from builder.errors import OnpageError
from builder.model.opened import OpenedCheckpoint
from builder.model.tokenizer import Tokenizer
from builder.reference.evaluate import DEFAULT_TEXTS
from tests.checkpoints import gemma3_config, write_checkpoint

ROOT = Path(__file__).parents[3]


def runs_of_words(text: str, length: int = 6) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


def test_no_text_that_models_are_judged_by_is_calibrated_on() -> None:
    ours = runs_of_words(DEFAULT_TEXT.read_text(encoding="utf-8"))
    assert len(ours) > 2000
    judged = [path.read_text(encoding="utf-8") for path in DEFAULT_TEXTS]
    for path in sorted((ROOT / "builder/demo").glob("*.jsonl")):
        judged += [json.dumps(json.loads(line), ensure_ascii=False) for line in path.read_text().splitlines()]
    assert len(judged) > 40
    assert not ours & set[tuple[str, ...]]().union(*map(runs_of_words, judged))


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    folder = write_checkpoint(tmp_path_factory.mktemp("texts") / "c", gemma3_config(num_hidden_layers=1))
    return OpenedCheckpoint.complete(folder).tokenizer


def test_a_text_is_read_in_pieces_that_each_begin_with_the_start_token() -> None:
    pieces = cut(list(range(10, 10 + CONTEXT)), 2)
    assert [len(piece) for piece in pieces] == [CONTEXT, 2]
    assert [piece[0] for piece in pieces] == [2, 2]
    assert [i for piece in pieces for i in piece[1:]] == list(range(10, 10 + CONTEXT))


def test_no_more_is_read_than_is_wanted(tokenizer: Tokenizer) -> None:
    texts = read_texts(DEFAULT_TEXT, tokenizer, 300)
    assert sum(map(len, texts)) == 300 + len(texts)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "holds no text"), (b"\xff\xfe\x00", "is not text: expected UTF-8"), (None, "is missing")],
)
def test_what_is_no_text_is_refused(tokenizer: Tokenizer, tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "words.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OnpageError, match=reason):
        read_texts(path, tokenizer)
