"""The store's folder: who may change it when, and in what order, so that it is sound after a kill at any moment.

A content goes in by rename before the manifest that names it, and goes out after it. What no manifest names is debris of
a process that died; whoever changes the store next removes it, holding the lock. The lock is the operating system's, so
it ends with its process.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from builder.errors import ModelFileError, OutputError, StoreBusyError, StoreError
from builder.files.reading import NotReadableError, check_regular
from builder.files.room import Lack, lack_of
from builder.files.systems import protect, sync_file
from builder.files.writing import NoRoomError, write_beside
from builder.formats.inspect_model import problem_of
from builder.store.manifest import SHA256, Manifest

HOME = "ONPAGE_HOME"
LOCK_SECONDS = 60
"""The lock is held for renames and small writes only."""
WORKSPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
LOCK_FILE = "lock"


@dataclass(frozen=True)
class StoredModel:
    """A model whose manifest is here."""

    manifest: Manifest
    path: Path
    """The content, named by its sha256."""
    manifest_path: Path

    @property
    def problem(self) -> str | None:
        """What a look at the content, without reading it, finds wrong: "is missing", or another size."""
        try:
            size = check_regular(self.path).st_size
        except NotReadableError as error:
            return str(error)
        return None if size == self.manifest.size else f"has {size:,} bytes, not {self.manifest.size:,}"

    @property
    def fault(self) -> str | None:
        """Why its engine would not run it, or would write wrong text with it, in a sentence; None where nothing is known against it."""
        try:
            problem = problem_of(self.path)
        except ModelFileError:  # gone, or a publisher's with more in it than onpage can read
            return None
        again = f"convert it again, and import it with --id {self.manifest.id} --replace"
        return f"The content of {self.manifest.id} {problem}: {again}." if problem else None

    @property
    def is_untouched(self) -> bool:
        """Whether the content was last written before the manifest, so that the manifest's sha256 still speaks of it."""
        try:
            return self.problem is None and self.path.stat().st_mtime_ns <= self.manifest_path.stat().st_mtime_ns
        except OSError:
            return False


@dataclass(frozen=True)
class Removed:
    """What `Store.remove` did."""

    id: str
    freed: int
    """Bytes; 0 where another model has the same content."""


