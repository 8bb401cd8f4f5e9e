"""`onpage serve` as a process, for what happens between the socket and the application."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RunningServer:
    port: int
    process: subprocess.Popen[str]
    log: Path
    """What it wrote to stderr."""

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def ask(self, request: str, body: bytes = b"") -> socket.socket:
        """Sends a request line and fields; the answer is still to be read."""
        connection = self.connect()
        connection.sendall(f"{request}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode() + body)
        return connection

    def models(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/models", timeout=60) as answer:
            models: list[dict[str, Any]] = json.load(answer)
        return models

    def memory(self) -> int:
        """Resident, in bytes."""
        found = re.search(r"^VmRSS:\s*(\d+) kB$", Path(f"/proc/{self.process.pid}/status").read_text(), re.MULTILINE)
        assert found, "these figures need Linux"
        return int(found[1]) * 1024


def everything_from(connection: socket.socket) -> bytes:
    """Up to the end; what had come where the connection was cut."""
    received = bytearray()
    try:
        while data := connection.recv(1 << 20):
            received += data
    except ConnectionResetError:
        pass
    connection.close()
    return bytes(received)


@contextmanager
def onpage_serve(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> Iterator[RunningServer]:
    """The command on a free port; its log is in `folder`."""
    log = folder / "log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "onpage", "serve", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=os.environ | (environment or {}),
        )
    try:
        assert process.stdout
        line = process.stdout.readline()
        assert "http://" in line, log.read_text()
        yield RunningServer(int(line.rpartition(":")[2].split("/")[0]), process, log)
    finally:
        process.kill()
        process.communicate()
