"""Bytes of a model file that nobody vouches for, by position: bounded in memory, checked, with one error.

The file is read in pages of which a few are kept, so that neither a graph of 2 GB nor a lie about a length costs memory.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import FileIO
from pathlib import Path

from builder.errors import ModelFileError
from builder.files.reading import NotReadableError, check_regular
from builder.files.systems import read_at

PAGE = 1 << 15
PAGES = 128

INT8, UINT8, UINT16, INT32, UINT32, UINT64 = (struct.Struct(kind) for kind in ("<b", "<B", "<H", "<i", "<I", "<Q"))


class DamagedError(ValueError):
    """What is wrong with the bytes, in words that follow the file's name."""


class UntrustedBytes:
    """The bytes of an open file from `offset`, `size` of them, by position from `offset`."""

    def __init__(self, file: FileIO, offset: int, size: int) -> None:
        self.size = size
        self._file, self._offset = file, offset
        descriptor = file.fileno()

        @lru_cache(maxsize=PAGES)
        def page(number: int) -> bytes:
            start = number * PAGE
            return read_at(descriptor, min(PAGE, size - start), offset + start)

        self._page = page

    def read(self, position: int, count: int) -> bytes:
        """`count` bytes at `position`; DamagedError where they are not all inside."""
        self._check(position, count)
        pieces = []
        while count:
            number, start = divmod(position, PAGE)
            piece = self._page(number)[start : start + count]
            if not piece:
                raise DamagedError("ended early: it was cut while being read")
            pieces.append(piece)
            position, count = position + len(piece), count - len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def part(self, position: int, count: int) -> UntrustedBytes:
        """`count` bytes at `position` as untrusted bytes of their own; DamagedError where they are not all inside."""
        self._check(position, count)
        return UntrustedBytes(self._file, self._offset + position, count)

    def number(self, kind: struct.Struct, position: int) -> int:
        """One number; of those in one page, which almost all are, no bytes are copied."""
        self._check(position, kind.size)
        number, start = divmod(position, PAGE)
        page = self._page(number)
        if start + kind.size <= len(page):
            return int(kind.unpack_from(page, start)[0])
        return int(kind.unpack(self.read(position, kind.size))[0])

    def _check(self, position: int, count: int) -> None:
        if position < 0 or count < 0 or position + count > self.size:
            raise DamagedError(f"is damaged or cut short: it points to byte {position:,} of {self.size:,}")


@contextmanager
def opened(path: Path, offset: int = 0, size: int | None = None) -> Iterator[UntrustedBytes]:
    """The file, or `size` bytes of it at `offset`. What goes wrong inside is a ModelFileError that names the file."""
    try:
        whole = check_regular(path).st_size
        with path.open("rb", buffering=0) as file:
            yield UntrustedBytes(file, offset, whole - offset if size is None else size)
    except NotReadableError as error:
        raise ModelFileError(f"{path} {error}.", subject=path) from None
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}.", subject=path) from None
    except DamagedError as error:
        raise ModelFileError(f"{path} {error}; download or make it again.", subject=path) from None
