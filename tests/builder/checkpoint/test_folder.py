from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from builder.checkpoint import checkpoint as module
from builder.checkpoint.folder import CheckpointFolder
from builder.errors import CheckpointError
from tests.checkpoints import as_bytes, gemma3_config, write_checkpoint, write_safetensors, write_shards


def folder_with(tmp_path: Path, values: dict[str, np.ndarray], dtype: str = "F32", shards: int = 1) -> Path:
    (tmp_path / "config.json").write_text(json.dumps(gemma3_config()))
    write_shards(tmp_path, values, dtype, shards)
    return tmp_path


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
@pytest.mark.parametrize("shards", [1, 3])
def test_every_type_and_any_number_of_shards_reads_as_float32(tmp_path: Path, dtype: str, shards: int) -> None:
    # small whole numbers are exact in all three types
    values = {f"t{i}": (np.arange(24, dtype=np.float32) - i).reshape(6, 4) for i in range(4)}
    checkpoint = CheckpointFolder.open(folder_with(tmp_path, values, dtype, shards))
    for name, expected in values.items():
        bands = [rows for _, rows in checkpoint.bands(checkpoint.require(name, (6, 4)))]
        np.testing.assert_array_equal(np.concatenate(bands), expected)


def test_bands_are_small_and_start_where_the_last_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BAND_BYTES", 4 * 4 * 8)  # eight rows of four float32
    values = np.arange(4 * 22, dtype=np.float32).reshape(22, 4)
    checkpoint = CheckpointFolder.open(folder_with(tmp_path, {"t": values}))
    bands = list(checkpoint.bands(checkpoint.require("t", (22, 4))))
    assert [(first, len(rows)) for first, rows in bands] == [(0, 8), (8, 8), (16, 6)]
    np.testing.assert_array_equal(np.concatenate([rows for _, rows in bands]), values)


def test_a_vector_is_one_row(tmp_path: Path) -> None:
    checkpoint = CheckpointFolder.open(folder_with(tmp_path, {"t": np.arange(5, dtype=np.float32)}))
    [(first, row)] = checkpoint.bands(checkpoint.require("t", (5,)))
    assert first == 0 and row.shape == (1, 5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_named_with_their_place(tmp_path: Path, bad: float) -> None:
    values = np.zeros((4, 4), np.float32)
    values[2, 3] = bad
    checkpoint = CheckpointFolder.open(folder_with(tmp_path, {"t": values}))
    with pytest.raises(CheckpointError, match=r"Tensor t .* at row 2, column 3: expected finite"):
        list(checkpoint.bands(checkpoint.require("t", (4, 4))))


def test_requirements_say_what_is_missing_or_otherwise(tmp_path: Path) -> None:
    checkpoint = CheckpointFolder.open(folder_with(tmp_path, {"t": np.zeros((4, 4), np.float32)}))
    with pytest.raises(CheckpointError, match="Tensor u is missing"):
        checkpoint.require("u", (4, 4))
    with pytest.raises(CheckpointError, match=r"has shape \[4, 4\], but config.json gives \[4, 8\]"):
        checkpoint.require("t", (4, 8))


def test_a_type_that_is_no_float_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    write_safetensors(tmp_path / "model.safetensors", {"t": ("I8", (4, 4), bytes(16))})
    with pytest.raises(CheckpointError, match="of type I8: expected one of BF16, F16, F32"):
        CheckpointFolder.open(tmp_path).require("t", (4, 4))


def test_the_same_tensor_in_two_shards_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    for name in ("a.safetensors", "b.safetensors"):
        write_safetensors(tmp_path / name, {"t": ("F32", (1,), as_bytes(np.zeros(1, np.float32), "F32"))})
    with pytest.raises(CheckpointError, match=r"Tensor t is in both a\.safetensors and b\.safetensors"):
        _ = CheckpointFolder.open(tmp_path).tensors


def test_a_shard_of_the_index_that_is_not_there_is_named(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", shards=2)
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"Shard 'model-00002-of-00002\.safetensors', named in"):
        _ = CheckpointFolder.open(folder).tensors


def test_an_index_may_not_point_outside_of_the_folder(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c")
    (folder / "model.safetensors").rename(tmp_path / "secret.safetensors")
    for name in ("../secret.safetensors", str(tmp_path / "secret.safetensors")):
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"t": name}}))
        with pytest.raises(CheckpointError, match="secret"):
            _ = CheckpointFolder.open(folder).tensors


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 7,
        struct.pack("<Q", 1 << 60) + b"{}",
        struct.pack("<Q", 2) + b"{}" + bytes(8),
        struct.pack("<Q", 5) + b"[1,2]",
        struct.pack("<Q", 60) + b'{"t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}     ' + bytes(8),
    ],
    ids=["empty", "short", "absurd-length", "surplus", "no-object", "cut"],
)
def test_a_broken_safetensors_file_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="is not a valid safetensors file"):
        _ = CheckpointFolder.open(tmp_path).tensors


def test_what_a_broken_header_says_is_not_repeated_at_length(tmp_path: Path) -> None:
    header = json.dumps({"t": {"dtype": "x" * 5000, "shape": [4], "data_offsets": [0, 16]}}).encode()
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))
    with pytest.raises(CheckpointError, match="is not a valid safetensors file") as error:
        _ = CheckpointFolder.open(tmp_path).tensors
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize(
    ("content", "message"),
    [("[]", "contains a JSON list"), ("{", "is not valid JSON"), ("[" * 100_000, "is not valid JSON")],
)
def test_a_broken_config_is_one_clear_error(tmp_path: Path, content: str, message: str) -> None:
    write_shards(tmp_path, {"t": np.zeros(4, np.float32)})
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(CheckpointError, match=message):
        CheckpointFolder.open(tmp_path)


def test_a_folder_without_weights_or_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"holds no \.safetensors file"):
        _ = CheckpointFolder.open(tmp_path).tensors
    with pytest.raises(CheckpointError, match="is not a folder"):
        CheckpointFolder.open(tmp_path / "none")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_pipes_devices_and_folders_are_not_waited_for(tmp_path: Path, name: str) -> None:
    folder = write_checkpoint(tmp_path / "c")
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(CheckpointError, match="it is not a regular file"):
        _ = CheckpointFolder.open(folder).tensors
    (folder / name).unlink()
    (folder / name).symlink_to("/dev/zero")
    with pytest.raises(CheckpointError, match="it is not a regular file"):
        _ = CheckpointFolder.open(folder).tensors
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(CheckpointError, match="it is a folder"):
        _ = CheckpointFolder.open(folder).tensors


def test_a_config_of_absurd_size_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "config.json").open("wb") as file:
        file.truncate(1 << 40)  # sparse
    with pytest.raises(CheckpointError, match="is larger than"):
        CheckpointFolder.open(tmp_path)


def test_a_shard_that_vanishes_is_not_blamed_on_the_output(tmp_path: Path) -> None:
    checkpoint = CheckpointFolder.open(folder_with(tmp_path, {"t": np.zeros((4, 4), np.float32)}))
    tensor = checkpoint.require("t", (4, 4))
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"model\.safetensors cannot be read at tensor t"):
        list(checkpoint.bands(tensor))
