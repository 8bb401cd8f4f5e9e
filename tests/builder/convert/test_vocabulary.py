"""Rows of the embedding that the tokenizer has no piece for, and an output matrix of its own: the checkpoint's, or an adapter's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors import safe_open

from builder.convert.web_file import convert_checkpoint
from builder.errors import OnpageError, UnsupportedModel
from builder.estimate import estimate
from builder.files.digest import sha256_of
from builder.formats.web_file_reader import WebFile
from builder.lora.adapter_file import convert_adapter
from builder.quantize.rounding import dequantize
from builder.synth.web_file import synthetic_tokenizer
from tests.adapters import write_adapter
from tests.checkpoints import as_bytes, gemma3_config, write_checkpoint, write_safetensors

PIECES = 2005
EMBEDDING = "params.lm.softmax.logits_ffn"


def config(rows: int = PIECES, **changes: Any) -> dict[str, Any]:
    return gemma3_config(num_hidden_layers=1, vocab_size=rows, **changes)


def checkpoint(folder: Path, rows: int = PIECES, **changes: Any) -> Path:
    return write_checkpoint(folder, config(rows, **changes), tokenizer=synthetic_tokenizer(PIECES))


def embedding(path: Path) -> NDArray[np.float32]:
    """That of a web file, as float32."""
    file = WebFile.open(path)
    matrix = file.matrix(EMBEDDING)
    assert matrix is not None
    packed = np.frombuffer(file.read(f"{EMBEDDING}.w"), np.uint8)
    scales = np.frombuffer(file.read(f"{EMBEDDING}.w_quantized_scale"), np.float32)
    return dequantize(packed, scales, matrix.k, matrix.n, matrix.scheme.bits)


def tensors_of(folder: Path) -> dict[str, NDArray[np.float32]]:
    with safe_open(folder / "model.safetensors", framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict


def write_tensors(path: Path, tensors: dict[str, NDArray[np.float32]]) -> None:
    write_safetensors(path, {name: ("F32", value.shape, as_bytes(value, "F32")) for name, value in tensors.items()})


@pytest.mark.parametrize("rows", [2005, 2006, 2048, 2176, 2304, 2560, 2005 + 1024])
def test_rows_without_a_piece_are_dropped_and_missing_ones_filled(tmp_path: Path, rows: int) -> None:
    """The engine stores four rows at a time; what fills them is as likely as the padding, which no model writes."""
    folder = checkpoint(tmp_path / "c", rows)
    written = convert_checkpoint(folder, tmp_path / "m.task")
    assert WebFile.open(tmp_path / "m.task").parameters.vocab_size == 2008
    found, stored = embedding(tmp_path / "m.task"), tensors_of(folder)["model.embed_tokens.weight"]
    there = min(rows, 2008)
    assert np.abs(found[:there] - stored[:there]).max() <= np.abs(stored).max() / 127
    for row in range(there, 2008):
        assert np.array_equal(found[row], found[0])
    expected = f"{rows - 2008} rows of the embedding that the tokenizer has no piece for left out"
    assert [expected] == list(written.left_out) if rows > 2008 else not any("left out" in n for n in written.left_out)
    assert estimate(str(folder)).download == written.size


@pytest.mark.parametrize("rows", [2000, 2004, 2008 + 1025])
def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path, rows: int) -> None:
    with pytest.raises(OnpageError, match=rf"2,005 pieces, but the embedding has {rows:,} rows"):
        convert_checkpoint(checkpoint(tmp_path / "c", rows), tmp_path / "m.task")


def untied(folder: Path, change: float, **changes: Any) -> Path:
    checkpoint(folder, tie_word_embeddings=False, **changes)
    tensors = tensors_of(folder)
    head = tensors["model.embed_tokens.weight"].copy()
    head[7, 3] += change
    write_tensors(folder / "model.safetensors", tensors | {"lm_head.weight": head})
    return folder


def test_an_untied_head_that_is_the_embedding_is_taken(tmp_path: Path) -> None:
    """As peft's merge_and_unload leaves it after modules_to_save."""
    convert_checkpoint(checkpoint(tmp_path / "tied"), tmp_path / "tied.task")
    convert_checkpoint(untied(tmp_path / "tied2", 0), tmp_path / "untied.task")
    for name in WebFile.open(tmp_path / "tied.task").tensors:
        assert WebFile.open(tmp_path / "tied.task").read(name) == WebFile.open(tmp_path / "untied.task").read(name)


def test_an_untied_head_that_differs_is_refused_with_the_difference(tmp_path: Path) -> None:
    with pytest.raises(
        UnsupportedModel, match=r"lm_head\.weight, an output matrix of its own.*by up to 0\.25 .*one matrix for both"
    ):
        convert_checkpoint(untied(tmp_path / "c", 0.25), tmp_path / "m.task")


