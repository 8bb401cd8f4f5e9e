"""Chromium's log of its network service (`--log-net-log`), an event at a time.

The log is JSON with the numbers' names first and then one event a line; it holds the bytes of whole models, so it is never read at once.
A browser that was killed leaves it without its end, which is no error here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.errors import BenchError

CAPTURE = ("--net-log-capture-mode=Everything", "--disable-quic")
"""With headers and bytes. Over QUIC no bytes are logged, so it is not used."""
MAX_CONSTANTS = 1 << 20


@dataclass(frozen=True)
class Event:
    """One event: what happened, to which request or socket, and with what."""

    name: str
    source: int
    kind: str
    """Of the source: URL_REQUEST, SOCKET and so on."""
    params: dict[str, Any]
    raw: str


def events(path: Path) -> Iterator[Event]:
    """The events of a log in order; BenchError where it is none."""
    with path.open(encoding="utf-8", errors="replace") as file:
        names, kinds = _constants(path, file.readline(MAX_CONSTANTS))
        for line in file:
            text = line.strip().rstrip(",").removesuffix("]}").removesuffix("]")
            if not text.startswith('{"'):
                continue
            try:
                event = json.loads(text)
            except ValueError:  # the last line of a browser that ended badly
                continue
            if "source" not in event or "type" not in event:
                continue
            source = event["source"]
            yield Event(
                names.get(event["type"], str(event["type"])),
                int(source["id"]),
                kinds.get(source["type"], ""),
                event.get("params") or {},
                text,
            )


def _constants(path: Path, line: str) -> tuple[dict[int, str], dict[int, str]]:
    try:
        constants = json.loads(line.strip().rstrip(",") + "}")["constants"]
        names = {number: name for name, number in constants["logEventTypes"].items()}
        return names, {number: name for name, number in constants["logSourceType"].items()}
    except (ValueError, KeyError, AttributeError) as error:
        raise BenchError(f"{path} is no network log of Chromium: {error}.", subject=path) from None
