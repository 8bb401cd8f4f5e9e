"""A store in a folder of its own, and a short way to put bytes into it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from builder.store import Manifest, Store, StoredModel


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


def manifest_of(model_id: str, data: bytes, **more: object) -> Manifest:
    facts: dict[str, object] = {"file": f"{model_id}-web.task", "format": "web"} | more
    return Manifest(id=model_id, sha256=hashlib.sha256(data).hexdigest(), size=len(data), **facts)  # type: ignore[arg-type]


def put(store: Store, model_id: str, data: bytes, *, replace: bool = False) -> StoredModel:
    with store.workspace() as folder:
        (folder / "content").write_bytes(data)
        return store.add(folder / "content", manifest_of(model_id, data), replace=replace)


def everything(store: Store) -> set[str]:
    """Every file of the store but the lock, which stays."""
    files = (path for path in store.folder.rglob("*") if path.is_file())
    return {str(path.relative_to(store.folder)) for path in files} - {"lock"}
