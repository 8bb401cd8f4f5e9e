"""What a request for a file gets, by RFC 9110: all of it, one range of it, "not modified", or a refusal.

Pure: header fields in, a decision out. A range that is not understood is no reason to refuse (14.2): several ranges, other
units and nonsense get the whole file. The preconditions come first, in the order of 13.2.2, and none of them knows a date: the
files here have an ETag, which says more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from werkzeug.datastructures import Headers
from werkzeug.http import parse_etags

ONE_RANGE = re.compile(r"bytes=[ \t]*(?:([0-9]{1,30})-([0-9]{0,30})|-([0-9]{1,30}))[ \t]*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Decision:
    """A status and the bytes that go with it, from `start` up to and without `stop`: none but for 200 and 206."""

    status: int
    start: int = 0
    stop: int = 0


def decide(method: str, headers: Headers, etag: str, size: int) -> Decision:
    """For a GET or HEAD of a file of `size` bytes whose strong validator is `etag`, without its quotes."""
    if (if_match := headers.get("If-Match")) is not None and not parse_etags(if_match).contains(etag):
        return Decision(412)
    if (if_none_match := headers.get("If-None-Match")) is not None and parse_etags(if_none_match).contains_weak(etag):
        return Decision(304)
    whole = Decision(200, 0, size)
    asked = ONE_RANGE.fullmatch(headers.get("Range", ""))
    if method != "GET" or not asked or headers.get("If-Range", f'"{etag}"').strip() != f'"{etag}"':
        return whole
    first, last, suffix = asked.groups()
    if suffix is not None:
        start, stop = max(0, size - int(suffix)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:  # by the grammar no range at all
            return whole
    return Decision(206, start, stop) if start < stop else Decision(416)
