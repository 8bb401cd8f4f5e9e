"""Is everything in the store what its manifest says? Reads every byte of the models asked about, changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from builder.errors import ModelFileError, StoreError
from builder.files.digest import sha256_of
from builder.formats.inspect_model import BundleFacts, check_model
from builder.store.folder import Store, StoredModel
from builder.store.manifest import SHA256

Progress = Callable[[str, int, int], None]
"""Called with "hash", the bytes read and the bytes in all."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    kind: str
    """missing, mismatched, unfit (whole, but its engine would not run it rightly), extra, or manifest (which cannot be read)."""
    id: str | None
    """The model, where it is one's."""
    path: Path
    sentence: str


@dataclass(frozen=True)
class Report:
    """What was looked at and what was found."""

    sound: list[StoredModel]
    findings: list[Finding]

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "sound": [model.manifest.to_json() for model in self.sound],
            "findings": [asdict(finding) | {"path": str(finding.path)} for finding in self.findings],
        }


def check_store(store: Store, ids: list[str] | None = None, progress: Progress | None = None) -> Report:
    """Compares the models of `ids` (None: all, and what is there besides) with their manifests.

    A content is read once, however many models share it. StoreError for an id that is not here.
    """
    models, findings = [], []
    for path in store.manifest_paths() if ids is None else [store.manifest_path(name) for name in ids]:
        try:
            models.append(store.read(path))
        except StoreError as error:
            if path.exists():  # another process may have removed it just now
                findings.append(Finding("manifest", path.stem, path, str(error)))
    sound = []
    hashes = _hash_all({m.path: m.manifest.size for m in models if m.problem is None}, progress)
    for model in models:
        finding = _finding(model, hashes.get(model.path))
        if finding is None:
            sound.append(model)
        elif _is_still_here(store, model):
            findings.append(finding)
    return Report(sound, findings + (_extra(store) if ids is None else []))


def check_files(paths: list[Path], progress: Progress | None = None) -> dict[str, str]:
    """The sha256 of each file; the error of its format where one is no sound model, or is known not to run rightly."""
    for path in paths:
        facts = check_model(path)
        if isinstance(facts, BundleFacts) and facts.problem:
            raise ModelFileError(f"{path} {facts.problem}: convert it again.", subject=path)
    sizes = {path: path.stat().st_size for path in paths}
    hashes = _hash_all(sizes, progress)
    return {str(path): hashes[path] for path in paths}


def _hash_all(sizes: dict[Path, int], progress: Progress | None) -> dict[Path, str]:
    done, total = 0, sum(sizes.values())

    def advance(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress("hash", done, total)

    hashes = {}
    for path in sizes:
        with suppress(FileNotFoundError):
            hashes[path] = sha256_of(path, advance)
    return hashes


def _finding(model: StoredModel, sha256: str | None) -> Finding | None:
    manifest = model.manifest
    again = f"run onpage remove {manifest.id}, then fetch or import it again"
    if sha256 == manifest.sha256:
        return Finding("unfit", manifest.id, model.path, model.fault) if model.fault else None
    if sha256 is None:
        kind = "mismatched" if model.path.exists() else "missing"
        return Finding(kind, manifest.id, model.path, f"The content of {manifest.id} {model.problem}: {again}.")
    return Finding(
        "mismatched",
        manifest.id,
        model.path,
        f"The content of {manifest.id} has sha256 {sha256[:12]}…, expected {manifest.sha256[:12]}…: the file was changed or "
        f"the disk lost data; {again}.",
    )


def _is_still_here(store: Store, model: StoredModel) -> bool:
    """Whether no other process has removed or replaced the model since it was looked at."""
    with suppress(StoreError):
        return store.read(model.manifest_path) == model
    return False


def _extra(store: Store) -> list[Finding]:
    ours = "the next fetch, import or remove deletes it"
    return [
        Finding(
            "extra",
            None,
            path,
            f"{path} belongs to no model: {ours if SHA256.fullmatch(path.name) else 'it is not onpage’s, move it away'}.",
        )
        for path in store.strays()
    ]
