"""Runs the server until Ctrl-C: a socket, the application, and Waitress between them (`connections`)."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from flask import Flask

from webapp.app import Config, create_app
from webapp.connections import Server
from webapp.errors import AddressUnusableError, PortTakenError
from webapp.host_names import in_address, is_every_address, listened_at
from webapp.paths import DEMO
from webapp.served_models import ENGINES, Offer
from webapp.served_slices import Slices

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000


def serve(
    models: Sequence[Offer],
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    *,
    loras: Sequence[Path] = (),
    slices: Slices = Slices(),  # noqa: B008 - frozen
    allowed_hosts: tuple[str, ...] = (),
    allowed_origins: tuple[str, ...] = (),
    offline: bool = True,
    wrap: Callable[[Flask], Flask] = lambda app: app,
) -> None:
    """Serve `models` (none: the demo model), with LoRA adapters or none and `slices` of them, until Ctrl-C, and print the address on stdout; port 0 is any free one.
    Browsers keep the page unless `offline` is false. `wrap` may put something beside the application.

    Raises the errors of `webapp.errors`, or a WebFileError for a file that is no web model.
    """
    host = listened_at(host)
    listener = _listen(host, port)  # first: it fails at once, while hashing the models takes a second per gigabyte
    with listener:
        if not is_every_address(host):
            allowed_hosts = (*allowed_hosts, in_address(host))
        config = Config(models or [DEMO], loras, allowed_hosts, allowed_origins, offline=offline, slices=slices)
        app = wrap(create_app(config))
        server = Server(app, listener)
        for model in app.extensions["onpage_models"].values():
            for file in model.files:
                said = f"{model.name} for {', '.join(ENGINES[file.format])}"
                print(f"{said}: {file.manifest.size / 1e6:,.1f} MB, sha256 {file.manifest.sha256}", file=sys.stderr)
        for lora in app.extensions["onpage_adapters"].values():
            print(
                f"{lora.content.name}: LoRA adapter of rank {lora.rank}, sha256 {lora.content.sha256}", file=sys.stderr
            )
        shown = "127.0.0.1" if is_every_address(host) else in_address(host)
        print(f"onpage is ready at http://{shown}:{listener.getsockname()[1]}/ (Ctrl-C stops it)", flush=True)
        try:
            server.run()
        finally:
            server.close()


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, made before anything slow: a taken port is reported at once, and early visitors wait."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(host, port) from error
        raise AddressUnusableError(host, port, error.strerror or str(error)) from error
    return listener
