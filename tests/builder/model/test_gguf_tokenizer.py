"""The tokenizer of a GGUF file as SentencePiece reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sentencepiece import SentencePieceProcessor

from builder.errors import TokenizerError
from builder.model.opened import OpenedCheckpoint
from builder.model.tokenizer_json import sentencepiece_from_json
from tests.checkpoints import gemma3_config, gemma4_config
from tests.gguf_files import rope_divisors, tokens_of, write_gguf

TOKENIZER = Path(__file__).parents[2] / "goldens" / "tokenizer" / "tokenizer.json"
PIECES = 700


def tokenizer_of(path: Path) -> SentencePieceProcessor:
    opened = OpenedCheckpoint.complete(path)
    return SentencePieceProcessor(model_proto=opened.tokenizer.model)


def test_the_tokenizer_reads_turns_spaces_and_bytes(tmp_path: Path) -> None:
    """Control tokens of llama.cpp that SentencePiece reads in a text, and added pieces that hold spaces."""
    path = write_gguf(tmp_path / "m.gguf", gemma3_config(num_hidden_layers=1, vocab_size=512))
    processor = tokenizer_of(path)
    ids = processor.encode("<start_of_turn>user\n")
    assert processor.id_to_piece(ids[0]) == "<start_of_turn>"
    assert processor.is_control(processor.bos_id()) and not processor.is_control(ids[0])
    assert processor.encode("<bos>")[0] != processor.bos_id()


def test_pieces_of_spaces_are_sentencepieces(tmp_path: Path) -> None:
    config = gemma3_config(num_hidden_layers=1, vocab_size=512)
    path = write_gguf(tmp_path / "m.gguf", config)

    tokens = tokens_of(config)
    pieces, kinds = list(tokens["tokenizer.ggml.tokens"]), list(tokens["tokenizer.ggml.token_type"])
    pieces[-1], kinds[-1] = "   ", 4
    write_gguf(path, config, tokenizer__ggml__tokens=pieces, tokenizer__ggml__token_type=kinds)
    assert tokenizer_of(path).encode("   ") == [511]


def test_rows_without_a_piece_are_left_out(tmp_path: Path) -> None:
    config = gemma3_config(num_hidden_layers=1, vocab_size=576)
    path = write_gguf(tmp_path / "m.gguf", config)

    tokens = tokens_of(config | {"vocab_size": 512})
    pieces = tokens["tokenizer.ggml.tokens"] + [f"[PAD{i}]" for i in range(64)]
    kinds, scores = tokens["tokenizer.ggml.token_type"] + [5] * 64, tokens["tokenizer.ggml.scores"] + [-1000.0] * 64
    write_gguf(
        path, config, tokenizer__ggml__tokens=pieces, tokenizer__ggml__token_type=kinds, tokenizer__ggml__scores=scores
    )
    opened = OpenedCheckpoint.complete(path)
    assert opened.model.embedding.vocabulary == 512 and opened.left_out == (
        "64 rows of the embedding that the tokenizer has no piece for left out",
    )


def listed_pairs() -> dict[str, Any]:
    """A tokenizer.json of pairs as llama.cpp writes that of a Gemma 4."""
    values = json.loads(TOKENIZER.read_text())
    pieces = values["model"]["vocab"] | {token["content"]: token["id"] for token in values["added_tokens"]}
    texts = sorted((text for text in pieces if pieces[text] < PIECES), key=pieces.__getitem__)
    special = {token["content"] for token in values["added_tokens"]}
    kinds = [3 if text in special else 6 if text.startswith("<0x") else 1 for text in texts]
    return {
        "tokenizer__ggml__model": "gemma4",
        "tokenizer__ggml__tokens": texts,
        "tokenizer__ggml__token_type": kinds,
        "tokenizer__ggml__scores": [-1000.0] * PIECES,
        "tokenizer__ggml__merges": [" ".join(pair) for pair in values["model"]["merges"]],
        "tokenizer__ggml__unknown_token_id": pieces["<unk>"],
    }


def test_pairs_that_are_listed_are_a_tokenizer_jsons(tmp_path: Path) -> None:
    config = gemma4_config(vocab_size=704)
    path = write_gguf(tmp_path / "m.gguf", config, also=rope_divisors(config), **listed_pairs())
    assert OpenedCheckpoint.open(path).sidecars.tokenizer(704).model == sentencepiece_from_json(TOKENIZER, PIECES)


def test_a_pair_that_is_missing_is_said(tmp_path: Path) -> None:
    config, said = gemma4_config(vocab_size=704), listed_pairs()
    said["tokenizer__ggml__merges"].pop()
    path = write_gguf(tmp_path / "m.gguf", config, also=rope_divisors(config), **said)
    with pytest.raises(TokenizerError, match=r"pairs that make .*: convert the Hugging Face folder of the model"):
        OpenedCheckpoint.complete(path)
