"""The servers of these tests: `onpage serve` as a process, and the same application in a thread with faults put in.

Faults happen where they do in life, between the browser and the application: connections that break, bytes that change.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import waitress
from waitress import wasyncore
from werkzeug.test import run_wsgi_app

from e2e.processes import ONPAGE, started
from webapp.app import Config, create_app
from webapp.paths import static_folder
from webapp.served_files import ServedFile
from webapp.served_models import Offer, ServedModel

START_SECONDS = 120
CUT_SECONDS = 240
"""How long a response stands where it is to break, if the test forgets it."""
RANGE = re.compile(r"bytes=(?P<first>\d+)-(?P<last>\d*)")


@dataclass
class RunningServer:
    """Where a server is."""

    url: str


@contextmanager
def onpage_serve(models: Sequence[Path | str], *options: str, store: Path | None = None) -> Iterator[RunningServer]:
    """`onpage serve` of files, or of ids in `store`, on a free port. Fails with all it printed if it does not come up."""
    arguments = [argument for model in models for argument in ("--model", str(model))]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"} | ({"ONPAGE_HOME": str(store)} if store else {})
    command = [*ONPAGE, "serve", "--port", "0", *arguments, *options]
    lines: Queue[str] = Queue()
    log: list[str] = []

    def read() -> None:
        assert process.stdout
        for line in process.stdout:
            log.append(line)
            lines.put(line)

    with started(command, environment=environment, in_one=True) as process:
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            while True:
                try:
                    line = lines.get(timeout=START_SECONDS)
                except Empty:
                    raise AssertionError(f"onpage serve did not come up:\n{''.join(log)}") from None
                if "http://" in line:
                    break
            yield RunningServer("http://" + line.split("http://")[1].split("/")[0])
            assert process.poll() is None, f"onpage serve ended by itself:\n{''.join(log)}"
        finally:
            process.terminate()
            process.wait(10)
            reader.join(5)


class Cut:
    """A response that stands where it is to break, and waits for the test.

    A connection that breaks takes with it what was sent and not yet read. So the test looks what has arrived first.
    """

    def __init__(self, position: int) -> None:
        self.position = position
        """In the file; all before it is sent."""
        self._orders: Queue[bool] = Queue()

    def send_another(self) -> None:
        self.position += 1
        self._orders.put(True)

    def happen(self) -> None:
        self._orders.put(False)

    def bytes_before(self, rest: bytes) -> Iterator[bytes]:
        """Those of `rest` that are still to be sent, as they are asked for."""
        for byte in rest:
            if not self._orders.get(timeout=CUT_SECONDS):
                return
            yield bytes([byte])


@dataclass
class Faults:
    """What to do to the next responses. `requests` records every request for a model file and its Range."""

    cut_at: list[int] = field(default_factory=list)
    """Positions in the file where responses break, one each; the list empty, they are whole."""
    cuts: Queue[Cut] = field(default_factory=Queue)
    """Those that wait for the test."""
    cut_everything: bool = False
    """Every response, before its first byte."""
    flip_byte: int | None = None
    """Position in the file of a byte to change; honoured for whole responses."""
    refuse: dict[str, int] = field(default_factory=dict)
    """End of a path → how many GET requests for it get a 404."""
    forbid: int = 0
    """How many requests for a model get a 403, as from a proxy that wants a sign-in."""
    range_ignored: bool = False
    """Whole files are sent whatever was asked for."""
    begin_with: dict[str, str] = field(default_factory=dict)
    """End of a script's path → what the browser gets before its first line, once."""
    instead: str = ""
    """The page of another program that has this address by now."""
    requests: list[str] = field(default_factory=list)

    def starts(self) -> list[int]:
        """Where in the file each request began.

        Without those for one byte: Chromium's cache keeps what arrived of a file, and first asks for the next byte to see
        that the file is still the same.
        """
        ranges = [RANGE.fullmatch(request) for request in self.requests]
        return [int(each["first"]) if each else 0 for each in ranges if not each or each["first"] != each["last"]]


