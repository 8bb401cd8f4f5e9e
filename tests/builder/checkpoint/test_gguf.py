"""A GGUF file is read as llama.cpp's own package reads it; one that is damaged, split or of another kind gets one sentence."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.checkpoint.gguf import GgufFile, GgufTensor
from builder.errors import CheckpointError
from builder.formats.sniff import is_gguf

TYPES = ("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0")


def write(path: Path, **tensors: str) -> Path:
    writer = gguf.GGUFWriter(path, "gemma3")
    writer.add_float32("a.number", 0.5)
    writer.add_array("a.list", ["eins", "", "drei"])
    writer.add_array("some.numbers", [1, 2, 3])
    writer.add_bool("yes", True)
    generator = np.random.default_rng(len(tensors))
    for name, kind in tensors.items():
        values = generator.normal(0, 1, (6, 64)).astype(np.float32)
        stored = gguf.quantize(values, gguf.GGMLQuantizationType[kind])
        writer.add_tensor(name, stored, raw_dtype=gguf.GGMLQuantizationType[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def rows(
    tensor: GgufTensor, first: int = 0, count: int | None = None
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    out = np.empty((len(range(tensor.shape[0])[first:]) if count is None else count, tensor.width), tensor.array_type)
    tensor.read_rows(first, out)
    return out


def test_metadata_and_tensors_are_the_packages(tmp_path: Path) -> None:
    path = write(tmp_path / "m.gguf", **{kind.lower(): kind for kind in TYPES})
    ours, theirs = GgufFile.open(path), gguf.GGUFReader(path)
    assert is_gguf(path) and ours.files == (path,)
    assert ours.metadata["a.list"] == ["eins", "", "drei"] and ours.metadata["some.numbers"].tolist() == [1, 2, 3]
    assert ours.metadata["a.number"] == 0.5 and ours.metadata["yes"] is True
    assert ours.metadata["general.architecture"] == "gemma3"
    assert len(theirs.tensors) == len(TYPES)
    for theirs_one in theirs.tensors:
        tensor = ours.tensors[theirs_one.name]
        expected = gguf.dequantize(theirs_one.data, theirs_one.tensor_type).reshape(tensor.shape)
        assert tensor.dtype == theirs_one.tensor_type.name and tensor.offset == theirs_one.data_offset
        found = rows(tensor)
        values = (
            (found.astype(np.uint32) << 16).view(np.float32) if tensor.dtype == "BF16" else found.astype(np.float32)
        )
        assert np.array_equal(values, expected)
        if tensor.dtype != "BF16":
            assert np.array_equal(rows(tensor, 2, 3).astype(np.float32), expected[2:5])


def small(folder: Path) -> bytes:
    return write(folder / "small.gguf", one="Q4_0", two="F32").read_bytes()


def at(data: bytes, position: int, form: str, value: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into(form, changed, position, value)
    return bytes(changed)


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut in the header": (lambda data: data[:60], "goes on after byte 60|more than it can hold"),
    "cut in the tensors": (lambda data: data[:-200], "should end at byte"),
    "version 1": (lambda data: at(data, 4, "<I", 1), "version 1: onpage reads"),
    "big-endian": (lambda data: at(data, 4, ">I", 3), "is it big-endian"),
    "a number of tensors": (lambda data: at(data, 8, "<Q", 1 << 60), "more than it can hold"),
    "a number of keys": (lambda data: at(data, 16, "<Q", 1 << 60), "more than it can hold"),
    "length of a key": (lambda data: at(data, 24, "<Q", (1 << 63) + 5), "more than it can hold"),
    "type of a value": (lambda data: at(data, 24 + 8 + 20, "<I", 77), "unknown type 77"),
    "no GGUF": (lambda data: b"GGML" + data[4:], "does not begin with GGUF"),
    "dimensions": (lambda data: at(data, data.index(b"one") + 3, "<I", 9), "9 dimensions"),
    "a dimension of none": (lambda data: at(data, data.index(b"one") + 7, "<Q", 0), "has the shape"),
    "a large dimension": (lambda data: at(data, data.index(b"one") + 15, "<Q", 1 << 39), "should end at byte"),
    "an odd width": (lambda data: at(data, data.index(b"one") + 7, "<Q", 33), "blocks of 32 do not divide"),
    "an offset": (lambda data: at(data, data.index(b"one") + 3 + 4 + 16 + 4, "<Q", 1 << 62), "should end at byte"),
    "a name twice": (lambda data: data.replace(b"two", b"one"), "lists 'one' twice"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_one_sentence(tmp_path: Path, name: str) -> None:
    damage, words = DAMAGES[name]
    path = tmp_path / "m.gguf"
    path.write_bytes(damage(small(tmp_path)))
    with pytest.raises(CheckpointError, match=words) as caught:
        GgufFile.open(path)
    assert str(path) in str(caught.value) and len(str(caught.value)) < 400


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), max_size=6), end=st.integers(0, 1500))
def test_any_damage_is_an_error_or_a_file(tmp_path: Path, changes: list[tuple[int, int]], end: int) -> None:
    data = bytearray(small(tmp_path))
    for position, value in changes:
        data[position % len(data)] = value
    path = tmp_path / "m.gguf"
    path.write_bytes(data[: len(data) - end])
    try:
        file = GgufFile.open(path)
    except CheckpointError:
        return
    for tensor in file.tensors.values():
        if tensor.array_type is not None:
            with np.errstate(all="ignore"):
                rows(tensor)


def test_a_type_that_is_not_read_keeps_its_name(tmp_path: Path) -> None:
    data = small(tmp_path)
    path = tmp_path / "m.gguf"
    path.write_bytes(at(data, data.index(b"one") + 3 + 4 + 16, "<I", 16))
    tensor = GgufFile.open(path).tensors["one"]
    assert tensor.dtype == "IQ2_XXS" and tensor.array_type is None


def split(folder: Path, numbers: tuple[int, ...] = (0, 1)) -> Path:
    """Two parts as llama-gguf-split writes them, the metadata in the first."""
    for number, name in zip(numbers, ("one", "two"), strict=False):
        writer = gguf.GGUFWriter(folder / f"m-0000{number + 1}-of-00002.gguf", "gemma3")
        writer.add_uint16("split.no", number)
        writer.add_uint16("split.count", 2)
        writer.add_tensor(name, np.full((2, 4), number, np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    return folder / "m-00001-of-00002.gguf"


def test_a_split_file_is_opened_by_any_part(tmp_path: Path) -> None:
    first = split(tmp_path)
    for path in (first, tmp_path / "m-00002-of-00002.gguf"):
        file = GgufFile.open(path)
        assert [path.name for path in file.files] == ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"]
        assert rows(file.tensors["two"]).tolist() == [[1] * 4] * 2
        assert file.metadata["split.no"] == 0


def test_a_split_file_without_a_part_is_refused(tmp_path: Path) -> None:
    first = split(tmp_path)
    (tmp_path / "m-00002-of-00002.gguf").unlink()
    with pytest.raises(CheckpointError, match=r"m-00002-of-00002\.gguf is not beside it: download all parts"):
        GgufFile.open(first)


def test_a_part_under_another_name_is_refused(tmp_path: Path) -> None:
    first = split(tmp_path)
    first.rename(tmp_path / "model.gguf")
    with pytest.raises(CheckpointError, match=r"part 0 \(from 0\) of 2: .*llama-gguf-split --merge"):
        GgufFile.open(tmp_path / "model.gguf")


def test_what_is_none_is_none(tmp_path: Path) -> None:
    (tmp_path / "empty.gguf").touch()
    assert not any(map(is_gguf, (tmp_path, tmp_path / "none.gguf", tmp_path / "empty.gguf")))
