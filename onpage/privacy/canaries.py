"""Texts to be recognized wherever they go: in plain, percent-encoded, as JSON or hexadecimal escapes, in base64, in UTF-16, compressed by
gzip or zlib (twice over at the most), and under the four-byte mask of WebSockets.

A canary is a word of ASCII letters and digits, one for each field, with a beginning that all have in common. Encryption by a key that
the page keeps cannot be recognized; nor can a text that was cut into pieces shorter than the beginning.
"""

from __future__ import annotations

import base64
import re
import secrets
import zlib
from collections.abc import Iterator
from itertools import islice
from urllib.parse import unquote_to_bytes

MAX_INFLATED = 16 << 20
MAX_STREAMS = 64
"""Compressed streams in one text that are looked into, and how often what comes out is looked into again: a page under audit may send one
within the other, each of which doubles the work."""
MAX_NESTED = 2
COMPRESSED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
ESCAPE = re.compile(rb"(?:\\u00|\\x|%)([0-9a-f]{2})", re.IGNORECASE)


class Canaries:
    """The canaries of one session. `words` are those given out, by the field that each is for."""

    def __init__(self, stem: str | None = None) -> None:
        self.stem = stem or f"kanari{secrets.token_hex(6)}"
        self.words: dict[str, str] = {}
        self._forms = dict(_forms(self.stem.encode()))
        self._masked = _differences(self.stem.encode())

    def word(self, field: str) -> str:
        """The canary of a field, the same whenever it is asked for."""
        return self.words.setdefault(field, f"{self.stem}{len(self.words):03}")

    def sentence(self, field: str) -> str:
        """A text that the page takes for one of a person's."""
        return f"The library at {self.word(field)} opens on Saturday at ten, with music and cake in the garden."

    def found_in(self, data: bytes, nested: int = 0) -> set[str]:
        """In which forms a canary is in what was sent; `nested` says how often it was compressed."""
        found = {form for form, pattern in self._forms.items() if pattern in (data if form in _CASED else data.lower())}
        unescaped = ESCAPE.sub(lambda escape: bytes([int(escape[1], 16)]), data)
        if unescaped != data and self.stem.encode() in unescaped.lower():
            found.add("escaped")
        decoded = unquote_to_bytes(data.replace(b"+", b" ")) if b"%" in data else data
        if decoded != data and any(pattern in decoded for form, pattern in self._forms.items() if form in _CASED):
            found.add("base64")
        if self._masked in _differences(data):
            found.add("masked")
        for inflated in islice(_inflated(data), MAX_STREAMS) if nested < MAX_NESTED else ():
            if inner := self.found_in(inflated, nested + 1):
                found |= {f"{form}, compressed" for form in inner}
        return found - ({"masked"} if "plain" in found else set())

    def fields_in(self, data: bytes) -> list[str]:
        """The fields whose canaries are there in plain."""
        return [field for field, word in self.words.items() if word.encode() in data.lower()]


_CASED = ("base64 at 0", "base64 at 1", "base64 at 2")


def _forms(stem: bytes) -> Iterator[tuple[str, bytes]]:
    yield "plain", stem
    yield "hexadecimal", stem.hex().encode()
    text = stem.decode()
    yield "UTF-16", text.encode("utf-16-le")[:-1]  # the other byte order has the same bytes, one further on
    for before, form in enumerate(_CASED):
        encoded = base64.b64encode(b"\0" * before + stem)
        # characters that no neighbour has a bit of
        yield form, encoded[-(-before * 8 // 6) : (before + len(stem)) * 8 // 6]


def _differences(data: bytes) -> bytes:
    """Each byte with the one four before it: what a mask of four bytes leaves as it is."""
    size = len(data) - 4
    if size <= 0:
        return b"\xff" * 8  # nothing is too short to be masked
    return (int.from_bytes(data[4:], "big") ^ int.from_bytes(data[:-4], "big")).to_bytes(size, "big")


def _inflated(data: bytes) -> Iterator[bytes]:
    for start in COMPRESSED.finditer(data):
        try:
            inflater = zlib.decompressobj(wbits=47)  # gzip or zlib
            yield inflater.decompress(data[start.start() :], MAX_INFLATED)
        except zlib.error:
            continue