class Store:
    """The models of one folder. Reading takes no lock and needs no right to write.

    - `get` never gives a model that is not whole, `models` says what is wrong with it (`StoredModel.problem`).
    - `add` and `remove` either happen or do not, whatever kills them, and any number of processes may try at once.
    - Raises StoreError: StoreBusyError where another process is at it, OutputError's sentence where the disk is full.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files, self._manifests, self._unfinished = folder / "files", folder / "models", folder / "unfinished"

    @classmethod
    def open(cls, folder: Path | None = None) -> Store:
        """The store in `folder`, else in ONPAGE_HOME, else in the platform's data folder. Creates nothing."""
        if folder is None:
            from platformdirs import user_data_path

            folder = Path(os.environ.get(HOME) or user_data_path("onpage", appauthor=False))
        return cls(folder.absolute())

    def models(self) -> list[StoredModel]:
        """Every model whose manifest can be read, by id. `builder.store.checking` tells of the others."""
        found = []
        for path in self.manifest_paths():
            with suppress(StoreError):
                found.append(self.read(path))
        return found

    def get(self, model_id: str) -> StoredModel:
        """One model, with its content; StoreError where it is not here, or not whole."""
        model = self.read(self.manifest_path(model_id))
        if model.problem:
            raise StoreError(
                f"The content of {model_id} {model.problem}: run onpage remove {model_id}, then fetch or import it again.",
                subject=model_id,
            )
        return model

    def find(self, sha256: str) -> StoredModel | None:
        """A whole model with this content, untouched since it was added."""
        return next((m for m in self.models() if m.manifest.sha256 == sha256 and m.is_untouched), None)

    @contextmanager
    def workspace(self, name: str | None = None, wait: float = 0) -> Iterator[Path]:
        """A folder on the store's own disk for a file that is not whole yet, locked against other processes.

        A named one outlives a failure or a kill, so that the next process goes on with what is in it; it goes when the
        block ends well. One without a name goes at the block's end, or with the next change after a kill. StoreBusyError
        where another process has the name for longer than `wait` seconds.
        """
        if name is not None and not WORKSPACE.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a folder")
        folder, lock = self._claim(name, wait)
        done = name is None
        try:
            yield folder
            done = True
        finally:
            try:
                if done or [path.name for path in folder.iterdir()] == [LOCK_FILE]:
                    # what cannot be removed now is debris, and no reason to call failed what was done
                    with suppress(StoreError, OSError), self.changing(sweep=False):
                        _remove_workspace(folder, lock)
            finally:
                lock.release()

    def unfinished(self) -> dict[str, int]:
        """Bytes in each named workspace, in use or not."""
        return {
            path.name: sum(_size(file) for file in _listed(path))
            for path in _listed(self._unfinished)
            if path.is_dir() and not path.name.startswith(".")
        }

    def discard_unfinished(self) -> int:
        """Removes every workspace that no process uses; returns the bytes freed."""
        sizes, freed = self.unfinished(), 0
        with self.changing():
            for name, size in sizes.items():
                freed += size if self._discard(self._unfinished / name) else 0
        return freed

    def add(self, finished: Path, manifest: Manifest, *, replace: bool = False) -> StoredModel:
        """Moves a file into the store as the model `manifest.id`; `finished` lies in a `workspace`.

        The caller has read these very bytes and found `manifest.sha256`. StoreError where the id is another model's and
        `replace` is not said; with it, the content is put in anew even where it seems to be there.
        """
        size = check_regular(finished).st_size
        if size != manifest.size:
            raise StoreError(f"{finished} has {size:,} bytes: expected {manifest.size:,}.", subject=finished)
        model = self._model(manifest)
        with explained(self.folder):
            sync_file(finished)
        with self.changing():
            if not replace:
                self.refuse_taken_id(manifest.id, manifest.size, manifest.sha256)
            text = json.dumps(manifest.to_json(), indent=2).encode()
            with write_beside(model.manifest_path, len(text)) as part:
                part.write_at(0, text)  # first, so that a full disk is known while `finished` is where it was
                if replace or not self.find(manifest.sha256):
                    protect(finished)
                    finished.replace(model.path)
                    _sync(self._files)
            _sync(self._manifests)
            self._sweep()  # what the id had before
        return model

    def refuse_taken_id(self, model_id: str, size: int, sha256: str | None = None) -> None:
        """StoreError where the id is that of a model with other content. Known by the size alone before a long copy."""
        path = self._manifests / f"{model_id}.json"
        if path not in self.manifest_paths():
            return
        there = self.read(path).manifest
        if there.size != size or (sha256 and there.sha256 != sha256):
            raise StoreError(
                f"{model_id} is stored already, with other content: remove it first, or choose another id with --id.",
                subject=model_id,
            )

    def remove(self, model_id: str) -> Removed:
        """Takes a model out; its content too, unless another model has the same."""
        with self.changing():
            path = self.manifest_path(model_id)
            before = self._content_bytes()
            path.unlink()
            _sync(self._manifests)
            self._sweep()
            return Removed(model_id, before - self._content_bytes())

    @contextmanager
    def changing(self, *, sweep: bool = True) -> Iterator[None]:
        """Holds the store's lock; removes the debris of dead processes first."""
        with explained(self.folder):
            for folder in (self._files, self._manifests, self._unfinished):
                folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / LOCK_FILE)
            try:
                lock.acquire(timeout=LOCK_SECONDS)
            except Timeout:
                raise StoreBusyError(
                    f"Another onpage process has been changing {self.folder} for {LOCK_SECONDS} seconds: wait for it, or "
                    f"end it, and try again.",
                    subject=self.folder,
                ) from None
            try:
                if sweep:
                    self._sweep()
                yield
            finally:
                lock.release()

    def manifest_path(self, model_id: str) -> Path:
        """Where the manifest of a stored model is; StoreError, naming those there are, where it is not."""
        paths = self.manifest_paths()
        path = self._manifests / f"{model_id}.json"
        if path not in paths:
            here = ", ".join(path.stem for path in paths) or "none"
            raise StoreError(f"No model {model_id!r} is stored in {self.folder}. Stored: {here}.", subject=model_id)
        return path

    def manifest_paths(self) -> list[Path]:
        """Every manifest, readable or not, by id."""
        return [path for path in _listed(self._manifests) if path.suffix == ".json" and path.name[0] != "."]

    def content_paths(self) -> list[Path]:
        """Everything in the folder of contents, by name."""
        return _listed(self._files)

    def strays(self) -> list[Path]:
        """What lies among contents and manifests and is neither. Where it may, it holds the lock, so nobody is adding."""
        writable = self.folder.is_dir() and os.access(self.folder, os.W_OK)
        with self.changing(sweep=False) if writable else nullcontext():
            manifests = self.manifest_paths()
            return self._unnamed() + [path for path in _listed(self._manifests) if path not in manifests]

    def read(self, manifest_path: Path) -> StoredModel:
        """The model of a manifest, whole or not; StoreError where the manifest cannot be read."""
        return self._model(Manifest.read(manifest_path))

    def _model(self, manifest: Manifest) -> StoredModel:
        return StoredModel(manifest, self._files / manifest.sha256, self._manifests / f"{manifest.id}.json")

    def _sweep(self) -> None:
        """Removes debris. What cannot be removed stays for the next time, and is no reason to fail."""
        with suppress(OSError, StoreError):
            for path in self._manifests.glob(".onpage-*.part"):
                path.unlink()
            for path in self._unnamed():
                if SHA256.fullmatch(path.name):
                    path.unlink()
            for folder in self._unfinished.glob(".*"):
                self._discard(folder)

    def _unnamed(self) -> list[Path]:
        """Contents that no manifest names. None where a manifest cannot be read: it may be a later onpage's."""
        try:
            named = {self.read(path).manifest.sha256 for path in self.manifest_paths()}
        except StoreError:
            return []
        return [path for path in self.content_paths() if path.name not in named]

    def _discard(self, folder: Path) -> bool:
        """Removes a workspace unless a process has it. The store's lock is held, so none can take it meanwhile."""
        lock = FileLock(folder / LOCK_FILE)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        try:
            _remove_workspace(folder, lock)
        finally:
            lock.release()
        return True

    def _claim(self, name: str | None, wait: float) -> tuple[Path, FileLock]:
        deadline = time.monotonic() + wait
        while True:
            with self.changing():
                folder = self._unfinished / name if name else Path(tempfile.mkdtemp(prefix=".", dir=self._unfinished))
                folder.mkdir(exist_ok=True)
                lock = FileLock(folder / LOCK_FILE)
                with suppress(Timeout):
                    lock.acquire(timeout=0)
                    return folder, lock
            if time.monotonic() >= deadline:
                raise StoreBusyError(f"Another onpage process is already working on {name}: wait for it.", subject=name)
            time.sleep(0.2)

    def _content_bytes(self) -> int:
        return sum(_size(path) for path in self.content_paths())


