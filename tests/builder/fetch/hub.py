"""A hub for tests: the protocol of huggingface.co as its client and ours see it, and every way to break it.

It listens on 127.0.0.1 and sends to its "CDN" on another host name, localhost, for the bytes, as the real one does. What goes
wrong is a script: for each kind of request ("api", "head", "get" on the hub, "cdn") a sequence of acts, None for the right
answer, which is also what comes when the script is at its end.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

REPO, FILE, COMMIT = "maker/Small-Gemma", "small-gemma-web.task", "c0ffee" + "0" * 34
TOKEN, STRANGER, UNKNOWN = "hf_acceptedtokenABCDEFGH", "hf_strangertokenABCDEFGH", "hf_unknowntokenABCDEFGH"
"""Tokens of somebody who has accepted the licence, of somebody who has not, and of nobody."""

Act = Callable[["Handler"], None]


@dataclass(frozen=True)
class Request:
    """What was asked, and how many bytes of a body were sent for it."""

    kind: str
    method: str
    path: str
    headers: dict[str, str]
    sent: list[int] = field(default_factory=list)

    @property
    def range(self) -> str | None:
        return self.headers.get("range")

    @property
    def bytes(self) -> int:
        return sum(self.sent)


class Hub:
    """Serves one file. `gated`: only to TOKEN. All may be changed at any time."""

    def __init__(self, data: bytes) -> None:
        self.repo, self.file, self.commit = REPO, FILE, COMMIT
        self.data, self.etag, self.gated, self.licence = data, '"cdn-1"', False, "gemma"
        self.others: dict[str, bytes] = {}
        """More files; those of weights lie on the CDN, the small ones on the hub itself."""
        self.gguf: Any = None
        """What it says of its GGUF files."""
        self.requests: list[Request] = []
        self.holding, self.release = threading.Event(), threading.Event()
        self._script: dict[str, Iterator[Act | None]] = {}
        self._running: list[ThreadingHTTPServer] = []
        self._servers = [self._serve("hub", "127.0.0.1"), self._serve("cdn", "localhost")]
        self.endpoint, self.cdn = self._servers

    def take_the_place_of_hugging_face(self, no_token: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The real hub client asks here, with no token, of which `no_token` is to be no file, and past no proxy."""
        from huggingface_hub import constants

        template = constants.HUGGINGFACE_CO_URL_TEMPLATE
        monkeypatch.setattr(constants, "ENDPOINT", self.endpoint)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", self.endpoint + template[template.index("/{repo_id}") :]
        )
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(no_token))
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.delenv(name, raising=False)

    def script(self, **acts: Iterable[Act | None]) -> None:
        """What the next requests of each kind get; forgets the requests so far."""
        self._script = {kind: iter(sequence) for kind, sequence in acts.items()}
        self.requests.clear()

    def act(self, kind: str) -> Act | None:
        return next(self._script.get(kind, iter(())), None)

    def of(self, kind: str) -> list[Request]:
        return [request for request in self.requests if request.kind == kind]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def files(self) -> dict[str, bytes]:
        return {self.file: self.data} | self.others

    def content(self, sha256: str) -> bytes:
        """The file with that sum; the one that is served where it was changed since."""
        return next((data for data in self.files.values() if hashlib.sha256(data).hexdigest() == sha256), self.data)

    def close(self) -> None:
        self.release.set()
        for server in self._running:
            server.shutdown()
            server.server_close()

    def _serve(self, role: str, host: str) -> str:
        server = _Server(("127.0.0.1", 0), type("_Handler", (Handler,), {"hub": self, "role": role}))
        self._running.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return f"http://{host}:{server.server_port}"


def is_large(name: str) -> bool:
    """Whether the hub keeps a file apart, with a sha256."""
    return name.endswith((".safetensors", ".gguf", ".bin"))


def blob(data: bytes) -> str:
    """Git's name of a content."""
    return hashlib.sha1(f"blob {len(data)}\0".encode() + data, usedforsecurity=False).hexdigest()


