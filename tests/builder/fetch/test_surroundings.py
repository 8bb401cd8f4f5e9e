"""Proxies, certificates and a lowest speed: used where they can be, and named by their variable where they cannot."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpcore2
import httpx2
import pytest

from builder.fetch import speed
from builder.fetch.connection import broken, connect
from builder.fetch.patience import PassingError
from builder.fetch.speed import TooSlowError
from builder.store import Store
from tests.builder.fetch.conftest import Fetching
from tests.builder.fetch.hub import FILE, REPO, Hub
from tests.builder.fetch.proxies import NAME, PASSWORD, DeafHandler, HttpHandler, SocksHandler, proxy

MODEL = f"{REPO}/{FILE}"


def target_of(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    assert parts.hostname and parts.port
    return parts.hostname, parts.port


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            {"ALL_PROXY": "socks4://127.0.0.1:9"},
            "ALL_PROXY names a proxy of the kind socks4: expected http, https, socks5 or socks5h.",
        ),
        ({"https_proxy": "ftp://127.0.0.1:9"}, "https_proxy names a proxy of the kind ftp: expected"),
        (
            {"HTTPS_PROXY": "http://"},
            "HTTPS_PROXY is not the address of a proxy: set it to http://HOST:PORT, or unset it.",
        ),
        ({"HTTP_PROXY": "http://u:secretpassword@[::1"}, "HTTP_PROXY is not the address of a proxy"),
        (
            {"SSL_CERT_FILE": "/none/ca.pem"},
            "SSL_CERT_FILE names /none/ca.pem, which is missing: name a file of certificates",
        ),
        ({"SSL_CERT_FILE": "/"}, "SSL_CERT_FILE names /, which cannot be read (Is a directory)"),
        ({"SSL_CERT_FILE": __file__}, f"SSL_CERT_FILE names {__file__}, which holds no certificates"),
        ({"SSL_CERT_DIR": "/none/certs"}, "SSL_CERT_DIR names /none/certs, which is not a folder"),
    ],
)
def test_what_cannot_be_used_is_named(fetch: Fetching, environment: dict[str, str], sentence: str) -> None:
    source = MODEL if "PROXY" in "".join(environment) else "https://models.example/a-web.task"
    done = fetch(source, "--retries", 0, environment=environment)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert sentence in line
    assert PASSWORD not in line


def test_a_socks_proxy_without_the_extra(fetch: Fetching, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['socksio'] = None\n")
    done = fetch(MODEL, environment={"ALL_PROXY": "socks5://127.0.0.1:9", "PYTHONPATH": str(hidden)})
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.endswith("ALL_PROXY names a SOCKS proxy, which needs socksio: run pip install 'onpage[socks]'.")


@pytest.mark.parametrize(
    ("handler", "scheme"), [(HttpHandler, "http"), (SocksHandler, "socks5"), (SocksHandler, "socks5h")]
)
def test_a_model_comes_through_a_proxy(
    fetch: Fetching, hub: Hub, store: Store, handler: type[HttpHandler], scheme: str
) -> None:
    with proxy(handler, target_of(hub.cdn), password=True) as between:
        settings = {
            "ALL_PROXY": f"{scheme}://{NAME}:{PASSWORD}@{between.address}",
            "NO_PROXY": urlsplit(hub.endpoint).hostname or "",  # which is 127.0.0.1; the bytes are on localhost
        }
        done = fetch(MODEL, environment=settings)
    assert done.returncode == 0, done.stderr
    assert len(store.models()) == 1
    assert between.asked and all("localhost" in place or place == "127.0.0.1" for place in between.asked)


@pytest.mark.parametrize(
    ("handler", "address", "password", "sentence"),
    [
        (
            HttpHandler,
            "http://{}",
            True,
            "The proxy of ALL_PROXY asks for a name and a password (407): write them into",
        ),
        (
            HttpHandler,
            "http://ann:secretpasswort@{}",
            True,
            "The proxy of ALL_PROXY asks for a name and a password (407)",
        ),
        (SocksHandler, "socks5://{}", True, "The proxy of ALL_PROXY asks for a name and a password (407)"),
        (SocksHandler, "socks5://ann:secretpasswort@{}", True, "The proxy of ALL_PROXY asks for a name and a password"),
        (HttpHandler, "http://{}", False, "The proxy of ALL_PROXY does not connect to models.example (403 Forbidden)"),
        (DeafHandler, "socks5://{}", False, "The proxy of ALL_PROXY does not speak SOCKS ("),
    ],
)
def test_a_proxy_that_does_not_help_is_named(
    fetch: Fetching, hub: Hub, handler: type[HttpHandler], address: str, password: bool, sentence: str
) -> None:
    with proxy(handler, target_of(hub.cdn), password=password) as between:
        settings = {"ALL_PROXY": address.format(between.address)}
        done = fetch("https://models.example/a-web.task", "--retries", 0, environment=settings)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "secretpass" not in done.stderr


def test_a_407_to_a_plain_request(fetch: Fetching, hub: Hub) -> None:
    with proxy(HttpHandler, target_of(hub.cdn), password=True) as between:
        done = fetch(f"{hub.cdn}/{FILE}", "--retries", 0, environment={"http_proxy": f"http://{between.address}"})
    assert "The proxy of http_proxy asks for a name and a password (407)" in done.stderr


def test_a_proxy_that_is_not_there_is_named(fetch: Fetching) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings = {"HTTPS_PROXY": f"http://127.0.0.1:{closed.getsockname()[1]}"}
        done = fetch("https://models.example/a-web.task", "--retries", 0, environment=settings)
    assert "models.example cannot be reached through the proxy of HTTPS_PROXY (" in done.stderr


@contextmanager
def dripping(head: bytes) -> Iterator[str]:
    """A server that sends `head`, and then a byte now and then."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(head)
                while not done.wait(0.01):
                    try:
                        connection.sendall(b"a")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/a-web.task"
        finally:
            done.set()
            thread.join(10)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
    ids=["head", "body", "body without a length"],
)
def test_a_byte_now_and_then_is_not_waited_for(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "SPAN", 0.5)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with dripping(head) as url, connect(url, 20) as client:
        with pytest.raises(httpx2.ReadTimeout) as caught:
            client.get(url)
        assert isinstance(caught.value.__cause__, TooSlowError)
        fault = broken(caught.value, httpx2.URL(url))
        assert isinstance(fault, PassingError)
        assert str(fault) == "127.0.0.1 sent less than 1,000 bytes a second for a minute"


class Hourglass(httpcore2.NetworkStream):
    """A connection on which each read takes 25 seconds and brings `size` bytes."""

    def __init__(self, size: int) -> None:
        self.now, self.size = 0.0, size

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.now += 25
        return bytes(self.size)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        pass


def test_only_the_time_of_one_request_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small answers on one connection are not slow, and neither is whoever reads at leisure."""
    there = Hourglass(100)
    monkeypatch.setattr(speed.time, "monotonic", lambda: there.now)
    connection = speed._WatchedStream(there)
    for _ in range(10):
        connection.write(b"GET")
        assert len(connection.read(1) + connection.read(1)) == 200
        there.now += 1000
    with pytest.raises(TooSlowError, match="300 bytes in 75 seconds"):
        connection.read(1)
    fast = Hourglass(25_000)
    monkeypatch.setattr(speed.time, "monotonic", lambda: fast.now)
    connection = speed._WatchedStream(fast)
    assert all(len(connection.read(1)) == 25_000 for _ in range(20))