class FaultyApplication:
    """WSGI middleware that commits `faults`."""

    def __init__(self, application: Any, faults: Faults) -> None:
        self.application = application
        self.faults = faults

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if self.faults.instead:
            start_response("200 OK", [("Content-Type", "text/html")])
            return [self.faults.instead.encode()]
        for end, count in self.faults.refuse.items():
            if path.endswith(end) and count and environ["REQUEST_METHOD"] == "GET":
                self.faults.refuse[end] -= 1
                start_response("404 Not Found", [("Content-Length", "0")])
                return []
        for end in self.faults.begin_with:
            if path.endswith(end):
                return self._begin_with(self.faults.begin_with.pop(end), environ, start_response)
        if not path.startswith("/models/"):
            return self.application(environ, start_response)
        return self._model(environ, start_response)

    def _model(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.faults.requests.append(environ.get("HTTP_RANGE", ""))
        if self.faults.cut_everything:
            raise ConnectionAbortedError("cut by the test")
        if self.faults.forbid:
            self.faults.forbid -= 1
            start_response("403 Forbidden", [("Content-Length", "0")])
            return []
        if self.faults.range_ignored:
            environ.pop("HTTP_RANGE", None)
        body = self.application(environ, start_response)
        if self.faults.cut_at:
            asked = RANGE.fullmatch(environ.get("HTTP_RANGE", ""))
            return self._cut(body, int(asked["first"]) if asked else 0)
        if self.faults.flip_byte is not None:
            return self._flip(body, self.faults.flip_byte)
        return body

    def _begin_with(self, script: str, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        plain = {name: value for name, value in environ.items() if name != "HTTP_ACCEPT_ENCODING"}
        app_iter, status, headers = run_wsgi_app(self.application, plain, buffered=True)
        content = f"{{ {script} }}\n".encode() + b"".join(app_iter)
        headers["Content-Length"] = str(len(content))
        headers["Cache-Control"] = "no-store"
        start_response(status, list(headers))
        return [content]

    def _cut(self, body: Any, position: int) -> Iterator[bytes]:
        with closing(body):
            for chunk in body:
                before = self.faults.cut_at[0] - position
                yield chunk[:before]
                if before < len(chunk):
                    cut = Cut(self.faults.cut_at.pop(0))
                    self.faults.cuts.put(cut)
                    yield from cut.bytes_before(chunk[before:])
                    raise ConnectionAbortedError("cut by the test")
                position += len(chunk)

    def _flip(self, body: Any, position: int) -> Iterator[bytes]:
        start = 0
        with closing(body):
            for chunk in body:
                changed = bytearray(chunk)
                if start <= position < start + len(chunk):
                    changed[position - start] ^= 0xFF
                yield bytes(changed)
                start += len(chunk)


class Below:
    """WSGI middleware: a proxy that serves an application below a path, which the application never hears of."""

    def __init__(self, application: Any, path: str) -> None:
        self.application = application
        self.path = path

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith(f"{self.path}/"):
            start_response("404 Not Found", [("Content-Length", "0")])
            return []
        return self.application(environ | {"PATH_INFO": environ["PATH_INFO"].removeprefix(self.path)}, start_response)


@dataclass
class FaultyServer:
    """A server in a thread, and its faults, which a test may change at any time."""

    url: str
    faults: Faults
    models: dict[str, ServedModel]
    files: dict[str, ServedFile]

    def serve_instead(self, path: Path) -> None:
        """Lists another file in place of the only model, as if it had been checked."""
        (model,) = self.models.values()
        content = ServedFile.hashed(path)
        self.models.clear()
        manifest = replace(model.manifest, sha256=content.sha256, size=content.size, file=content.name)
        self.models[content.sha256] = replace(model, content=content, manifest=manifest)
        self.files[content.sha256] = content


@contextmanager
def faulty_server(
    models: Sequence[Offer], allowed_hosts: tuple[str, ...] = (), below: str = "", static: Path | None = None
) -> Iterator[FaultyServer]:
    """The application with `Faults` between it and the browser, perhaps below a path that it does not know."""
    app = create_app(Config(models=models, allowed_hosts=allowed_hosts, static=static or static_folder()))
    faults = Faults()
    server: Any = waitress.create_server(
        Below(FaultyApplication(app, faults), below), host="127.0.0.1", port=0, threads=8, expose_tracebacks=False
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.effective_port}"
        yield FaultyServer(url, faults, app.extensions["onpage_models"], app.extensions["onpage_files"])
    finally:
        # `close` would leave the connections that a browser keeps open, and with them the thread
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
        thread.join(5)
        assert not thread.is_alive(), "the server did not end"
