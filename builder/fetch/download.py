"""A file from somewhere else into a folder: gone on with where an earlier process stopped, checked, never trusted.

    content      the bytes that have come, from the first on
    state.json   what they are the beginning of: address, size, and the strong ETag that the server gave them

A server is asked for the rest only under that ETag (`Range` with `If-Range`), and only an answer that begins exactly there, of
a file of exactly that size, is taken; after any other the download begins again from the first byte. What is finished has the
right length and sha256 and begins like what it is to be; nothing else leaves this module.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import httpx2

from builder.errors import FetchError, ModelFileError, OutputError
from builder.fetch.connection import NETWORK_ERRORS, broken
from builder.fetch.patience import PassingError, Patience
from builder.fetch.remote import Remote
from builder.files.reading import NotReadableError, read_bounded
from builder.files.room import Lack, lack_of, lack_on_disk
from builder.files.writing import write_beside
from builder.formats.sniff import FIRST_BYTES
from builder.store.manifest import MAX_SIZE

CONTENT, STATE = "content", "state.json"
SPARE = 64 << 20
"""Bytes of the disk that a download leaves free."""
PROGRESS = 1 << 20
"""Bytes that count as progress: a server that sends one a time is not waited for without end."""
PIECE = 1 << 20
STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e]{1,255}"')
CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})")

Progress = Callable[[str, int, int], None]
"""Called with the phase ("check" the bytes that are here, "download" the rest), the bytes done and the bytes in all."""


@dataclass(frozen=True)
class Finished:
    """A whole file. `received` counts the bytes that came for it from the network in this process."""

    path: Path
    size: int
    sha256: str
    received: int


def download(
    remote: Remote,
    folder: Path,
    client: httpx2.Client,
    patience: Patience,
    *,
    token: str | None = None,
    sha256: str | None = None,
    progress: Progress | None = None,
) -> Finished:
    """Fetches all of `remote` into `folder`, which is locked for this process and may hold the beginning.

    `sha256` is the user's own, beside the remote's. Raises FetchError and ModelFileError; what has come is then kept, unless
    it is the wrong file.
    """
    part = Part(folder, remote, progress or (lambda phase, done, total: None))
    transfer = _Transfer(remote, part, client, patience, token)
    try:
        part.resume()
        while not part.is_whole:
            patience(transfer.attempt)
        for expected in (remote.sha256, sha256):
            part.require(expected)
    except (OSError, OutputError) as error:
        reason = error if isinstance(error, OSError) else error.__cause__
        left = None if part.size is None else max(0, part.size - part.length)
        lack = lack_of(reason, folder, left, more=True) if isinstance(reason, OSError) else None
        if lack:
            raise no_room(folder, remote, lack) from error
        raise FetchError(f"{remote.file} cannot be kept in {folder}: {reason}.", subject=folder) from error
    return Finished(part.path, part.length, part.digest.hexdigest(), transfer.received)


def size_of(remote: Remote, client: httpx2.Client, patience: Patience) -> int:
    """What a server says of a file's size when it is asked for it; ModelFileError where it does not begin like a model."""

    def attempt() -> int:
        try:
            with client.stream("GET", remote.url) as response:
                if response.status_code != 200:
                    raise remote.explain(response)
                remote.require(remote.source, _first(response.iter_raw()))
                return _announced(response, remote)
        except NETWORK_ERRORS as error:
            raise broken(error, httpx2.URL(remote.url)) from None

    return patience(attempt)


def free_space(folder: Path) -> int:
    """Bytes that are free where the folder is or will be."""
    return shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.exists())).free


def no_room(folder: Path, remote: Remote, lack: Lack) -> FetchError:
    """The sentence for a full disk, or one that would be."""
    return FetchError(
        f"No room for {remote.file} in {folder}: {lack.or_else('name another folder with ONPAGE_HOME')}", subject=folder
    )


def require_room(folder: Path, remote: Remote, missing: int) -> None:
    """FetchError where there is no room for the bytes that are missing of a file."""
    lack = lack_on_disk(folder, missing, spare=SPARE, more=True)
    if lack:
        raise no_room(folder, remote, lack)


