"""The front end's files under `/static/`: our own by Flask, the vendored engine by WhiteNoise.

Our own modules are small and may change under a running server (a checkout that is updated), so each request reads the
file: the ETag is the content's hash and the browser revalidates every time (`no-cache`). The engine has its version in its
address and is immutable; WhiteNoise picks the compressed form that the browser takes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING
from wsgiref.headers import Headers

from flask import Blueprint, Response, abort, current_app, request
from whitenoise import WhiteNoise

from webapp.errors import FrontEndMissingError
from webapp.front_end import own_files, own_folders
from webapp.vendor import PACKAGES

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

blueprint = Blueprint("assets", __name__)

TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml"}
"""Not left to the system's table, in which some machines have `.js` as plain text: modules would then be refused."""


@blueprint.get("/static/<path:name>")
def own_file(name: str) -> Response:
    """One of our own files; the name is compared with a list, never joined to a path."""
    static: Path = current_app.config["STATIC"]
    folder = name.rpartition("/")[0]
    beside = own_files(static, [folder]) if folder in own_folders(static) else ()
    path = next((path for path in beside if path.as_posix() == name), None)
    if path is None:
        abort(404)
    content = (static / path).read_bytes()
    response = Response(content, content_type=f"{TYPES[path.suffix]}; charset=utf-8")
    response.set_etag(hashlib.sha256(content).hexdigest())
    response.cache_control.no_cache = True
    response.make_conditional(request)
    return response


def serve_vendored(application: WSGIApplication, static: Path) -> WhiteNoise:
    """Wrap `application` so that the vendored files are answered first; FrontEndMissingError if one is not there."""

    def immutable(headers: Headers, path: str, url: str) -> None:
        headers["Cache-Control"] = "public, max-age=31536000, immutable"

    whitenoise = WhiteNoise(application, max_age=None, allow_all_origins=False, add_headers_function=immutable)
    for relative in (target for package in PACKAGES for target in package.targets()):
        path = static / relative
        if not path.is_file():
            raise FrontEndMissingError(path)
        whitenoise.add_file_to_dictionary(f"/static/{relative.as_posix()}", str(path))
    return whitenoise
