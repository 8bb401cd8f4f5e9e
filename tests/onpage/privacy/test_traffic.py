"""What is counted and found in a network log as Chromium writes it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from builder.errors import BenchError
from onpage.privacy.canaries import Canaries
from onpage.privacy.net_log import events
from onpage.privacy.traffic import Traffic, kind_of, traffic_of

URL = "https://site.example/a/"
NAMES = (
    "URL_REQUEST_START_JOB",
    "HTTP_TRANSACTION_SEND_REQUEST_HEADERS",
    "HTTP_TRANSACTION_HTTP2_SEND_REQUEST_HEADERS",
    "URL_REQUEST_JOB_FILTERED_BYTES_READ",
    "SOCKET_BYTES_SENT",
    "SSL_SOCKET_BYTES_SENT",
    "SOCKET_BYTES_RECEIVED",
    "TCP_CONNECT_ATTEMPT",
    "UDP_CONNECT",
    "UDP_BYTES_SENT",
    "HOST_RESOLVER_MANAGER_JOB",
)
KINDS = ("URL_REQUEST", "SOCKET", "UDP_SOCKET", "HOST_RESOLVER_IMPL_JOB")


class Log:
    """A log that is written event by event."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[str] = []
        self.canaries = Canaries()

    def add(self, name: str, source: int, kind: str = "URL_REQUEST", **params: Any) -> None:
        type_of = {"id": source, "type": KINDS.index(kind), "start_time": "1"}
        self.lines.append(
            json.dumps({"params": params, "phase": 0, "source": type_of, "time": "1", "type": NAMES.index(name)})
        )

    def request(self, url: str, source: int = 1, initiator: str = "https://site.example", **more: Any) -> None:
        key = more.pop("key", "https://site.example https://site.example")
        more = {"request_type": "other", "method": "GET"} | more
        self.add("URL_REQUEST_START_JOB", source, url=url, initiator=initiator, network_isolation_key=key, **more)

    def sent(self, data: bytes, source: int = 50, name: str = "SSL_SOCKET_BYTES_SENT") -> None:
        self.add(name, source, "SOCKET", byte_count=len(data), bytes=base64.b64encode(data).decode())

    def traffic(self, end: str = "]}\n") -> Traffic:
        constants = {
            "logEventTypes": {name: number for number, name in enumerate(NAMES)},
            "logSourceType": {name: number for number, name in enumerate(KINDS)},
        }
        first = json.dumps({"constants": constants}).removesuffix("}")
        self.path.write_text(f'{first},\n"events": [\n' + ",\n".join(self.lines) + end, encoding="utf-8")
        return traffic_of(events(self.path), URL, self.canaries)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    log = Log(tmp_path / "log.json")
    log.request(URL, request_type="main frame", initiator="not an origin")
    return log


def test_requests_are_counted_by_kind_and_bytes(log: Log) -> None:
    log.request("https://site.example/a/models/abc/m.task.001", 2)
    log.add("HTTP_TRANSACTION_HTTP2_SEND_REQUEST_HEADERS", 2, headers=[":path: /a/models", "range: bytes=1-"])
    log.add("URL_REQUEST_JOB_FILTERED_BYTES_READ", 2, byte_count=1000, bytes="")
    log.add("URL_REQUEST_JOB_FILTERED_BYTES_READ", 2, byte_count=500, bytes="")
    traffic = log.traffic()
    assert dict(traffic.origins) == {"https://site.example": 2}
    model = traffic.kinds["model"]
    assert (model.requests, model.down, model.up) == (1, 1500, 35)
    assert traffic.kinds["page"].requests == 1
    assert traffic.findings() == []


@pytest.mark.parametrize(
    ("address", "kind"),
    [("", "page"), ("bench.html", "page"), ("static/app/main.js", "script"), ("static/vendor/x/e.wasm", "engine"), ("api/models", "list"),
     ("models/a/b.litertlm.001", "model"), ("service_worker.js", "service worker"), ("static/x.bin", "other")],
)  # fmt: skip
def test_kinds(address: str, kind: str) -> None:
    assert kind_of(URL + address) == kind


