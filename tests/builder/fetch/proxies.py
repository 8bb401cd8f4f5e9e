"""Proxies for tests: one that speaks HTTP and one that speaks SOCKS5, on 127.0.0.1, with or without a password."""

from __future__ import annotations

import base64
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

NAME, PASSWORD = "ann", "secretpassword"


class Proxy(socketserver.ThreadingTCPServer):
    """Sends whatever it is asked for to `target`, so that any name may be asked for. `asked` are those names."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, handler: type[socketserver.BaseRequestHandler], target: tuple[str, int], password: bool) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.target, self.password = target, password
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class HttpHandler(socketserver.StreamRequestHandler):
    """Plain requests are passed on, one a connection; what it is asked to connect to it refuses."""

    server: Proxy

    def handle(self) -> None:
        lines = []
        while (line := self.rfile.readline()).strip():
            lines.append(line)
        method, address, version = lines[0].split()
        self.server.asked.append(address.decode())
        allowed = base64.b64encode(f"{NAME}:{PASSWORD}".encode())
        if self.server.password and not any(allowed in line for line in lines):
            self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        elif method == b"CONNECT":
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        else:
            path = b"/" + address.split(b"/", 3)[3]
            kept = [line for line in lines[1:] if not line.lower().startswith((b"proxy-", b"connection"))]
            with socket.create_connection(self.server.target) as there:
                there.sendall(
                    b"".join([b" ".join((method, path, version)), b"\r\n", *kept, b"Connection: close\r\n\r\n"])
                )
                while data := there.recv(1 << 16):
                    self.wfile.write(data)


class DeafHandler(socketserver.BaseRequestHandler):
    """A proxy that speaks HTTP, spoken to in SOCKS."""

    def handle(self) -> None:
        self.request.recv(1)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        self.request.recv(1 << 16)


class SocksHandler(socketserver.StreamRequestHandler):
    """RFC 1928 and 1929, as far as a client needs them."""

    server: Proxy

    def handle(self) -> None:
        _, count = self.rfile.read(2)
        methods = self.rfile.read(count)
        wanted = 2 if self.server.password else 0
        if wanted not in methods:
            self.wfile.write(b"\x05\xff")
            return
        self.wfile.write(bytes([5, wanted]))
        if self.server.password:
            self.rfile.read(1)
            name = self.rfile.read(self.rfile.read(1)[0])
            password = self.rfile.read(self.rfile.read(1)[0])
            right = (name, password) == (NAME.encode(), PASSWORD.encode())
            self.wfile.write(bytes([1, 0 if right else 1]))
            if not right:
                return
        kind = self.rfile.read(4)[3]
        place = self.rfile.read(4 if kind == 1 else self.rfile.read(1)[0] if kind == 3 else 16)
        self.rfile.read(2)
        self.server.asked.append(place.decode() if kind == 3 else socket.inet_ntoa(place))
        self.wfile.write(b"\x05\x00\x00\x01" + bytes(6))
        with socket.create_connection(self.server.target) as there:
            threading.Thread(target=self._copy, args=(there,), daemon=True).start()
            with suppress(OSError):
                while data := there.recv(1 << 16):
                    self.wfile.write(data)

    def _copy(self, there: socket.socket) -> None:
        with suppress(OSError):
            while data := self.connection.recv(1 << 16):
                there.sendall(data)


@contextmanager
def proxy(
    handler: type[socketserver.BaseRequestHandler], target: tuple[str, int], *, password: bool = False
) -> Iterator[Proxy]:
    with Proxy(handler, target, password) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
