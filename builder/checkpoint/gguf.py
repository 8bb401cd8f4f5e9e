"""A GGUF file, llama.cpp's: its metadata, and where its tensors lie.

The header is read with distrust: every length, type and offset is checked against the file before it is used, and no more than
MAX_METADATA bytes of it are taken into memory. A model split over several files (`-00001-of-00003.gguf`) is opened by any of them.
What the metadata mean for a model, `builder.model.gguf_checkpoint` says.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.ggml_types import BLOCK_TYPES, SMALL, TYPE_NAMES, q4_0_integers
from builder.checkpoint.rows import Columns, StoredTensor
from builder.checkpoint.stored_types import NUMPY_TYPES, StoredArray, to_float32
from builder.errors import CheckpointError
from builder.files.reading import NotReadableError, check_regular, shown
from builder.formats.sniff import GGUF

VERSIONS = (2, 3)
MAX_METADATA = 64 << 20
"""Bytes of metadata and tensor table; those of Gemma 3 have 6.5 MB."""
MAX_ITEMS = 2_000_000
"""Texts and lists in them: each takes more memory than bytes of the file. Gemma 3's tokenizer has 262,144."""
MAX_NAME = 1024
MAX_DIMENSIONS = 4
MAX_DEPTH = 4
"""Of arrays in arrays."""
CHUNK_BYTES = 1 << 20
"""Of float32, decoded at once: what is worked on stays in a core's cache."""

SPLIT = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE)

STRING, ARRAY = 8, 9
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
"""Number of a metadata type → its code for struct and numpy."""


