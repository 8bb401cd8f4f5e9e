"""The graph in a bundle, and the tokenizer that goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from builder.errors import ModelFileError
from builder.files.untrusted import DamagedError, opened
from builder.formats.graph_reader import Graph
from builder.formats.litertlm_reader import LitertlmFile
from builder.formats.sniff import Format, sniff_file
from builder.formats.task_reader import TOKENIZER_ENTRY, TaskFile

SENTENCEPIECE = "SP_Tokenizer"
MAX_TOKENIZER = 64 << 20


@dataclass(frozen=True)
class BundledGraph:
    """Both."""

    graph: Graph
    tokenizer: bytes
    """A SentencePiece model."""


def graph_in(path: Path) -> BundledGraph:
    """ModelFileError where the file is no bundle of a graph and a SentencePiece tokenizer."""
    form = sniff_file(path)
    if form is Format.TASK:
        task = TaskFile.open(path)
        entry = task.entries[TOKENIZER_ENTRY]
        return BundledGraph(task.graph, _read(path, entry.offset, entry.size))
    if form is Format.LITERTLM:
        file = LitertlmFile.open(path)
        section = file.section(SENTENCEPIECE)
        if isinstance(file.model, Graph) and section is not None:
            return BundledGraph(file.model, _read(path, section.offset, section.size))
        raise ModelFileError(f"{path} has no graph with a SentencePiece tokenizer.", subject=path)
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
