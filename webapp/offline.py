"""The service worker, `/service_worker.js`: static/offline/service_worker.js with the hashes of every file of this version before it.

The hashes are of what the server sends now, so a file that changes under a running server makes another version. Where the page is not to
be kept (`onpage serve --no-offline`), the worker that is sent ends the one that a browser has from before.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, current_app

from webapp.front_end import SERVICE_WORKER, own_files
from webapp.headers import SECURITY_HEADERS
from webapp.pages import META_POLICY, index
from webapp.vendor import NOTICES, PACKAGES

blueprint = Blueprint("offline", __name__)

ADDRESS = "service_worker.js"
"""Relative to the page: what it may keep is what lies below its own address."""
NOT_PINNED = ("bench", "element", "library", "offline")
"""Folders of static/ that the page does not load: /bench measures loads from the network, and the library is for pages of others."""
MODEL = ".litertlm"
"""Of the check: a GPU is asked once, so its models are not worth the room."""
LARGE = 1 << 18
"""Bytes from which on a library's file is kept only by browsers that have used it."""


@blueprint.get(f"/{ADDRESS}")
def service_worker() -> Response:
    """Never from a cache: browsers compare it byte by byte to find a new version."""
    static: Path = current_app.config["STATIC"]
    site = json.dumps(site_of(static, index().get_data()) if current_app.config["OFFLINE"] else None)
    code = (static / SERVICE_WORKER).read_text(encoding="utf-8")
    response = Response(f"globalThis.SITE = {site};\n{code}", mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-store"
    return response


def site_of(static: Path, page: bytes) -> dict[str, object]:
    """The files of this version as `Site` in the worker has them, by their addresses relative to the page."""
    files = {"./": _integrity(page)}
    later: dict[str, str] = {}
    for path in (*own_files(static), NOTICES):
        if path.parts[0] not in NOT_PINNED and path.suffix != MODEL and (static / path).is_file():
            files[f"static/{path.as_posix()}"] = _integrity((static / path).read_bytes())
    for package in PACKAGES:
        for target in package.targets():
            status = (static / target).stat()
            hashed = _integrity_of_library(static / target, status.st_mtime_ns)
            (later if status.st_size >= LARGE else files)[f"static/{target.as_posix()}"] = hashed
    headers = dict(SECURITY_HEADERS) | {"Content-Security-Policy": META_POLICY}  # who may frame it is the host's to say
    version = hashlib.sha256(json.dumps([files, later, headers]).encode()).hexdigest()[:16]
    return {"version": version, "files": files, "later": later, "headers": headers}


def _integrity(content: bytes) -> str:
    return f"sha256-{b64encode(hashlib.sha256(content).digest()).decode()}"


@lru_cache
def _integrity_of_library(path: Path, modified: int) -> str:
    """Of megabytes, once: `modified` tells a version of the file from another."""
    with path.open("rb") as file:
        return f"sha256-{b64encode(hashlib.file_digest(file, 'sha256').digest()).decode()}"
