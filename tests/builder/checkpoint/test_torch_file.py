"""pytorch_model.bin is read without running what it says: places of tensors come out, or one sentence."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.checkpoint.folder import CheckpointFolder
from builder.checkpoint.torch_file import read_torch_file
from builder.convert.web_file import convert_checkpoint
from builder.errors import CheckpointError
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.gguf_files import random_weights
from tests.torch_files import named, number, tensor, text, values_of, write_archive, write_torch_file

CONFIG = gemma3_config(num_hidden_layers=2, vocab_size=512)
GOLDEN = Path(__file__).parents[2] / "goldens" / "torch.bin"
"""torch.save of torch 2.13: a parameter, two names of one tensor, bfloat16, and a part of a larger float16."""


def rows(path: Path) -> dict[str, list[float]]:
    found = {}
    for stored in read_torch_file(path):
        out = np.empty((stored.size // stored.width, stored.width), stored.array_type)
        stored.read_rows(0, out)
        values = (out.astype(np.uint32) << 16).view(np.float32) if stored.dtype == "BF16" else out
        found[stored.name] = values.reshape(-1).tolist()
    return found


def test_torchs_own_file() -> None:
    counted = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert rows(GOLDEN) == {
        "weight": [3.0] * 4,
        "a": counted,
        "tied": counted,
        "b": [1.5, -2.0, 0.25, 3.0],
        "part": [2.0, 3.0, 4.0, 5.0],
    }


def write_folder(folder: Path, shards: int) -> Path:
    """A checkpoint of .bin files alone."""
    write_checkpoint(folder, CONFIG)
    (folder / "model.safetensors").unlink()
    tensors = {str(weight.source): values for weight, values in random_weights(CONFIG)}
    names = list(tensors)
    where = {}
    for shard in range(shards):
        name = f"pytorch_model-{shard + 1:05}-of-{shards:05}.bin" if shards > 1 else "pytorch_model.bin"
        part = names[shard::shards]
        write_torch_file(folder / name, values_of({key: tensors[key] for key in part}))
        where |= dict.fromkeys(part, name)
    if shards > 1:
        (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": where}))
    (folder / "optimizer.bin").write_bytes(b"no part of it")
    (folder / "training_args.bin").write_bytes(b"nor this")
    return folder


@pytest.mark.parametrize("shards", [1, 3])
def test_a_folder_of_them_converts_as_one_of_safetensors(tmp_path: Path, shards: int) -> None:
    ours = convert_checkpoint(write_folder(tmp_path / "bin" / "c", shards), tmp_path / "a.task")
    assert (
        ours.sha256 == convert_checkpoint(write_checkpoint(tmp_path / "st" / "c", CONFIG), tmp_path / "b.task").sha256
    )


def test_safetensors_come_first(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", CONFIG)
    (folder / "pytorch_model.bin").write_bytes(b"not looked at")
    assert len(CheckpointFolder.open(folder).tensors) == len(random_weights(CONFIG))


class Evil:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch /tmp/onpage-was-here",)


ONE = np.arange(6, dtype=np.float32).tobytes()


def pickled(code: bytes, **storages: bytes) -> Callable[[Path], Path]:
    return lambda path: write_archive(path, code, {"0": ONE} | storages)


def of_tensor(code: bytes) -> Callable[[Path], Path]:
    return pickled(b"\x80\x02}" + text("t") + code + b"s.")


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "code": (pickled(pickle.dumps({"t": Evil()})), r"asks for '\w+\.system', which no dictionary of tensors needs"),
    "code in a name": (of_tensor(named("builtins", "eval") + b"(" + text("1+1") + b"tR"), r"asks for 'builtins\.eval'"),
    "another of torch's names": (of_tensor(named("torch.serialization", "load") + b")R"), "asks for 'torch.serialization.load'"),
    "a number": (pickled(pickle.dumps({"t": 3})), "holds 't', which is not a tensor: expected weights only"),
    "a list": (pickled(pickle.dumps([1])), "holds no dictionary of tensors"),
    "nothing": (pickled(b""), r"not a sound PyTorch file \(EOFError\)"),
    "noise": (pickled(b"\x80\x02" + bytes(range(256))), "not a sound PyTorch file"),
    "strides": (lambda path: write_torch_file(path, {"t": ("F32", (2, 3), ONE)}, strides=(1, 2)), "rows do not follow each other"),
    "beyond its bytes": (lambda path: write_torch_file(path, {"t": ("F32", (2, 3), ONE)}, first=1), "'t' reaches beyond its bytes"),
    "a negative place": (of_tensor(tensor("0", "F32", (2, 3), ONE, None, -1)), "describes a tensor in an unknown way"),
    "a storage that is not there": (of_tensor(tensor("9", "F32", (2, 3), ONE, None)), "the bytes of 't' are missing"),
    "a storage of another length": (of_tensor(tensor("0", "F32", (2, 2), ONE[:16], None)), "or of another length"),
    "a storage named otherwise": (of_tensor(named("torch._utils", "_rebuild_tensor_v2") + b"(" + number(3) + b"QtR"), "unknown way"),
    "compressed": (
        lambda path: write_archive(path, b"\x80\x02}.", {}, zipfile.ZIP_DEFLATED),
        "holds 'archive/byteorder' of 6 bytes: .* not compressed",
    ),
    "an old form": (lambda path: path.write_bytes(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.") and path, "form before 1.6, or damaged"),
    "cut": (lambda path: path.write_bytes(GOLDEN.read_bytes()[:-300]) and path, "form before 1.6, or damaged"),
    "a pointer": (lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n") and path, "git-lfs pointer"),
    "deep": (pickled(b"\x80\x02" + b"(" * 500_000 + b"t" * 500_000 + b"."), "holds no dictionary|deeper"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_dictionary_of_tensors_is_one_sentence(tmp_path: Path, case: str) -> None:
    make, words = REFUSED[case]
    path = make(tmp_path / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match=words) as caught:
        read_torch_file(path)
    assert str(path) in str(caught.value) and len(str(caught.value)) < 500
    assert not Path("/tmp/onpage-was-here").exists()


def test_a_type_that_is_not_read_is_named(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", CONFIG)
    (folder / "model.safetensors").unlink()
    tensors = values_of({str(weight.source): values for weight, values in random_weights(CONFIG)})
    tensors["model.norm.weight"] = ("I64", (128,), bytes(128 * 8))
    write_torch_file(folder / "pytorch_model.bin", tensors)
    with pytest.raises(CheckpointError, match=r"model\.norm\.weight .* is of type Long"):
        convert_checkpoint(folder, tmp_path / "m.task")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 2490), st.integers(0, 255)), min_size=1, max_size=5))
def test_any_damage_is_an_error_or_tensors_of_the_file(tmp_path: Path, changes: list[tuple[int, int]]) -> None:
    data = bytearray(GOLDEN.read_bytes())
    for position, value in changes:
        data[position] = value
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(data)
    try:
        found = read_torch_file(path)
    except CheckpointError:
        return
    for stored in found:
        assert 0 <= stored.offset <= len(data)
