"""Files that are either whole or not there: written beside, kept only when the block ends well, then renamed."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from builder.errors import OutputError
from builder.files.room import Lack, lack_of, lack_on_disk
from builder.files.systems import write_at


class PartFile:
    """The file being written. Writes go to positions, so that the parts may come in any order."""

    def __init__(self, path: Path, descriptor: int, explain: Callable[[OSError], OutputError]) -> None:
        self.path = path
        self._descriptor = descriptor
        self._explain = explain

    def write_at(self, offset: int, data: bytes | memoryview) -> None:
        """Writes all of `data` at `offset`; OutputError where it cannot be."""
        view = memoryview(data).cast("B")
        while view:
            try:
                written = write_at(self._descriptor, view, offset)
            except OSError as error:
                raise self._explain(error) from error
            view, offset = view[written:], offset + written

    def sync(self) -> None:
        """Waits until what was written is on the disk; OutputError where it does not get there."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise self._explain(error) from error


@contextmanager
def write_beside(target: Path, size: int) -> Iterator[PartFile]:
    """Yields a file of `size` zero bytes beside `target`, which takes its place when the block ends without an error.

    That there is room is known before the work. Whatever ends the block early (an error,
    Ctrl-C, a signal turned into an exception) leaves `target` as it was and removes the part. Raises OutputError.
    """
    place = Path(os.path.realpath(target))  # a link stays one
    try:
        if target.is_dir():
            raise OutputError(f"{target} is a folder: name the file to write.", subject=target)
        if target.exists() and not target.is_file():
            raise OutputError(f"{target} is a device or a pipe: name a regular file.", subject=target)
    except OSError as error:
        raise explained(error, target, size) from error
    part, file = unused_name(place), None
    try:
        try:
            file = FileIO(part, "x+")
            require_room(target, size, place.parent)
            # without reserving the space: ext4 takes five times as long to write into what fallocate has reserved
            os.ftruncate(file.fileno(), size)
            yield PartFile(part, file.fileno(), lambda error: explained(error, target, size))
            os.fsync(file.fileno())
            file.close()  # before it is renamed or removed: Windows does neither to an open file
            part.replace(place)
        except OSError as error:
            raise explained(error, target, size) from error
    except BaseException:
        if file:
            with suppress(OSError):
                file.close()
        with suppress(OSError):
            part.unlink()
        raise


def unused_name(target: Path) -> Path:
    """A name beside `target`, for what is to take its place. Whoever makes it removes it by its name: tempfile makes what it names, and
    an interrupt in between left it there."""
    return target.parent / f".onpage-{secrets.token_hex(8)}.part"


@contextmanager
def folder_beside(target: Path) -> Iterator[Path]:
    """A folder for what comes before `target`, on the disk that must have room for it anyway; gone when the block ends."""
    folder = unused_name(Path(os.path.realpath(target)))
    try:
        try:
            folder.mkdir()
        except OSError as error:
            raise explained(error, target) from None
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class NoRoomError(OutputError):
    """There is no room. `lack` says why, and what to do."""

    def __init__(self, target: Path, lack: Lack) -> None:
        self.lack = lack
        super().__init__(f"No room for {target}: {lack.or_else('choose another folder')}", subject=target)


def require_room(target: Path, size: int, folder: Path | None = None) -> None:
    """NoRoomError where the disk of `folder` (None: that of `target`) has less than `size` bytes free, known before the work."""
    lack = lack_on_disk(folder or target.parent, size)
    if lack:
        raise NoRoomError(target, lack)


def explained(error: OSError, target: Path, size: int | None = None) -> OutputError:
    """The sentence for an error met while `target` was written, which has `size` bytes where that is known."""
    folder = target.parent
    lack = lack_of(error, folder, size)
    if lack:
        return NoRoomError(target, lack)
    if error.errno == errno.ENOENT and not folder.exists():
        return OutputError(f"{folder} does not exist: create the folder first.", subject=target)
    return OutputError(f"{target} cannot be written: {error.strerror or error}.", subject=target)


def check_writable(target: Path) -> None:
    """OutputError where `target` could not be written, known before the work whose result it is; changes nothing."""
    with suppress(_NotWantedError), write_beside(target, 0):
        raise _NotWantedError


class _NotWantedError(Exception):
    pass
