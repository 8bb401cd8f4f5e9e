"""The front end's files under `/static/`, by WhiteNoise: an explicit list made at start, compressed variants, ETag,
304.

Our own modules are revalidated on every load (`no-cache`), so that an upgrade is seen at once; the vendored engine
has its version in its address and is immutable. WhiteNoise's own ETag is made of time and size, which two wheels can
share, so the ETag here is the content's hash.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING
from wsgiref.headers import Headers

from whitenoise import WhiteNoise

from webapp.errors import FrontEndMissingError
from webapp.front_end import own_files
from webapp.vendor import PACKAGES

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def serve_static(application: WSGIApplication, static: Path) -> WhiteNoise:
    """Wrap `application` so that `/static/…` is answered from `static`; FrontEndMissingError without the engine."""

    def cache_headers(headers: Headers, path: str, url: str) -> None:
        if url.startswith("/static/vendor/"):
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
        else:
            headers["Cache-Control"] = "no-cache"
            headers["ETag"] = f'"{hashlib.sha256(Path(path).read_bytes()).hexdigest()[:32]}"'

    whitenoise = WhiteNoise(application, max_age=None, allow_all_origins=False, add_headers_function=cache_headers)
    for relative in own_files(static):
        whitenoise.add_file_to_dictionary(f"/static/{relative.as_posix()}", str(static / relative))
    for relative in (target for package in PACKAGES for target in package.targets()):
        path = static / relative
        if not path.is_file():
            raise FrontEndMissingError(path)
        whitenoise.add_file_to_dictionary(f"/static/{relative.as_posix()}", str(path))
    return whitenoise
