"""Reading a `.litertlm` that nobody vouches for: its header, a FlatBuffer, and the sections that it names.

Sections are checked to lie inside the file, after the header, apart from each other; the model among them is opened as
what it is, a LiteRT graph or a web file. Raises ModelFileError.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

from builder.files.untrusted import INT8, INT32, UINT8, UINT32, UINT64, DamagedError, UntrustedBytes, opened
from builder.formats.bundle_metadata import read_metadata
from builder.formats.flatbuffer import Table, root_table
from builder.formats.graph_reader import Graph
from builder.formats.llm_metadata import LlmMetadata
from builder.formats.web_file_reader import WebFile

HEADER_END, HEADER_START = 24, 32
MAX_HEADER = 1 << 20
MAX_SECTIONS = 256
MAX_ITEMS = 64

SENTENCEPIECE, BYTE_PAIRS = "SP_Tokenizer", "HF_Tokenizer_Zlib"
"""The sections of the two kinds of tokenizer."""

KINDS = {
    1: "GenericBinaryData",
    3: "TFLiteModel",
    4: SENTENCEPIECE,
    5: "LlmMetadataProto",
    6: BYTE_PAIRS,
    7: "TFLiteWeights",
    8: "EmbeddingMetadataProto",
    9: "ExecutorMetadataProto",
    10: "TtsMetadataProto",
    11: "AsrMetadataProto",
}
"""Of a section, by the header's number."""

TOWERS = {"tf_lite_vision_encoder": "image", "tf_lite_audio_encoder_hw": "audio"}
"""The model type of a section → what it lets in, beside a graph."""

GRAPH_MODEL, WEB_MODEL = "tf_lite_prefill_decode", "tf_lite_artisan_text_decoder"

# fields of the header's schema, by their number there
FILE_SYSTEM, FILE_SECTIONS = 0, 1
SYSTEM_ENTRIES, SECTION_OBJECTS = 0, 0
SECTION_ITEMS, SECTION_BEGIN, SECTION_END, SECTION_KIND = 0, 1, 2, 3
ITEM_KEY, ITEM_TYPE, ITEM_VALUE = 0, 1, 2
TEXT_TYPE = 9
INTEGER_TYPES = {1: UINT8, 2: INT8, 5: UINT32, 6: INT32, 8: UINT8, 10: UINT64}


@dataclass(frozen=True)
class Section:
    """A part of the file, and what the header says of it."""

    kind: str
    offset: int
    size: int
    said: dict[str, str | int]

    @property
    def model_type(self) -> str:
        """Which model it is or belongs to, "" where the header does not say."""
        return str(self.said.get("model_type", ""))


@dataclass(frozen=True)
class LitertlmFile:
    """An opened `.litertlm` of a language model."""

    path: Path
    size: int
    version: str
    system: dict[str, str | int]
    sections: tuple[Section, ...]
    """In the order of the file."""
    metadata: LlmMetadata
    decoder: Section
    model: Graph | WebFile
    """The decoder's header."""

    @classmethod
    def open(cls, path: Path) -> LitertlmFile:
        """Reads and checks the header, the metadata, and the header of the text decoder."""
        with opened(path) as content:
            header = _header(content)
            sections = header.sections
            metadata = _metadata(content, sections)
            decoder = _decoder(sections)
        reader = WebFile if decoder.model_type == WEB_MODEL else Graph
        model = reader.open(path, decoder.offset, decoder.size)
        return cls(path, content.size, header.version, header.system, sections, metadata, decoder, model)

    @property
    def modalities(self) -> tuple[str, ...]:
        """What goes in: text, and what there is an encoder for. A web file holds its own: MediaPipe does not look at sections."""
        if isinstance(self.model, WebFile):
            return self.model.modalities
        types = {section.model_type for section in self.sections}
        return ("text", *(modality for kind, modality in TOWERS.items() if kind in types))

    def section(self, kind: str) -> Section | None:
        """The first section of a kind."""
        return next((section for section in self.sections if section.kind == kind), None)


@dataclass(frozen=True)
class Header:
    """What every `.litertlm` begins with, whatever is in it."""

    version: str
    system: dict[str, str | int]
    sections: tuple[Section, ...]
    """In the order of the file."""


def header_of(path: Path) -> Header:
    """Reads and checks the header alone."""
    with opened(path) as content:
        return _header(content)


def sections_in(path: Path) -> tuple[Section, ...]:
    """The sections of a file, in order."""
    return header_of(path).sections


def _header(content: UntrustedBytes) -> Header:
    if content.read(0, 8) != b"LITERTLM":
        raise DamagedError("is not a .litertlm file: expected LITERTLM at its start")
    version = ".".join(str(content.number(UINT32, at)) for at in (8, 12, 16))
    end = content.number(UINT64, HEADER_END)
    if not HEADER_START < end <= min(content.size, HEADER_START + MAX_HEADER):
        raise DamagedError(f"says its header ends at byte {end:,} of {content.size:,}")
    root = root_table(content.part(HEADER_START, end - HEADER_START))
    system = root.table(FILE_SYSTEM)
    return Header(version, _items(system, SYSTEM_ENTRIES) if system else {}, _sections(root, end, content.size))


def _sections(root: Table, header_end: int, size: int) -> tuple[Section, ...]:
    table = root.table(FILE_SECTIONS)
    sections = []
    for section in table.tables(SECTION_OBJECTS, MAX_SECTIONS, "sections") if table else ():
        begin, end = section.number(SECTION_BEGIN, UINT64), section.number(SECTION_END, UINT64)
        kind = section.number(SECTION_KIND, UINT8)
        if not header_end <= begin < end:
            raise DamagedError(f"has a section from byte {begin:,} to {end:,}, behind a header of {header_end:,}")
        if end > size:
            raise DamagedError(f"is cut short: a section should end at byte {end:,} of {size:,}")
        sections.append(Section(KINDS.get(kind, f"kind {kind}"), begin, end - begin, _items(section, SECTION_ITEMS)))
    sections.sort(key=lambda section: section.offset)
    for first, second in itertools.pairwise(sections):
        if second.offset < first.offset + first.size:
            raise DamagedError(f"has {first.kind} and {second.kind} in the same place")
    return tuple(sections)


def _items(table: Table, slot: int) -> dict[str, str | int]:
    items: dict[str, str | int] = {}
    for item in table.tables(slot, MAX_ITEMS, "entries"):
        key, kind, value = item.text(ITEM_KEY), item.number(ITEM_TYPE, UINT8), item.table(ITEM_VALUE)
        if key in items:
            raise DamagedError(f"has two entries named {key}")
        if value and kind == TEXT_TYPE:
            items[key] = value.text(0)
        elif value and kind in INTEGER_TYPES:
            items[key] = value.number(0, INTEGER_TYPES[kind])
    return items


def _metadata(content: UntrustedBytes, sections: tuple[Section, ...]) -> LlmMetadata:
    found = [section for section in sections if section.kind == "LlmMetadataProto"]
    if len(found) != 1:
        raise DamagedError(
            f"does not contain a language model: expected one section LlmMetadataProto, found {len(found)}"
        )
    [section] = found
    return read_metadata(content, section.offset, section.size, LlmMetadata, section.kind)


def _decoder(sections: tuple[Section, ...]) -> Section:
    models = [s for s in sections if s.kind == "TFLiteModel" and s.model_type in (GRAPH_MODEL, WEB_MODEL)]
    if not models:
        raise DamagedError(f"has no text decoder among its {len(sections)} sections ({GRAPH_MODEL} or {WEB_MODEL})")
    return models[0]
