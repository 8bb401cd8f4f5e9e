"""How onpage talks to other machines: a client whose every request, redirects included, keeps four rules.

- The token goes to the origin that the user named, and nowhere else: not to another host, port or scheme.
- Nothing goes over plain http, except to a machine that the user named so, or within this one.
- A file comes as it is, not compressed, and an answer that is kept in memory is bounded.
- Whatever comes, comes at a lowest speed.

A proxy of the environment is used, and named where the fault is on the way to it (see `surroundings`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address

import httpx2

from builder.errors import FetchError
from builder.fetch.patience import PassingError
from builder.fetch.speed import LOWEST_SPEED, TooSlowError, hold_to_lowest_speed
from builder.fetch.surroundings import check_surroundings, proxy_for

try:
    from socksio.exceptions import SOCKSError
except ImportError:  # without the extra `socks` there is no SOCKS proxy that could answer nonsense
    NETWORK_ERRORS: tuple[type[Exception], ...] = (httpx2.HTTPError,)
else:
    NETWORK_ERRORS = (httpx2.HTTPError, SOCKSError)

MAX_REDIRECTS = 5
MAX_ANSWER = 16 << 20
"""Bytes of an answer that is no file: a description of a repository."""
GZIP_SHARE = 256
"""Of those, compressed: gzip makes at most 1032 of one, so that memory stays bounded too."""

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""The status of a machine that may answer otherwise in a while."""

USED_UP = re.compile(r";\s*r=0\s*;\s*t=(\d{1,9})\b")
"""The hub's own header for how long to wait: `RateLimit: "api";r=0;t=55`."""

Origin = tuple[str, str, int | None]


def connect(start: str, timeout: float, *, most: int | None = None) -> httpx2.Client:
    """A client for what begins at the address `start`. `timeout` is the longest silence in seconds, `most` the bytes of an
    answer. FetchError where the environment's proxies or certificates cannot be used."""
    home = httpx2.URL(start)
    check_surroundings()
    client = httpx2.Client(
        headers={"Accept-Encoding": "identity", "User-Agent": "onpage"},
        event_hooks={"request": [_RequestRules(home)], "response": [_ResponseRules(most)]},
        follow_redirects=True,
        max_redirects=MAX_REDIRECTS,
        timeout=timeout,
    )
    hold_to_lowest_speed(client)
    return client


def origin_of(url: httpx2.URL) -> Origin:
    """Scheme, host and port: what a token is for."""
    return url.scheme, url.host.lower(), url.port or {"https": 443, "http": 80}.get(url.scheme)


def is_private(url: httpx2.URL) -> bool:
    """Whether nobody on the way can read what is sent there: https, or this machine itself."""
    return url.scheme == "https" or (url.scheme == "http" and is_loopback(url.host))


