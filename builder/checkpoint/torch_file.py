"""PyTorch's own checkpoint files (`pytorch_model.bin`): where their tensors lie, found without running anything in them.

Such a file is a zip archive, stored and not compressed: a pickle that says how the tensors are put together, and the bytes of
each storage as an entry of its own. A pickle is a program, so this one is read by an unpickler that knows the four names that a
dictionary of tensors needs and no others, and whose tensors are places in the file, not arrays. torch itself is not needed.
"""

from __future__ import annotations

import io
import math
import pickle
import struct
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.checkpoint.rows import StoredTensor
from builder.errors import CheckpointError
from builder.files.reading import POINTER, NotReadableError, check_regular, shortened, shown

MAX_PICKLE = 16 << 20
"""Bytes; that of 1,500 tensors has 0.2 MB."""
MAX_ENTRIES = 1 << 17

STORAGES = {"FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16"}
"""Classes of torch → the types that safetensors calls so."""
ITEM_SIZES = {"F32": 4, "F16": 2, "BF16": 2}
LOCAL_HEADER = struct.Struct("<4s5H3I2H")

INSTEAD = "open it with transformers and save it with save_pretrained(folder, safe_serialization=True)"


class _UnsafeError(ValueError):
    """What is wrong, in words that follow the file's name."""


@dataclass(frozen=True)
class _Kind:
    """A class of storages."""

    name: str


@dataclass(frozen=True)
class _Storage:
    """Bytes of the archive."""

    kind: str
    key: str
    count: int


@dataclass(frozen=True)
class _Place:
    """A tensor: values of a storage."""

    storage: _Storage
    first: int
    shape: tuple[int, ...]


def read_torch_file(path: Path) -> list[StoredTensor]:
    """The tensors of one file; CheckpointError where it is not a sound one, or holds more than a dictionary of tensors."""
    try:
        size = check_regular(path).st_size
        with path.open("rb") as file:
            if file.read(len(POINTER)) == POINTER:
                raise _UnsafeError(
                    "is a git-lfs pointer, not the file itself: run git lfs pull in its folder, or download the file"
                )
            if not zipfile.is_zipfile(file):
                raise _UnsafeError(f"is of PyTorch's form before 1.6, or damaged: {INSTEAD}")
            with zipfile.ZipFile(file) as archive:
                return _Archive(path, file, archive, size).tensors()
    except (NotReadableError, _UnsafeError) as error:
        raise CheckpointError(f"{path} {error}.", subject=path) from None
    except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, struct.error, ValueError) as error:
        # RuntimeError: an entry that says it is encrypted, or compressed in an unknown way
        reason = shortened(str(getattr(error, "strerror", None) or error) or "it ends early", 300)
        raise CheckpointError(f"{path} is not a sound PyTorch file: {reason}.", subject=path) from None


