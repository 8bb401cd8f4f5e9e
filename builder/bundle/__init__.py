"""Bundles: one file with the model, its tokenizer, and how to talk to it.

`source` gathers and checks the parts, `litertlm` and `task` write them, and `container` is what writing shares: streamed
into a file beside the target, read back, compared with the parts, renamed. The same parts always give the same bytes.
"""

from __future__ import annotations

from builder.bundle.container import WrittenBundle
from builder.bundle.litertlm import write_litertlm
from builder.bundle.source import Conversation, Source, Turn, graph_source, web_source
from builder.bundle.task import write_task

__all__ = [
    "Conversation",
    "Source",
    "Turn",
    "WrittenBundle",
    "graph_source",
    "web_source",
    "write_litertlm",
    "write_task",
]
