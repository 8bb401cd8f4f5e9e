"""Whoever holds connections to the server, the others are answered; what it need not read it does not read."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.webapp.running import RunningServer, everything_from, onpage_serve
from webapp.connections import (
    ABANDONED_SECONDS,
    IDLE_SECONDS,
    MAX_BODY,
    MAX_CONNECTIONS,
    MAX_HEADER,
    MAX_PER_ADDRESS,
    REQUEST_SECONDS,
    STALLED_SECONDS,
    Connection,
)
from webapp.headers import SECURITY_HEADERS

LARGE = 64 << 20


@pytest.fixture(scope="module")
def large(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound model with a long end, so that a connection cannot take all of it at once."""
    path = tmp_path_factory.mktemp("large") / "large-web.task"
    path.write_bytes(pristine.read_bytes())
    os.truncate(path, LARGE)
    return path


@pytest.fixture(scope="module")
def server(large: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with onpage_serve(tmp_path_factory.mktemp("server"), "--model", str(large)) as server:
        yield server


def test_idle_connections_make_room(server: RunningServer) -> None:
    idle = [server.connect() for _ in range(MAX_PER_ADDRESS + 100)]
    try:
        assert everything_from(server.ask("GET /api/models HTTP/1.1")).startswith(b"HTTP/1.1 200 OK")
        assert idle[0].recv(1) == b"", "the one that was idle longest has ended"
    finally:
        for connection in idle:
            connection.close()


def test_half_sent_requests_make_room(server: RunningServer) -> None:
    half = [server.connect() for _ in range(MAX_PER_ADDRESS + 100)]
    try:
        for connection in half:
            try:
                connection.sendall(b"POST /api/models HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1234")
            except OSError:  # it had to make room already
                continue
        assert everything_from(server.ask("GET /api/models HTTP/1.1")).startswith(b"HTTP/1.1 200 OK")
    finally:
        for connection in half:
            connection.close()


def test_downloads_that_nobody_reads_take_neither_threads_nor_memory(server: RunningServer) -> None:
    url = "/" + server.models()[0]["url"]
    before = server.memory()
    stalled = [server.ask(f"GET {url} HTTP/1.1\r\nRange: bytes=1-") for _ in range(20)]
    try:
        assert all(connection.recv(12) == b"HTTP/1.1 206" for connection in stalled)
        assert everything_from(server.ask("GET /api/models HTTP/1.1")).startswith(b"HTTP/1.1 200 OK")
        assert server.memory() - before < 30_000_000
    finally:
        for connection in stalled:
            connection.close()


def test_many_requests_at_once_are_no_news(server: RunningServer) -> None:
    asked = [server.ask("GET /api/models HTTP/1.1") for _ in range(100)]
    assert all(everything_from(connection).startswith(b"HTTP/1.1 200 OK") for connection in asked)
    with server.ask("GET /api/models HTTP/1.1") as gone:
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # its end is a reset
    lines = server.log.read_text().splitlines()
    assert [line for line in lines if "sha256" not in line] == []


@pytest.mark.parametrize("host", ["localhost", "evil.example"])
@pytest.mark.parametrize("path", ["/", "/api/models", "/nowhere", "/static/icon.svg"])
def test_a_large_body_is_refused_unread(server: RunningServer, path: str, host: str) -> None:
    for more in ("", "Expect: 100-continue\r\n"):
        with server.connect() as connection:
            connection.sendall(
                f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000000000\r\n{more}\r\n".encode()
            )
            answer = everything_from(connection).decode()  # without a byte of the body
        assert answer.startswith("HTTP/1.1 413 "), answer
        assert all(f"{name}: {value}" in answer for name, value in SECURITY_HEADERS)


def test_a_large_header_is_refused_before_its_end(server: RunningServer) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + bytes(MAX_HEADER).replace(b"\0", b"a"))
        assert everything_from(connection).startswith(b"HTTP/1.0 431 ")


def test_a_large_body_in_chunks_is_refused_as_it_passes_the_limit(server: RunningServer) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        size = MAX_BODY + 1
        connection.sendall(f"{size:x}\r\n".encode() + bytes(size))
        assert b"HTTP/1.1 413 " in everything_from(connection)


def test_a_small_body_gets_the_answer_that_it_would_get_without(server: RunningServer) -> None:
    for path, status in (("/", b"405"), ("/nowhere", b"404")):
        answer = everything_from(server.ask(f"POST {path} HTTP/1.1\r\nContent-Length: 5", b"hello"))
        assert answer.startswith(b"HTTP/1.1 " + status)


def test_a_file_that_is_cut_short_ends_its_download_at_once(large: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut-web.task"
    path.write_bytes(large.read_bytes())
    with onpage_serve(tmp_path, "--model", str(path)) as server:
        url = "/" + server.models()[0]["url"]
        for asked in (f"GET {url} HTTP/1.1", f"GET {url} HTTP/1.1\r\nRange: bytes=1-"):
            os.truncate(path, LARGE)
            connection = server.ask(asked)
            connection.recv(1 << 16)
            os.truncate(path, 16 << 20)
            received = everything_from(connection)  # a time-out of its own is a failure
            assert len(received) < 17 << 20
        again = everything_from(server.ask(asked))
        assert again.startswith(b"HTTP/1.1 409 ")
        assert b"model_changed" in again
        assert server.log.read_text().count("was cut short while it was sent") == 2
        used = time_of(server)
        time.sleep(0.5)
        assert time_of(server) - used < 0.25, "it works on for nobody"


def time_of(server: RunningServer) -> float:
    """Seconds of the processor."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Fake(Connection):
    """A connection without a socket, as it was `silent` seconds ago."""

    def __init__(
        self, *, answering: bool = False, sending: bool = False, request: float | None = None, silent: float = 0
    ):
        self.requests = [object()] if answering else []
        self.total_outbufs_len = int(sending)
        self.request_since = None if request is None else time.monotonic() - request
        self.last_activity = time.time() - silent


@pytest.mark.parametrize(
    ("state", "ended"),
    [
        ({"silent": IDLE_SECONDS - 20}, False),
        ({"silent": IDLE_SECONDS + 5}, True),
        ({"request": REQUEST_SECONDS - 10}, False),
        ({"request": REQUEST_SECONDS + 5, "silent": 0}, True),
        ({"sending": True, "silent": IDLE_SECONDS + 5}, False),
        ({"sending": True, "silent": ABANDONED_SECONDS + 5}, True),
        ({"answering": True, "silent": ABANDONED_SECONDS + 5}, False),
    ],
)
def test_when_a_connection_ends_by_itself(state: dict[str, Any], ended: bool) -> None:
    assert Fake(**state).has_ended() == ended


def test_who_makes_room_first() -> None:
    idle, longer = Fake(silent=1), Fake(silent=9)
    stalled = Fake(sending=True, silent=STALLED_SECONDS + 5)
    ranks = {each: each.rank() for each in (stalled, idle, longer)}
    assert all(rank is not None for rank in ranks.values())
    assert sorted(ranks, key=lambda each: ranks[each] or (False, 0)) == [longer, idle, stalled]
    assert Fake(sending=True, silent=STALLED_SECONDS - 20).rank() is None
    assert Fake(answering=True, silent=STALLED_SECONDS + 5).rank() is None


def test_no_address_can_take_all_connections() -> None:
    assert MAX_PER_ADDRESS < MAX_CONNECTIONS < 500, "select() of Windows takes 512"
