"""Whatever a path is a checkpoint in: a folder, or a GGUF file."""

from __future__ import annotations

from pathlib import Path

from builder.checkpoint.checkpoint import Checkpoint
from builder.checkpoint.folder import CheckpointFolder
from builder.formats.sniff import is_gguf
from builder.model.gguf_checkpoint import GgufCheckpoint
from builder.model.sidecars import FolderSidecars, Sidecars


def open_checkpoint(path: Path) -> tuple[Checkpoint, Sidecars]:
    """The checkpoint, and what comes with its weights; CheckpointError or UnsupportedModel where it is none that is read."""
    if is_gguf(path):
        checkpoint = GgufCheckpoint.open(path)
        return checkpoint, checkpoint
    return CheckpointFolder.open(path), FolderSidecars(path)
