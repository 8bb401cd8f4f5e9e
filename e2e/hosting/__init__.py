"""Hosts that only hand out files, with an exported site."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".css": "text/css",
    ".html": "text/html",
}


@dataclass
class FileHost:
    """Where it is, and what was asked of it."""

    url: str
    requests: list[str] = field(default_factory=list)


class _Handler(SimpleHTTPRequestHandler):
    """Files below a path; `rules` are those of `_headers`, none on a host that cannot be told any."""

    extensions_map = TYPES | {"": "application/octet-stream"}

    def __init__(
        self, *arguments: Any, below: str, rules: list[tuple[str, str, str]], requests: list[str], **more: Any
    ) -> None:
        self.below, self.rules, self.requests = below, rules, requests
        super().__init__(*arguments, **more)

    def do_GET(self) -> None:
        self.requests.append(self.path)
        if not self.path.startswith(f"{self.below}/"):
            self.send_error(404)
            return
        self.path = self.path.removeprefix(self.below)
        super().do_GET()

    def end_headers(self) -> None:
        path = self.path.partition("?")[0]
        for pattern, name, value in self.rules:
            if fnmatchcase(path, pattern):
                self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def file_host(folder: Path, *, headers: bool, below: str = "") -> Iterator[FileHost]:
    """A host of the files of `folder`, which reads its `_headers` as Netlify and Cloudflare Pages do, or sends none as GitHub Pages."""
    rules: list[tuple[str, str, str]] = []
    pattern = ""
    for line in (folder / "_headers").read_text(encoding="utf-8").splitlines() if headers else ():
        if line.startswith(" "):
            name, _, value = line.strip().partition(": ")
            if name != "Content-Type":  # which this handler has sent
                rules.append((pattern, name, value))
        else:
            pattern = line
    host = FileHost("")
    handler = partial(_Handler, directory=str(folder), below=below, rules=rules, requests=host.requests)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    host.url = f"http://127.0.0.1:{server.server_address[1]}{below}/"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
