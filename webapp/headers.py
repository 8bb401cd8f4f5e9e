"""The outermost layer of the server: which hosts it answers to, and the headers of every single response.

It wraps the whole WSGI stack, so static files, ranges, 304s and errors get the same headers as pages do. What it does
not reach is a request so broken that the HTTP server itself refuses it.

The policy allows this origin's scripts, styles, images, workers and connections, compiling WebAssembly, and playing sounds that the page
itself holds. It has no `unsafe-inline` and no `unsafe-eval`, and no other origin: a page that leaked a text somewhere would break instead.
Camera and microphone are for this page alone, which asks for them when a person does; the browser asks again.
The two cross-origin headers isolate the page, which makes `performance.now()` twenty times finer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import BadRequest

from webapp.host_names import compared, required

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "connect-src 'self'",
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src blob:",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

SECURITY_HEADERS = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Embedder-Policy", "require-corp"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Permissions-Policy", "camera=(self), display-capture=(), geolocation=(), microphone=(self), payment=(), usb=()"),
)

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class SecureResponses:
    """WSGI middleware: answer trusted hosts only, and put `SECURITY_HEADERS` on whatever is answered.

    A page on another site can make a name of its own point to 127.0.0.1 (DNS rebinding) and so read a local server;
    the `Host` header then carries that name, which is why foreign ones are refused.
    """

    def __init__(
        self,
        application: WSGIApplication,
        extra_hosts: Iterable[str] = (),
        *,
        policy: str = CONTENT_SECURITY_POLICY,
    ) -> None:
        self.application = application
        self.headers = [("Content-Security-Policy", policy), *SECURITY_HEADERS[1:]]
        self.hosts = {*LOOPBACK_HOSTS, *map(required, extra_hosts)}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start_secured(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], object]:
            ours = {name.lower() for name, _ in SECURITY_HEADERS}
            kept = [(name, value) for name, value in headers if name.lower() not in ours]
            return start_response(status, [*kept, *self.headers], exc_info)

        if compared(environ.get("HTTP_HOST", "")) not in self.hosts:
            refusal = BadRequest("This server answers to localhost only; --allow-host adds a name.")
            return refusal.get_response(environ)(environ, start_secured)
        return self.application(environ, start_secured)
