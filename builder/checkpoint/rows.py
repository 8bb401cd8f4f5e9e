"""Rows of stored tensors that are read when they are sliced: what is worked on in the cache is never elsewhere in memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import FileIO
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.stored_types import NUMPY_TYPES, StoredArray
from builder.errors import CheckpointError

Columns: TypeAlias = tuple[int, int]
"""Of a matrix: the first, and how many."""


@dataclass(frozen=True)
class StoredTensor:
    """Where a tensor lies."""

    name: str
    file: Path
    dtype: str
    shape: tuple[int, ...]
    offset: int
    """Position of the first byte in the file."""

    @property
    def types_read(self) -> str:
        """What is to be done about another type, in words that follow "expected"."""
        return f"one of {', '.join(NUMPY_TYPES)}; save the checkpoint unquantized first"

    @property
    def array_type(self) -> np.dtype[Any] | None:
        """What its rows are read as; None where the type cannot be read."""
        found = NUMPY_TYPES.get(self.dtype)
        return None if found is None else np.dtype(found)

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def width(self) -> int:
        """Values of a row; a vector is one."""
        return math.prod(self.shape) // row_count(self.shape)

    def read_rows(self, first: int, out: StoredArray) -> None:
        """The rows from `first` on into `out`, (rows, width) of `array_type`."""
        self._read_bytes(first * self.width * out.itemsize, out)

    def read_columns(self, first: int, column: int, out: StoredArray) -> None:
        """Some columns, `column` the first, of the rows from `first` on into `out`, (rows, columns) of `array_type`."""
        width = out.itemsize * self.width
        self._read_apart(first * width + column * out.itemsize, width, out)

    def integers(
        self, first: int, count: int, columns: Columns | None = None
    ) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """Of `count` rows the integers (count, width) and their scales (count, blocks of a row), where it is stored as such; of some
        columns, which blocks begin and end with."""
        raise NotImplementedError(self.dtype)

    def _read_bytes(self, position: int, out: StoredArray) -> None:
        """As many bytes as `out` has, from a position in the tensor."""
        with _opened(self) as file:
            file.seek(self.offset + position)
            _fill(file, out.data.cast("B"), self)

    def _read_apart(self, position: int, apart: int, out: StoredArray) -> None:
        """As many bytes as each row of `out` has, the first from a position in the tensor, each from `apart` bytes after the last."""
        position += self.offset
        with _opened(self) as file:
            for row in out:
                file.seek(position)
                _fill(file, row.data.cast("B"), self)
                position += apart


@dataclass(frozen=True)
class Piece:
    """Consecutive rows of one tensor, or some columns of these."""

    tensor: StoredTensor
    first: int
    count: int
    columns: Columns | None = None
    """None: all."""

    def part(self, first: int, stop: int) -> Piece:
        """Its rows from `first` to `stop`, as far as it has them; maybe none."""
        first, stop = max(first, 0), min(stop, self.count)
        return replace(self, first=self.first + first, count=max(stop - first, 0))

    def read(self, out: StoredArray) -> None:
        """All of it into `out`, (rows, columns) of the tensor's array type."""
        if self.columns is None:
            self.tensor.read_rows(self.first, out)
        else:
            self.tensor.read_columns(self.first, self.columns[0], out)


class StoredRows:
    """The rows of pieces of one type and width, one after the other."""

    def __init__(self, pieces: Sequence[Piece], width: int) -> None:
        self._pieces = pieces
        self.shape = sum(piece.count for piece in pieces), width
        array_type = pieces[0].tensor.array_type
        assert array_type is not None  # as `Checkpoint.require` sees to
        self.dtype = array_type

    @property
    def stored_type(self) -> str:
        """The type of the tensors."""
        return self._pieces[0].tensor.dtype

    @property
    def origin(self) -> str:
        """The files that hold them."""
        return ", ".join(sorted({str(piece.tensor.file) for piece in self._pieces}))

    def part(self, part: slice) -> StoredRows:
        """Some rows, still to be read."""
        start, stop, _ = part.indices(self.shape[0])
        return StoredRows(parts_of(self._pieces, start, stop), self.shape[1])

    def integers(self, part: slice) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """As `StoredTensor.integers`, of some rows."""
        start, stop, _ = part.indices(self.shape[0])
        pieces = parts_of(self._pieces, start, stop)
        parts = [piece.tensor.integers(piece.first, piece.count, piece.columns) for piece in pieces]
        return np.concatenate([values for values, _ in parts]), np.concatenate([scales for _, scales in parts])

    def __getitem__(self, part: slice) -> StoredArray:
        start, stop, _ = part.indices(self.shape[0])
        rows = np.empty((stop - start, self.shape[1]), self.dtype)
        self.read_into(part, rows)
        return rows

    def read_into(self, part: slice, out: StoredArray) -> None:
        """As a slice, into an array of this type."""
        start, stop, _ = part.indices(self.shape[0])
        done = 0
        for piece in parts_of(self._pieces, start, stop):
            piece.read(out[done : done + piece.count])
            done += piece.count


def row_count(shape: tuple[int, ...]) -> int:
    """A vector is one row."""
    return shape[0] if len(shape) > 1 else 1


def parts_of(pieces: Sequence[Piece], first: int, stop: int) -> list[Piece]:
    """The rows `first` to `stop` of pieces that lie one after the other."""
    parts = []
    for piece in pieces:
        part = piece.part(first, stop)
        if part.count:
            parts.append(part)
        first, stop = first - piece.count, stop - piece.count
    return parts


@contextmanager
def _opened(tensor: StoredTensor) -> Iterator[FileIO]:
    """The shard, its errors told apart from those of the file being written."""
    try:
        with tensor.file.open("rb", buffering=0) as file:
            yield file
    except OSError as error:
        raise CheckpointError(
            f"{tensor.file} cannot be read at tensor {tensor.name}: {error.strerror}.", subject=tensor.file
        ) from None


def _fill(file: FileIO, view: memoryview, tensor: StoredTensor) -> None:
    while view:
        read = file.readinto(view)
        if not read:
            raise CheckpointError(f"{tensor.file} ended within tensor {tensor.name}: it was cut while being read.")
        view = view[read:]
