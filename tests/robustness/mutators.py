"""Damage: to bytes whose fields are known, to JSON, and to protobufs. All of it drawn from the generator that is given."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any

EXTREMES = (
    *(0, 1, 2, 3, 4, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 1 << 24, 1 << 30),
    *((1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 256, (1 << 64) - 1),
)
LONGEST_ADDITION = 1 << 16


@dataclass(frozen=True)
class Field:
    """A little-endian whole number at a known place."""

    offset: int
    width: int


@dataclass(frozen=True)
class Known:
    """What is known of a sound file: where its numbers are, and its names."""

    fields: tuple[Field, ...] = ()
    names: tuple[tuple[int, int], ...] = ()
    """(start, end)."""


def damaged(data: bytes, known: Known, chance: Random) -> bytes:
    """A copy with one to eight injuries."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        injury = chance.choices(INJURIES, WEIGHTS)[0]
        injury(out, known, chance)
    return bytes(out)


def _flip_bit(out: bytearray, known: Known, chance: Random) -> None:
    if out:
        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)


def _flip_bit_early(out: bytearray, known: Known, chance: Random) -> None:
    """Headers come first."""
    if out:
        out[chance.randrange(min(len(out), 512))] ^= 1 << chance.randrange(8)


def _number_anywhere(out: bytearray, known: Known, chance: Random) -> None:
    width = chance.choice((1, 2, 4, 8))
    if len(out) > width:
        _write(out, Field(chance.randrange(len(out) - width), width), chance.choice(EXTREMES))


def _extreme_field(out: bytearray, known: Known, chance: Random) -> None:
    field = _field(out, known, chance)
    if field:
        _write(out, field, chance.choice((*EXTREMES, len(out), len(out) - 1, chance.getrandbits(64))))


def _nudged_field(out: bytearray, known: Known, chance: Random) -> None:
    field = _field(out, known, chance)
    if field:
        _write(out, field, _read(out, field) + chance.choice((-256, -8, -4, -2, -1, 1, 2, 4, 8, 256)))


def _field_of_another(out: bytearray, known: Known, chance: Random) -> None:
    one, other = _field(out, known, chance), _field(out, known, chance)
    if one and other:
        _write(out, one, _read(out, other))


def _name_of_another(out: bytearray, known: Known, chance: Random) -> None:
    if len(known.names) < 2:
        return
    (start, end), (from_start, from_end) = chance.choice(known.names), chance.choice(known.names)
    if end <= len(out):  # cut or filled up, so that nothing else moves
        out[start:end] = bytes(out[from_start:from_end])[: end - start].ljust(end - start, b"_")


def _bad_name(out: bytearray, known: Known, chance: Random) -> None:
    if known.names:
        start, end = chance.choice(known.names)
        evil = chance.choice(
            (b"\x00", b"\xff\xfe", b"../../../../etc/passwd", b"/", b"\x1b[31m", b"\xed\xa0\x80", b"\n")
        )
        if end <= len(out):
            out[start:end] = evil[: end - start].ljust(end - start, b"x")


def _truncate(out: bytearray, known: Known, chance: Random) -> None:
    del out[chance.randrange(len(out) + 1) :]


def _extend(out: bytearray, known: Known, chance: Random) -> None:
    size = chance.choice((1, 3, 8, 100, 4096, LONGEST_ADDITION))
    out += chance.choice((bytes(size), b"\xff" * size, chance.randbytes(size), bytes(out[-size:])))


def _delete(out: bytearray, known: Known, chance: Random) -> None:
    start = chance.randrange(len(out) + 1)
    del out[start : start + chance.choice((1, 2, 4, 16, 256, 4096))]


def _splice(out: bytearray, known: Known, chance: Random) -> None:
    """Some of the file once more, over or between the rest."""
    start, to = chance.randrange(len(out) + 1), chance.randrange(len(out) + 1)
    piece = bytes(out[start : start + chance.choice((1, 4, 16, 64, 1024))])
    out[to : to + chance.choice((0, len(piece)))] = piece


def _repeat(out: bytearray, known: Known, chance: Random) -> None:
    start = chance.randrange(len(out) + 1)
    piece = bytes(out[start : start + chance.choice((1, 2, 16, 64))])
    if piece:
        out[start:start] = piece * (chance.choice((16, 1024, LONGEST_ADDITION)) // len(piece))


Injury = Callable[[bytearray, Known, Random], None]
WEIGHTED: dict[Injury, int] = {
    _flip_bit: 2,
    _flip_bit_early: 3,
    _number_anywhere: 3,
    _extreme_field: 8,
    _nudged_field: 4,
    _field_of_another: 4,
    _name_of_another: 2,
    _bad_name: 2,
    _truncate: 1,
    _extend: 1,
    _delete: 1,
    _splice: 2,
    _repeat: 1,
}
INJURIES, WEIGHTS = list(WEIGHTED), list(WEIGHTED.values())


def _field(out: bytearray, known: Known, chance: Random) -> Field | None:
    field = chance.choice(known.fields) if known.fields else None
    return field if field and field.offset + field.width <= len(out) else None


def _read(out: bytearray, field: Field) -> int:
    return int.from_bytes(out[field.offset : field.offset + field.width], "little")


def _write(out: bytearray, field: Field, value: int) -> None:
    out[field.offset : field.offset + field.width] = (value % (1 << 8 * field.width)).to_bytes(field.width, "little")


# --- JSON ---

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 3, 2**31, 2**63, 2**64, -(2**63), 10**400, 0.5, 1e308, -1e308, 1e-320),
    *(
        float("nan"),
        float("inf"),
        "",
        "x",
        "x" * 5000,
        "\x00",
        "\x1b[31m",
        "\ud800",
        "../x",
        [],
        {},
        [[]],
        [None],
        {"": 0},
    ),
    *([0] * 1000, ["full_attention"] * 4, {"rope_type": "yarn"}, "gemma3_text", [1, 2, 3], [-1], [2**70]),
)


