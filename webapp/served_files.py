"""The bytes of models and adapters: `/models/<sha256>/<file>`.

A file's address holds its hash, so it may be cached for ever and is looked up by that hash, never by a path taken from the URL.
Before a file is sent it must still be the one that was hashed. One that was touched or put in its place is hashed again, once: the
same content is sent as before, other content is refused.
"""

from __future__ import annotations

import os
import threading
from io import FileIO
from pathlib import Path
from urllib.parse import quote

from flask import Blueprint, Response, current_app, jsonify

from builder.files.digest import sha256_of
from builder.files.reading import NotReadableError, check_regular
from webapp.errors import ModelFileChangedError, ModelFileMissingError
from webapp.sending import FOR_EVER, Readable, file_response

blueprint = Blueprint("files", __name__)

Stamp = tuple[int, int, int]
"""What changes when a file is replaced or written to: its number on the disk, its size, and when it was last written."""


class ServedFile:
    """A file and the sha256 of its content, which `open` promises."""

    def __init__(self, path: Path, sha256: str, stamp: Stamp, name: str) -> None:
        """`stamp` is the file's when it was hashed, `name` the last part of its address."""
        self.path, self.sha256, self.name = path, sha256, name
        self.size = stamp[1]
        self._stamp = stamp
        self._other: Stamp | None = None
        """The stamp of a file that was hashed here and has other content."""
        self._hashing = threading.Lock()

    @classmethod
    def hashed(cls, path: Path) -> ServedFile:
        """Any regular file, under its own name; ModelFileMissingError where it is none. A pipe or a device is not read."""
        try:
            stamp = stamp_of(check_regular(path))
            return cls(path, sha256_of(path), stamp, path.name)
        except NotReadableError as error:
            raise ModelFileMissingError(path, str(error)) from None
        except OSError as error:
            raise ModelFileMissingError(path, f"cannot be read: {error.strerror}") from None

    @property
    def url(self) -> str:
        """Its address on this server."""
        return f"models/{self.sha256}/{quote(self.name)}"

    def open(self) -> Readable:
        """The file, with the content that was hashed; ModelFileMissingError or ModelFileChangedError."""
        return self.open_file()

    def open_file(self) -> FileIO:
        """The file on the disk that the content is in, as it was hashed; the errors of `open`."""
        try:
            check_regular(self.path)  # opening a pipe would wait
            file = FileIO(self.path)
        except (NotReadableError, OSError) as error:
            raise ModelFileMissingError(self.path) from error
        try:
            self._require(stamp_of(os.fstat(file.fileno())))
        except BaseException:
            file.close()
            raise
        return file

    def _require(self, stamp: Stamp) -> None:
        if stamp == self._stamp:
            return
        with self._hashing:  # the others wait for the result
            if stamp not in (self._stamp, self._other):
                try:
                    same = stamp[1] == self.size and sha256_of(self.path) == self.sha256
                except OSError as error:
                    raise ModelFileMissingError(self.path) from error
                if same:
                    self._stamp = stamp
                else:
                    self._other = stamp
            if stamp != self._stamp:
                raise ModelFileChangedError(self.path)


def stamp_of(status: os.stat_result) -> Stamp:
    return status.st_ino, status.st_size, status.st_mtime_ns


@blueprint.get("/models/<sha256>/<name>")
def file_bytes(sha256: str, name: str) -> Response:
    """The whole file or one range of it; the sha256 is its validator."""
    files: dict[str, ServedFile] = current_app.extensions["onpage_files"]
    file = files.get(sha256)
    if file is None or name != file.name:
        return _error(404, "model_unknown", "This server has no such model.")
    try:
        opened = file.open()
    except ModelFileMissingError:
        return _error(404, "model_missing", f"The file {name} has been moved or deleted on the server.")
    except ModelFileChangedError:
        return _error(409, "model_changed", f"The file {name} has changed since the server started.")
    return file_response(
        opened, file.size, sha256, {"Content-Type": "application/octet-stream"}, {"Cache-Control": FOR_EVER}
    )


def _error(status: int, code: str, message: str) -> Response:
    response = jsonify({"error": code, "message": message})
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