def is_loopback(host: str) -> bool:
    """Whether a host's name is that of this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def shown_address(url: httpx2.URL) -> str:
    """An address for a sentence or a manifest, without what may be secret: user, password, query and fragment."""
    text = str(url.copy_with(username=None, password=None, query=None, fragment=None))
    return text if len(text) <= 300 else f"{text[:299]}…"


def fault_of(response: httpx2.Response) -> FetchError | PassingError:
    """What an answer other than success means, where nothing more is known than its status."""
    where, status = shown_address(response.url), response.status_code
    if status == 407:
        return _proxy_wants_a_name(response.url)
    if status == 429:
        return PassingError(f"{response.url.host} has had too many requests from here (429)", _retry_after(response))
    if status in PASSING:
        return PassingError(f"{response.url.host} answers {status} {response.reason_phrase}", _retry_after(response))
    return FetchError(f"{where} cannot be fetched: the answer is {status} {response.reason_phrase}.", subject=where)


def broken(error: Exception, url: httpx2.URL) -> FetchError | PassingError:
    """What it means that a request for `url` ended without an answer, or in the middle of one, with one of NETWORK_ERRORS."""
    host = url.host
    if isinstance(error, httpx2.ProxyError) or not isinstance(error, httpx2.HTTPError):
        return _broken_by_proxy(error, url)
    if isinstance(error, httpx2.TooManyRedirects):
        return FetchError(f"{host} redirects more than {MAX_REDIRECTS} times: expected the file.", subject=host)
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        proxy = proxy_for(url)
        through = f" through the proxy of {proxy}" if proxy else ""
        return PassingError(f"{host} cannot be reached{through} ({_reason(error)})")
    if isinstance(error, httpx2.TimeoutException):
        slow = isinstance(error.__cause__, TooSlowError)
        fault = f"sent less than {LOWEST_SPEED:,} bytes a second for a minute" if slow else "stopped sending"
        return PassingError(f"{host} {fault}")
    if isinstance(error, httpx2.TransportError) and not isinstance(error, httpx2.UnsupportedProtocol):
        return PassingError(f"The connection to {host} was cut")
    return FetchError(f"{host} sent an invalid answer ({_reason(error)}).", subject=host)


def _broken_by_proxy(error: Exception, url: httpx2.URL) -> FetchError | PassingError:
    proxy = proxy_for(url)
    if not isinstance(error, httpx2.HTTPError):
        return FetchError(f"The proxy of {proxy} does not speak SOCKS ({_reason(error)}).", subject=proxy)
    if re.match(r"407|Requested |Invalid username", str(error)):
        return _proxy_wants_a_name(url)
    return PassingError(f"The proxy of {proxy} does not connect to {url.host} ({_reason(error)})")


def _proxy_wants_a_name(url: httpx2.URL) -> FetchError:
    variable = proxy_for(url) or "this network"
    return FetchError(
        f"The proxy of {variable} asks for a name and a password (407): write them into the variable, as in "
        f"http://NAME:PASSWORD@HOST:PORT.",
        subject=variable,
    )


class _RequestRules:
    def __init__(self, home: httpx2.URL) -> None:
        self._home = origin_of(home)
        self._within_machine = home.scheme == "http" and is_loopback(home.host)

    def __call__(self, request: httpx2.Request) -> None:
        if origin_of(request.url) != self._home:
            if request.url.scheme != "https" and not (self._within_machine and is_private(request.url)):
                raise FetchError(
                    f"{self._home[1]} redirects to {shown_address(request.url)}: expected an https address.",
                    subject=self._home[1],
                )
            request.headers.pop("Authorization", None)
        if not is_private(request.url):
            request.headers.pop("Authorization", None)


class _ResponseRules:
    def __init__(self, most: int | None) -> None:
        self._most = most

    def __call__(self, response: httpx2.Response) -> None:
        encoding, most = response.headers.get("Content-Encoding", "identity"), self._most
        if encoding == "gzip" and most is not None:
            most //= GZIP_SHARE
        elif encoding != "identity":
            raise FetchError(
                f"{response.url.host} compressed its answer ({encoding!r:.40}), which was not requested: something "
                f"on the way changes the traffic.",
                subject=response.url.host,
            )
        if most is not None and isinstance(response.stream, httpx2.SyncByteStream):
            response.stream = _Bounded(response.stream, most, response.url.host)


class _Bounded(httpx2.SyncByteStream):
    def __init__(self, stream: httpx2.SyncByteStream, most: int, host: str) -> None:
        self._stream, self._most, self._host = stream, most, host

    def __iter__(self) -> Iterator[bytes]:
        left = self._most
        for data in self._stream:
            left -= len(data)
            if left < 0:
                raise FetchError(f"{self._host} answers more than {self._most:,} bytes.", subject=self._host)
            yield data

    def close(self) -> None:
        self._stream.close()


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds that the answer asks to wait; the hub says them in a header of its own."""
    said = response.headers.get("Retry-After", "").strip()
    if said.isdecimal() and len(said) < 10:
        return float(said)
    try:
        return max(0.0, (parsedate_to_datetime(said).astimezone(UTC) - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError):
        used_up = USED_UP.search(response.headers.get("RateLimit", ""))
        return float(used_up[1]) if used_up else None


def _reason(error: Exception) -> str:
    """Why, in the system's words, which hold nothing of the request."""
    said = re.sub(r"^\[Errno -?\d+\] ", "", str(error))
    return f"{said or type(error).__name__:.200}"