def damaged_json(value: Any, chance: Random) -> bytes:
    """The value with one to four of its members changed, as text; now and then the text itself is damaged."""
    copy = deepcopy(value)
    for _ in range(chance.choice((1, 1, 2, 4))):
        copy = _damaged_value(copy, chance)
    text = json.dumps(copy).encode("utf-8", "surrogatepass")
    kind = chance.random()
    if kind < 0.1:
        return damaged(text, Known(), chance)
    if kind < 0.14:
        depth = chance.choice((50, 1000, 30_000))
        return chance.choice((b"[" * depth, b'{"a":' * depth, b"[" * depth + text + b"]" * depth))
    if kind < 0.2 and text.startswith(b"{") and len(text) > 2:  # every key twice
        return text[:-1] + b"," + text[1:]
    if kind < 0.22:
        return chance.choice((b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", b"[1] ")) + text
    return text


def _damaged_value(value: Any, chance: Random) -> Any:
    """One place changed, somewhere in the depth."""
    if isinstance(value, dict | list) and value and chance.random() < 0.9:
        key = chance.choice(list(value)) if isinstance(value, dict) else chance.randrange(len(value))
        what = chance.random()
        if what < 0.15:
            del value[key]
        elif what < 0.2 and isinstance(value, dict):
            value[chance.choice((f"{key}x", "", str(key).upper(), "__metadata__"))] = value.pop(key)
        elif what < 0.3 and isinstance(value, dict):
            value[key] = deepcopy(value[chance.choice(list(value))])
        elif what < 0.35 and isinstance(value, list):
            value.extend(value[:100])
        else:
            value[key] = _damaged_value(value[key], chance)
        return value
    if isinstance(value, int) and not isinstance(value, bool) and chance.random() < 0.5:
        return chance.choice((value + 1, value - 1, value * 2, -value, value + 4, value << 32, hex(value), 1.5))
    return deepcopy(chance.choice(ODD_VALUES))


# --- Protobufs ---

VARINT, I64, LEN, GROUP_START, GROUP_END, I32 = range(6)
Part = tuple[int, int, int | bytes]
"""Field number, wire type, value."""


def damaged_protobuf(data: bytes, chance: Random, depth: int = 0) -> bytes:
    """One part of a message changed, or of a message within it, in ways that wire formats invite."""
    parts = list(_parts(data))
    if not parts or chance.random() < 0.05:
        return damaged(data, Known(), chance)
    at = chance.randrange(len(parts))
    number, wire, value = parts[at]
    if wire == LEN and isinstance(value, bytes) and depth < 4 and chance.random() < 0.6 and any(_parts(value)):
        parts[at] = (number, LEN, damaged_protobuf(value, chance, depth + 1))
        return b"".join(_encoded(part) for part in parts)
    what = chance.randrange(8)
    encoded = [_encoded(part) for part in parts]
    if what == 0:
        del encoded[at]
    elif what == 1:
        encoded[at] *= chance.choice((2, 100, 5000))
    elif what == 2:
        encoded[at] = _encoded((number, VARINT, chance.choice(EXTREMES)))
    elif what == 3:  # too long a varint
        encoded[at] = _varint(number << 3 | VARINT) + b"\xff" * chance.choice((9, 10, 11, 100)) + b"\x01"
    elif what == 4:  # a length that lies
        body = value if isinstance(value, bytes) else b"abc"
        encoded[at] = _varint(number << 3 | LEN) + _varint(chance.choice((*EXTREMES, len(body) + 1))) + body
    elif what == 5:  # groups in groups
        encoded[at] = _varint(number << 3 | GROUP_START) * chance.choice((1, 50, 5000))
    elif what == 6:
        encoded[at] = _varint(chance.choice((0, 1, number, 19_000, (1 << 29) - 1)) << 3 | chance.randrange(8)) + bytes(
            8
        )
    elif isinstance(value, bytes):
        new = chance.choice((b"", value * 2, b"\xff" * 8, b"\x00" * 5000, chance.randbytes(16), value[:-1]))
        encoded[at] = _encoded((number, LEN, new))
    else:
        encoded[at] = _encoded((number, wire, chance.choice(EXTREMES) if wire == VARINT else chance.getrandbits(32)))
    if chance.random() < 0.1:
        chance.shuffle(encoded)
    return b"".join(encoded)


def _parts(data: bytes) -> Iterator[Part]:
    """The parts of a message; none at all where the bytes are not one."""
    parts: list[Part] = []
    at = 0
    try:
        while at < len(data):
            key, at = _read_varint(data, at)
            number, wire = key >> 3, key & 7
            if wire == VARINT:
                value, at = _read_varint(data, at)
                parts.append((number, wire, value))
            elif wire in (I64, I32):
                width = 8 if wire == I64 else 4
                parts.append((number, wire, int.from_bytes(data[at : at + width], "little")))
                at += width
            elif wire == LEN:
                size, at = _read_varint(data, at)
                parts.append((number, wire, data[at : at + size]))
                at += size
            else:
                return
    except IndexError:
        return
    if at == len(data) and all(number for number, _, _ in parts):
        yield from parts


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at


def _varint(value: int) -> bytes:
    out = bytearray()
    value %= 1 << 64
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _encoded(part: Part) -> bytes:
    number, wire, value = part
    key = _varint(number << 3 | wire)
    if isinstance(value, bytes):
        return key + _varint(len(value)) + value
    if wire == VARINT:
        return key + _varint(value)
    width = 8 if wire == I64 else 4
    return key + (value % (1 << 8 * width)).to_bytes(width, "little")
