"""A byte-level byte-pair tokenizer (`byte_pairs`) as a model's tokenizer: from tokenizer.json beside a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from builder.errors import TokenizerError
from builder.files.reading import read_json_object
from builder.model.byte_pairs import (
    BytePairs,
    NotBytePairsError,
    byte_pairs_in,
    is_byte_level,
    start_text,
)
from builder.model.tokenizer import END_OF_TEXT, Processor, Tokenizer

MAX_BYTES = 64 << 20
"""Of tokenizer.json; Llama 3's has 17 MB."""


@dataclass(frozen=True)
class BytePairTokenizer(Tokenizer):
    """As `Tokenizer`; `model` is a tokenizer.json that adds nothing to a text."""

    @classmethod
    def of(cls, path: Path, pairs: BytePairs, start_id: int, end_id: int) -> BytePairTokenizer:
        """`path` is what an error names."""
        special = frozenset(token.text for token in pairs.added if token.special)
        return cls(path, pairs.to_json(), pairs.pieces, start_id, end_id, special)

    @classmethod
    def from_bytes(cls, path: Path, data: bytes, start_id: int = -1, end_id: int = -1) -> BytePairTokenizer:
        """Of a `model`, as `of` made it, which says neither begin nor end; TokenizerError where these are no ids of its."""
        pairs = _read(path, _parsed(path, data), rows=1 << 31)
        for i in (start_id, end_id):
            if not -1 <= i < len(pairs.pieces):
                raise _refused(path, f"has no piece {i}, which is said to begin or end a text")
        return cls.of(path, pairs, start_id, end_id)

    @cached_property
    def processor(self) -> Processor:
        """As `Tokenizer`."""
        return _read(self.path, _parsed(self.path, self.model), rows=len(self.pieces))

    @property
    def is_sentencepiece(self) -> bool:
        """As `Tokenizer`."""
        return False

    def reading(self, texts: str) -> Tokenizer:
        """As `Tokenizer`: it reads all of its added tokens in every text."""
        return self


def byte_pair_tokenizer_of(folder: Path, rows: int) -> BytePairTokenizer | None:
    """The tokenizer.json of a checkpoint's folder, whose embedding has `rows`; None where it is of another kind or not there.

    TokenizerError where it is of this kind and cannot be used.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        return None
    values = read_json_object(path, MAX_BYTES)
    try:
        if not is_byte_level(values):
            return None
        start = start_text(values)
    except NotBytePairsError as error:
        raise _refused(path, str(error)) from None
    pairs = _read(path, values, rows)
    ids = {piece: i for i, piece in enumerate(pairs.pieces)}
    if start is not None and start not in ids:
        raise _refused(path, f"begins each text with {start!r}, which is no piece")
    end = _end_token(folder)
    return BytePairTokenizer.of(
        path,
        pairs,
        start_id=-1 if start is None else ids[start],
        end_id=ids.get(end if end is not None else END_OF_TEXT, -1),
    )


def _end_token(folder: Path) -> str | None:
    """As tokenizer_config.json names it."""
    path = folder / "tokenizer_config.json"
    said = read_json_object(path).get("eos_token") if path.is_file() else None
    said = said.get("content") if isinstance(said, dict) else said
    return said if isinstance(said, str) else None


def _parsed(path: Path, data: bytes) -> Mapping[str, Any]:
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise _refused(path, "is no tokenizer.json")
    return values


def _read(path: Path, values: Mapping[str, Any], rows: int) -> BytePairs:
    try:
        return byte_pairs_in(values, rows)
    except NotBytePairsError as error:
        raise _refused(path, str(error)) from None


def _refused(path: Path, reason: str) -> TokenizerError:
    return TokenizerError(
        f"{path} {reason}: onpage cannot be sure to cut texts as the model was taught; use the tokenizer.json of the model's own "
        f"repository.",
        subject=path,
    )
