"""What a person means by a model: a file of theirs, or the id of a stored, shipped or published one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from builder.errors import StoreError
from builder.model.catalog import checkpoints, published
from builder.store.folder import Store, StoredModel
from builder.store.manifest import ENDINGS

Source = Path | StoredModel


def choose(names: str, store: Store, shipped: Mapping[str, tuple[Path, ...]]) -> tuple[Source, ...]:
    """The files of one model: what each name between commas means; StoreError says how to get one, or which there are.

    `shipped`: the files of each model that needs no store, by its id.
    """
    parts = [names] if Path(names).is_file() else [part.strip() for part in names.split(",")]
    if not all(parts):
        raise StoreError(
            f"{names!r} contains an empty name: expected a file or an id, or several joined by commas.", subject=names
        )
    return tuple(source for part in parts for source in _sources(part, store, shipped))


def _sources(name: str, store: Store, shipped: Mapping[str, tuple[Path, ...]]) -> tuple[Source, ...]:
    if looks_like_a_file(name):
        return (Path(name),)
    if any(name == stored.stem for stored in store.manifest_paths()):
        return (store.get(name),)
    if name in shipped:
        return shipped[name]
    if name in published() or name in checkpoints():
        raise StoreError(f"{name} is published, but not stored here: run onpage fetch {name}.", subject=name)
    stored = ", ".join([*shipped, *(model.manifest.id for model in store.models())])
    raise StoreError(
        f"{name!r} is neither a file nor a known model. Stored: {stored}. `onpage models` lists the models to fetch.",
        subject=name,
    )


def looks_like_a_file(name: str) -> bool:
    """Whether a name is a path rather than an id: it is there, has a folder, or ends like a model file."""
    separators = {os.sep, os.altsep} - {None}
    ending = name.lower().endswith(ENDINGS)
    return Path(name).is_file() or ending or any(separator in name for separator in separators if separator)
