"""What stands in front of the names of a tower's tensors in a checkpoint."""

from __future__ import annotations

from collections.abc import Sequence

from builder.checkpoint.checkpoint import Checkpoint
from builder.errors import CheckpointError


def prefixes(checkpoint: Checkpoint, ends: Sequence[str]) -> list[str]:
    """For each of these ends of names, how the name begins; CheckpointError where none ends so."""
    found = []
    for end in ends:
        name = next((name for name in checkpoint.tensors if f".{name}".endswith(f".{end}")), None)
        if name is None:
            raise CheckpointError(
                f"Tensor {end} is missing from {checkpoint.path}: expected the tower that its config.json describes; is the download complete, or "
                f"is it the text part alone?",
                subject=end,
            )
        found.append(name.removesuffix(end))
    return found
