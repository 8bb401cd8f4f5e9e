"""The bytes of a sliced web file, without the file: its front is made anew, all else is strips of the file that is sliced, read as they are
asked for. So it is written (`web_file.py`), and so a server sends it. No more is held than a piece, and the matrix of which sums are made.
"""

from __future__ import annotations

import hashlib
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import FileIO

from builder.errors import WebFileError
from builder.files.systems import read_at
from builder.formats.web_entries import packed_sums
from builder.formats.web_file_reader import WebFile

PIECE = 16 << 20
"""Bytes that are read at a time."""

Put = Callable[[int, bytes], None]
"""Takes bytes, and where they belong."""


@dataclass(frozen=True)
class Strips:
    """Bytes of a file at equal distances: rows, and of each row the same runs."""

    start: int
    """Position of the first row."""
    runs: tuple[tuple[int, int], ...]
    """(place in a row, bytes)."""
    rows: int = 1
    distance: int = 0
    """From a row to the next, in bytes."""

    @cached_property
    def row_size(self) -> int:
        """Bytes of all runs."""
        return sum(size for _, size in self.runs)

    @property
    def size(self) -> int:
        """Bytes of all rows."""
        return self.rows * self.row_size

    def read(self, file: FileIO, start: int, count: int) -> bytes:
        """`count` of the bytes, from `start` on; WebFileError where the file has ended."""
        return b"".join(read_exactly(file, at, size) for at, size in self._places(start, count))

    def _places(self, start: int, count: int) -> Iterator[tuple[int, int]]:
        row, skipped = divmod(start, self.row_size) if count else (0, 0)
        while count:
            for place, size in self.runs:
                taken = min(max(0, size - skipped), count)
                if taken:
                    yield self.start + row * self.distance + place + skipped, taken
                skipped, count = max(0, skipped - size), count - taken
            row += 1


class Computed:
    """Bytes that are computed of the file when they are first asked for, and kept: few."""

    def __init__(self, size: int, make: Callable[[FileIO], bytes]) -> None:
        self.size = size
        self._make = make
        self._made: bytes | None = None

    def read(self, file: FileIO, start: int, count: int) -> bytes:
        """`count` of the bytes, from `start` on."""
        if self._made is None:
            self._made = self._make(file)
        return self._made[start : start + count]


@dataclass(frozen=True)
class Measured:
    """What is known when all bytes have been read once."""

    sha256: str
    sums: bytes
    """The CRC-32 of the parts, as they are in the file."""


@dataclass(frozen=True)
class ComposedFile:
    """A web file that is not there."""

    header: WebFile
    """What its front says. Its path is that of the file that is sliced, which has the same tokenizer: `read` is not for it."""
    front: bytes
    """All up to the first tensor."""
    parts: Sequence[tuple[int, Strips | Computed]]
    """(offset, bytes) of the tensors, ascending."""
    sums_offset: int
    size: int

    def measure(self, source: FileIO, put: Put = lambda at, data: None) -> Measured:
        """Reads all of it once, in order, and gives `put` everything but zeros between; WebFileError where `source` has ended."""
        digest, sums, position = hashlib.sha256(self.front), [zlib.crc32(self.front)], len(self.front)
        put(0, self.front)
        for offset, part in self.parts:
            digest.update(bytes(offset - position))
            crc = 0
            for at in range(0, part.size, PIECE):
                data = part.read(source, at, min(PIECE, part.size - at))
                put(offset + at, data)
                digest.update(data)
                crc = zlib.crc32(data, crc)
            sums.append(crc)
            position = offset + part.size
        packed = packed_sums(sums)
        put(self.sums_offset, packed)
        digest.update(bytes(self.sums_offset - position) + packed)
        digest.update(bytes(self.size - self.sums_offset - len(packed)))
        return Measured(digest.hexdigest(), packed)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(offset for offset, _ in self.parts), self.sums_offset]

    def read(self, source: FileIO, sums: bytes, position: int, count: int) -> bytes:
        """At most `count` bytes from `position` on: none at the end, else at least one. `sums`: as measured."""
        if position >= self.size:
            return b""
        number = bisect_right(self._starts, position) - 1
        start = self._starts[number]
        end = self._starts[number + 1] if number + 1 < len(self._starts) else self.size
        within, count = position - start, min(count, end - position)
        if 0 < number <= len(self.parts):
            part = self.parts[number - 1][1]
            data = part.read(source, within, min(count, max(0, part.size - within)))
        else:
            data = (self.front if number == 0 else sums)[within : within + count]
        return data or bytes(count)  # behind a part, zeros up to the next


class ComposedReader:
    """A composed file as an open one. Closes the file that is sliced."""

    def __init__(self, source: FileIO, composed: ComposedFile, sums: bytes) -> None:
        self._source, self._composed, self._sums = source, composed, sums
        self._position = 0
        self.name = source.name

    def seek(self, offset: int, /) -> int:
        """From the beginning."""
        self._position = offset
        return offset

    def read(self, size: int, /) -> bytes:
        """At least one byte, but at the end; none also where the file that is sliced has been cut short."""
        try:
            data = self._composed.read(self._source, self._sums, self._position, size)
        except WebFileError:
            return b""
        self._position += len(data)
        return data

    def close(self) -> None:
        """Of the file that is sliced."""
        self._source.close()


def read_exactly(file: FileIO, position: int, count: int) -> bytes:
    """Exactly so many bytes of an unbuffered file; WebFileError where it has ended."""
    data = read_at(file.fileno(), count, position)
    while len(data) < count:
        more = read_at(file.fileno(), count - len(data), position + len(data))
        if not more:
            raise WebFileError(f"{file.name} ended early: it was cut while being read.", subject=str(file.name))
        data += more
    return data
