"""What comes with the weights of a checkpoint: its tokenizer, its chat template, and how its answers are sampled.

In a folder they are files of their own, in a GGUF file metadata. Read when asked for, and trusted no more than the weights.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from builder.files.reading import read_json_object
from builder.model.byte_pair_tokenizer import byte_pair_tokenizer_of
from builder.model.chat_template import ChatTemplate
from builder.model.tokenizer import Tokenizer


class Sidecars(Protocol):
    """Of one checkpoint."""

    @property
    def path(self) -> Path:
        """Where they lie, for messages."""

    @property
    def has_tokenizer(self) -> bool:
        """Whether there is anything to read a tokenizer from."""

    def tokenizer(self, rows: int) -> Tokenizer:
        """The tokenizer for an embedding of `rows`; TokenizerError where it cannot be one."""

    def chat_template(self) -> ChatTemplate | None:
        """The template, None where there is none; CheckpointError where it cannot be read."""

    def generation(self) -> dict[str, Any]:
        """How answers are sampled and what ends one, in the words of generation_config.json."""


@dataclass(frozen=True)
class FolderSidecars:
    """The files of a Hugging Face folder."""

    path: Path

    @property
    def has_tokenizer(self) -> bool:
        """As `Sidecars`."""
        return any((self.path / name).exists() for name in ("tokenizer.model", "tokenizer.json"))

    def tokenizer(self, rows: int) -> Tokenizer:
        """As `Sidecars`."""
        if not os.path.lexists(self.path / "tokenizer.model"):
            byte_pairs = byte_pair_tokenizer_of(self.path, rows)
            if byte_pairs is not None:
                return byte_pairs
        return Tokenizer.of_checkpoint(self.path, rows)

    def chat_template(self) -> ChatTemplate | None:
        """As `Sidecars`."""
        return ChatTemplate.of_checkpoint(self.path)

    def generation(self) -> dict[str, Any]:
        """As `Sidecars`."""
        path = self.path / "generation_config.json"
        return read_json_object(path) if os.path.lexists(path) else {}
