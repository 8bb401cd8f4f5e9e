"""Reading a FlatBuffer that nobody vouches for. Each read is checked against its bounds; whatever is wrong is a DamagedError."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from builder.files.untrusted import INT32, UINT16, UINT32, DamagedError, UntrustedBytes

MAX_TEXT = 4096


def root_table(content: UntrustedBytes) -> Table:
    """The table that a FlatBuffer begins with."""
    return Table(content, content.number(UINT32, 0))


class Table:
    """A table; `slot` numbers its fields from 0 in the order of the schema."""

    def __init__(self, content: UntrustedBytes, position: int) -> None:
        self._content, self._position = content, position
        self._fields = position - content.number(INT32, position)
        self._slots = (content.number(UINT16, self._fields) - 4) // 2

    def number(self, slot: int, kind: struct.Struct, default: int = 0) -> int:
        """A field's number, `default` where it is left out."""
        place = self._place(slot)
        return default if place is None else self._content.number(kind, place)

    def text(self, slot: int) -> str:
        """A text that a terminal may show, "" where it is left out."""
        place = self._target(slot)
        if place is None:
            return ""
        size = self._content.number(UINT32, place)
        if size > MAX_TEXT:
            raise DamagedError(f"has a text of {size:,} bytes: expected at most {MAX_TEXT:,}")
        try:
            text = self._content.read(place + 4, size).decode()
        except UnicodeDecodeError:
            raise DamagedError("has a name that is not UTF-8") from None
        if not text.isprintable():
            raise DamagedError("has a name with control characters")
        return text

    def table(self, slot: int) -> Table | None:
        """A table inside, None where it is left out."""
        place = self._target(slot)
        return None if place is None else Table(self._content, place)

    def tables(self, slot: int, most: int, what: str) -> Iterator[Table]:
        """The tables of a vector of at most `most`."""
        first, count = self.vector(slot, 4, most, what)
        for place in range(first, first + 4 * count, 4):
            yield Table(self._content, place + self._content.number(UINT32, place))

    def numbers(self, slot: int, kind: struct.Struct, most: int, what: str) -> list[int]:
        """The numbers of a vector of at most `most`."""
        first, count = self.vector(slot, kind.size, most, what)
        return [value for (value,) in kind.iter_unpack(self._content.read(first, kind.size * count))]

    def vector(self, slot: int, width: int, most: int, what: str) -> tuple[int, int]:
        """(position, number of elements) of a vector that lies inside and has at most `most` elements of `width` bytes."""
        place = self._target(slot)
        if place is None:
            return 0, 0
        count = self._content.number(UINT32, place)
        if count > most:
            raise DamagedError(f"says it has {count:,} {what}: expected at most {most:,}")
        if place + 4 + width * count > self._content.size:
            raise DamagedError(f"is damaged or cut short: its {count:,} {what} do not lie inside")
        return place + 4, count

    def _place(self, slot: int) -> int | None:
        if slot >= self._slots:
            return None
        offset = self._content.number(UINT16, self._fields + 4 + 2 * slot)
        return self._position + offset if offset else None

    def _target(self, slot: int) -> int | None:
        place = self._place(slot)
        return None if place is None else place + self._content.number(UINT32, place)
