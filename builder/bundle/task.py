"""Writing a zip `.task`, as MediaPipe's bundler lays it out, through Python's zipfile.

Not through MediaPipe's own writer (`model_asset_bundle_utils.create_model_asset_bundle`): it takes every part as bytes, so
that a model of 1 GB needs 1 GB of memory, and it writes the clock into the zip, so that the same parts never give the same
bytes twice.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, cast
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from builder.bundle.container import Part, PartStream, Progress, WrittenBundle, verify_parts
from builder.bundle.source import Source
from builder.errors import BundleError, OutputError
from builder.files.writing import write_beside
from builder.formats.llm_parameters import LlmParameters, PromptAffixes, PromptTemplates
from builder.formats.task_reader import GRAPH_ENTRY, METADATA_ENTRY, TOKENIZER_ENTRY, WEB_START, TaskFile
from builder.model.turns import NOTHING

ALIGNMENT = 64
"""Of each part; MediaPipe maps them, wants 4, and the graph's weights are happier with more."""

DATE = (1980, 1, 1, 0, 0, 0)
UNIX = 3
LOCAL, CENTRAL, END = 30, 46, 22
"""Bytes of a zip's headers without names."""

PADDING_ID = 0xD935
"""Of an extra field that only aligns, as Android's zipalign writes it."""

MAX_GRAPH_BYTES = 2_000_000_000
"""Of a graph, so that no reader needs to know zip64. A page cannot hold more in memory anyway."""


def write_task(output: Path, source: Source, progress: Progress | None = None) -> WrittenBundle:
    """Writes `source`, a graph, as a zip `.task` for MediaPipe.

    Raises the errors of builder.errors; `output` is then as it was.
    """
    _check(source)
    parts = [
        Part(GRAPH_ENTRY, source.model),
        Part(TOKENIZER_ENTRY, source.tokenizer.model),
        Part(METADATA_ENTRY, LlmParameters.serialize(task_metadata(source))),
    ]
    places, entries, end = [], [], WEB_START
    for part in parts:
        info, end = _entry(part, end)
        entries.append(info)
        places.append((end, part))
        end += part.size
    end += sum(CENTRAL + len(info.filename) + len(info.extra) for info in entries) + END
    with write_beside(output, end) as file:
        stream = PartStream(file, end, progress)
        stream.seek(WEB_START)
        with ZipFile(cast(BinaryIO, stream), "w", ZIP_STORED) as archive:
            for info, part in zip(entries, parts, strict=True):
                with archive.open(info, "w") as entry:
                    for chunk in part.chunks():
                        entry.write(chunk)
        found = TaskFile.open(file.path)
        if [(e.offset, e.size) for e in found.entries.values()] != [(at, part.size) for at, part in places]:
            raise OutputError(f"{output} does not have the entries that were written: a part changed meanwhile.")
        assert found.problem is None, found.problem
        sha256 = verify_parts(file.path, places, end, progress)
    return WrittenBundle(output, end, sha256, "zip .task", {part.name: part.size for part in parts})


def task_metadata(source: Source) -> LlmParameters:
    """METADATA as MediaPipe's bundler makes it: the tokens by their texts."""
    conversation, pieces = source.conversation, source.tokenizer.pieces
    user, model, system = conversation.user, conversation.model, conversation.system
    assert conversation.start_id is not None, "a SentencePiece model has one"
    metadata = LlmParameters(
        start_token=pieces[conversation.start_id], stop_tokens=[pieces[i] for i in conversation.stop_ids]
    )
    if user.prefix or user.suffix or model.prefix:
        metadata.prompt_template = PromptAffixes(prompt_prefix=user.prefix, prompt_suffix=user.suffix + model.prefix)
    sides = {"user": user, "model": model, "system": system}
    affixes = {
        side: PromptAffixes(prompt_prefix=turn.prefix, prompt_suffix=turn.suffix)
        for side, turn in sides.items()
        if turn != NOTHING
    }
    if affixes:
        metadata.prompt_templates = PromptTemplates(**affixes)
    return metadata


def _check(source: Source) -> None:
    if source.graph is None:
        raise BundleError(
            f"{source.model} is a web file, which MediaPipe loads directly; a zip .task is for LiteRT graphs. Serve the web file "
            f"itself, or write a .litertlm.",
            subject=source.model,
        )
    if not source.tokenizer.is_sentencepiece:
        raise BundleError(
            f"{source.tokenizer.path} is no SentencePiece model, the only kind of tokenizer that MediaPipe reads: write a .litertlm.",
            subject=source.tokenizer.path,
        )
    if source.conversation.jinja:
        raise BundleError(
            "A zip .task cannot contain a chat template: set prefixes and suffixes, or write a .litertlm."
        )
    problem = source.graph.mediapipe_problem()
    if problem:
        raise BundleError(
            f"{source.model} {problem}: export the graph with mask_as_input and KV_LAYOUT_TRANSPOSED, as onpage convert "
            f"--target graph does.",
            subject=source.model,
        )
    if source.graph.size > MAX_GRAPH_BYTES:
        raise BundleError(
            f"{source.model} has {source.graph.size:,} bytes: MediaPipe holds a zip .task in memory, so it may have "
            f"{MAX_GRAPH_BYTES:,} at most; write a .litertlm.",
            subject=source.model,
        )


def _entry(part: Part, position: int) -> tuple[ZipInfo, int]:
    """The entry of a part whose header is at `position`, and where its content begins: at a multiple of ALIGNMENT."""
    info = ZipInfo(part.name, DATE)
    info.create_system = UNIX
    info.external_attr = 0o644 << 16
    info.file_size = part.size
    start = position + LOCAL + len(part.name) + 4
    padding = -start % ALIGNMENT
    info.extra = struct.pack("<HH", PADDING_ID, padding) + bytes(padding)
    return info, start + padding
