"""Writes a site of files, `onpage export`: whole or not at all.

The site is built in a folder beside the one it is for, which then takes its place by a rename. What belongs to the person's version
control or host (`KEPT`) is carried over. A folder with other content is left alone unless it is to be replaced; one that an earlier
export wrote has its manifest, and is replaced.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from builder import __version__
from builder.errors import CheckpointError, OutputError
from builder.files.reading import read_json_object
from builder.files.writing import explained, folder_beside, require_room
from webapp.app import Config, create_app
from webapp.cross_origin import required_origin
from webapp.errors import ModelFileChangedError
from webapp.export import hosts
from webapp.export.crawl import Answer, crawl, list_of_models, model_bytes, parts_of, with_parts
from webapp.export.headers import allowing, content_types, headers_of
from webapp.paths import GEMMA_TERMS
from webapp.served_models import Offer
from webapp.served_slices import Slices

MANIFEST = "onpage-export.json"
FORMAT = "onpage-export/1"
PART_SIZE = 24_000_000
"""Bytes. Cloudflare Pages takes files of 25 MiB at most, GitHub of 100 MB; a further request for each 24 MB costs a model of 700 MB some
thirty round trips, and a visit that went on at a host without ranges begins at a part, not at the model."""
MIN_PART = 1_000_000
KEPT = (".git", ".github", ".gitattributes", ".gitignore", "CNAME")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class WrittenSite:
    """What an export has written."""

    folder: Path
    models: Sequence[Mapping[str, Any]]
    files: Mapping[str, Mapping[str, Any]]
    """The size in bytes and the sha256 of each, by its path in the folder."""
    replaced: bool

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file["size"] for file in self.files.values())

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "folder": str(self.folder),
            "files": len(self.files),
            "size": self.size,
            "largest": max(self.files, key=lambda path: int(self.files[path]["size"])),
            "models": [dict(model) for model in self.models],
            "replaced": self.replaced,
            "manifest": MANIFEST,
        }


def export(
    folder: Path,
    models: Sequence[Offer],
    loras: Sequence[Path] = (),
    *,
    slices: Slices = Slices(),  # noqa: B008 - frozen
    part_size: int = PART_SIZE,
    replace: bool = False,
    allowed_origin: str = "",
    progress: Progress | None = None,
) -> WrittenSite:
    """Write the page with `models` into `folder`, in files of models of at most `part_size` bytes.

    Pages of `allowed_origin`, or of all (`*`), may load from the site where its host sends the headers that are written. Raises OriginError
    where it is none.
    Raises OutputError where the folder has other content and `replace` is false, or cannot be written; the errors of
    `webapp.errors` and ModelFileError for a model.
    """
    if part_size < MIN_PART:
        raise OutputError(f"Parts of {part_size:,} bytes are too small: expected at least {MIN_PART:,}.")
    target = Path(os.path.realpath(folder))
    there = _check(target, folder, replace)
    origin = required_origin(allowed_origin) if allowed_origin else ""
    origins = (origin,) if origin else ()
    app = create_app(Config(models, loras, allowed_origins=origins, pages_suffix=".html", slices=slices))
    sources = list(app.extensions["onpage_files"].values())
    with folder_beside(target) as beside:
        site = _Site(beside / "site", progress or (lambda *_: None), sum(source.size for source in sources))
        site.check_room(folder)
        try:
            listed = _write(site, app, part_size, origin)
            _put_in_place(site.folder, target, beside / "before")
        except OSError as error:
            raise explained(error, folder) from error
    return WrittenSite(folder, listed, site.files, there)


def _check(target: Path, named: Path, replace: bool) -> bool:
    """Whether there is something; OutputError where it may not be replaced."""
    if not target.exists():
        return False
    if not target.is_dir():
        raise OutputError(f"{named} is a file: expected a folder, or a name that is free.", subject=named)
    others = sorted(path.name for path in target.iterdir() if path.name not in KEPT)
    if not others or replace or _is_ours(target):
        return bool(others)
    raise OutputError(
        f"{named} has other content ({', '.join(others[:3])}{' …' if others[3:] else ''}) and was not written by onpage export: choose "
        f"another folder, or say --replace, which deletes all of it but {', '.join(KEPT)}.",
        subject=named,
    )


def _is_ours(target: Path) -> bool:
    try:
        return read_json_object(target / MANIFEST).get("format") == FORMAT
    except CheckpointError:
        return False


@dataclass
class _Site:
    """The folder that is being written, with what is in it by now."""

    folder: Path
    progress: Progress
    total: int
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """The headers that the server sends with each file of its own."""
    done: int = 0

    def check_room(self, named: Path) -> None:
        self.folder.mkdir()
        require_room(named, self.total + (128 << 20), self.folder)  # the page and its engines

    def put(self, path: str, pieces: Iterable[bytes], counted: bool = False) -> None:
        """Writes one file."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with place.open("xb") as file:
            for piece in pieces:
                file.write(piece)
                digest.update(piece)
                size += len(piece)
                if counted:
                    self.done += len(piece)
                    self.progress("write", self.done, self.total)
        self.files[path] = {"size": size, "sha256": digest.hexdigest()}

    def put_text(self, path: str, text: str) -> None:
        self.put(path, [text.encode()])


