"""What a browser sent in one session, out of its network log: requests by kind and origin, bytes, and where a canary went.

The network service is one process for pages, workers and service workers, so nothing that they send passes it by. What the browser sends for itself
(updates, its own services) belongs to no site; it is counted apart and searched like all else.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from onpage.privacy.canaries import Canaries
from onpage.privacy.net_log import Event

NO_ORIGIN = "not an origin"
KEPT_BACK = 1 << 18
"""Bytes of a connection in which a canary is looked for at once: it may be sent in pieces."""
NAME_PORTS = ("53", "5353")
FRAGMENT = re.compile(rb'("(?:https?|wss?)://[^"#\s]*)#[^"]*')
"""What stands behind the # of an address, which the log has and the wire has not."""
LOCAL = ("data", "blob", "about", "filesystem", "chrome", "devtools")
"""Schemes of what never leaves the browser."""
KINDS = {".js": "script", ".mjs": "script", ".css": "style", ".wasm": "engine", ".json": "data", ".svg": "image", ".png": "image",
         ".webmanifest": "data", ".txt": "text", ".html": "page"}  # fmt: skip


@dataclass
class Kind:
    """Requests of one kind, with their bytes: up the headers, down the content after decompression."""

    requests: int = 0
    up: int = 0
    down: int = 0


@dataclass
class Leak:
    """A canary that was sent."""

    to: str
    how: str
    """In which form, and in what: "plain in SOCKET_BYTES_SENT"."""
    fields: list[str]


@dataclass
class Traffic:
    """All of a session. `own` is the origin that was audited."""

    own: str
    kinds: dict[str, Kind] = field(default_factory=dict)
    origins: Counter[str] = field(default_factory=Counter)
    """Requests of pages and workers, by origin."""
    browser: Counter[str] = field(default_factory=Counter)
    """Requests that the browser made for itself, by origin."""
    websockets: Counter[str] = field(default_factory=Counter)
    names: set[str] = field(default_factory=set)
    """Hosts that were looked up for a site."""
    datagrams: set[str] = field(default_factory=set)
    leaks: list[Leak] = field(default_factory=list)
    events: int = 0
    up: int = 0
    down: int = 0

    def findings(self) -> list[str]:
        """What should not be: a sentence for each. None where all stays with the origin and no text is sent."""
        own = urlsplit(self.own)
        found = [
            f"{count} {'request' if count == 1 else 'requests'} went to {origin}, another origin."
            for origin, count in sorted(self.origins.items())
            if origin != self.own
        ]
        found += [f"A WebSocket was opened to {origin}: onpage uses none." for origin in sorted(self.websockets)]
        theirs = {urlsplit(origin).hostname for origin in (*self.origins, *self.browser, *self.websockets)}
        found += [f"The host {name} was looked up." for name in sorted(self.names - theirs - {own.hostname})]
        found += [f"Datagrams were sent to {address}." for address in sorted(self.datagrams)]
        for leak in self.leaks:
            where = f" (typed into: {', '.join(leak.fields)})" if leak.fields else ""
            found.append(f"A typed text was sent to {leak.to}, {leak.how}{where}.")
        return found


def traffic_of(events: Iterable[Event], url: str, canaries: Canaries) -> Traffic:
    """One pass over the events, which holds the newest bytes of each connection only."""
    traffic = Traffic(origin_of(url))
    reader = _Reader(traffic, canaries)
    for event in events:
        traffic.events += 1
        reader.take(event)
    return traffic


def origin_of(url: str) -> str:
    """`https://example.org/a` → `https://example.org`; a WebSocket's origin keeps its scheme."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def kind_of(url: str) -> str:
    """What a request of onpage's page is for, by its address."""
    path = urlsplit(url).path
    if "/models/" in path:
        return "model"
    if "/api/" in path:
        return "list"
    if path.endswith("/service_worker.js"):
        return "service worker"
    suffix = PurePosixPath(path).suffix
    return "page" if not suffix or path.endswith("/") else KINDS.get(suffix, "other")