class Part:
    """The beginning of a file on the disk, its sha256 so far, and what it is the beginning of."""

    def __init__(self, folder: Path, remote: Remote, progress: Progress) -> None:
        self.path = folder / CONTENT
        self.size = remote.size
        self.etag: str | None = None
        self.length = 0
        self.digest = hashlib.sha256()
        self._state = folder / STATE
        self._remote, self._progress = remote, progress

    @property
    def is_whole(self) -> bool:
        """Whether every byte is here."""
        return self.length == self.size

    @property
    def can_continue(self) -> bool:
        """Whether a server can be asked for the rest."""
        return self.length > 0 and self.etag is not None and self.size is not None

    def resume(self) -> None:
        """Takes over what an earlier process left, reading it once, or begins with nothing."""
        found = _read_state(self._state)
        size, etag = found.get("size"), found.get("etag")
        here = kept_in(self.path.parent)
        fits = type(size) is int and here <= size <= MAX_SIZE and self._remote.size in (None, size)
        if not (here and fits and isinstance(etag, str) and STRONG_ETAG.fullmatch(etag)):
            self.restart(None, self._remote.size)
            return
        self.size, self.etag = size, etag
        with self.path.open("rb", buffering=0) as file:
            while data := file.read(PIECE):
                self.digest.update(data)
                self.length += len(data)
                self._progress("check", self.length, here)
        self._write_state()

    def restart(self, etag: str | None, size: int | None) -> None:
        """Forgets what is here; what comes next is the beginning of `size` bytes under `etag`."""
        with self.path.open("wb"):
            self.length, self.digest = 0, hashlib.sha256()
        self.etag, self.size = etag, size
        self._write_state()

    def append(self, pieces: Iterable[bytes]) -> None:
        """Writes what comes."""
        with self.path.open("ab", buffering=0) as file:
            for piece in pieces:
                view = memoryview(piece)
                if self.size is None or self.length + len(view) > self.size:
                    raise FetchError(
                        f"{self._remote.file} is longer than the announced {self.size or 0:,} bytes.",
                        subject=self._remote.file,
                    )
                self.digest.update(view)
                while view:
                    written = file.write(view)
                    view, self.length = view[written:], self.length + written
                self._progress("download", self.length, self.size)

    def require(self, sha256: str | None) -> None:
        """Discards the file and raises where it is no model or has another sha256."""
        try:
            with self.path.open("rb") as file:
                self._remote.require(self._remote.source, file.read(FIRST_BYTES))
            if sha256 and self.digest.hexdigest() != sha256:
                raise FetchError(
                    f"{self._remote.file} arrived damaged: its sha256 is {self.digest.hexdigest()}, expected {sha256}. It was "
                    f"deleted: run the same command again.",
                    subject=self._remote.file,
                )
        except (FetchError, ModelFileError):
            discard(self.path.parent)
            raise

    def _write_state(self) -> None:
        state = {"from": self._remote.source, "etag": self.etag, "size": self.size, "process": os.getpid()}
        text = json.dumps(state).encode()
        with write_beside(self._state, len(text)) as file:
            file.write_at(0, text)


def discard(folder: Path) -> None:
    """Leaves nothing to go on with."""
    (folder / CONTENT).unlink(missing_ok=True)
    (folder / STATE).unlink(missing_ok=True)


def kept_in(folder: Path) -> int:
    """Bytes of a part."""
    with suppress(FileNotFoundError):
        return (folder / CONTENT).stat().st_size
    return 0


def process_at(folder: Path) -> int | None:
    """The process that last worked on a part."""
    process = _read_state(folder / STATE).get("process")
    return process if type(process) is int else None


