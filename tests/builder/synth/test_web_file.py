from __future__ import annotations

from pathlib import Path

import pytest
import sentencepiece

from builder.errors import OnpageError
from builder.formats.web_file_reader import WebFile
from builder.synth.web_file import FIRST_WORD, MAX_VOCABULARY, shape_config, synthesize, synthetic_tokenizer, word


def test_the_same_seed_gives_the_same_file_and_another_seed_another(tmp_path: Path) -> None:
    same = [synthesize("layers=1", tmp_path / f"{i}.task", seed=7).sha256 for i in range(2)]
    assert same[0] == same[1]
    assert synthesize("layers=1", tmp_path / "other.task", seed=8).sha256 != same[0]


def test_given_dimensions_are_in_the_file(tmp_path: Path) -> None:
    synthesize("hidden=64,ffn=256,layers=3,heads=2,kv=2,head=32,vocab=2000,window=64,context=512", tmp_path / "m.task")
    file = WebFile.open(tmp_path / "m.task")
    p = file.parameters.transformer_parameters
    assert (p.embedding_dim, p.hidden_dimension, p.num_stacks, p.num_heads, p.num_kv_heads) == (64, 256, 3, 2, 2)
    assert (p.head_dimension, file.parameters.vocab_size, file.context_length) == (32, 2000, 512)
    assert p.self_attention_parameters.sliding_window_size == 64


@pytest.mark.parametrize(
    "shape", ["", "gemma3-2t", "hidden", "hidden=", "hidden=-4", "hidden=1e3", "colour=4", "vocab=5", "vocab=999999999"]
)
def test_shapes_that_are_none_are_refused(shape: str, tmp_path: Path) -> None:
    with pytest.raises(OnpageError):
        synthesize(shape, tmp_path / "m.task")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("vocabulary", [FIRST_WORD + 2, 4096, 262_144])
def test_words_are_tokens_and_nothing_else_is(vocabulary: int) -> None:
    processor = sentencepiece.SentencePieceProcessor()
    processor.LoadFromSerializedProto(synthetic_tokenizer(vocabulary))
    assert processor.GetPieceSize() == vocabulary
    ids = [FIRST_WORD, vocabulary - 1, FIRST_WORD + 1, FIRST_WORD]
    text = "".join(" " + word(i) for i in ids)
    assert processor.EncodeAsIds(text) == ids
    assert processor.DecodeIds(ids) == text
    assert processor.DecodeIds(processor.EncodeAsIds("Ünïcode 😀\n")) == "Ünïcode 😀\n"
    assert processor.EncodeAsIds("<end_of_turn>") == [5]


def test_the_largest_vocabulary_has_a_word_for_each_id() -> None:
    assert word(MAX_VOCABULARY - 1) == "zuzuzu"


def test_published_shapes_are_configs() -> None:
    assert shape_config("gemma3-1b")["num_hidden_layers"] == 26