@dataclass(frozen=True)
class GgufTensor(StoredTensor):
    """A tensor of a GGUF file. Those of the block types are decoded to float32 when their rows are read."""

    minus: float = 0.0
    """Taken away from each value: llama.cpp stores a Gemma's norms as factors, others as their distance from one."""
    paired: int | None = None
    """The head dimension, where a head's rows stand in pairs: llama.cpp turns neighbours in a Llama, where others turn a row of the
    first half with one of the second. They are read in the order of the others."""

    @property
    def types_read(self) -> str:
        """As `StoredTensor`."""
        return f"one of {', '.join((*NUMPY_TYPES, *BLOCK_TYPES))}; take another GGUF file of the model, or its folder"

    @property
    def array_type(self) -> np.dtype[Any] | None:
        """As `StoredTensor`."""
        if self.dtype in BLOCK_TYPES or (self.minus and self.dtype in NUMPY_TYPES):
            return np.dtype(np.float32)
        return super().array_type

    def read_rows(self, first: int, out: StoredArray) -> None:
        """As `StoredTensor`."""
        with np.errstate(all="ignore"):  # what is not finite is refused where it is used, by its place
            if self.paired is None:
                self._decode_rows(first, out)
                return
            start, stored, order = self._stored_rows(first, len(out))
            heads = np.empty((stored, self.width), out.dtype)
            self._decode_rows(start, heads)
            out[...] = heads[order]

    def _stored_rows(self, first: int, count: int) -> tuple[int, int, NDArray[np.int64]]:
        """The stored rows (first, how many) that `count` rows from `first` are among, and where in them each is: whole heads where these
        are stored in pairs."""
        if self.paired is None:
            return first, count, np.arange(count)
        before = first % self.paired
        head, row = np.divmod(np.arange(before, before + count), self.paired)
        half, place = np.divmod(row, self.paired // 2)
        order: NDArray[np.int64] = head * self.paired + 2 * place + half
        return first - before, (int(head[-1]) + 1) * self.paired, order

    def _decode_rows(self, first: int, out: StoredArray) -> None:
        if self.dtype in BLOCK_TYPES:
            kind = BLOCK_TYPES[self.dtype]
            step = max(1, CHUNK_BYTES // (4 * self.width))
            for start in range(0, len(out), step):
                part = out[start : start + step]
                part[...] = kind.decode(self.read_blocks(first + start, len(part))).reshape(part.shape)
        elif self.minus:
            stored = np.empty(out.shape, NUMPY_TYPES[self.dtype])
            super().read_rows(first, stored)
            to_float32(stored, out)
        else:
            super().read_rows(first, out)
        if self.minus:
            out -= np.float32(self.minus)

    def read_columns(self, first: int, column: int, out: StoredArray) -> None:
        """As `StoredTensor`; of the tables of a vocabulary, which are neither norms nor paired."""
        kind = BLOCK_TYPES.get(self.dtype)
        if kind is None:
            super().read_columns(first, column, out)
            return
        count = out.shape[1]
        begin, end = column // kind.values, -(-(column + count) // kind.values)
        before = column - begin * kind.values
        with np.errstate(all="ignore"):  # as in read_rows
            step = max(1, CHUNK_BYTES // (4 * (end - begin) * kind.values))
            for start in range(0, len(out), step):
                part = out[start : start + step]
                blocks = self._blocks_of_columns(first + start, len(part), begin, end)
                part[...] = kind.decode(blocks).reshape(len(part), -1)[:, before : before + count]

    def integers(
        self, first: int, count: int, columns: Columns | None = None
    ) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """As `StoredTensor`, of Q4_0."""
        if columns is not None:
            begin, end = columns[0] // SMALL, sum(columns) // SMALL
            values, scales = q4_0_integers(self._blocks_of_columns(first, count, begin, end))
            return values.reshape(count, -1), scales.reshape(count, -1)
        start, stored, order = self._stored_rows(first, count)
        values, scales = q4_0_integers(self.read_blocks(start, stored))
        return values.reshape(stored, self.width)[order], scales.reshape(stored, -1)[order]

    def read_blocks(self, first: int, count: int) -> NDArray[np.uint8]:
        """The blocks of `count` rows as they are stored, (blocks, bytes of a block)."""
        kind = BLOCK_TYPES[self.dtype]
        row = self.width // kind.values
        blocks = np.empty((count * row, kind.size), np.uint8)
        self._read_bytes(first * row * kind.size, blocks)
        return blocks

    def _blocks_of_columns(self, first: int, count: int, begin: int, end: int) -> NDArray[np.uint8]:
        """Of `count` rows the blocks from `begin` to before `end`, as `read_blocks`."""
        kind = BLOCK_TYPES[self.dtype]
        row = self.width // kind.values * kind.size
        blocks = np.empty((count, (end - begin) * kind.size), np.uint8)
        self._read_apart(first * row + begin * kind.size, row, blocks)
        return blocks.reshape(-1, kind.size)

    def matrix(self, number: int) -> GgufTensor:
        """One of the matrices of a tensor of three dimensions."""
        return replace(self, shape=self.shape[1:], offset=self.offset + number * self.size_in_bytes // self.shape[0])

    @property
    def size_in_bytes(self) -> int:
        """0 for a type that is not read: nobody will ask for its bytes."""
        if self.dtype in NUMPY_TYPES:
            return self.size * np.dtype(NUMPY_TYPES[self.dtype]).itemsize
        kind = BLOCK_TYPES.get(self.dtype)
        return 0 if kind is None else self.size // kind.values * kind.size


@dataclass(frozen=True)
class GgufFile:
    """An opened GGUF file, or all parts of a split one."""

    path: Path
    """As it was given."""
    files: tuple[Path, ...]
    metadata: Mapping[str, Any]
    """bool, int, float, str, lists of these, and numpy arrays of numbers."""
    tensors: Mapping[str, GgufTensor]

    @classmethod
    def open(cls, path: Path) -> GgufFile:
        """Reads header, metadata and tensor table; CheckpointError where the file is none, not a sound one, or incomplete."""
        files = _parts(path)
        metadata: dict[str, Any] = {}
        tensors: dict[str, GgufTensor] = {}
        for number, file in enumerate(files):
            found, table = _read(file)
            metadata = metadata or found
            count = found.get("split.count", 1)
            if count != 1 and (count != len(files) or found.get("split.no") != number):
                raise CheckpointError(
                    f"{file} says that it is part {shown(found.get('split.no'))} (from 0) of {shown(count)}: a split GGUF is "
                    f"opened by the names that llama.cpp gives its parts, …-00001-of-0000N.gguf; give them these names, or join "
                    f"them with llama-gguf-split --merge.",
                    subject=file,
                )
            twice = tensors.keys() & table.keys()
            if twice:
                raise CheckpointError(f"{file} holds {min(twice)} again, which another part has.", subject=file)
            tensors |= table
        return cls(path, files, metadata, tensors)


def _parts(path: Path) -> tuple[Path, ...]:
    name = SPLIT.fullmatch(path.name)
    if name is None:
        return (path,)
    count = int(name["count"])
    parts = tuple(path.with_name(f"{name['stem']}-{i:05}-of-{count:05}.gguf") for i in range(1, count + 1))
    missing = [part.name for part in parts[: 1 << 10] if not part.exists()]
    if missing:
        raise CheckpointError(
            f"{path} is one of {count:,} parts, and {missing[0]} is not beside it: download all parts into one folder.",
            subject=path,
        )
    return parts


def _read(path: Path) -> tuple[dict[str, Any], dict[str, GgufTensor]]:
    try:
        size = check_regular(path).st_size
        with path.open("rb") as file:
            return _Header(path, file, size).read()
    except NotReadableError as error:
        raise CheckpointError(f"{path} {error}.", subject=path) from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.", subject=path) from None
    except _UnsoundError as error:
        raise CheckpointError(f"{path} is not a sound GGUF file: {error}; download it again.", subject=path) from None


class _UnsoundError(ValueError):
    """What is wrong, in words that follow "not a sound GGUF file:"."""


class _Header:
    """Reads the header of one file, from its start to the first tensor's bytes."""

    def __init__(self, path: Path, file: BufferedReader, size: int) -> None:
        self._path, self._file, self._size = path, file, size
        self._at = self._items = 0

    def read(self) -> tuple[dict[str, Any], dict[str, GgufTensor]]:
        """The metadata and the tensors."""
        if self._take(len(GGUF)) != GGUF:
            raise _UnsoundError("it does not begin with GGUF")
        version = self._number("I")
        if version not in VERSIONS:
            order = " (is it big-endian?)" if struct.unpack(">I", struct.pack("<I", version))[0] in VERSIONS else ""
            raise CheckpointError(
                f"{self._path} is a GGUF file of version {version}{order}: onpage reads the versions 2 and 3, little-endian; convert "
                f"it anew with a current llama.cpp.",
                subject=self._path,
            )
        tensor_count, key_count = self._count(24), self._count(13)
        metadata: dict[str, Any] = {}
        for _ in range(key_count):
            key = self._text()
            if key in metadata:
                raise _UnsoundError(f"its metadata say {shown(key)} twice")
            metadata[key] = self._value(self._number("I"))
        tensors = [self._tensor() for _ in range(tensor_count)]
        alignment = metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 1 <= alignment <= 1 << 16:
            raise _UnsoundError(f"general.alignment is {shown(alignment)}")
        start = -(-self._at // alignment) * alignment
        return metadata, self._placed(tensors, start)

    def _placed(self, tensors: list[GgufTensor], start: int) -> dict[str, GgufTensor]:
        placed: dict[str, GgufTensor] = {}
        for tensor in tensors:
            if tensor.name in placed:
                raise _UnsoundError(f"it lists {shown(tensor.name)} twice")
            self._check_blocks(tensor)
            at, size = start + tensor.offset, tensor.size_in_bytes
            if at + size > self._size:
                raise _UnsoundError(
                    f"{shown(tensor.name)} should end at byte {at + size:,}, but the file has {self._size:,}"
                )
            placed[tensor.name] = replace(tensor, offset=at)
        return placed

    def _check_blocks(self, tensor: GgufTensor) -> None:
        kind = BLOCK_TYPES.get(tensor.dtype)
        if kind is not None and tensor.shape[-1] % kind.values:
            raise _UnsoundError(
                f"{shown(tensor.name)} has rows of {tensor.shape[-1]:,} values, which blocks of {kind.values} do not divide"
            )

    def _tensor(self) -> GgufTensor:
        name = self._text(MAX_NAME)
        dimensions = self._number("I")
        if not 1 <= dimensions <= MAX_DIMENSIONS:
            raise _UnsoundError(f"{shown(name)} has {dimensions:,} dimensions")
        lengths = [self._number("Q") for _ in range(dimensions)]
        if not all(0 < length <= 1 << 40 for length in lengths):
            raise _UnsoundError(f"{shown(name)} has the shape {lengths}")
        number = self._number("I")
        kind = TYPE_NAMES.get(number, f"number {number}")
        return GgufTensor(name, self._path, kind, tuple(reversed(lengths)), self._number("Q"))

    def _value(self, kind: int, depth: int = 0) -> Any:
        if kind == STRING:
            return self._text()
        if kind != ARRAY:
            return self._number(self._code(kind))
        inner = self._number("I")
        if depth == MAX_DEPTH:
            raise _UnsoundError("its metadata hold arrays in arrays in arrays")
        if inner in (STRING, ARRAY):
            count = self._count(8)
            self._items += count
            if self._items > MAX_ITEMS:
                raise _UnsoundError(f"its metadata hold more than {MAX_ITEMS:,} texts")
            return [self._value(inner, depth + 1) for _ in range(count)]
        code = np.dtype("<" + self._code(inner))
        return np.frombuffer(self._take(self._count(code.itemsize) * code.itemsize), code)

    def _code(self, kind: int) -> str:
        if kind not in SCALARS:
            raise _UnsoundError(f"its metadata hold a value of the unknown type {kind}")
        return SCALARS[kind]

    def _text(self, most: int = MAX_METADATA) -> str:
        length = self._count(1)
        if length > most:
            raise _UnsoundError(f"a name of it has {length:,} bytes")
        return self._take(length).decode(errors="replace")

    def _count(self, least: int) -> int:
        """A number of things of which each takes at least so many bytes."""
        count = int(self._number("Q"))
        if count * least > min(self._size, MAX_METADATA) - self._at:
            raise _UnsoundError(
                f"it counts {count:,} things at byte {self._at - 8:,} of {self._size:,}, more than it can hold"
            )
        return count

    def _number(self, code: str) -> Any:
        form = struct.Struct("<" + code)
        return form.unpack(self._take(form.size))[0]

    def _take(self, count: int) -> bytes:
        if self._at + count > min(self._size, MAX_METADATA):
            raise _UnsoundError(f"its header goes on after byte {min(self._size, MAX_METADATA):,}")
        data = self._file.read(count)
        if len(data) != count:
            raise _UnsoundError("it was cut while being read")
        self._at += count
        return data
