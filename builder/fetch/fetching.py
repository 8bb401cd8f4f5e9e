"""`onpage fetch` as a library: plan (what is there, what is here, is there room), then act.

One process fetches a content at a time, others wait for it. A model that is stored needs no network.
"""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huggingface_hub import constants

from builder.errors import FetchError, ModelFileError, OnpageError, StoreBusyError, StoreError
from builder.fetch.connection import connect
from builder.fetch.download import (
    CONTENT,
    SPARE,
    Finished,
    Progress,
    discard,
    download,
    free_space,
    kept_in,
    process_at,
    require_room,
    size_of,
)
from builder.fetch.hub import Hub
from builder.fetch.patience import RETRIES, Patience, Say
from builder.fetch.remote import Remote
from builder.fetch.sources import Address, HubFile, parse_source
from builder.store import Manifest, Store, StoredModel
from builder.store.importing import describe
from builder.store.manifest import SHA256, require_free_of_meaning


@dataclass(frozen=True)
class Wanted:
    """What the user asked for."""

    source: str
    revision: str | None = None
    id: str | None = None
    token: str | None = field(default=None, repr=False)
    sha256: str | None = None
    replace: bool = False
    retries: int = RETRIES

    def __post_init__(self) -> None:
        if self.expected is not None and not SHA256.fullmatch(self.expected):
            raise FetchError("--sha256 is not a SHA-256: expected 64 hexadecimal digits.", subject="--sha256")

    @property
    def expected(self) -> str | None:
        """The sha256 that the user knows."""
        return self.sha256.lower() if self.sha256 else None


@dataclass(frozen=True)
class Plan:
    """What a fetch would do."""

    id: str
    remote: Remote
    stored: StoredModel | None
    """The content that is asked for, where it is here already."""
    kept: int
    """Bytes that an interrupted download has left."""
    free: int
    """Bytes of the store's disk."""
    folder: Path

    @property
    def missing(self) -> int | None:
        """Bytes to download; None where the server says it only when it is asked for the file."""
        if self.stored:
            return 0
        return None if self.remote.size is None else max(0, self.remote.size - self.kept)

    @property
    def has_room(self) -> bool:
        """Whether the disk has room for what is missing."""
        return not self.missing or self.free >= self.missing + SPARE

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        remote = self.remote
        return {
            "id": self.id,
            "source": remote.source,
            "file": remote.file,
            "size": remote.size,
            "sha256": remote.sha256,
            "revision": remote.revision,
            "licence": remote.licence,
            "gated": remote.gated,
            "refusal": str(remote.refusal) if remote.refusal else None,
            "stored": self.stored is not None,
            "kept": self.kept,
            "missing": self.missing,
            "free": self.free,
            "has_room": self.has_room,
            "store": str(self.folder),
        }


@dataclass(frozen=True)
class Fetched:
    """A model of the store. `received` counts the bytes that came from the network for it, 0 where it was there."""

    model: StoredModel
    received: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return self.model.manifest.to_json() | {
            "path": str(self.model.path),
            "received": self.received,
            "seconds": round(self.seconds, 3),
        }


