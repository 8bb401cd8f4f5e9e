"""Is the file on the disk the file that we meant to write? Reads it once, front to back, in pieces."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path

from builder.errors import OutputError
from builder.web_file import TensorSpec
from builder.web_file_reader import WebFile

CHUNK = 4 << 20


class WrittenPieces:
    """Checksums of what was written, by position, to be compared with what is read back."""

    def __init__(self) -> None:
        self._crc: dict[int, tuple[int, int]] = {}

    def add(self, offset: int, data: bytes | memoryview) -> None:
        """Notes that `data` was written at `offset`; positions do not overlap."""
        view = memoryview(data).cast("B")
        self._crc[offset] = (len(view), zlib.crc32(view))

    def in_order(self) -> list[tuple[int, int, int]]:
        """(offset, length, crc32) by offset."""
        return [(offset, *self._crc[offset]) for offset in sorted(self._crc)]


def verify_written(
    path: Path, size: int, tensors: list[TensorSpec], pieces: WrittenPieces, progress: Callable[[int], None]
) -> str:
    """Re-reads a web file just written and returns its sha256.

    Raises WebFileError or OutputError where the header does not list exactly `tensors`, the size differs, or a piece
    reads back otherwise than it was written. `progress` is called with the numbers of bytes read.
    """
    found = WebFile.open(path)
    if found.size != size:
        raise OutputError(f"{path} has {found.size:,} bytes after writing: expected {size:,}.", subject=path)
    listed = [(t.name, t.type, t.size) for t in found.tensors.values()]
    if listed != [(t.name, t.type, t.size) for t in tensors]:
        raise OutputError(
            f"{path} does not list the tensors that were written: the file system lost data.", subject=path
        )
    digest = hashlib.sha256()
    position = 0

    with path.open("rb") as file:

        def read(length: int) -> int:
            """Hashes the next bytes and returns their crc32."""
            nonlocal position
            crc = 0
            while length:
                data = file.read(min(length, CHUNK))
                if not data:
                    raise OutputError(f"{path} ended at byte {position:,}: expected {size:,}.", subject=path)
                digest.update(data)
                crc = zlib.crc32(data, crc)
                length -= len(data)
                position += len(data)
                progress(len(data))
            return crc

        for offset, length, crc in pieces.in_order():
            read(offset - position)
            if read(length) != crc:
                raise OutputError(
                    f"{path} reads back otherwise than it was written at byte {offset:,}: check the disk, and try again.",
                    subject=path,
                )
        read(size - position)
    return digest.hexdigest()