class _Reader:
    def __init__(self, traffic: Traffic, canaries: Canaries) -> None:
        self.traffic = traffic
        self.canaries = canaries
        self.urls: dict[int, str] = {}
        """Of each request; of each connection where it goes."""
        self.sent: dict[int, bytes] = {}
        self.told: set[tuple[str, str]] = set()

    def take(self, event: Event) -> None:
        name, params = event.name, event.params
        if name == "URL_REQUEST_START_JOB" and "url" in params:
            self._request(event)
        elif "SEND_REQUEST_HEADERS" in name:
            up = sum(len(str(line)) + 2 for line in params.get("headers", ()))
            self._kind(event.source).up += up
        elif name == "URL_REQUEST_JOB_FILTERED_BYTES_READ":
            self._kind(event.source).down += int(params.get("byte_count", 0))
        elif name in ("TCP_CONNECT_ATTEMPT", "UDP_CONNECT") and "address" in params:
            self.urls[event.source] = str(params["address"])
        elif name == "HOST_RESOLVER_MANAGER_JOB" and _is_for_a_site(event):
            self.traffic.names.add(_host_of(str(params.get("host", ""))))
        if name.endswith("BYTES_SENT"):
            self._bytes(event)
        elif not name.endswith(("BYTES_RECEIVED", "BYTES_READ")):
            self._look(FRAGMENT.sub(rb"\1", event.raw.encode()), event)
        if name == "SOCKET_BYTES_RECEIVED":
            self.traffic.down += int(params.get("byte_count", 0))

    def _request(self, event: Event) -> None:
        url = str(event.params["url"])
        if urlsplit(url).scheme in LOCAL:
            return
        self.urls[event.source] = url
        origin = origin_of(url)
        # a page, a frame, a worker and a service worker are always named as who began a request, by the browser itself
        nobody = event.params.get("initiator") == NO_ORIGIN and event.params.get("request_type") == "other"
        if nobody and origin != self.traffic.own:
            self.traffic.browser[origin] += 1
            return
        if urlsplit(url).scheme in ("ws", "wss"):
            self.traffic.websockets[origin] += 1
        else:
            self.traffic.origins[origin] += 1
        if origin == self.traffic.own:
            self._kind(event.source).requests += 1

    def _kind(self, source: int) -> Kind:
        url = self.urls.get(source, "")
        kind = kind_of(url) if url and origin_of(url) == self.traffic.own else "elsewhere"
        return self.traffic.kinds.setdefault(kind, Kind())

    def _bytes(self, event: Event) -> None:
        size = int(event.params.get("byte_count", 0))
        if event.kind.startswith("UDP"):
            address = str(event.params.get("address") or self.urls.get(event.source, ""))
            if address and address.rpartition(":")[2] not in NAME_PORTS:
                self.traffic.datagrams.add(address)
        elif event.name == "SOCKET_BYTES_SENT":
            self.traffic.up += size
        try:
            data = base64.b64decode(str(event.params.get("bytes", "")), validate=True)
        except binascii.Error:
            data = b""
        kept = (self.sent.get(event.source, b"") + data)[-KEPT_BACK:]
        self.sent[event.source] = kept
        self._look(kept, event)

    def _look(self, data: bytes, event: Event) -> None:
        for form in sorted(self.canaries.found_in(data)):
            to = str(event.params.get("url") or self.urls.get(event.source, "an address that the log does not name"))
            if "://" in to:
                to = origin_of(to)
            if (to, form) not in self.told:
                self.told.add((to, form))
                self.traffic.leaks.append(Leak(to, f"{form} in {event.name}", self.canaries.fields_in(data)))


def _is_for_a_site(event: Event) -> bool:
    return str(event.params.get("network_anonymization_key", "null")).split(" ")[0] != "null"


def _host_of(host: str) -> str:
    return (urlsplit(host).hostname or host) if "://" in host else host.rpartition(":")[0] or host
