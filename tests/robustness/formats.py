"""Where the numbers and the names of each container lie, so that damage hits what a reader looks at."""

from __future__ import annotations

import re
import struct

from tests.robustness.mutators import Field, Known

NAMES = re.compile(rb"[ -~]{4,}")


def flatbuffer(data: bytes, start: int, end: int) -> Known:
    """A FlatBuffer from `start` to `end`: every aligned word of it is an offset, a length, a number or text."""
    fields = [Field(at, width) for width in (2, 4, 8) for at in range(start, end - width, width)]
    names = [(found.start(), found.end()) for found in NAMES.finditer(data, start, end)]
    return Known(tuple(fields), tuple(names))


def safetensors(data: bytes) -> Known:
    """The length of the header is its one number; the rest is JSON."""
    (length,) = struct.unpack_from("<Q", data)
    names = [(found.start(1), found.end(1)) for found in re.finditer(rb'"([^"]+)"', data[: 8 + length])]
    return Known((Field(0, 8),) * 4, tuple(names))


GGUF_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
GGUF_STRING, GGUF_ARRAY = 8, 9


def gguf(data: bytes) -> Known:
    """Version and counts; lengths, types and values of the metadata, a few items of each list; and the table of tensors."""
    fields, names, at = [Field(4, 4), Field(8, 8), Field(16, 8)], [], 24

    def number(width: int, *, known: bool = True) -> int:
        nonlocal at
        if known:
            fields.append(Field(at, width))
        at += width
        return int.from_bytes(data[at - width : at], "little")

    def text(*, known: bool = True) -> None:
        nonlocal at
        length = number(8, known=known)
        if known:
            names.append((at, at + length))
        at += length

    def value(kind: int, *, known: bool = True) -> None:
        if kind == GGUF_STRING:
            text(known=known)
        elif kind == GGUF_ARRAY:
            inner, count = number(4), number(8)
            for i in range(count):
                value(inner, known=i < 4)
        else:
            number(GGUF_SIZES[kind], known=known)

    tensors, keys = (struct.unpack_from("<Q", data, place)[0] for place in (8, 16))
    for _ in range(keys):
        text()
        value(number(4))
    for _ in range(tensors):
        text()
        for width in (8,) * number(4) + (4, 8):
            number(width)
    return Known(tuple(fields), tuple(names))


LOCAL = (b"PK\x03\x04", (2, 2, 2, 2, 2, 4, 4, 4, 2, 2))
CENTRAL = (b"PK\x01\x02", (2, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2, 2, 2, 2, 4, 4))
END = (b"PK\x05\x06", (2, 2, 2, 2, 4, 4, 2))


def zip_file(data: bytes) -> Known:
    """The numbers of the local headers, of the central directory and of its end, and the names in both."""
    fields: list[Field] = []
    names: list[tuple[int, int]] = []
    for signature, widths in (LOCAL, CENTRAL, END):
        at = data.find(signature)
        while at >= 0:
            fields.append(Field(at, 4))
            position = at + 4
            for width in widths:
                fields.append(Field(position, width))
                position += width
            if signature != END[0]:
                length = struct.unpack_from("<H", data, at + (26 if signature == LOCAL[0] else 28))[0]
                names.append((position, position + length))
            at = data.find(signature, at + 4)
    return Known(tuple(fields), tuple(names))


def replaced(data: bytes, header_end: int, part: tuple[int, int], content: bytes) -> bytes:
    """`data` with `content` at its end in the place of the part at (offset, size), and the header told so.

    A header says where a part is by its offset and its size, or by its begin and its end, as numbers of 64 bits.
    """
    offset, size = part
    header = bytearray(data[:header_end])
    at = len(data)
    new = {size: len(content), offset + size: at + len(content)}
    place = data.find(offset.to_bytes(8, "little"), 0, header_end)
    while place >= 0:
        header[place : place + 8] = at.to_bytes(8, "little")
        for beside in (place - 8, place + 8):
            value = int.from_bytes(data[beside : beside + 8], "little")
            if value in new:
                header[beside : beside + 8] = new[value].to_bytes(8, "little")
        place = data.find(offset.to_bytes(8, "little"), place + 8, header_end)
    return bytes(header) + data[header_end:] + content
