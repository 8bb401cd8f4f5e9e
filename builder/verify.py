"""Is the file on the disk the file that we meant to write? Reads it once, front to back, in pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from builder.errors import OutputError
from builder.web_file import TensorSpec
from builder.web_file_reader import WebFile

CHUNK = 4 << 20
WORD = 8


class Checksum:
    """A sum over a file that is zero where nothing was written, the same in whatever order and pieces it is added up.

    Each 8-byte word is multiplied by an odd number made of its position, modulo 2⁶⁴: a changed word always changes the sum,
    and so do words that changed places. Matrices are written strip by strip, all over their place, so a digest of the bytes
    in their order cannot be had while writing, and a list of the strips would grow with the model.
    """

    def __init__(self) -> None:
        self.value = 0

    def add(self, offset: int, data: bytes | memoryview) -> None:
        """Adds `data` at `offset`, a multiple of 8."""
        view = memoryview(data).cast("B")
        for start in range(0, len(view), CHUNK):
            piece = view[start : start + CHUNK]
            if len(piece) % WORD:
                piece = memoryview(bytes(piece) + bytes(-len(piece) % WORD))
            words = np.frombuffer(piece, np.uint64)
            first = (offset + start) // WORD
            factors = np.arange(first, first + words.size, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) | np.uint64(
                1
            )
            self.value = (self.value + int(np.sum(words * factors, dtype=np.uint64))) % (1 << 64)


def verify_written(
    path: Path, size: int, tensors: list[TensorSpec], checksum: int, progress: Callable[[int], None]
) -> str:
    """Re-reads a web file just written and returns its sha256.

    Raises WebFileError or OutputError where the header does not list exactly `tensors`, the size differs, or the bytes are
    not those that were written. `progress` is called with the numbers of bytes read.
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
    read_back = Checksum()
    position = 0
    with path.open("rb") as file:
        while data := file.read(CHUNK):
            digest.update(data)
            read_back.add(position, data)
            position += len(data)
            progress(len(data))
    if read_back.value != checksum:
        raise OutputError(
            f"{path} reads back otherwise than it was written: check the disk, and try again.", subject=path
        )
    return digest.hexdigest()
