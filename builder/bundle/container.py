"""What writing a bundle shares: a stream over the file being written, and reading the parts back."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from builder.errors import OutputError
from builder.files.digest import CHUNK
from builder.files.writing import PartFile

Progress = Callable[[str, int, int], None]
"""As convert.Progress: the phase ("write", "verify"), the bytes done and the bytes in all."""


@dataclass(frozen=True)
class Part:
    """What goes into a bundle: a file, or bytes at hand."""

    name: str
    content: Path | bytes

    @property
    def size(self) -> int:
        """Number of bytes; raises OSError."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size

    def chunks(self) -> Iterator[bytes]:
        """The content in pieces that fit into memory."""
        if isinstance(self.content, bytes):
            yield self.content
            return
        with self.content.open("rb", buffering=0) as file:
            while chunk := file.read(CHUNK):
                yield chunk


@dataclass(frozen=True)
class WrittenBundle:
    """What came of it."""

    path: Path
    size: int
    sha256: str
    container: str
    parts: dict[str, int]
    """Bytes by part."""

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self) | {"path": str(self.path)}


class PartStream(io.RawIOBase):
    """The file being written as libraries want one: writable, seekable, without a descriptor that would bypass it."""

    def __init__(self, part: PartFile, total: int, progress: Progress | None) -> None:
        super().__init__()
        self._part, self._total, self._progress = part, total, progress
        self._position = self._done = 0

    def write(self, data: Any) -> int:
        """All of `data`; OutputError where there is no room."""
        view = memoryview(data).cast("B")
        if self._position + len(view) > self._total:
            raise OutputError(
                f"{self._part.path} became longer than its {self._total:,} bytes: a part changed meanwhile."
            )
        self._part.write_at(self._position, view)
        self._position += len(view)
        self._done = max(self._done, self._position)
        if self._progress:
            self._progress("write", self._done, self._total)
        return len(view)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As io.RawIOBase; the end is the end of what was written."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._done}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """The position."""
        return self._position

    def seekable(self) -> bool:
        """Yes."""
        return True

    def writable(self) -> bool:
        """Yes."""
        return True


def verify_parts(path: Path, places: list[tuple[int, Part]], size: int, progress: Progress | None) -> str:
    """Re-reads a bundle just written and returns its sha256; OutputError where `places` (in order) do not hold their parts."""
    with path.open("rb", buffering=0) as file:
        back = _ReadBack(file, size, progress)
        for offset, part in places:
            back.take(offset - back.position)
            if not all(back.take(len(expected)) == expected for expected in part.chunks()):
                raise OutputError(
                    f"{path} does not hold {part.name} as it was given: check the disk, and that nothing changes the "
                    f"parts meanwhile.",
                    subject=path,
                )
        back.take(size - back.position + 1)
    if back.position != size:
        raise OutputError(f"{path} has {back.position:,} bytes after writing: expected {size:,}.", subject=path)
    return back.digest.hexdigest()


class _ReadBack:
    def __init__(self, file: BinaryIO | io.FileIO, size: int, progress: Progress | None) -> None:
        self.file, self.size, self.progress = file, size, progress
        self.digest = hashlib.sha256()
        self.position = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes, fewer at the end; gaps between parts are small and parts come in pieces."""
        pieces = []
        while count and (piece := self.file.read(count)):
            self.digest.update(piece)
            self.position, count = self.position + len(piece), count - len(piece)
            pieces.append(piece)
        if self.progress:
            self.progress("verify", min(self.position, self.size), self.size)
        return b"".join(pieces)