def _write(site: _Site, app: Any, part_size: int, origin: str) -> list[dict[str, Any]]:
    models = list_of_models(app)
    for answer in crawl(app):
        path = _path_of(answer)
        listed = with_parts(models, part_size) if path == "api/models" else None
        site.sent[path] = answer.headers
        site.put(path, answer.body if listed is None else [listed])
    for source in app.extensions["onpage_files"].values():
        answer = model_bytes(app, source.url)
        pieces = _Pieces(answer.body)
        for part in parts_of(source.url, source.size, part_size):
            path = unquote(part["url"])
            site.sent[path] = answer.headers
            site.put(path, pieces.take(part["size"]), counted=True)
        if pieces.digest.hexdigest() != source.sha256:
            raise ModelFileChangedError(source.path, "export it again")
    headers = [*headers_of(site.sent), *(allowing(origin) if origin else [])]
    by_suffix, by_path = content_types(site.sent)
    site.put_text("_headers", hosts.headers_file(headers, by_path))
    site.put_text("hosting/nginx.conf", hosts.nginx(headers, by_suffix, by_path))
    site.put_text("hosting/Caddyfile", hosts.caddy(headers, by_suffix, by_path))
    site.put_text("README.md", hosts.readme(models, __version__))
    site.put_text(".nojekyll", "")  # GitHub Pages would leave out _headers and more
    if any(_is_gemma(model) for model in models):
        site.put_text("GEMMA_TERMS.txt", GEMMA_TERMS.read_text(encoding="utf-8"))
    said = [
        {key: model[key] for key in ("id", "name", "sha256", "size", "licence", "demo")}
        | {"files": [_part_of_manifest(each, part_size) for each in model["files"]]}
        for model in models
    ]
    manifest = {
        "format": FORMAT,
        "onpage": __version__,
        "part_size": part_size,
        "models": said,
        "files": dict(sorted(site.files.items())),
    }
    site.put_text(MANIFEST, json.dumps(manifest, indent=1) + "\n")
    return said


def _is_gemma(model: Mapping[str, Any]) -> bool:
    """Whether its terms may have to be passed on with it; the demo model only has Gemma's structure."""
    named = f"{(model['licence'] or {}).get('name')} {model['family']}".lower()
    return "gemma" in named and "apache" not in named and not model["demo"]


def _part_of_manifest(file: Mapping[str, Any], part_size: int) -> dict[str, Any]:
    parts = parts_of(file["url"], file["size"], part_size)
    return {
        "format": file["format"],
        "sha256": file["sha256"],
        "size": file["size"],
        "parts": [part["url"] for part in parts],
    }


def _path_of(answer: Answer) -> str:
    if answer.path == "":
        return "index.html"
    is_page = answer.headers["Content-Type"].startswith("text/html")
    return f"{answer.path}.html" if is_page else answer.path


class _Pieces:
    """An iterator of bytes, taken from in parts; `digest` is of all that was taken."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.digest = hashlib.sha256()
        self._pieces = iter(pieces)
        self._left = b""

    def take(self, size: int) -> Iterable[bytes]:
        """The next `size` bytes."""
        while size:
            piece = self._left or next(self._pieces)
            taken, self._left = piece[:size], piece[size:]
            size -= len(taken)
            self.digest.update(taken)
            yield taken


def _put_in_place(site: Path, target: Path, before: Path) -> None:
    """The new folder for the old one, with what is kept of it; all is back where it was if that fails."""
    kept = [name for name in KEPT if (target / name).exists()]
    try:
        for name in kept:
            (target / name).rename(site / name)
        if target.exists():
            target.rename(before)
        site.rename(target)
    except BaseException:
        if before.exists():
            before.rename(target)
        for name in kept:
            if (site / name).exists():
                (site / name).rename(target / name)
        raise
