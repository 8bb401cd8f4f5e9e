"""Is the file on the disk the file that we meant to write? Reads it once, front to back, in pieces, behind whoever writes it."""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from types import TracebackType

import numpy as np

from builder.errors import OutputError
from builder.files.checksum import Checksum
from builder.files.systems import forget
from builder.formats.web_entries import TensorSpec
from builder.formats.web_file_reader import WebFile
from builder.quantize.wasm_kernel import Kernel

CHUNK = 2 << 20
BEHIND = 64 << 20
"""By then the disk has written what it was given."""


class ReadBack:
    """Reads a web file back as far as it is complete, in a thread that ends with the block.

    `parts` are the (start, end) of what the file holds sums of, in order; `progress` gets numbers of bytes.
    """

    def __init__(self, path: Path, parts: Sequence[tuple[int, int]], progress: Callable[[int], None]) -> None:
        self._path, self._parts, self._progress = path, parts, progress
        self._sums, self._part, self._position = [0] * len(parts), 0, 0
        self._digest, self._checksum = hashlib.sha256(), Checksum()
        self._complete, self._ended, self._changed = 0, False, threading.Condition()
        self._pool = ThreadPoolExecutor(1, "onpage-verify")

    def __enter__(self) -> ReadBack:
        self._read: Future[None] = self._pool.submit(self._follow)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(0)
        self._pool.shutdown()

    def complete(self, position: int) -> None:
        """Nothing before `position` will be written any more."""
        with self._changed:
            self._complete = position
            self._changed.notify()

    def sums(self) -> list[int]:
        """The CRC-32 of each part; all of them are written by now, and read when this returns."""
        end = max((end for _, end in self._parts), default=0)
        self.complete(end)
        with self._changed:
            while self._position < end and not self._read.done():
                self._changed.wait(timeout=0.1)  # a reader that fails wakes nobody
        if self._read.done():
            self._read.result()  # its error: nothing else ends it here
        return self._sums

    def finish(self, size: int, tensors: list[TensorSpec], checksum: Checksum) -> str:
        """Reads what is left of the complete file and returns the sha256.

        Raises WebFileError or OutputError where the header does not list exactly `tensors`, the size differs, or the bytes
        are not those that were written.
        """
        found = WebFile.open(self._path)
        if found.size != size:
            raise OutputError(
                f"{self._path} has {found.size:,} bytes after writing: expected {size:,}.", subject=self._path
            )
        listed = [(t.name, t.type, t.size) for t in found.tensors.values()]
        if listed != [(t.name, t.type, t.size) for t in tensors]:
            raise OutputError(
                f"{self._path} does not list the tensors that were written: the file system lost data.",
                subject=self._path,
            )
        self._end(size)
        self._read.result()
        if self._checksum.value != checksum.value:
            raise OutputError(
                f"{self._path} does not read back as it was written: check the disk and try again.",
                subject=self._path,
            )
        return self._digest.hexdigest()

    def _end(self, size: int) -> None:
        """Nothing will follow after `size`."""
        with self._changed:
            self._complete, self._ended = size, True
            self._changed.notify()

    def _complete_behind(self, position: int) -> int:
        """Waits for bytes to read; their number, 0 where none will follow."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._complete > position)
            return max(0, self._complete - position)

    def _follow(self) -> None:
        kernel = Kernel.available()
        buffer, checksum_of = (
            (kernel.buffer(CHUNK), kernel.checksum) if kernel else (np.empty(CHUNK, np.uint8), Checksum.of)
        )
        view = buffer.data
        position = 0
        with self._path.open("rb", buffering=0) as file:
            while count := file.readinto(view[: min(CHUNK, self._complete_behind(position))]):
                self._checksum.add(checksum_of(position, 0, buffer[None, :count]))
                self._digest.update(view[:count])
                self._sum_up(position, view[:count])
                _let_go(file, position, count)
                position += count
                with self._changed:
                    self._position = position
                    self._changed.notify()
                self._progress(count)

    def _sum_up(self, position: int, data: memoryview) -> None:
        """Adds what was read to the sums of the parts that it is of."""
        end = position + len(data)
        while self._part < len(self._parts):
            start, stop = self._parts[self._part]
            inside = data[max(0, start - position) : max(0, stop - position)]
            self._sums[self._part] = zlib.crc32(inside, self._sums[self._part])
            if stop > end:
                return
            self._part += 1


def _let_go(file: FileIO, position: int, count: int) -> None:
    """Lets the disk begin to write some bytes that will not be read again, and what it has written by now leave the memory.

    Memory that was used a moment ago is what the next bytes are written to: cheaper than memory that was never used.
    """
    forget(file, position, count)
    if position >= BEHIND:
        forget(file, position - BEHIND, count)
