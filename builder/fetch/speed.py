"""A lowest speed for whatever comes from other machines: the head of an answer, a description, a file.

The client's own time-out is a silence; a server that breaks it with a byte now and then would be waited for without end. So
each connection counts the time that is spent waiting for it and what came in that time.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import httpcore2
import httpx2

SPAN = 60.0
"""Seconds of waiting after which the speed is looked at."""
LOWEST_SPEED = 1000
"""Bytes a second, on average over the span."""


class TooSlowError(httpcore2.ReadTimeout):
    """Less came than the lowest speed. The cause of the httpx2.ReadTimeout that the caller gets."""


def hold_to_lowest_speed(client: httpx2.Client) -> None:
    """Watches every connection that the client opens from now on, through a proxy or not.

    httpx offers no way to hand its transports a network of one's own, so it is put where they keep theirs.
    """
    for transport in (client._transport, *client._mounts.values()):
        pool: Any = getattr(transport, "_pool", None)
        if pool is not None:
            pool._network_backend = _WatchedNetwork(pool._network_backend)


class _WatchedNetwork(httpcore2.NetworkBackend):
    def __init__(self, network: httpcore2.NetworkBackend) -> None:
        self._network = network

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        return _WatchedStream(self._network.connect_tcp(host, port, timeout, local_address, socket_options))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.NetworkStream:
        return _WatchedStream(self._network.connect_unix_socket(path, timeout, socket_options))

    def sleep(self, seconds: float) -> None:
        self._network.sleep(seconds)


class _WatchedStream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream
        self._waited, self._came = 0.0, 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        began = time.monotonic()
        data = self._stream.read(max_bytes, timeout)
        self._waited += time.monotonic() - began
        self._came += len(data)
        if self._waited >= SPAN:
            if self._came < SPAN * LOWEST_SPEED:
                raise TooSlowError(f"{self._came:,} bytes in {self._waited:,.0f} seconds")
            self._waited, self._came = 0.0, 0
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)
        self._waited, self._came = 0.0, 0  # a new request

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _WatchedStream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