def listed(name: str, data: bytes) -> dict[str, Any]:
    """A file as the hub's description of a repository has it."""
    lfs = {"lfs": {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}}
    return {"rfilename": name, "size": len(data), "blobId": blob(data)} | (lfs if is_large(name) else {})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no fault of the server; anything else is shown with the failing test."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """The right answers."""

    hub: Hub
    role: str
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._do()

    def do_GET(self) -> None:
        self._do()

    def _do(self) -> None:
        kind = "cdn" if self.role == "cdn" else "api" if self.path.startswith("/api/") else self.command.lower()
        self.seen = Request(
            kind, self.command, self.path, {name.lower(): value for name, value in self.headers.items()}
        )
        self.hub.requests.append(self.seen)
        act = self.hub.act(kind)
        with suppress(BrokenPipeError, ConnectionResetError):
            if act:
                act(self)
            else:
                self.right()

    def right(self) -> None:
        if self.role == "cdn":
            self.file()
        elif self.path.startswith(f"/api/models/{self.hub.repo}"):
            self.answer(200, {"Content-Type": "application/json"}, self.description())
        elif self.path.startswith(f"/{self.hub.repo}/resolve/") and self.named() in self.hub.files:
            self.resolve() if self.named() == self.hub.file or is_large(self.named()) else self.small()
        else:
            self.answer(404, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})

    def description(self) -> bytes:
        hub = self.hub
        lfs = {"sha256": hub.sha256, "size": len(hub.data), "pointerSize": 134}
        siblings = [{"rfilename": "README.md", "size": 10}, {"rfilename": hub.file, "size": len(hub.data), "lfs": lfs}]
        siblings += [listed(name, data) for name, data in hub.others.items()]
        about = {
            "id": hub.repo,
            "modelId": hub.repo,
            "sha": hub.commit,
            "siblings": siblings,
            "tags": [],
            "downloads": 1,
        }
        more = {"gated": "manual" if hub.gated else False, "cardData": {"license": hub.licence}, "private": False}
        more |= {"gguf": hub.gguf} if hub.gguf else {}
        return json.dumps(about | more).encode()

    def named(self) -> str:
        """The file that a request to the hub is for."""
        return self.path.partition("?")[0].partition("/resolve/")[2].partition("/")[2]

    def small(self) -> None:
        if self.refused():
            return
        data = self.hub.others[self.named()]
        self.answer(200, {"ETag": f'"{blob(data)}"', "Content-Length": str(len(data))}, data)

    def resolve(self, **changed: str) -> None:
        hub = self.hub
        if self.refused():
            return
        data = hub.files[self.named()]
        sha256 = hashlib.sha256(data).hexdigest()
        facts = {
            "X-Repo-Commit": hub.commit,
            "X-Linked-Etag": f'"{sha256}"',
            "X-Linked-Size": str(len(data)),
            "Location": f"{hub.cdn}/blob/{sha256}?signature=secretsignature",
        }
        self.answer(302, facts | _named(changed))

    def refused(self) -> bool:
        """Answers who may not have the files."""
        said = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if said == UNKNOWN:
            self.answer(401, {"X-Error-Message": "Invalid credentials in Authorization header"})
            return True
        if self.hub.gated and said != TOKEN:
            facts = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"}
            self.answer(403 if said else 401, facts)
            return True
        return False

    def file(self, **changed: Any) -> None:
        """The content with its ETag; the rest of it where the ETag is still the same."""
        begin = self.asked_from()
        if begin is not None and self.headers.get("If-Range") in (None, self.hub.etag):
            self.rest(begin, **changed)
        else:
            self.whole(**changed)

    def data(self) -> bytes:
        """What the CDN has under the address that is asked for."""
        return self.hub.content(self.path.partition("?")[0].rpartition("/")[2])

    def asked_from(self) -> int | None:
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(match[1]) if match else None

    def whole(self, status: int = 200, length: int | None = None, stop: int | None = None, **headers: str) -> None:
        data = self.data()
        facts = {"ETag": self.hub.etag, "Content-Length": str(len(data) if length is None else length)}
        self.answer(status, facts | _named(headers), data[:stop])
        self.close_connection = stop is not None or length is not None

    def rest(
        self, begin: int, shift: int = 0, total: int = 0, stop: int | None = None, etag: str | None = None
    ) -> None:
        data = self.data()
        facts = {
            "ETag": etag or self.hub.etag,
            "Content-Range": f"bytes {begin + shift}-{len(data) - 1}/{len(data) + total}",
            "Content-Length": str(len(data) - begin - shift),
        }
        self.answer(206, facts, data[begin + shift : stop])
        self.close_connection = stop is not None

    def answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            for begin in range(0, len(body), 1 << 16):
                self.wfile.write(body[begin : begin + (1 << 16)])
                self.seen.sent.append(len(body[begin : begin + (1 << 16)]))

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def answers(status: int, body: bytes = b"", **headers: str) -> Act:
    """A fixed answer."""
    return lambda handler: handler.answer(status, _named(headers), body)


def closes_after(stop: int) -> Act:
    """Announces everything that was asked for, and closes the connection at byte `stop` of the file."""
    return lambda handler: handler.file(stop=stop)


def holds_at(stop: int) -> Act:
    """Sends up to byte `stop`, and then nothing until the test ends; `Hub.holding` says that it is there."""

    def act(handler: Handler) -> None:
        handler.file(stop=stop)
        handler.wfile.flush()
        handler.hub.holding.set()
        handler.hub.release.wait()

    return act


def in_chunks(handler: Handler) -> None:
    """All of the file, in chunks, so that no length is said."""
    handler.send_response(200)
    handler.send_header("ETag", handler.hub.etag)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for begin in range(0, len(handler.hub.data), 1 << 20):
        piece = handler.hub.data[begin : begin + (1 << 20)]
        handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    handler.wfile.write(b"0\r\n\r\n")


def flips_a_bit(at: int) -> Act:
    """All of the file, one bit of it another."""

    def act(handler: Handler) -> None:
        data = bytearray(handler.hub.data)
        data[at] ^= 1
        handler.answer(200, {"ETag": handler.hub.etag}, bytes(data))

    return act


def redirects(location: str) -> Act:
    """To another place."""
    return answers(302, Location=location)
