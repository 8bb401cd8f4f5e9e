"""A model file from this machine into the store: look at it, copy and hash it in one pass, add it with what is known of it."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from builder.errors import ModelFileError, StoreError
from builder.files.reading import NotReadableError, check_regular
from builder.files.writing import write_beside
from builder.formats.inspect_model import GraphFacts, VectorFacts, inspect_model
from builder.formats.inspect_web_file import Sampling, WebFileFacts
from builder.formats.sniff import FIRST_BYTES, require_format
from builder.model.catalog import PublishedModel, published
from builder.store.folder import Store, StoredModel, explained
from builder.store.manifest import MODALITIES, Manifest, model_id, require_free_of_meaning

CHUNK = 4 << 20
NOT_READ = "0" * 64
"""Stands for a sha256 while the bytes have not been read."""

Progress = Callable[[str, int, int], None]
"""Called with the phase ("copy" or "hash"), the bytes done and the bytes in all."""


def import_file(
    store: Store,
    path: Path,
    *,
    id: str | None = None,
    move: bool = False,
    replace: bool = False,
    takes: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> StoredModel:
    """Copies a model file into the store, or with `move` puts the file itself there, without a copy where that can be.
    A link is copied and stays.

    The id is that of the published model with this file name, else made of the file name. `takes` says what goes in besides text, image
    or audio, in place of what the file and the catalog say. Raises StoreError, or the error
    of the format where the file is not a sound model; the file is then as it was.
    """
    known = known_by_name(path.name)
    if id is None:
        id = known.id if known else model_id(path.name)
    require_free_of_meaning(id)
    before, move = _stamp(path), move and not path.is_symlink()
    manifest = describe(path, id=id, known=known)
    if takes:
        manifest = dataclasses.replace(
            manifest, modalities=("text", *(each for each in MODALITIES[1:] if each in takes))
        )
    if not replace:
        store.refuse_taken_id(manifest.id, manifest.size)
    with store.workspace() as folder:
        content = folder / "content"
        if move and _linked(path, content):
            sha256 = _read(content, manifest.size, "hash", progress)
        else:
            with explained(store.folder), write_beside(content, manifest.size) as part:
                sha256 = _read(path, manifest.size, "copy", progress, part.write_at)
        if _stamp(path) != before:
            raise StoreError(f"{path} changed while it was read: try again when it is finished.", subject=path)
        stored = store.add(content, dataclasses.replace(manifest, sha256=sha256), replace=replace)
    if move:
        with suppress(FileNotFoundError):
            path.unlink()
    return stored


def describe(
    path: Path,
    *,
    id: str,
    sha256: str = NOT_READ,
    file: str | None = None,
    known: PublishedModel | None = None,
    vouched: bool = False,
) -> Manifest:
    """What is known of a model file: what it says itself, and what the catalog says where it is silent.

    Raises the error of the format where the file is no sound model; but one whose sha256 is its publisher's (`vouched`) needs
    only to begin like a model: there may be more in it than onpage can read.
    """
    try:
        size = check_regular(path).st_size
        with path.open("rb") as opened:
            form = require_format(path, opened.read(FIRST_BYTES))
    except NotReadableError as error:
        raise StoreError(f"{path} {error}.", subject=path) from None
    try:
        said = _said_by_file(path)
    except ModelFileError:
        if not vouched:
            raise
        said = {}
    listed = _said_by_catalog(known) if known else {}
    best = {key: said.get(key) if said.get(key) is not None else listed.get(key) for key in said | listed}
    try:
        return Manifest(
            id=id,
            sha256=sha256,
            size=size,
            file=file or path.name,
            format=form.name.lower(),
            kind=said.get("kind", "text"),
            source=str(path.absolute()),
            licence=known.family.licence.name if known else None,
            family=known.family.name if known else best.get("family"),
            quantization=best.get("quantization"),
            parameters=best.get("parameters"),
            context=best.get("context"),
            modalities=best.get("modalities"),
            template=best.get("template"),
            sampling=Sampling(best.get("temperature"), best.get("top_k")),
            conversion=said.get("conversion", {}),
        )
    except ValueError as error:  # a name or a value that nobody would give
        raise StoreError(f"{path} cannot be taken: its {error}.", subject=path) from None


def _said_by_file(path: Path) -> dict[str, Any]:
    facts = inspect_model(path)
    if isinstance(facts, GraphFacts):
        raise ModelFileError(
            f"{path} is a LiteRT graph without a tokenizer: make a .litertlm or a .task of both with onpage bundle.",
            subject=path,
        )
    if isinstance(facts, VectorFacts):
        return {
            "kind": "embedding",
            "family": None if facts.family == "unknown" else facts.family,
            "quantization": facts.quantization,
            "parameters": facts.parameters,
            "context": facts.context_length,
        }
    if facts.problem:
        raise ModelFileError(f"{path} {facts.problem}: convert it again.", subject=path)
    web = facts if isinstance(facts, WebFileFacts) else None
    if web and web.lora_rank is not None:
        raise ModelFileError(f"{path} is a LoRA adapter: expected a model, which an adapter changes.", subject=path)
    return {
        "family": None if facts.family == "unknown" else facts.family,
        "quantization": facts.quantization,
        "parameters": facts.parameters,
        "context": facts.context_length,
        "modalities": facts.modalities if len(facts.modalities) > 1 else None,
        "template": facts.prompt_template,
        "temperature": facts.sampling.temperature,
        "top_k": facts.sampling.top_k,
        "conversion": ({"written_by": web.written_by} if web.written_by else {}) | web.conversion if web else {},
    }


def _said_by_catalog(model: PublishedModel) -> dict[str, Any]:
    family = model.family
    return {
        "quantization": model.quantization,
        "parameters": family.parameters,
        "context": family.context,
        "modalities": family.modalities,
        "template": family.template,
        "temperature": family.sampling.temperature,
        "top_k": family.sampling.top_k,
    }


def known_by_name(file: str) -> PublishedModel | None:
    """The published model whose file has this name."""
    return next((model for model in published().values() if model.file.lower() == file.lower()), None)


def _linked(path: Path, content: Path) -> bool:
    """Whether the file could be had under a second name, which takes no room; on another disk it must be copied."""
    with suppress(OSError):
        os.link(path, content)
        return True
    return False


def _read(
    path: Path,
    size: int,
    phase: str,
    progress: Progress | None,
    write_at: Callable[[int, bytes], None] | None = None,
) -> str:
    digest = hashlib.sha256()
    done = 0
    with path.open("rb", buffering=0) as file:
        while done <= size and (data := file.read(CHUNK)):
            digest.update(data)
            if write_at:
                write_at(done, data)
            done += len(data)
            if progress:
                progress(phase, done, size)
    return digest.hexdigest()


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        status = check_regular(path)
    except NotReadableError as error:
        raise StoreError(f"{path} {error}.", subject=path) from None
    return status.st_ino, status.st_size, status.st_mtime_ns
