"""PyTorch's checkpoint files, written without torch: a pickle by its opcodes, and a stored zip. And any other pickle in one."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CLASSES = {"F32": "FloatStorage", "F16": "HalfStorage", "BF16": "BFloat16Storage", "I64": "LongStorage"}
Tensors = Mapping[str, tuple[str, tuple[int, ...], bytes]]
"""Name → (type, shape, bytes)."""


def write_torch_file(path: Path, tensors: Tensors, *, strides: tuple[int, ...] | None = None, first: int = 0) -> Path:
    """As torch.save writes a state_dict. `strides` and `first` are said of each tensor in place of the usual ones."""
    items = b"".join(
        text(name) + tensor(str(i), kind, shape, data, strides, first)
        for i, (name, (kind, shape, data)) in enumerate(tensors.items())
    )
    pickled = b"\x80\x02" + named("collections", "OrderedDict") + b")R(" + items + b"u."
    return write_archive(path, pickled, {str(i): data for i, (_, _, data) in enumerate(tensors.values())})


def write_archive(
    path: Path, pickled: bytes, storages: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED
) -> Path:
    """A zip with this pickle and these storages."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/byteorder", "little")
        for key, data in storages.items():
            archive.writestr(f"archive/data/{key}", data)
        archive.writestr("archive/version", "3\n")
    return path


def tensor(
    key: str, kind: str, shape: tuple[int, ...], data: bytes, strides: tuple[int, ...] | None, first: int = 0
) -> bytes:
    """The call that puts a tensor together."""
    usual = tuple(int(np.prod(shape[i + 1 :])) for i in range(len(shape)))
    item = {"F32": 4, "I64": 8}.get(kind, 2)
    storage = (
        b"("
        + text("storage")
        + named("torch", CLASSES[kind])
        + text(key)
        + text("cpu")
        + number(len(data) // item)
        + b"tQ"
    )
    rest = number(first) + numbers(shape) + numbers(usual if strides is None else strides) + b"\x89"
    return (
        named("torch._utils", "_rebuild_tensor_v2")
        + b"("
        + storage
        + rest
        + named("collections", "OrderedDict")
        + b")RtR"
    )


def named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    data = value.to_bytes(9, "little", signed=True)
    return b"\x8a\x09" + data


def numbers(values: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def values_of(tensors: Mapping[str, NDArray[np.float32]]) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    return {name: ("F32", value.shape, value.tobytes()) for name, value in tensors.items()}
