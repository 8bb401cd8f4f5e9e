"""What a person means by a model: a file of theirs, or the id of a stored, shipped or published one."""

from __future__ import annotations

import os
from pathlib import Path

from builder.catalog import published
from builder.errors import StoreError
from builder.store.folder import Store, StoredModel

DEMO = "demo"
"""The model that ships with onpage."""


def choose(name: str, store: Store) -> Path | StoredModel:
    """The file or the stored model; StoreError says how to get one that is published, or which there are."""
    path = Path(name)
    if looks_like_a_file(name):
        return path
    if any(name == stored.stem for stored in store.manifest_paths()):
        return store.get(name)
    if name == DEMO:
        from webapp.paths import DEMO_MODEL

        return DEMO_MODEL
    if name in published():
        raise StoreError(f"{name} is published, but not stored here: run onpage fetch {name}.", subject=name)
    stored = ", ".join([DEMO, *(model.manifest.id for model in store.models())])
    raise StoreError(
        f"{name} is neither a file nor a model that onpage knows (stored: {stored}): run onpage models for the others.",
        subject=name,
    )


def looks_like_a_file(name: str) -> bool:
    """Whether a name is a path rather than an id: it is there, has a folder, or ends like a model file."""
    separators = {os.sep, os.altsep} - {None}
    ending = Path(name).suffix.lower() in (".task", ".litertlm", ".tflite", ".bin")
    return Path(name).is_file() or ending or any(separator in name for separator in separators if separator)