def _remove_workspace(folder: Path, lock: FileLock) -> None:
    """Removes a workspace whose lock is held, the lock's file last: Windows removes nothing that is open.

    The store's lock is held as well, so that nobody takes the workspace in between.
    """
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != LOCK_FILE:
            path.unlink()
    lock.release()
    shutil.rmtree(folder)


def _listed(folder: Path) -> list[Path]:
    """What is in a folder, by name; nothing where there is no such folder."""
    with explained(folder):
        try:
            return sorted(folder.iterdir())
        except FileNotFoundError:
            return []


def _size(path: Path) -> int:
    """Bytes of a file; 0 where another process has just removed it."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _sync(folder: Path) -> None:
    """Makes renames in a folder outlast a power cut, where the platform can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def no_room(folder: Path, lack: Lack) -> StoreError:
    """The sentence for a disk that the store does not fit."""
    return StoreError(f"No room in the store {folder}: {lack.or_else(f'set {HOME} to another folder')}", subject=folder)


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turns the operating system's errors into one sentence about the store."""
    try:
        yield
    except NoRoomError as error:
        raise no_room(folder, error.lack) from None
    except OutputError as error:
        raise StoreError(str(error), subject=error.subject) from None
    except OSError as error:
        lack = lack_of(error, folder)
        if lack:
            raise no_room(folder, lack) from error
        raise StoreError(
            f"The store {folder} cannot be used: {error.strerror or error} ({error.filename or folder}). Set {HOME} to "
            f"another folder.",
            subject=folder,
        ) from error
