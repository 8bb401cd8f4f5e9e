"""The graph in a bundle, and the tokenizer that goes with it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

from builder.errors import ModelFileError
from builder.files.untrusted import DamagedError, opened
from builder.formats.graph_reader import Graph
from builder.formats.litertlm_reader import BYTE_PAIRS, SENTENCEPIECE, LitertlmFile
from builder.formats.sniff import Format, sniff_file
from builder.formats.task_reader import TOKENIZER_ENTRY, TaskFile

MAX_TOKENIZER = 64 << 20


@dataclass(frozen=True)
class BundledGraph:
    """Both."""

    graph: Graph
    tokenizer: bytes
    """A SentencePiece model or a tokenizer.json."""
    is_sentencepiece: bool = True
    start_id: int = -1
    """Of the token that begins a text, -1 where the bundle names none."""
    end_id: int = -1
    """The same of what ends an answer."""


def graph_in(path: Path) -> BundledGraph:
    """ModelFileError where the file is no bundle of a graph and its tokenizer."""
    form = sniff_file(path)
    if form is Format.TASK:
        task = TaskFile.open(path)
        entry = task.entries[TOKENIZER_ENTRY]
        return BundledGraph(task.graph, _read(path, entry.offset, entry.size))
    if form is Format.LITERTLM:
        file = LitertlmFile.open(path)
        if isinstance(file.model, Graph):
            section = file.section(SENTENCEPIECE)
            if section is not None:
                return BundledGraph(file.model, _read(path, section.offset, section.size))
            section = file.section(BYTE_PAIRS)
            if section is not None:
                said = file.metadata
                stops = [i for token in said.stop_tokens for i in token.token_ids.ids]
                start = next(iter(said.start_token.token_ids.ids), -1)
                content = _unpacked(path, _read(path, section.offset, section.size))
                return BundledGraph(file.model, content, False, start, next(iter(stops), -1))
        raise ModelFileError(f"{path} has no graph with a tokenizer: convert the checkpoint again.", subject=path)
    raise ModelFileError(
        f"{path} holds a LiteRT graph alone, without the tokenizer that reads its texts: give it as a .litertlm or .task "
        f"(onpage bundle makes one).",
        subject=path,
    )


def _read(path: Path, offset: int, size: int) -> bytes:
    with opened(path, offset, size) as content:
        if size > MAX_TOKENIZER:
            raise DamagedError(f"has a tokenizer of {size:,} bytes: expected at most {MAX_TOKENIZER:,}")
        return content.read(0, size)


def _unpacked(path: Path, section: bytes) -> bytes:
    """A tokenizer.json: its size stands in front of what zlib made of it."""
    size, unpacking = int.from_bytes(section[:8], "little"), zlib.decompressobj()
    try:
        content = unpacking.decompress(section[8:], MAX_TOKENIZER) if size <= MAX_TOKENIZER else b""
    except zlib.error:
        content = b""
    if not content or len(content) != size:
        raise ModelFileError(
            f"{path} is damaged: its tokenizer does not unpack to the {size:,} bytes that it says, of at most {MAX_TOKENIZER:,}.",
            subject=path,
        )
    return content
