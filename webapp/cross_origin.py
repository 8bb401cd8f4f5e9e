"""Pages of other origins that may load the models and the engine: CORS, and the resource policy that isolated pages ask for.

Own code, because Flask-Cors sees only what Flask answers, not what the layer around it does, and knows no resource policy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from webapp.errors import OriginError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ANY = "*"
ORIGIN = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)
READABLE = "Accept-Ranges, Content-Length, Content-Range, ETag, Retry-After"
"""Headers of a response that a download goes by."""
SENT = "If-Range, Range"
"""Headers of a request that it sends."""
METHODS = "GET, HEAD"
PREFLIGHT_SECONDS = "7200"
"""For how long a browser need not ask again; Chromium takes no more."""


def required_origin(text: str) -> str:
    """`https://Example.org/` → `https://example.org`, or `*`; OriginError for what is no origin, which would never be allowed."""
    origin = text.strip().lower().removesuffix("/")
    if origin != ANY and not ORIGIN.fullmatch(origin):
        raise OriginError(text)
    return origin


class CrossOrigin:
    """WSGI middleware around `SecureResponses`: what one of `origins` asks for may be read there."""

    def __init__(self, application: WSGIApplication, origins: Iterable[str]) -> None:
        """OriginError where one of `origins` is none."""
        self.application = application
        self.origins = {required_origin(origin) for origin in origins}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asking = environ.get("HTTP_ORIGIN", "").lower()
        allowed = ANY if ANY in self.origins else asking if asking in self.origins else None
        preflight = environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
        added = [("Cross-Origin-Resource-Policy", "cross-origin"), ("Vary", "Origin")]
        if allowed:
            added += [("Access-Control-Allow-Origin", allowed), ("Access-Control-Expose-Headers", READABLE)]
            if preflight:
                added += [
                    ("Access-Control-Allow-Methods", METHODS),
                    ("Access-Control-Allow-Headers", SENT),
                    ("Access-Control-Max-Age", PREFLIGHT_SECONDS),
                ]

        def start_allowed(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], object]:
            kept = [(name, value) for name, value in headers if name.lower() != "cross-origin-resource-policy"]
            return start_response(status, [*kept, *added], exc_info)

        return self.application(environ, start_allowed)
