"""The front end's files under `/static/`: our own, and the vendored libraries.

Our own modules are small and may change under a running server (a checkout that is updated), so each request reads the
file: the ETag is the content's hash and the browser revalidates every time (`no-cache`). A library has its version in its
address and is immutable; it is sent in the smallest form that the browser takes.

WhiteNoise did that before: it took a coding that was refused (`br;q=0`), gave all forms one ETag, refused a range of one byte, and
knew no If-Range.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO, FileIO
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, request
from werkzeug.datastructures import Accept

from webapp.errors import FrontEndMissingError
from webapp.front_end import own_files
from webapp.sending import FOR_EVER, file_response
from webapp.vendor import NOTICES, PACKAGES, SUFFIXES

blueprint = Blueprint("assets", __name__)

TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".litertlm": "application/octet-stream",
}
"""Not left to the system's table, in which some machines have `.js` as plain text: modules would then be refused."""

CODINGS = dict(zip(SUFFIXES, ("identity", "br", "gzip"), strict=True))
"""The content coding of each form of a vendored file."""


@dataclass(frozen=True)
class VendoredFile:
    """A file of a library. `sizes` are those of its forms, by their suffix."""

    path: Path
    version: str
    sizes: Mapping[str, int]

    def form(self, accepted: Accept) -> str:
        """The suffix of what to send: of the codings that are liked best the smallest, and as it is where none is taken."""
        liked = {suffix: accepted.quality(CODINGS[suffix]) for suffix in self.sizes}
        taken = [suffix for suffix, quality in liked.items() if quality]
        return min(taken, key=lambda suffix: (-liked[suffix], self.sizes[suffix]), default="")

    def response(self) -> Response:
        """The answer to the current request."""
        suffix = self.form(request.accept_encodings)
        try:
            file = FileIO(self.path.with_name(self.path.name + suffix))
        except OSError:
            abort(404)
        coding = {"Content-Encoding": CODINGS[suffix]} if suffix else {}
        return file_response(
            file,
            self.sizes[suffix],
            f"{self.version}-{self.sizes[suffix]:x}{suffix}",
            {"Content-Type": TYPES[self.path.suffix], **coding},
            {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"},
        )


def vendored_files(static: Path) -> dict[str, VendoredFile]:
    """By name under `/static/`; FrontEndMissingError where one is not there."""
    found = {}
    for package in PACKAGES:
        for target in package.targets():
            path = static / target
            forms = {suffix: path.with_name(path.name + suffix) for suffix in SUFFIXES}
            sizes = {suffix: form.stat().st_size for suffix, form in forms.items() if form.is_file()}
            if "" not in sizes:
                raise FrontEndMissingError(path)
            found[target.as_posix()] = VendoredFile(path, package.folder.name, sizes)
    return found


@blueprint.get("/static/<path:name>")
def static_file(name: str) -> Response:
    """One of the files; the name is compared with those there are, never joined to a path."""
    vendored: dict[str, VendoredFile] = current_app.extensions["onpage_vendored"]
    return vendored[name].response() if name in vendored else _own_response(name)


def _own_response(name: str) -> Response:
    static: Path = current_app.config["STATIC"]
    own: dict[str, Path] = current_app.extensions["onpage_own"]
    if name not in own:  # a file that is new since is found, too
        own.update((path.as_posix(), path) for path in (*own_files(static), NOTICES))
    path = own.get(name)
    try:
        content = (static / path).read_bytes() if path else None
    except FileNotFoundError:  # it went just now
        content = None
    if path is None or content is None:
        abort(404)
    representation = {"Content-Type": TYPES[path.suffix]}
    etag = hashlib.sha256(content).hexdigest()
    return file_response(BytesIO(content), len(content), etag, representation, {"Cache-Control": "no-cache"})
