"""What one nginx with an exported site and one `onpage serve` hold: `python -m tests.benchmarks.hosting_speed [--rounds 3]`.

Answers with the page per second, MB of a model per second, and downloads at once that all come whole, on loopback. It needs nginx and wrk
(apt-get install nginx-light wrk). Both servers take turns within each round; the clients share their cores, so the ratios say more than the
figures, which are medians of the rounds. How fast large files go is in `serve_speed`.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import click

from builder.synth.web_file import synthesize
from webapp.export.write import export

SECONDS = 3
DOWNLOADS = (1, 32, 128, 256, 500)
NGINX = """\
daemon off; worker_processes auto; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 2048; }}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi; include {folder}/onpage.conf; }}
"""


@contextmanager
def nginx(site: Path, folder: Path) -> Iterator[int]:
    """The exported settings, but for port and root."""
    own = (site / "hosting/nginx.conf").read_text(encoding="utf-8")
    (folder / "onpage.conf").write_text(
        own.replace("8080", "127.0.0.1:8461").replace("/srv/onpage", str(site)), encoding="utf-8"
    )
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder), encoding="utf-8")
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin") or "nginx"
    with running([program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "user root;"]):
        yield 8461


@contextmanager
def onpage_serve(model: Path) -> Iterator[int]:
    """As a user starts it."""
    with running([sys.executable, "-m", "onpage", "serve", "--port", "8462", "--model", str(model)]):
        yield 8462


@contextmanager
def running(command: list[str]) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"nobody listens on {port}")


def wrk(port: int, path: str, connections: int) -> tuple[float, float]:
    """Answers a second, and MB a second."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", f"http://127.0.0.1:{port}/{path}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    transfer = re.search(r"Transfer/sec:\s+([\d.]+)(KB|MB|GB)", said)
    assert rate and transfer, said
    return float(rate[1]), float(transfer[1]) * {"KB": 1.024e-3, "MB": 1.048576, "GB": 1073.741824}[transfer[2]]


async def downloads(port: int, path: str, size: int, count: int) -> int:
    """How many of so many downloads at once, from several addresses of this machine, come whole."""
    started = asyncio.Barrier(count)

    async def one(number: int) -> bool:
        reader = writer = None
        try:
            source = (f"127.0.0.{2 + number % 4}", 0)
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=source)
            writer.write(f"GET /{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError):
            head = b""
        await started.wait()  # all are connected, and none has read on
        received = 0
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(120):
                while head.startswith(b"HTTP/1.1 200") and reader and (data := await reader.read(1 << 18)):
                    received += len(data)
        if writer:
            writer.close()
        return received == size

    return sum(await asyncio.gather(*(one(number) for number in range(count))))


@click.command()
@click.option("--rounds", default=3, show_default=True)
def main(rounds: int) -> None:
    """Prints the table."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        model = folder / "measured-web.task"
        synthesize("layers=2,vocab=32768", model)
        written = export(folder / "site", [model], part_size=1 << 30)
        (path,) = (path for path in written.files if path.startswith("models/"))
        size = model.stat().st_size
        ports = {
            "nginx": stack.enter_context(nginx(folder / "site", folder)),
            "onpage serve": stack.enter_context(onpage_serve(model)),
        }
        for port in ports.values():
            wait_for(port)
        print(f"a model of {size / 1e6:.1f} MB")
        for _ in range(rounds):
            for server, port in ports.items():
                for connections in (1, 16):
                    found[f"page, {connections} connections: answers/s"][server].append(wrk(port, "", connections)[0])
                    found[f"model, {connections} connections: MB/s"][server].append(wrk(port, path, connections)[1])
                for count in DOWNLOADS:
                    found[f"{count} downloads at once: whole"][server].append(
                        asyncio.run(downloads(port, path, size, count))
                    )
    print("\t".join(("", *ports)))
    for what, by_server in found.items():
        print("\t".join((what, *(f"{statistics.median(by_server[server]):,.0f}" for server in ports))))


if __name__ == "__main__":
    main()
