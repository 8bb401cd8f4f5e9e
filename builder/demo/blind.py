"""Sixty texts written by hand before any training on posts, in the shapes that people paste; `blind.jsonl` holds them.

They judge and are not learned from: nothing is tuned on them, and nobody reads the posts about them to change a generator.
Each says what a post must keep, whether cheer would be wrong, and what its hashtags may be about.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

BLIND = Path(__file__).resolve().parent / "blind.jsonl"

SHAPES = ("message", "headline", "list", "lines", "quotation", "price", "emoji", "prose", "long")


@dataclass(frozen=True)
class BlindText:
    """One pasted text. `names` and `facts` are the spellings of which a post must keep one each."""

    text: str
    shape: str
    sober: bool
    """Bad news: cheer is wrong."""
    names: tuple[str, ...]
    facts: tuple[str, ...]
    """Dates and numbers."""
    subjects: tuple[str, ...]
    """Hashtags, in lower case and without the sign, that fit although their words are not in the text."""


@cache
def blind_texts() -> tuple[BlindText, ...]:
    """All of them, in the file's order; its first line is the note that says what they are for."""
    _, *entries = map(json.loads, BLIND.read_text(encoding="utf-8").splitlines())
    return tuple(
        BlindText(
            text=entry["text"],
            shape=entry["shape"],
            sober=entry["sober"],
            names=tuple(entry["names"]),
            facts=tuple(entry["facts"]),
            subjects=tuple(entry["subjects"]),
        )
        for entry in entries
    )
