"""How fast `onpage serve` sends a model, whole and in ranges: `python -m tests.benchmarks.serve_speed [--megabytes 700] [--rounds 5]`.

Whole files and ranges take turns within each round, beside nginx where it is installed, with one client that throws all away, on this
machine. Then 20 clients ask for a range each, and the memory of the server's process is read before, meanwhile and after.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from tests.webapp.running import RunningServer, onpage_serve
from webapp.paths import DEMO_MODEL

CLIENTS = 20
NGINX = """daemon off; worker_processes 1; pid {folder}/pid; error_log /dev/null; events {{}}
http {{ access_log off; sendfile on; server {{ listen 127.0.0.1:{port}; root {folder}; }} }}"""


def seconds_for(port: int, path: str, field: str, expected: int) -> float:
    """The time of one answer, from the connection to the last byte."""
    buffer, received = bytearray(1 << 20), 0
    started = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), timeout=300) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{field}\r\n".encode())
        while count := connection.recv_into(buffer):
            received += count
    seconds = time.perf_counter() - started
    if received < expected:
        raise click.ClickException(f"{path} came in {received:,} bytes: expected {expected:,}.")
    return seconds


@contextmanager
def nginx(folder: Path) -> Iterator[int]:
    """A server of the files in `folder`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    (folder / "conf").write_text(NGINX.format(folder=folder, port=port), encoding="utf-8")
    process = subprocess.Popen(["nginx", "-c", folder / "conf"], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def speeds(port: int, path: str, size: int, rounds: int) -> tuple[float, float]:
    """Gigabytes a second, whole and from byte 1 on: medians of rounds in which both take their turn."""
    ways = {"": size, "Range: bytes=1-\r\n": size - 1}
    taken: dict[str, list[float]] = {field: [] for field in ways}
    for _ in range(rounds):
        for field, expected in ways.items():
            taken[field].append(seconds_for(port, path, field, expected))
    whole, ranged = (size / 1e9 / statistics.median(seconds) for seconds in taken.values())
    return whole, ranged


def memory(server: RunningServer, path: str, size: int) -> tuple[int, int, int]:
    """Megabytes before, at most while CLIENTS clients read a range each, and after."""
    before = most = server.memory()
    arguments = (server.port, path, "Range: bytes=1-\r\n", size - 1)
    clients = [threading.Thread(target=seconds_for, args=arguments) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    while any(client.is_alive() for client in clients):
        most = max(most, server.memory())
        time.sleep(0.02)
    return before >> 20, most >> 20, server.memory() >> 20


@click.command()
@click.option("--megabytes", default=700, show_default=True)
@click.option("--rounds", default=5, show_default=True)
def main(megabytes: int, rounds: int) -> None:
    """Prints a row for each server."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # for nginx's worker
        model = folder / "large-web.task"
        shutil.copy(DEMO_MODEL, model)
        piece = os.urandom(1 << 20)
        with model.open("ab") as file:
            while file.tell() < megabytes << 20:
                file.write(piece)
        size = model.stat().st_size
        with onpage_serve(folder, "--model", str(model)) as server:
            path = f"/{server.models()[0]['url']}"
            whole, ranged = speeds(server.port, path, size, rounds)
            print(f"onpage serve  whole {whole:.2f} GB/s  range {ranged:.2f} GB/s  range/whole {ranged / whole:.2f}")
            if shutil.which("nginx"):
                with nginx(folder) as port:
                    whole, ranged = speeds(port, f"/{model.name}", size, rounds)
                print(
                    f"nginx         whole {whole:.2f} GB/s  range {ranged:.2f} GB/s  range/whole {ranged / whole:.2f}"
                )
            print(
                "memory with {} clients: {} MB before, {} MB at most, {} MB after".format(
                    CLIENTS, *memory(server, path, size)
                )
            )


if __name__ == "__main__":
    main()
