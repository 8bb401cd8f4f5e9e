"""Input that makes no web file: one sentence, by name, and nothing is left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from builder.checkpoint.folder import CheckpointFolder
from builder.convert.web_file import convert_checkpoint
from builder.errors import CheckpointError, OnpageError, TokenizerError, UnsupportedModel
from builder.synth.web_file import synthesize, synthetic_tokenizer
from tests.checkpoints import (
    gemma3_config,
    write_checkpoint,
    write_safetensors,
)


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def put(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content) and None


def not_finite(folder: Path) -> None:
    file = folder / "model.safetensors"
    data = bytearray(file.read_bytes())
    data[-4:] = np.float32(np.nan).tobytes()
    file.write_bytes(data)


def config(**changes: object) -> Callable[[Path], None]:
    return put("config.json", json.dumps(gemma3_config(**changes)).encode())


@pytest.mark.parametrize(
    ("harm", "error", "message"),
    [
        (remove("config.json"), CheckpointError, "config.json is missing"),
        (remove("model.safetensors"), CheckpointError, "holds no .safetensors file"),
        (remove("tokenizer.model"), TokenizerError, "neither tokenizer.model nor tokenizer.json"),
        (put("tokenizer.model", b"junk"), TokenizerError, "not a SentencePiece model|does not load"),
        (
            put("tokenizer.model", synthetic_tokenizer(5000)),
            TokenizerError,
            "5,000 pieces, but the embedding has 4,096",
        ),
        (config(num_hidden_layers=5), CheckpointError, r"model.layers.4.input_layernorm.weight is missing"),
        (config(hidden_size=64), CheckpointError, r"has shape \[4096, 128\], but config.json gives \[4096, 64\]"),
        (config(model_type="mamba"), CheckpointError, "mamba"),
        (config(eos_token_id=9999), CheckpointError, "eos_token_id 9999"),
        (config(bos_token_id=7), CheckpointError, "bos_token_id is 7 in config.json"),
        (config(eos_token_id="</s>"), CheckpointError, "eos_token_id '</s>'"),
        (not_finite, CheckpointError, "expected finite weights"),
    ],
)
def test_wrong_input_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, harm: Callable[[Path], None], error: type[OnpageError], message: str
) -> None:
    folder = write_checkpoint(tmp_path / "c")
    harm(folder)
    out = tmp_path / "out"
    out.mkdir()
    (out / "m.task").write_bytes(b"what was there before")
    with pytest.raises(error, match=message):
        convert_checkpoint(folder, out / "m.task")
    assert [path.name for path in out.iterdir()] == ["m.task"]
    assert (out / "m.task").read_bytes() == b"what was there before"


def extended(tmp_path: Path, name: str, shape: tuple[int, ...], data: bytes) -> Path:
    """A sound checkpoint with one more tensor in a shard of its own."""
    folder = write_checkpoint(tmp_path / "c")
    add_shard(folder, {name: ("F32", shape, data)})
    return folder


def add_shard(folder: Path, tensors: dict[str, tuple[str, tuple[int, ...], bytes]]) -> None:
    """Beside model.safetensors a file of another name would be nobody's, so that becomes the first of two shards."""
    whole, first = folder / "model.safetensors", folder / "model-00001-of-00002.safetensors"
    if whole.exists():
        whole.rename(first)
    write_safetensors(folder / "model-00002-of-00002.safetensors", tensors)


@pytest.mark.parametrize(
    "name",
    [
        "model.layers.0.self_attn.q_proj.bias",
        "model.layers.9.mlp.up_proj.weight",
        "lm_head.weight",
        "base.lora_A.weight",
    ],
)
def test_weights_that_would_be_left_out_are_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsupportedModel, match=name):
        convert_checkpoint(extended(tmp_path, name, (4,), bytes(16)), tmp_path / "m.task")
    assert not (tmp_path / "m.task").exists()


def test_a_second_copy_of_the_embedding_is_no_other_weight(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c")
    plain = convert_checkpoint(folder, tmp_path / "m.task").sha256
    checkpoint = CheckpointFolder.open(folder)
    embedding = checkpoint.require("model.embed_tokens.weight", (4096, 128))
    data = b"".join(rows.tobytes() for _, rows in checkpoint.bands(embedding))
    write_safetensors(folder / "head.safetensors", {"lm_head.weight": ("F32", (4096, 128), data)})
    assert convert_checkpoint(folder, tmp_path / "m.task").sha256 == plain


def test_a_tensor_too_large_for_the_format_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match=r"embed_tokens\.weight is too large for the web format"):
        synthesize("hidden=8192,vocab=262144,ffn=64,layers=1", tmp_path / "m.task")


def test_an_adapter_alone_has_missing_tensors(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c")
    write_safetensors(folder / "model.safetensors", {"lora_A": ("F32", (1,), bytes(4))})
    with pytest.raises(CheckpointError, match="not an adapter"):
        convert_checkpoint(folder, tmp_path / "m.task")
