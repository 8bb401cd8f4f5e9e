"""Which files of the static folder are the front end. Standard library only: the wheel's build asks too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from webapp.vendor import PACKAGES, SUFFIXES

SERVED_SUFFIXES = (".js", ".css", ".json", ".svg")
NOT_SERVED = ("package.json", "package-lock.json", "tsconfig.json")
OWN_FOLDERS = ("", "app", "bench", "bench/report", "engine", "engine/workers", "tasks/post", "text", "ui")


def own_files(static: Path, folders: Iterable[str] = OWN_FOLDERS) -> Iterator[Path]:
    """The front end's own files, relative to `static`: a few folders, never what npm put beside them."""
    for folder in folders:
        for path in sorted((static / folder).glob("*")):
            if path.suffix in SERVED_SUFFIXES and path.name not in NOT_SERVED:
                yield path.relative_to(static)


def vendored_files() -> Iterator[Path]:
    """The engine and the hash, plain and compressed, relative to the static folder."""
    for package in PACKAGES:
        for target in package.targets():
            for suffix in SUFFIXES:
                yield target.with_name(target.name + suffix)
