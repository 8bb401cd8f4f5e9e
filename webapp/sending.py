"""A file, or a range of it, as the body of an answer: in pieces, as fast as the client takes them, and never less than was promised.

`file_response` speaks HTTP (`conditional`), `FilePart` is the body. Waitress's main loop sends such a body itself, so that a
download takes no thread, however slow its client; any other WSGI server iterates over it. It holds one piece of the file.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Protocol

from flask import Response, request
from waitress.buffers import ReadOnlyFileBasedBuffer

from webapp.conditional import decide

PIECE = 1 << 18
"""Bytes that are read at once."""
TURN = 8 << 20
"""Bytes after which the main loop looks at the other connections, though this client would take more."""

FOR_EVER = "public, max-age=31536000, immutable"
"""The Cache-Control of what never changes under its address."""

logger = logging.getLogger(__name__)


class FileCutShortError(OSError):
    """A file ended before the byte that an answer had promised. Nothing is left but to cut the connection."""


class Readable(Protocol):
    """An open file, or what is read like one."""

    def seek(self, offset: int, /) -> int: ...

    def read(self, size: int, /) -> bytes | None: ...

    def close(self) -> None: ...


class FilePart(ReadOnlyFileBasedBuffer):
    """The bytes of an open file from `start` up to `stop`, read once, in order. Closes the file."""

    def __init__(self, file: Readable, start: int, stop: int) -> None:
        self.file = file
        self.remain = stop - start
        self._piece = memoryview(b"")
        self._turn = 0
        file.seek(start)

    def prepare(self, size: int | None = None) -> int:
        """Asked by waitress how many bytes there are."""
        return self.remain

    def get(self, numbytes: int = -1, skip: bool = False) -> memoryview:
        """The next bytes, at most `numbytes`; none at the end of a turn. FileCutShortError."""
        if self._turn >= TURN:
            self._turn = 0
            return memoryview(b"")
        if not self._piece:
            self._piece = self._read()
        data = self._piece if numbytes < 0 else self._piece[:numbytes]
        if skip:
            self.skip(len(data))
        return data

    def skip(self, numbytes: int, allow_prune: bool = False) -> None:
        """These have been sent."""
        self._piece = self._piece[numbytes:]
        self.remain -= numbytes
        self._turn += numbytes

    def __iter__(self) -> Iterator[bytes]:
        while self.remain:
            piece = bytes(self._piece or self._read())
            self._piece = memoryview(b"")
            self.remain -= len(piece)
            yield piece

    def close(self) -> None:
        self.file.close()
        self.remain = 0
        self._piece = memoryview(b"")

    def _read(self) -> memoryview:
        data = self.file.read(min(PIECE, self.remain))
        if not data and self.remain:
            logger.error(
                "%s was cut short while it was sent; the connection is cut as well.",
                ascii(str(getattr(self.file, "name", "A file"))),
            )
            raise FileCutShortError(f"{self.remain:,} bytes are missing")
        return memoryview(data or b"")


def file_response(
    file: Readable, size: int, etag: str, representation: Mapping[str, str], headers: Mapping[str, str]
) -> Response:
    """The answer to the current GET or HEAD request for an open file of `size` bytes, which it closes.

    `representation` are the fields of an answer with content, `headers` those of every answer.
    """
    decision = decide(request.method, request.headers, etag, size)
    response = Response(status=decision.status)
    response.headers.clear()
    response.headers.update({"ETag": f'"{etag}"', "Accept-Ranges": "bytes", **headers})
    if decision.status in (200, 206):
        response.headers.update(representation)
    elif decision.status in (412, 416):
        response.headers["Cache-Control"] = "no-store"
    if decision.status == 206:
        response.headers["Content-Range"] = f"bytes {decision.start}-{decision.stop - 1}/{size}"
    elif decision.status == 416:
        response.headers["Content-Range"] = f"bytes */{size}"
    if decision.status != 304:
        response.content_length = decision.stop - decision.start
    if decision.stop > decision.start and request.method == "GET":
        response.response = FilePart(file, decision.start, decision.stop)
        response.direct_passthrough = True
    else:
        file.close()
    return response