class _Transfer:
    """Requests for what is missing, one at a time."""

    def __init__(
        self, remote: Remote, part: Part, client: httpx2.Client, patience: Patience, token: str | None
    ) -> None:
        self.received = 0
        self._remote, self._part, self._client, self._patience = remote, part, client, patience
        self._token = token
        self._furthest = part.length

    def attempt(self) -> None:
        """One request; PassingError where it brought less than all."""
        self._request()
        if self._part.length == 0:  # the server did not go on, and was not asked for the whole file yet
            self._request()
        if not self._part.is_whole:
            raise self._stopped(PassingError("The answer ended"))

    def _request(self) -> None:
        url = httpx2.URL(self._remote.url)
        try:
            with self._client.stream("GET", self._remote.url, headers=self._headers()) as response:
                url = response.url
                self._take(response)
        except NETWORK_ERRORS as error:
            raise self._stopped(broken(error, url)) from None

    def _headers(self) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if self._part.can_continue:
            headers |= {"Range": f"bytes={self._part.length}-", "If-Range": self._part.etag or ""}
        return headers

    def _take(self, response: httpx2.Response) -> None:
        status, part = response.status_code, self._part
        if status == 200:
            pieces = response.iter_raw()
            first = _first(pieces)
            self._sniff(first)
            size = _announced(response, self._remote)
            self._restart(response, _strong_etag(response), size)
            self._require_room()
            part.append(self._counted(chain([first], pieces)))
        elif status == 206 and part.can_continue and _continues(response, part):
            self._require_room()
            part.append(self._counted(response.iter_raw()))
        elif status in (206, 416) and part.can_continue:
            self._restart(response, None, self._remote.size)  # so that the next request is for the whole file
        elif status in (206, 416):
            raise PassingError(f"{response.url.host} answers {status} to a request for the whole file")
        else:
            raise self._remote.explain(response)

    def _restart(self, response: httpx2.Response, etag: str | None, size: int | None) -> None:
        if self._part.length:
            self._patience.say(f"{response.url.host} cannot resume the download, so the download starts again.")
        self._part.restart(etag, size)

    def _sniff(self, first: bytes) -> None:
        try:
            self._remote.require(self._remote.source, first)
        except ModelFileError:
            if not self._part.length:
                discard(self._part.path.parent)
            raise

    def _require_room(self) -> None:
        require_room(self._part.path.parent, self._remote, max(0, (self._part.size or 0) - self._part.length))

    def _counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.received += len(piece)
            yield piece

    def _stopped(self, fault: FetchError | PassingError) -> FetchError | PassingError:
        """Says how far it came; begins to count the failures anew where that is further than ever."""
        part = self._part
        if part.length >= self._furthest + PROGRESS:
            self._furthest = part.length
            self._patience.progressed()
        if isinstance(fault, PassingError) and part.length and part.size:
            return PassingError(f"{fault} after {part.length / 1e6:,.1f} of {part.size / 1e6:,.1f} MB", fault.wait)
        return fault


def _first(pieces: Iterator[bytes]) -> bytes:
    first = b""
    for piece in pieces:
        first += piece
        if len(first) >= FIRST_BYTES:
            break
    return first


def _announced(response: httpx2.Response, remote: Remote) -> int:
    """The size of the whole file, as the answer that brings it says, or, where it is silent, as the hub said with the sum."""
    text, host = response.headers.get("Content-Length", ""), response.url.host
    if not text and remote.size is not None and (remote.sha256 or remote.blob):
        return remote.size
    if not (text.isdecimal() and len(text) <= 15 and 0 < int(text) <= MAX_SIZE):
        raise FetchError(
            f"{host} does not report the size of {remote.file}, so a cut download could not be noticed.",
            subject=remote.source,
        )
    if remote.size not in (None, int(text)):
        raise FetchError(
            f"{host} sends {int(text):,} bytes as {remote.file}: expected {remote.size:,}.", subject=remote.source
        )
    return int(text)


def _strong_etag(response: httpx2.Response) -> str | None:
    etag = response.headers.get("ETag", "")
    return etag if STRONG_ETAG.fullmatch(etag) else None


def _continues(response: httpx2.Response, part: Part) -> bool:
    """Whether an answer is the very rest that was asked for."""
    said = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if not said or response.headers.get("ETag") not in (None, part.etag):
        return False
    begin, end, total = map(int, said.groups())
    length = response.headers.get("Content-Length", str(end - begin + 1))
    return begin == part.length <= end < total == part.size and length == str(end - begin + 1)


def _read_state(path: Path) -> dict[str, Any]:
    """What the file says; nothing where it cannot be read."""
    with suppress(NotReadableError, ValueError, RecursionError):
        state = json.loads(read_bounded(path, 1 << 16))
        if isinstance(state, dict):
            return state
    return {}
