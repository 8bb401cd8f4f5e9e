"""Checkpoints of Llama's kind: a Hugging Face folder, and the GGUF file of the same weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.errors import OnpageError, TokenizerError, UnsupportedModel
from builder.model.byte_pairs import byte_pairs_in
from builder.model.description import LongWaves, Rope
from builder.model.opened import OpenedCheckpoint
from builder.model.rope import slowed
from tests.llama_checkpoints import (
    LLAMA3_ROPE,
    llama_config,
    qwen2_config,
    qwen3_config,
    tokenizer_json,
    write_llama,
    write_llama_gguf,
)

QUESTION = (
    "<|im_start|>system\nYou are a small model.<|im_end|>\n<|im_start|>user\n",
    "<|im_end|>\n<|im_start|>assistant\n",
)


def weights_of(opened: OpenedCheckpoint) -> dict[str, Any]:
    return {
        str(weight.source): np.concatenate([rows[:] for _, rows in opened.weights.bands(weight)])
        for weight in opened.weights.tensors
    }


@pytest.mark.parametrize(
    "config",
    [
        llama_config(),
        llama_config(tie_word_embeddings=False, head_dim=32),
        qwen2_config(),
        qwen3_config(tie_word_embeddings=False),
    ],
    ids=lambda config: f"{config['model_type']} {config['tie_word_embeddings']}",
)
def test_a_gguf_file_holds_what_the_folder_holds(config: dict[str, Any], tmp_path: Path) -> None:
    folder = OpenedCheckpoint.complete(write_llama(tmp_path / "folder", config))
    file = OpenedCheckpoint.complete(write_llama_gguf(tmp_path / "model.gguf", tmp_path / "folder"))
    assert file.model == folder.model
    ours, theirs = weights_of(file), weights_of(folder)
    assert ours.keys() == theirs.keys()
    for name, values in theirs.items():
        assert np.array_equal(ours[name], values), name


def test_rows_in_pairs_are_read_from_any_place(tmp_path: Path) -> None:
    write_llama(tmp_path / "folder")
    file = OpenedCheckpoint.complete(write_llama_gguf(tmp_path / "model.gguf", tmp_path / "folder"))
    query = next(weight for weight in file.weights.tensors if weight.part == "query")
    [(_, rows)] = file.weights.bands(query)
    whole = rows[:]
    for first, last in ((0, 4), (3, 5), (8, 20), (15, 16), (92, 96)):
        assert np.array_equal(rows[first:last], whole[first:last])


@pytest.mark.parametrize("kind", ["folder", "gguf"])
def test_turns_stops_and_tokens_come_from_the_checkpoint(kind: str, tmp_path: Path) -> None:
    path = write_llama(tmp_path / "folder")
    if kind == "gguf":
        path = write_llama_gguf(tmp_path / "model.gguf", path)
    opened = OpenedCheckpoint.complete(path)
    question, tokenizer = opened.turns.question, opened.tokenizer
    assert (question.prefix, question.suffix) == QUESTION
    assert opened.turns.system is not None
    assert (opened.turns.system.prefix, opened.turns.system.suffix) == ("<|im_start|>system\n", "<|im_end|>\n")
    assert opened.generation.stop_ids == [2]
    assert (tokenizer.start_id, tokenizer.end_id, tokenizer.alone_id) == (-1, 2, 0)
    assert not tokenizer.is_sentencepiece
    assert tokenizer.processor.encode("<|im_start|>user")[0] == 1
    assert tokenizer.model == byte_pairs_in(tokenizer_json(), 640).to_json()


def test_a_token_that_begins_a_text_is_kept(tmp_path: Path) -> None:
    folder = write_llama(tmp_path / "folder", llama_config(bos_token_id=0))
    values = tokenizer_json()
    values["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    }
    (folder / "tokenizer.json").write_text(json.dumps(values))
    opened = OpenedCheckpoint.complete(folder)
    assert opened.tokenizer.start_id == opened.tokenizer.alone_id == 0
    starts = write_llama_gguf(
        tmp_path / "model.gguf", folder, tokenizer__ggml__add_bos_token=True, tokenizer__ggml__bos_token_id=0
    )
    assert OpenedCheckpoint.complete(starts).tokenizer.start_id == 0


def test_the_rope_of_llama_3_is_found_in_a_gguf_file(tmp_path: Path) -> None:
    said = LLAMA3_ROPE | {"original_max_position_embeddings": 8192}
    folder = write_llama(tmp_path / "folder", llama_config(head_dim=32, rope_scaling=said))
    rope = Rope(100_000.0, long_waves=LongWaves(32.0, 1.0, 4.0, 8192))
    unscaled = 100_000.0 ** (-np.arange(0, 32, 2) / 32)
    divisors = (unscaled / slowed(unscaled, rope)).astype(np.float32)
    path = write_llama_gguf(tmp_path / "model.gguf", folder, also={"rope_freqs.weight": divisors})
    opened = OpenedCheckpoint.complete(path)
    assert opened.model == OpenedCheckpoint.complete(folder).model
    assert opened.model.global_rope == rope
    path = write_llama_gguf(tmp_path / "other.gguf", folder, also={"rope_freqs.weight": divisors * np.float32(1.1)})
    with pytest.raises(UnsupportedModel, match="rope_freqs"):
        OpenedCheckpoint.open(path)


@pytest.mark.parametrize(
    ("metadata", "named"),
    [
        ({"tokenizer__ggml__pre": "tekken"}, "tekken"),
        ({"tokenizer__ggml__pre": None}, "tokenizer.ggml.pre is None"),
        ({"tokenizer__ggml__merges": None}, "merges"),
        ({"tokenizer__ggml__merges": ["a"]}, "merges"),
        ({"tokenizer__ggml__merges": ["zzq zzr"]}, "joins"),
        ({"tokenizer__ggml__model": "rwkv"}, "gpt2"),
        ({"llama__rope__dimension_count": 8}, "rope.dimension_count"),
    ],
)
def test_a_gguf_file_that_cannot_be_read_exactly_is_refused(
    metadata: dict[str, Any], named: str, tmp_path: Path
) -> None:
    path = write_llama_gguf(tmp_path / "model.gguf", write_llama(tmp_path / "folder"), **metadata)
    with pytest.raises(OnpageError, match=named):
        OpenedCheckpoint.complete(path)


def test_a_tokenizer_that_is_done_otherwise_is_refused(tmp_path: Path) -> None:
    folder = write_llama(tmp_path / "folder")
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json(normalizer={"type": "Lowercase"})))
    with pytest.raises(TokenizerError, match="normalizer"):
        OpenedCheckpoint.complete(folder)