def test_an_untied_head_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match=r"tie_word_embeddings is False.*holds no lm_head\.weight"):
        convert_checkpoint(checkpoint(tmp_path / "c", tie_word_embeddings=False), tmp_path / "m.task")


def adapter(folder: Path, base: Path, saved: dict[str, NDArray[np.float32]], **settings: Any) -> Path:
    """A LoRA of q and v with modules that were trained whole, named as peft names them."""
    write_adapter(folder, config(), modules_to_save=sorted({name.split(".")[-2] for name in saved}), **settings)
    with safe_open(folder / "adapter_model.safetensors", framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    write_tensors(
        folder / "adapter_model.safetensors", tensors | {f"base_model.model.{n}": v for n, v in saved.items()}
    )
    return folder


def changed(base: Path, name: str) -> NDArray[np.float32]:
    return (tensors_of(base)[name] * np.float32(1.5)).astype(np.float32)


@pytest.mark.parametrize("form", ["{}", "{}.modules_to_save", "{}.modules_to_save.default"])
def test_modules_that_were_trained_whole_are_merged(tmp_path: Path, form: str) -> None:
    base = checkpoint(tmp_path / "base")
    names = ["model.embed_tokens", "model.layers.0.input_layernorm", "model.norm", "model.layers.0.mlp.up_proj"]
    values = {name: changed(base, f"{name}.weight") for name in names}
    saved = {f"{form.format(name)}.weight": value for name, value in values.items()}
    saved[f"{form.format('lm_head')}.weight"] = values["model.embed_tokens"]
    folder = adapter(tmp_path / "a", base, saved)
    settings = json.loads((folder / "adapter_config.json").read_text())
    settings["modules_to_save"] = ["embed_tokens", "lm_head", "input_layernorm", "norm", "up_proj"]
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    convert_checkpoint(base, tmp_path / "m.task", merge=folder)

    plain = adapter(tmp_path / "plain", base, {})
    write_tensors(base / "model.safetensors", tensors_of(base) | {f"{n}.weight": v for n, v in values.items()})
    convert_checkpoint(base, tmp_path / "expected.task", merge=plain)
    first, second = WebFile.open(tmp_path / "m.task"), WebFile.open(tmp_path / "expected.task")
    assert [first.read(name) for name in first.tensors] == [second.read(name) for name in second.tensors]
    assert sha256_of(tmp_path / "m.task") != ""


@pytest.mark.parametrize(
    ("saved", "reason"),
    [
        (["lm_head"], r"its output matrix \(lm_head\) differs from the embedding by up to"),
        (["embed_tokens"], r"its embedding differs from the output matrix by up to"),
    ],
)
def test_an_embedding_that_parts_from_the_output_is_refused(tmp_path: Path, saved: list[str], reason: str) -> None:
    base = checkpoint(tmp_path / "base")
    values = changed(base, "model.embed_tokens.weight")
    names = {"lm_head": "lm_head.weight", "embed_tokens": "model.embed_tokens.weight"}
    folder = adapter(tmp_path / "a", base, {names[name]: values for name in saved})
    with pytest.raises(UnsupportedModel, match=reason):
        convert_checkpoint(base, tmp_path / "m.task", merge=folder)


def test_a_resized_vocabulary_is_refused_by_its_name(tmp_path: Path) -> None:
    base = checkpoint(tmp_path / "base")
    values = np.zeros((PIECES + 3, 128), np.float32)
    folder = adapter(tmp_path / "a", base, {"model.embed_tokens.weight": values, "lm_head.weight": values})
    with pytest.raises(UnsupportedModel, match=r"embed_tokens of 2,008 rows.*2,005.*resized vocabulary"):
        convert_checkpoint(base, tmp_path / "m.task", merge=folder)


def test_an_adapter_alone_cannot_hold_whole_modules(tmp_path: Path) -> None:
    base = checkpoint(tmp_path / "base")
    values = changed(base, "model.norm.weight")
    folder = adapter(tmp_path / "a", base, {"model.norm.weight": values})
    with pytest.raises(UnsupportedModel, match=r"holds norm whole.*--merge-lora"):
        convert_adapter(base, folder, tmp_path / "a.bin")


def test_a_module_that_the_base_has_not_is_refused(tmp_path: Path) -> None:
    base = checkpoint(tmp_path / "base")
    folder = adapter(tmp_path / "a", base, {"score.weight": np.zeros((2, 128), np.float32)})
    with pytest.raises(UnsupportedModel, match=r"holds score whole, which .* does not have"):
        convert_checkpoint(base, tmp_path / "m.task", merge=folder)
