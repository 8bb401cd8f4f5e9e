"""What people have instead of a checkpoint is named for what it is, with what to do; what other programs name otherwise is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder.convert.web_file import convert_checkpoint
from builder.errors import OnpageError
from builder.files.digest import sha256_of
from tests.checkpoints import gemma3_config, with_images_config, write_checkpoint, write_safetensors

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 536223056\n"


def small(folder: Path) -> Path:
    return write_checkpoint(folder, gemma3_config(num_hidden_layers=1))


def with_config(**changes: Any) -> Callable[[Path], Path]:
    def change(folder: Path) -> Path:
        small(folder)
        (folder / "config.json").write_text(json.dumps(gemma3_config(num_hidden_layers=1) | changes))
        return folder

    return change


def with_file(name: str, content: bytes, *without: str) -> Callable[[Path], Path]:
    def change(folder: Path) -> Path:
        small(folder)
        for other in without:
            (folder / other).unlink()
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        return folder

    return change


def hub_name(folder: Path) -> Path:
    return Path("google/gemma-3-270m-it")


def file_of(name: str, content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder.parent / name).write_bytes(content)
        return folder.parent / name

    return make


def cache_root(folder: Path) -> Path:
    (folder / "models--google--gemma-3-270m" / "snapshots" / "0a1b").mkdir(parents=True)
    return folder


def repository_in_cache(folder: Path) -> Path:
    return cache_root(folder) / "models--google--gemma-3-270m"


QUANTIZED = {
    "bitsandbytes": {"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}},
    "gptq": {"quantization_config": {"quant_method": "gptq", "bits": 4}},
    "awq": {"quantization_config": {"quant_method": "awq"}},
    "compressed-tensors": {"quantization_config": {"quant_method": "compressed-tensors"}},
    "MLX": {"quantization": {"group_size": 64, "bits": 4}},
}


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        *((with_config(**changes), (f"quantized by {name}", "BF16")) for name, changes in QUANTIZED.items()),
        (with_file("model.safetensors", POINTER), ("model.safetensors is a git-lfs pointer", "git lfs pull")),
        (with_file("tokenizer.model", POINTER), ("tokenizer.model is a git-lfs pointer", "git lfs pull")),
        (with_file("config.json", POINTER), ("config.json is a git-lfs pointer", "git lfs pull")),
        (
            with_file("pytorch_model.bin", b"PK", "model.safetensors"),
            ("pytorch_model.bin", "save_pretrained", "safe_serialization"),
        ),
        (
            with_file("pytorch_model-00001-of-00002.bin", b"PK", "model.safetensors"),
            ("pytorch_model-00001-of-00002.bin", "save_pretrained"),
        ),
        (with_file("m.Q4_K_M.gguf", b"GGUF", "model.safetensors"), ("m.Q4_K_M.gguf", "GGUF", "name the file itself")),
        (with_file("m.gguf", b"GGUF", "model.safetensors", "config.json"), ("m.gguf", "GGUF", "name the file itself")),
        (with_file("model.onnx", b"", "model.safetensors"), ("model.onnx", "ONNX")),
        (with_file("tf_model.h5", b"", "model.safetensors"), ("tf_model.h5", "TensorFlow")),
        (file_of("m.gguf", b"GGUF" + bytes(64)), ("m.gguf is a GGUF file of version 0", "onpage reads")),
        (
            file_of("model.safetensors", b"\x08" + bytes(7) + b"{}      "),
            ("safetensors file", "folder that it is part of"),
        ),
        (hub_name, ("google/gemma-3-270m-it is not a folder", "hf download google/gemma-3-270m-it --local-dir")),
        (cache_root, ("the hub's cache", "snapshots/0a1b")),
        (repository_in_cache, ("the hub's cache", "snapshots/0a1b")),
    ],
)
def test_it_is_named_for_what_it_is(tmp_path: Path, make: Callable[[Path], Path], expected: tuple[str, ...]) -> None:
    with pytest.raises(OnpageError) as caught:
        convert_checkpoint(make(tmp_path / "c"), tmp_path / "m.task")
    for part in expected:
        assert part in str(caught.value)
    assert not (tmp_path / "m.task").exists()


def renamed(folder: Path, change: Callable[[str], str]) -> Path:
    """The tensors of model.safetensors under other names."""
    from safetensors import safe_open

    path = folder / "model.safetensors"
    with safe_open(path, framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    write_safetensors(path, {change(name): ("F32", value.shape, value.tobytes()) for name, value in tensors.items()})
    return folder


@pytest.mark.parametrize(
    "change",
    [
        lambda name: f"_orig_mod.{name}",
        lambda name: name.replace("model.", "model._orig_mod.", 1),
        lambda name: f"module.{name}",
        lambda name: name.removeprefix("model."),
        lambda name: f"model.{name}",
        lambda name: f"base.wrapped.{name}",
    ],
    ids=["compiled", "compiled inside", "parallel", "AutoModel", "twice", "wrapped"],
)
def test_names_of_other_programs_are_understood(tmp_path: Path, change: Callable[[str], str]) -> None:
    convert_checkpoint(small(tmp_path / "c"), tmp_path / "plain.task")
    folder = renamed(tmp_path / "c", change)
    convert_checkpoint(folder, tmp_path / "m.task")
    assert sha256_of(tmp_path / "m.task") == sha256_of(tmp_path / "plain.task")


def test_a_model_with_images_that_automodel_saved(tmp_path: Path) -> None:
    config = with_images_config(num_hidden_layers=1)
    folder = write_checkpoint(tmp_path / "c", config)
    convert_checkpoint(folder, tmp_path / "plain.task")
    convert_checkpoint(renamed(folder, lambda name: name.removeprefix("model.")), tmp_path / "m.task")
    assert sha256_of(tmp_path / "m.task") == sha256_of(tmp_path / "plain.task")


@pytest.mark.parametrize(
    "stray",
    [
        "optimizer.safetensors",
        "._model.safetensors",
        "consolidated.safetensors",
        "scheduler.safetensors",
        "extra.safetensors",
    ],
)
def test_strays_beside_the_model_are_passed_over(tmp_path: Path, stray: str) -> None:
    folder = small(tmp_path / "c")
    content = b"\0\5\x16\7" * 40 if stray.startswith("._") else (folder / "model.safetensors").read_bytes()
    (folder / stray).write_bytes(content)
    convert_checkpoint(folder, tmp_path / "m.task")


def test_strays_beside_shards_without_an_index_are_passed_over(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma3_config(num_hidden_layers=1), shards=2)
    (folder / "model.safetensors.index.json").unlink()
    (folder / "optimizer.safetensors").write_bytes(b"x")
    (folder / "._model-00001-of-00002.safetensors").write_bytes(b"x")
    convert_checkpoint(folder, tmp_path / "m.task")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            gemma3_config(architectures=["Gemma3TextModel"], use_bidirectional_attention=True),
            ("EmbeddingGemma", "writes none"),
        ),
        ({"model_type": "mistral"}, ("model_type 'mistral'", "gemma3_text")),
        ({"model_type": "t5gemma"}, ("model_type 't5gemma'",)),
    ],
)
def test_families_that_do_not_convert_yet_say_what_can_be_had(
    tmp_path: Path, config: dict[str, Any], expected: tuple[str, ...]
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(OnpageError) as caught:
        convert_checkpoint(tmp_path, tmp_path / "m.task")
    for part in expected:
        assert part in str(caught.value)
