"""Files with canaries, in their names and in what they hold, for the fields of a page that take files."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from onpage.privacy.canaries import Canaries

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload

SIDE = 8
"""Pixels of a picture."""


def file_for(accepted: str, field: str, canaries: Canaries) -> FilePayload | None:
    """A text, or else a picture, for an input that accepts these kinds ("" is all); None where it takes neither."""
    if not accepted or any(kind in accepted for kind in (".txt", "text/", "*/*")):
        suffix, kind = "txt", "text/plain"
    elif any(kind in accepted for kind in ("image/*", "image/png", ".png")):
        suffix, kind = "png", "image/png"
    else:
        return None
    name = canaries.word(f"{field}: a file's name") + f".{suffix}"
    content = canaries.sentence(f"{field}: a file").encode()
    return {"name": name, "mimeType": kind, "buffer": content if suffix == "txt" else _picture(content)}


def _picture(comment: bytes) -> bytes:
    """A PNG, grey, that says something."""
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    rows = bytes(SIDE * (1 + SIDE))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunks({b"IHDR": header, b"tEXt": b"Comment\0" + comment, b"IDAT": zlib.compress(rows), b"IEND": b""})
    )


def _chunks(bodies: dict[bytes, bytes]) -> Iterator[bytes]:
    for kind, body in bodies.items():
        yield struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
