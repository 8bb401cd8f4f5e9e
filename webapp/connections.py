"""The connections of the server: how many there may be, which ones make room, and what is read from them.

Waitress, because a download takes none of its threads, however slow the client: its main loop sends the files (cheroot, gunicorn
and a2wsgi keep a thread for each). It is pure Python, on Linux, macOS and Windows, in one process, which hashes the models once
(granian starts others), and takes WSGI as it is (uvicorn and hypercorn do not). None of them limits an address.

Waitress keeps a connection for every client, idle or not, and at its limit accepts nobody until one ends. Here a new one is always
accepted: where its address has its share, or the server its sum, the one that has been idle longest ends, then one whose client
has taken nothing of its answer for a while; only where all are at work is the new one refused. A browser notices nothing of an idle connection
that ends: it opens another.
"""

from __future__ import annotations

import logging
import socket
import time
from contextlib import suppress
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher

from webapp.headers import SECURITY_HEADERS

MAX_CONNECTIONS = 256
"""Windows waits for 512 at most."""
MAX_PER_ADDRESS = 128
"""A browser opens six to a host; a proxy is one address for all who come through it."""
THREADS = 8
"""They start answers only: the main loop sends the files."""

IDLE_SECONDS = 75
"""Between two requests, as other servers have it."""
REQUEST_SECONDS = 20
"""From a request's first byte to its last."""
STALLED_SECONDS = 60
"""After this without a byte taken, an answer's connection may have to make room."""
ABANDONED_SECONDS = 3600
"""After this it ends: an engine that compiles shaders stops reading its model for a while."""
LOOK_SECONDS = 5

MAX_HEADER = 32 << 10
"""Bytes that wait for the rest of a request, for each connection."""
MAX_BODY = 16 << 10
"""Bytes. No route takes a body: a small one is read so that its sender gets an answer, a larger one is refused unread."""


class _Request(HTTPRequestParser):
    """A request whose sender is not told to go on with a body that is refused."""

    def received(self, data: bytes) -> int:
        count: int = super().received(data)
        if self.error:
            self.expect_continue = False
        return count


class _RefusalTask(ErrorTask):
    """An answer to what never reached the application."""

    def execute(self) -> None:
        self.response_headers.extend(SECURITY_HEADERS)
        super().execute()


class Connection(HTTPChannel):
    """One connection, with what `Server` wants to know of it."""

    parser_class = _Request
    error_task_class = _RefusalTask
    request_since: float | None = None
    """When the first byte of a request came whose last has not."""

    def received(self, data: bytes) -> bool:
        taken: bool = super().received(data)
        self.request_since = None if self.request is None else self.request_since or time.monotonic()
        return taken

    @property
    def is_answering(self) -> bool:
        """Whether a thread is at work on a request."""
        return bool(self.requests)

    @property
    def is_sending(self) -> bool:
        """Whether there is something that the client has not taken yet."""
        return bool(self.total_outbufs_len)

    @property
    def silence(self) -> float:
        """Seconds since a byte went either way."""
        return time.time() - float(self.last_activity)

    def has_ended(self) -> bool:
        """Whether it is time to end it, whoever else is there."""
        if self.will_close or self.is_answering:
            return False
        if self.is_sending:
            return self.silence > ABANDONED_SECONDS
        if self.request_since is not None:
            return time.monotonic() - self.request_since > REQUEST_SECONDS
        return self.silence > IDLE_SECONDS

    def end(self) -> None:
        """Ends it in the main loop's next round. A full socket is never ready to be written to, unless it is shut down."""
        self.will_close = True
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def rank(self) -> tuple[bool, float] | None:
        """Less is sooner to make room: the idle before the stalled, the longer silent first. None: not at all."""
        if self.is_answering or (self.is_sending and self.silence < STALLED_SECONDS):
            return None
        return self.is_sending, -self.silence


class Server(TcpWSGIServer):
    """Waitress on a socket that listens already, with room for everybody."""

    channel_class = Connection

    def __init__(self, application: Any, listener: Any, **settings: Any) -> None:
        for name in ("waitress", "waitress.queue"):  # a queue is no news, and neither is a client that goes away
            logging.getLogger(name).setLevel(logging.ERROR)
        adjustments = Adjustments(
            sockets=[listener],
            threads=THREADS,
            connection_limit=2 * MAX_CONNECTIONS,
            cleanup_interval=LOOK_SECONDS,
            max_request_header_size=MAX_HEADER,
            max_request_body_size=MAX_BODY,
            inbuf_overflow=2 * MAX_BODY,  # never a temporary file
            log_socket_errors=False,
            ident=None,
            clear_untrusted_proxy_headers=True,
            **settings,
        )
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(adjustments.threads)
        where = (listener.family, listener.type, listener.proto, listener.getsockname())
        super().__init__(
            application, {}, True, listener, dispatcher=dispatcher, adj=adjustments, bind_socket=False, sockinfo=where
        )

    def handle_accept(self) -> None:
        before = set(self.active_channels.values())
        super().handle_accept()
        for connection in set(self.active_channels.values()) - before:
            self._make_room(connection)

    def maintenance(self, now: float) -> None:
        """Called every LOOK_SECONDS."""
        for connection in self._open():
            if connection.has_ended():
                connection.end()

    def _open(self) -> list[Connection]:
        return [connection for connection in self.active_channels.values() if not connection.will_close]

    def _make_room(self, newest: Connection) -> None:
        everybody = self._open()
        neighbours = [each for each in everybody if each.addr[0] == newest.addr[0]]
        for crowd, most in ((neighbours, MAX_PER_ADDRESS), (everybody, MAX_CONNECTIONS)):
            if len(crowd) <= most:
                continue
            ranks = {each: rank for each in crowd if each is not newest and (rank := each.rank()) is not None}
            (min(ranks, key=ranks.__getitem__) if ranks else newest).end()
            return
