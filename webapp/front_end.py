"""Which files of the static folder are the front end. Standard library only: the wheel's build asks too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from webapp.vendor import NOTICES, PACKAGES, SUFFIXES

SERVED_SUFFIXES = (".js", ".css", ".json", ".svg", ".png", ".webmanifest", ".litertlm", ".wasm")
"""`.litertlm`: the small models of the check; `.wasm`: the converter's kernel."""
NOT_SERVED = ("package.json", "package-lock.json", "tsconfig.json")
OWN_FOLDERS = (
    "app",
    "bench",
    "check",
    "convert",
    "element",
    "engine",
    "icons",
    "library",
    "offline",
    "records",
    "tasks",
    "text",
    "ui",
)
"""With all that is below them; of the static folder itself only its own files."""


SERVICE_WORKER = Path("offline") / "service_worker.js"
"""Relative to the static folder; it is sent from beside the page (`webapp.offline`)."""


def own_files(static: Path) -> Iterator[Path]:
    """The front end's own files, relative to `static`: never what npm put beside them."""
    for folder in (
        static,
        *(below for top in OWN_FOLDERS for below in (static / top, *sorted((static / top).rglob("*/")))),
    ):
        for path in sorted(folder.glob("*")):
            if path.suffix in SERVED_SUFFIXES and path.name not in NOT_SERVED:
                yield path.relative_to(static)


def vendored_files() -> Iterator[Path]:
    """The engine and the hash, plain and compressed, and their licences, relative to the static folder."""
    yield NOTICES
    for package in PACKAGES:
        for target in package.targets():
            for suffix in SUFFIXES:
                yield target.with_name(target.name + suffix)
