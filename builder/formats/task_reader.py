"""Reading a zip `.task` that nobody vouches for.

By hand and strictly, since Python's zipfile reads a central directory of any size and lets entries overlap: the zip ends
with its end record, its entries are stored, few, apart from each other, and named the same in both of their headers.
Raises ModelFileError.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from builder.errors import ModelFileError
from builder.files.reading import shown
from builder.files.untrusted import DamagedError, UntrustedBytes, opened
from builder.formats.bundle_metadata import read_metadata
from builder.formats.graph_reader import Graph
from builder.formats.llm_parameters import LlmParameters

GRAPH_ENTRY, TOKENIZER_ENTRY, METADATA_ENTRY = "TF_LITE_PREFILL_DECODE", "TOKENIZER_MODEL", "METADATA"

WEB_START = 4
"""Where @mediapipe/tasks-genai looks for a zip; MediaPipe's writer puts zeros before it, native readers look everywhere."""

MAX_ENTRIES = 64
MAX_DIRECTORY = 64 << 10
MAX_NAME = 256
CHUNK = 1 << 20

END = struct.Struct("<4s4HIIH")
END64_LOCATOR = struct.Struct("<4sIQI")
END64 = struct.Struct("<4sQ2H2I4Q")
CENTRAL = struct.Struct("<4s6H3I5H2I")
LOCAL = struct.Struct("<4s5H3I2H")
IN_ZIP64, IN_ZIP64_SHORT = 0xFFFFFFFF, 0xFFFF
ENCRYPTED, SIZES_AFTER = 1, 8
"""Flags of an entry: its sizes may stand after it rather than before it."""


@dataclass(frozen=True)
class Entry:
    """A stored file of the zip: where its content is."""

    name: str
    offset: int
    size: int
    crc: int


@dataclass(frozen=True)
class TaskFile:
    """An opened zip `.task` of a language model."""

    path: Path
    size: int
    entries: dict[str, Entry]
    """In the order of the file."""
    graph: Graph
    metadata: LlmParameters
    problem: str | None
    """Why MediaPipe's web task would not take it, in words that follow its name."""

    @classmethod
    def open(cls, path: Path) -> TaskFile:
        """Reads and checks the directory, the graph's signatures and the metadata."""
        with opened(path) as content:
            entries = _entries(content)
            for name in (GRAPH_ENTRY, TOKENIZER_ENTRY, METADATA_ENTRY):
                if name not in entries:
                    raise DamagedError(
                        f"is not a bundle of a language model: it has no {name}, but {', '.join(entries)}"
                    )
            said = entries[METADATA_ENTRY]
            metadata = read_metadata(content, said.offset, said.size, LlmParameters, said.name)
            start = content.read(0, 8)
        graph = Graph.open(path, entries[GRAPH_ENTRY].offset, entries[GRAPH_ENTRY].size)
        problem = graph.mediapipe_problem()
        if start[WEB_START : WEB_START + 2] != b"PK":
            problem = f"has its first PK at byte {start.find(b'PK')}: the web task looks for it at byte {WEB_START}"
        return cls(path, content.size, entries, graph, metadata, problem)

    def check_content(self) -> None:
        """Reads every entry; ModelFileError where one is not what its checksum says."""
        with self.path.open("rb", buffering=0) as file:
            for entry in self.entries.values():
                file.seek(entry.offset)
                crc, left = 0, entry.size
                while left and (chunk := file.read(min(CHUNK, left))):
                    crc, left = zlib.crc32(chunk, crc), left - len(chunk)
                if left or crc != entry.crc:
                    raise ModelFileError(
                        f"{self.path} is damaged: {entry.name} has checksum {crc:08x}, expected {entry.crc:08x}; download or "
                        f"bundle it again.",
                        subject=self.path,
                    )


def _entries(content: UntrustedBytes) -> dict[str, Entry]:
    count, size, offset, end = _end_record(content)
    if count > MAX_ENTRIES or size > MAX_DIRECTORY:
        raise DamagedError(f"says it has {count:,} entries in {size:,} bytes: expected at most {MAX_ENTRIES}")
    if offset + size != end:
        raise DamagedError("has bytes between its directory and its end, or a directory that does not lie inside")
    directory = content.read(offset, size)
    entries: dict[str, Entry] = {}
    places = [(offset, content.size, "the directory")]
    position = 0
    for _ in range(count):
        entry, start, position = _entry(content, directory, position)
        if entry.name in entries:
            raise DamagedError(f"has two entries named {entry.name}")
        entries[entry.name] = entry
        places.append((start, entry.offset + entry.size, entry.name))
    if position != size:
        raise DamagedError(f"has a directory of {size:,} bytes, of which its entries take {position:,}")
    for (_, end, first), (start, _, second) in itertools.pairwise(sorted(places)):
        if start < end:
            raise DamagedError(f"has {first} and {second} in the same place")
    return dict(sorted(entries.items(), key=lambda item: item[1].offset))


