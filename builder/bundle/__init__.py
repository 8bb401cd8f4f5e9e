"""Bundles: one file with the model, its tokenizer, and how to talk to it.

`source` gathers and checks the parts, `litertlm` and `task` write them, and `container` is what writing shares: streamed
into a file beside the target, read back, compared with the parts, renamed. The same parts always give the same bytes.
"""

from __future__ import annotations

from pathlib import Path

from builder.bundle.container import Progress, WrittenBundle
from builder.bundle.litertlm import largest_litertlm, write_litertlm
from builder.bundle.source import Conversation, Source, conversation_with, graph_source, open_source, web_source
from builder.bundle.task import write_task
from builder.errors import BundleError, OutputError

__all__ = [
    "Conversation",
    "Source",
    "WrittenBundle",
    "conversation_with",
    "graph_source",
    "largest_litertlm",
    "open_source",
    "web_source",
    "write_bundle",
    "write_litertlm",
    "write_task",
]

WRITERS = {".litertlm": write_litertlm, ".task": write_task}


def write_bundle(output: Path, source: Source, progress: Progress | None = None) -> WrittenBundle:
    """Writes the format that the output's name ends with."""
    writer = WRITERS.get(output.suffix.lower())
    if writer is None:
        raise BundleError(f"{output}: the name of a bundle must end with .litertlm or .task.", subject=output)
    if output.exists() and any(output.samefile(path) for path in (source.model, source.tokenizer.path)):
        raise OutputError(f"{output} is an input of the bundle: choose another output file.", subject=output)
    return writer(output, source, progress)
