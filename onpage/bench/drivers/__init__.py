"""Tabs in which a page measures: one small interface, and a module for each way to get at a browser.

    launched     a browser of this machine, started with a fresh profile, watched for its memory, ended with all its processes
    remote       one behind a Playwright server (ws://…)
    cdp          a running Chrome with remote debugging, also on a phone
    webdriver    one behind a Selenium Grid or a driver alone

A driver gives tabs as an async context manager, which also ends when the browser is dead or does not answer. What goes wrong
with a browser is a DriverError; its `code` goes into the record.
"""

from __future__ import annotations

import re
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from builder.errors import BenchError

ANSWER_SECONDS = 60.0
"""A tab answers within milliseconds, unless the machine is busy with an engine on the processor."""
CLOSE_SECONDS = 5.0
"""For a tab or a browser to close by itself; afterwards it is left, or killed where it is ours."""


class DriverError(BenchError):
    """The browser or its tab is gone or does not answer. `code` is one word for it."""

    def __init__(self, code: str, sentence: str, detail: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.detail = detail


def reason(error: Exception) -> str:
    """What a library says went wrong, without its function's name, its log, and the full stop."""
    first, *_ = str(error).strip().splitlines() or [type(error).__name__]
    return re.sub(r"^\w+\.\w+: ", "", first).rstrip(". ")


@dataclass(frozen=True)
class Address:
    """Of a remote browser."""

    url: str

    @property
    def name(self) -> str:
        """For people and for files that others read: without user, password and query, where services want their keys."""
        try:
            scheme, place, path, _, _ = urlsplit(self.url)
        except ValueError:
            return "an address that is none"
        return urlunsplit((scheme, place.rpartition("@")[2], path, "", ""))

    def hidden(self, text: str) -> str:
        """A text of a library's with our name for the address."""
        return text.replace(self.url, self.name)


@dataclass(frozen=True)
class Description:
    """What a results file says of a browser; the page adds its user agent."""

    name: str
    version: str
    connection: str
    origin: str
    flags: tuple[str, ...] = ()

    def to_json(self, user_agent: str) -> dict[str, Any]:
        """As in the schema."""
        return {
            "name": self.name,
            "version": self.version,
            "user_agent": user_agent,
            "flags": list(self.flags),
            "origin": self.origin,
            "connection": self.connection,
        }


class Tab(Protocol):
    """One tab. Every call ends: with what was asked for, or with a DriverError."""

    async def open(self, url: str) -> None:
        """Goes to `url` and waits for its scripts."""

    async def evaluate(self, expression: str, seconds: float = ANSWER_SECONDS) -> Any:
        """The JSON value of an expression in the page; a promise is waited for, `seconds` at most."""

    async def describe(self) -> Description:
        """Which browser this is."""


@dataclass
class Memory:
    """Bytes that the browser's processes took at most, and how that was found out; empty where nobody can see them."""

    peak_bytes: int = 0
    how: str = ""
    processes: dict[str, int] = field(default_factory=dict)
    is_final: bool = False
    """Whether what comes is no longer the engine's."""

    def look(self, bytes_now: int, how: str, processes: dict[str, int]) -> None:
        """Takes what is there now, if that is more than before."""
        if bytes_now > self.peak_bytes and not self.is_final:
            self.peak_bytes, self.how, self.processes = bytes_now, how, processes

    def to_json(self) -> dict[str, Any] | None:
        """As in the schema."""
        if not self.peak_bytes:
            return None
        return {"peak_bytes": self.peak_bytes, "how": self.how, "processes": self.processes}


@dataclass(frozen=True)
class Opened:
    """A tab, and the memory of its browser, which goes on growing until the tab is closed."""

    tab: Tab
    memory: Memory


class Driver(Protocol):
    """A place where tabs can be had, one after the other."""

    name: str
    """For people."""

    def tab(self) -> AbstractAsyncContextManager[Opened]:
        """A new tab, with a fresh profile where the way to the browser allows it."""
