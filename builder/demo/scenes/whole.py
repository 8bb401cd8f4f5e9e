"""Texts written as a whole: long sentences, the name or the date late, several figures, and posts that pick what matters.

A scene's points can be told one after the other. People do not write so: the news hides in the middle of a letter, a list has
ten lines of which two matter, and a sentence of forty words has to become one of twelve. `whole/*.txt` hold such texts:

    # title
    sober loss                 as in a scene (`read`): mood, group, tags, name, fact, choices; `fact: none` if there is none
    …
    text:
    The pasted text, as many lines as it has. [One|Another] is drawn by chance, {slots} are filled.
    short: a post of one or two sentences, for the shorter length
    long: one that tells more

Each post names the main thing and its date or number. Openings, closings, emoji and hashtags are added by tone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from builder.demo.scenes.read import Scene, blocks, scene_of
from builder.demo.scenes.values import fill
from builder.demo.texts import expand, tidy

FOLDER = Path(__file__).resolve().parent / "whole"

_POST = re.compile(r"^(short|long): ", re.MULTILINE)


@dataclass(frozen=True)
class Whole:
    """One text with its posts. `scene` says what it is about and has no points."""

    scene: Scene
    text: str
    short: tuple[str, ...]
    long: tuple[str, ...]

    def told(self, rng: Random, values: dict[str, str]) -> str:
        """The text, its alternatives drawn and its slots filled."""
        return fill(expand(rng, self.text), values)

    def posts(self, values: dict[str, str], *, short: bool) -> tuple[str, ...]:
        """The ways to tell it."""
        return tuple(tidy(fill(post, values)) for post in (self.short if short else self.long))


@cache
def wholes() -> tuple[Whole, ...]:
    """All of them, by file and place."""
    return tuple(
        whole for file in sorted(FOLDER.glob("*.txt")) for whole in blocks(file.read_text(encoding="utf-8"), whole_of)
    )


def whole_of(title: str, source: str) -> Whole:
    """The text under `title`; ValueError where something is missing."""
    head, marked, body = source.partition("\ntext:\n")
    text, *parts = _POST.split(body)
    posts: dict[str, list[str]] = {"short": [], "long": []}
    for length, post in zip(parts[::2], parts[1::2], strict=True):
        posts[length].append(post.strip())
    if not marked or not text.strip() or not all(posts.values()):
        raise ValueError("text, short and long are wanted")
    return Whole(scene_of(title, head), text.strip(), tuple(posts["short"]), tuple(posts["long"]))