class Fetch:
    """One model, from what the user typed to the store. Raises FetchError, ModelFileError and StoreError."""

    def __init__(self, wanted: Wanted, store: Store, say: Say) -> None:
        self._wanted, self._store, self._say = wanted, store, say
        self._reference = parse_source(wanted.source, wanted.revision)
        self._patience = Patience(wanted.retries, say)
        self._token: str | None = None
        self.id = self._reference.id if wanted.id is None else wanted.id
        require_free_of_meaning(self.id)

    def plan(self) -> Plan:
        """Asks, and changes nothing."""
        plan = self._plan()
        if plan.remote.size is None:
            with connect(plan.remote.url, constants.HF_HUB_DOWNLOAD_TIMEOUT) as client:
                size = size_of(plan.remote, client, self._patience)
            plan = dataclasses.replace(plan, remote=dataclasses.replace(plan.remote, size=size))
        return plan

    def _plan(self) -> Plan:
        remote = self._look_up()
        kept = self._store.unfinished().get(remote.workspace, 0)
        return Plan(self.id, remote, self._same(remote), kept, free_space(self._store.folder), self._store.folder)

    def run(self, progress: Progress | None = None) -> Fetched:
        """Fetches what is not stored yet."""
        started = time.monotonic()
        if model := self._stored():
            return Fetched(model, 0, time.monotonic() - started)
        plan = self._plan()
        remote = plan.remote
        if plan.stored and plan.stored.manifest.id == self.id:
            return Fetched(plan.stored, 0, time.monotonic() - started)
        if not self._wanted.replace:
            self._refuse_taken_id(remote)
        if remote.refusal:
            raise remote.refusal
        if plan.missing:
            require_room(plan.folder, remote, plan.missing)
        with ExitStack() as stack:
            folder = self._alone(remote, stack)
            if model := self._stored():  # by the process that was waited for
                return Fetched(model, 0, time.monotonic() - started)
            finished = self._finished(remote, folder, progress)
            model = self._store.add(finished.path, self._manifest(remote, finished), replace=self._wanted.replace)
        return Fetched(model, finished.received, time.monotonic() - started)

    def _stored(self) -> StoredModel | None:
        """The model of this id, where it is here whole and is what is asked for, as far as that is known without asking."""
        found = next((model for model in self._store.models() if model.manifest.id == self.id), None)
        if found is None or self._wanted.replace or not found.is_untouched:
            return None
        manifest, revision = found.manifest, getattr(self._reference, "revision", None)
        asked = self._wanted.expected in (None, manifest.sha256) and revision in (None, manifest.revision)
        return found if asked and manifest.source == self._reference.source else None

    def _refuse_taken_id(self, remote: Remote) -> None:
        """Before a long download rather than after it."""
        if remote.size:
            self._store.refuse_taken_id(self.id, remote.size, remote.sha256)
            return
        taken = next((model.manifest for model in self._store.models() if model.manifest.id == self.id), None)
        if taken and taken.source != remote.source:
            raise StoreError(
                f"{self.id} is stored already, from {taken.source}: remove it first, or choose another id with --id.",
                subject=self.id,
            )

    def _look_up(self) -> Remote:
        reference = self._reference
        if isinstance(reference, Address):
            if self._wanted.token:
                self._say("The token is for Hugging Face: it is not sent to another address.")
            return Remote(reference.url, reference.file, reference.source)
        hub = Hub.open(self._wanted.token, self._say)
        self._token = hub.token
        remote = hub.look_up(reference, self._patience)
        if remote.sha256 and self._wanted.expected not in (None, remote.sha256):
            raise FetchError(
                f"{remote.source} has the sha256 {remote.sha256} on {hub.host}: expected {self._wanted.expected}.",
                subject=remote.source,
            )
        return remote

    def _same(self, remote: Remote) -> StoredModel | None:
        found = [m for m in self._store.models() if m.manifest.sha256 == remote.sha256 and m.is_untouched]
        return next((m for m in found if m.manifest.id == self.id), found[0] if found else None)

    def _alone(self, remote: Remote, stack: ExitStack) -> Path:
        """The folder of the part, which no other process has until the stack is closed."""
        try:
            return stack.enter_context(self._store.workspace(remote.workspace))
        except StoreBusyError:
            process = process_at(self._store.folder / "unfinished" / remote.workspace)
        self._say(f"Another process{f' ({process})' if process else ''} is fetching {remote.file}; waiting for it.")
        return stack.enter_context(self._store.workspace(remote.workspace, wait=math.inf))

    def _finished(self, remote: Remote, folder: Path, progress: Progress | None) -> Finished:
        """The whole file in `folder`: from the store, where it has come meanwhile, else downloaded."""
        there = self._same(remote)
        if there:
            content = folder / CONTENT
            content.unlink(missing_ok=True)
            with suppress(OSError):  # a file system without second names: download it again
                os.link(there.path, content)
                return Finished(content, there.manifest.size, there.manifest.sha256, 0)
        start = constants.ENDPOINT if isinstance(self._reference, HubFile) else remote.url
        with connect(start, constants.HF_HUB_DOWNLOAD_TIMEOUT) as client, _told_what_is_kept(folder):
            return download(
                remote,
                folder,
                client,
                self._patience,
                token=self._token,
                sha256=self._wanted.expected,
                progress=progress,
            )

    def _manifest(self, remote: Remote, finished: Finished) -> Manifest:
        known = self._reference.known if isinstance(self._reference, HubFile) else None
        path, vouched = finished.path, remote.sha256 is not None
        try:
            about = describe(path, id=self.id, sha256=finished.sha256, file=remote.file, known=known, vouched=vouched)
        except ModelFileError as error:
            discard(path.parent)
            raise ModelFileError(str(error).replace(str(path), remote.source), subject=remote.source) from error
        return dataclasses.replace(
            about, source=remote.source, revision=remote.revision, licence=about.licence or remote.licence
        )


@contextmanager
def _told_what_is_kept(folder: Path) -> Iterator[None]:
    """Ends the sentence of whatever stops a download with how much of it stays; nothing stays where that is nothing."""
    try:
        yield
    except (OnpageError, KeyboardInterrupt) as error:
        kept = kept_in(folder)
        if not kept:
            discard(folder)
            raise
        rest = f"{kept / 1e6:,.1f} MB are kept: the same command resumes the download."
        if isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(f"interrupted; {rest}") from None
        error.args = (f"{error} {rest}",)
        raise