def _end_record(content: UntrustedBytes) -> tuple[int, int, int, int]:
    """(entries, bytes of the directory, its offset, where it ends)."""
    at = content.size - END.size
    magic, disk, first, here, count, size, offset, comment = END.unpack(content.read(at, END.size))
    if magic != b"PK\x05\x06" or comment:
        raise DamagedError("is cut short or not a zip: it does not end with a zip's end record")
    if (disk, first, here) != (0, 0, count):
        raise DamagedError("is a part of a zip in several files")
    if IN_ZIP64 not in (size, offset) and count != IN_ZIP64_SHORT:
        return count, size, offset, at
    magic, disk, at, disks = END64_LOCATOR.unpack(content.read(at - END64_LOCATOR.size, END64_LOCATOR.size))
    end = END64.unpack(content.read(at, END64.size))
    if (magic, disk, disks) != (b"PK\x06\x07", 0, 1) or end[0] != b"PK\x06\x06" or end[1] != END64.size - 12:
        raise DamagedError("is damaged: its zip64 end record is invalid")
    if at + END64.size != content.size - END.size - END64_LOCATOR.size:
        raise DamagedError("is damaged: its zip64 end record is not at its end")
    return end[7], end[8], end[9], at


def _entry(content: UntrustedBytes, directory: bytes, position: int) -> tuple[Entry, int, int]:
    """The entry at `position` of the directory, where its header starts in the file, and where the next one is."""
    try:
        fields = CENTRAL.unpack_from(directory, position)
    except struct.error:
        raise DamagedError("has a directory that is cut short") from None
    magic, _, _, flags, method, _, _, crc, packed, size, name_size, extra_size, comment_size, _, _, _, start = fields
    position += CENTRAL.size
    name = _name(directory[position : position + name_size])
    position += name_size
    extra = directory[position : position + extra_size]
    if magic != b"PK\x01\x02" or len(extra) < extra_size:
        raise DamagedError("has a directory that is damaged")
    size, packed, start = _in_zip64(extra, size, packed, start)
    if method or packed != size or flags & ENCRYPTED:
        raise DamagedError(f"has {name} compressed or encrypted: engines map a .task into memory, so it is stored only")
    local = LOCAL.unpack(content.read(start, LOCAL.size))
    magic, _, flags, method, _, _, local_crc, local_packed, local_size, local_name, local_extra = local
    offset = start + LOCAL.size + local_name + local_extra
    sizes = {size, packed, IN_ZIP64} if not flags & SIZES_AFTER else {size, 0, IN_ZIP64}
    same = magic == b"PK\x03\x04" and not method and local_name == name_size and {local_packed, local_size} <= sizes
    if not same or (local_crc != crc and not flags & SIZES_AFTER):
        raise DamagedError(f"has different headers for {name} in its directory and before it")
    if content.read(start + LOCAL.size, local_name) != name.encode():
        raise DamagedError(f"has different names for {name} in its directory and before it")
    if offset + size > content.size:
        raise DamagedError(f"is cut short: {name} should end at byte {offset + size:,} of {content.size:,}")
    return Entry(name, offset, size, crc), start, position + extra_size + comment_size


def _name(raw: bytes) -> str:
    name = raw.decode(errors="replace")
    if not name or len(raw) > MAX_NAME or not name.isprintable() or name.encode() != raw:
        raise DamagedError("has an entry without a usable name")
    if {"", ".", ".."} & set(name.removesuffix("/").split("/")) or "\\" in name or ":" in name:
        raise DamagedError(
            f"has an entry named {shown(name)}, which would lead out of the folder that it is unpacked to"
        )
    return name


def _in_zip64(extra: bytes, size: int, packed: int, start: int) -> tuple[int, int, int]:
    """The numbers that did not fit into 32 bits, from the entry's zip64 field."""
    values = [size, packed, start]
    wanted = [i for i, value in enumerate(values) if value == IN_ZIP64]
    position = 0
    while wanted and position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        if kind == 1:
            field = extra[position + 4 : position + 4 + length]
            if len(field) < 8 * len(wanted):
                break
            for at, i in enumerate(wanted):
                values[i] = int.from_bytes(field[8 * at : 8 * at + 8], "little")
            wanted = []
        position += 4 + length
    if wanted:
        raise DamagedError("has an entry whose zip64 sizes are missing")
    return values[0], values[1], values[2]
