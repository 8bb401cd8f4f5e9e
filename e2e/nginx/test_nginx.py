"""The files for nginx and Caddy that an export holds, in those servers: the headers that onpage's own server sends, ranges, compression, and
the page in a browser."""

from __future__ import annotations

import shutil
import socket
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from e2e.page.conftest import EXAMPLE, watched_tab
from e2e.processes import started
from webapp.app import Config, create_app
from webapp.paths import DEMO_GRAPH

NGINX = """\
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/onpage.conf;
}}
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def server(request: pytest.FixtureRequest, site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Its port. The settings are as they were exported, but for the port and the folder."""
    folder = tmp_path_factory.mktemp(request.param)
    port = free_port()
    program = shutil.which(request.param, path=f"{Path('/usr/sbin')}:{Path('/usr/bin')}:{Path('/usr/local/bin')}")
    assert program, f"{request.param} is not installed: run make test-export"
    if request.param == "nginx":
        own = (site / "hosting/nginx.conf").read_text(encoding="utf-8")
        (folder / "onpage.conf").write_text(
            own.replace("listen 8080", f"listen 127.0.0.1:{port}").replace("/srv/onpage", str(site))
        )
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder))
        site.parent.chmod(0o755)  # nginx gives root's rights up
        command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", f"user {Path.home().owner()};"]
    else:
        own = (site / "hosting/Caddyfile").read_text(encoding="utf-8")
        said = own.replace(":8080", f"http://127.0.0.1:{port}").replace("/srv/onpage", str(site))
        (folder / "Caddyfile").write_text(f"{{\n  admin off\n  auto_https off\n}}\n{said}")
        command = [program, "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    with started(command, in_one=True) as process:
        for _ in range(200):
            assert process.poll() is None, process.stdout.read() if process.stdout else ""
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port


def get(port: int, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def test_it_sends_what_onpage_serve_sends(server: int, site: Path) -> None:
    own = create_app(Config([DEMO_GRAPH], pages_suffix=".html")).test_client()
    wasm = next(path.relative_to(site).as_posix() for path in site.rglob("*.wasm"))
    names = ["Content-Security-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy", "Cross-Origin-Resource-Policy",
             "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy", "Cache-Control"]  # fmt: skip
    for address in (
        "/",
        "/bench",
        "/static/app/main.js",
        "/static/app/base.css",
        "/service_worker.js",
        f"/{wasm}",
        "/api/models",
        "/static/app.webmanifest",
    ):
        response, body = get(server, address)
        assert response.status == 200, address
        with own.get(address) as expected:
            for name in names:
                assert response.getheader(name) == expected.headers.get(name), f"{address}: {name}"
            assert (
                response.getheader("Content-Type", "").partition(";")[0]
                == expected.headers["Content-Type"].partition(";")[0]
            ), address
            if address != "/api/models":  # which names parts
                assert body == expected.data, address
    for address in ("/no/such/file", "/static/app"):
        assert get(server, address)[0].status in (301, 308, 404)


def test_the_engine_is_sent_compressed_and_a_part_by_ranges(server: int, site: Path) -> None:
    wasm = next(path for path in site.rglob("*.wasm"))
    response, body = get(server, f"/{wasm.relative_to(site).as_posix()}", Accept_Encoding="gzip")
    assert (
        response.getheader("Content-Encoding") == "gzip"
        and len(body) == wasm.with_name(f"{wasm.name}.gz").stat().st_size
    )
    part = next(site.glob("models/*/*.002"))
    response, body = get(server, f"/{part.relative_to(site).as_posix()}", Range="bytes=1000-")
    assert response.status == 206 and body == part.read_bytes()[1000:]
    assert response.getheader("Cache-Control", "").endswith("immutable")
    assert response.getheader("Content-Type") == "application/octet-stream"


def test_the_page_writes(server: int, browser: Browser) -> None:
    with watched_tab(browser) as tab:
        page = tab.open(f"http://127.0.0.1:{server}/")
        tab.wait_for("ready")
        assert page.evaluate("crossOriginIsolated")
        page.get_by_role("button", name=EXAMPLE).click()
        assert len(tab.write().split()) > 5