class _Archive:
    def __init__(self, path: Path, file: Any, archive: zipfile.ZipFile, size: int) -> None:
        self._path, self._file, self._archive, self._size = path, file, archive, size
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise _UnsafeError(f"holds {len(entries):,} entries: expected at most {MAX_ENTRIES:,}")
        self._entries = {entry.filename: entry for entry in entries}

    def tensors(self) -> list[StoredTensor]:
        """In the order of the dictionary."""
        pickles = [name for name in self._entries if name.rpartition("/")[2] == "data.pkl"]
        if len(pickles) != 1:
            raise _UnsafeError(f"holds {len(pickles)} pickles named data.pkl: expected one, as torch.save writes it")
        folder = pickles[0].removesuffix("data.pkl")
        if f"{folder}byteorder" in self._entries and self._read(f"{folder}byteorder", 16) != b"little":
            raise _UnsafeError("was written on a big-endian machine, which is not read")
        found = _unpickled(self._read(pickles[0], MAX_PICKLE))
        inner = dict.get(found, "state_dict") if isinstance(found, dict) else None  # as training programs save it
        found = inner if isinstance(inner, dict) else found
        if not isinstance(found, dict) or not found:
            raise _UnsafeError("holds no dictionary of tensors")
        return [self._stored(folder, name, place) for name, place in dict.items(found)]

    def _stored(self, folder: str, name: Any, place: Any) -> StoredTensor:
        if not isinstance(name, str) or not isinstance(place, _Place):
            raise _UnsafeError(f"holds {shown(name)}, which is not a tensor: expected weights only")
        storage = place.storage
        if storage.kind not in ITEM_SIZES:  # refused by its name where it is wanted
            return StoredTensor(name, self._path, storage.kind, place.shape, 0)
        entry = self._entries.get(f"{folder}data/{storage.key}")
        item = ITEM_SIZES[storage.kind]
        if entry is None or entry.compress_type != zipfile.ZIP_STORED or entry.file_size != storage.count * item:
            raise _UnsafeError(f"is damaged: the bytes of {shown(name)} are missing, compressed, or of another length")
        if place.first < 0 or place.first + math.prod(place.shape) > storage.count:
            raise _UnsafeError(f"is damaged: {shown(name)} reaches beyond its bytes")
        start = self._start(entry)
        if start + entry.file_size > self._size:
            raise _UnsafeError(f"is damaged or cut short: the bytes of {shown(name)} end beyond it")
        return StoredTensor(name, self._path, storage.kind, place.shape, start + place.first * item)

    def _start(self, entry: zipfile.ZipInfo) -> int:
        """Where the bytes of an entry begin."""
        self._file.seek(entry.header_offset)
        header = LOCAL_HEADER.unpack(self._file.read(LOCAL_HEADER.size))
        if header[0] != b"PK\x03\x04":
            raise _UnsafeError("is damaged: an entry is not where the archive says")
        return int(entry.header_offset + LOCAL_HEADER.size + header[9] + header[10])

    def _read(self, name: str, most: int) -> bytes:
        entry = self._entries[name]
        if entry.file_size > most or entry.compress_type != zipfile.ZIP_STORED:
            raise _UnsafeError(
                f"holds {shown(name)} of {entry.file_size:,} bytes: expected at most {most:,}, not compressed"
            )
        return self._archive.read(name)


def _unpickled(data: bytes) -> Any:
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except _UnsafeError:
        raise
    except RecursionError:
        raise _UnsafeError("is nested deeper than any checkpoint") from None
    except Exception as error:
        raise _UnsafeError(f"is not a sound PyTorch file ({type(error).__name__})") from None


class _Unpickler(pickle.Unpickler):
    """Knows what a dictionary of tensors needs. Nothing that it calls does anything but note what it is given."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch._utils" and name == "_rebuild_tensor_v2":
            return _tensor
        if module == "torch._utils" and name == "_rebuild_parameter":
            return _parameter
        if module == "torch" and name.endswith("Storage"):
            return _Kind(STORAGES.get(name, name.removesuffix("Storage")))
        raise _UnsafeError(
            f"asks for {shown(f'{module}.{name}')}, which no dictionary of tensors needs and which might run code: {INSTEAD}"
        )

    def persistent_load(self, pid: Any) -> _Storage:
        kind, key, count = (pid[1], pid[2], pid[4]) if isinstance(pid, tuple) and len(pid) == 5 else (None, None, None)
        if not (isinstance(kind, _Kind) and isinstance(key, str) and isinstance(count, int) and 0 <= count < 1 << 48):
            raise _UnsafeError("is not a sound PyTorch file: it names a storage in an unknown way")
        return _Storage(kind.name, key, count)


def _tensor(storage: Any, first: Any, shape: Any, strides: Any, *_: Any) -> _Place:
    whole = isinstance(shape, tuple) and isinstance(strides, tuple) and len(shape) == len(strides)
    numbers = (first, *shape, *strides) if whole else ()
    if not isinstance(storage, _Storage) or not whole or not all(type(n) is int and 0 <= n < 1 << 48 for n in numbers):
        raise _UnsafeError("is not a sound PyTorch file: it describes a tensor in an unknown way")
    usual = tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))
    if math.prod(shape) > 1 and any(n > 1 and a != b for n, a, b in zip(shape, strides, usual, strict=True)):
        raise _UnsafeError(f"holds a tensor whose rows do not follow each other (strides {list(strides)}): {INSTEAD}")
    return _Place(storage, first, shape)


def _parameter(place: Any, *_: Any) -> Any:
    return place