@pytest.mark.parametrize(
    "url",
    ["https://other.example/x", "http://site.example/a/", "https://site.example:444/", "https://sub.site.example/"],
)
def test_another_origin_is_found_whoever_asks(log: Log, url: str) -> None:
    log.request(url, 2)
    log.request(url, 3, initiator="null")
    (finding,) = log.traffic().findings()
    assert finding.startswith("2 requests went to ") and finding.endswith("another origin.")


def test_a_page_that_goes_elsewhere_is_found(log: Log) -> None:
    log.request(
        "https://other.example/", 2, request_type="main frame", initiator="not an origin", key="https://other.example x"
    )
    assert "other.example" in log.traffic().findings()[0]


def test_the_browsers_own_requests_are_apart_but_searched(log: Log) -> None:
    own = {"initiator": "not an origin"}  # such as autofill, which asks about the forms of a site
    log.request("https://update.example/check", 2, **own)
    traffic = log.traffic()
    assert traffic.findings() == [] and dict(traffic.browser) == {"https://update.example": 1}
    log.request(f"https://update.example/?q={log.canaries.word('the text')}", 3, **own)
    (finding,) = log.traffic().findings()
    assert finding.startswith("A typed text was sent to https://update.example") and "typed into: the text" in finding


def test_a_websocket_a_name_and_datagrams_are_found(log: Log) -> None:
    log.request("wss://site.example/live", 2)
    log.add(
        "HOST_RESOLVER_MANAGER_JOB",
        60,
        "HOST_RESOLVER_IMPL_JOB",
        host="https://leak.example:443",
        network_anonymization_key="https://site.example x",
    )
    log.add(
        "HOST_RESOLVER_MANAGER_JOB",
        61,
        "HOST_RESOLVER_IMPL_JOB",
        host="https://own.example:443",
        network_anonymization_key="null",
    )
    for source, port in ((70, 53), (71, 3478)):
        log.add("UDP_CONNECT", source, "UDP_SOCKET", address=f"192.0.2.1:{port}")
        log.add("UDP_BYTES_SENT", source, "UDP_SOCKET", byte_count=1, bytes="AA==")
    findings = log.traffic().findings()
    assert findings == [
        "A WebSocket was opened to wss://site.example: onpage uses none.",
        "The host leak.example was looked up.",
        "Datagrams were sent to 192.0.2.1:3478.",
    ]


def test_a_text_is_found_in_addresses_headers_and_bytes(log: Log) -> None:
    word = log.canaries.word("a box")
    log.request(f"https://site.example/a/x?q={word}", 2)
    assert "to https://site.example, plain in URL_REQUEST_START_JOB" in log.traffic().findings()[0]
    log.lines.pop()
    log.request("https://site.example/a/x", 2)
    log.add("HTTP_TRANSACTION_SEND_REQUEST_HEADERS", 2, headers=[f"X-Text: {base64.b64encode(word.encode()).decode()}"])
    assert "base64" in log.traffic().findings()[0]
    log.lines.pop()
    log.add("TCP_CONNECT_ATTEMPT", 50, "SOCKET", address="192.0.2.7:443")
    log.sent(b"POST / HTTP/1.1\r\n\r\n" + word[:9].encode())
    log.sent(word[9:].encode())
    assert "plain in SSL_SOCKET_BYTES_SENT" in log.traffic().findings()[0], "also where it was sent in two pieces"


def test_what_stands_behind_the_hash_is_not_sent(log: Log) -> None:
    log.request(f"{URL}#/post?text={log.canaries.word('the address')}", 2, request_type="main frame")
    assert log.traffic().findings() == []


def test_what_never_leaves_the_browser_is_no_request(log: Log) -> None:
    for number, url in enumerate(("data:text/plain,x", "blob:https://site.example/1", "about:blank")):
        log.request(url, 10 + number)
    assert dict(log.traffic().origins) == {"https://site.example": 1}


def test_a_log_without_its_end_is_read_and_another_file_is_refused(log: Log, tmp_path: Path) -> None:
    log.request("https://other.example/x", 2)
    assert log.traffic(end=',\n{"params":{"url":"htt').findings()
    (tmp_path / "text").write_text("hello\n")
    with pytest.raises(BenchError, match="is no network log of Chromium"):
        list(events(tmp_path / "text"))
