"""The scenes in `*.txt`: what may have happened, told in several ways.

A file holds scenes; `# …` begins one (or is a remark at the head of a file), then:

    sober warning                 glad or sober, and the group whose openings and closings fit
    tags: Recall Safety           hashtags of the subject
    name: product                 the slot that is the main name
    fact: number                  the slot that is the main date or number
    let fault: a | b              a slot with choices of its own; `let fault#:` may become a hashtag
    let number: 40..900/10        a number from 40 to 900 in steps of 10 (without `/10`: of 1); 100..2,000 has commas
    - text: a sentence as a person writes it; the first point is the lead
      text: another way
      note: the same in a few words, for lists
      post: the same as a post tells it

`{slot}` is a value (`values`), `{Slot}` the same with a capital.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

Read = TypeVar("Read")

FOLDER = Path(__file__).resolve().parent

_SLOT = re.compile(r"\{(\w+)\}")
_ALIASES = {"when": "date", "when2": "date2", "when3": "date3"}
FREE = frozenset({"he", "his", "him", "from"})
"""Slots that state nothing."""


def slots_of(template: str) -> frozenset[str]:
    """What a template states: its slots in lower case, "on Monday" and "Monday" being one."""
    found = {name.lower() for name in _SLOT.findall(template)}
    return frozenset(_ALIASES.get(name, name) for name in found) - FREE


@dataclass(frozen=True)
class Point:
    """One thing to say: as sentences, as a note and as a post says it."""

    texts: tuple[str, ...]
    notes: tuple[str, ...]
    posts: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """The values of a slot that a scene has for itself; `tag`: they make a hashtag."""

    values: tuple[str, ...]
    tag: bool


@dataclass(frozen=True)
class Scene:
    """One thing that may have happened. The first of `points` is the lead, which states name and fact.

    `fact` is "" if there is none, and `points` is empty where the text is written as a whole (`whole`).
    """

    title: str
    mood: Literal["glad", "sober"]
    group: str
    tags: tuple[str, ...]
    name: str
    fact: str
    choices: dict[str, Choice]
    points: tuple[Point, ...]

    @property
    def sober(self) -> bool:
        return self.mood == "sober"


@cache
def scenes() -> tuple[Scene, ...]:
    """All scenes, by file and place."""
    return tuple(scene for file in sorted(FOLDER.glob("*.txt")) for scene in parse(file.read_text(encoding="utf-8")))


def parse(source: str) -> list[Scene]:
    """The scenes of one file; ValueError, with the scene's title, where a line or a part of it is wrong."""
    return blocks(source, _scene)


def blocks(source: str, read: Callable[[str, str], Read]) -> list[Read]:
    """What `read` makes of the title and the lines of each `# …` block; ValueError, with the title, where it fails."""
    found = []
    for block in re.split(r"^# ", source, flags=re.MULTILINE):
        title, _, rest = block.partition("\n")
        if rest.strip():
            try:
                found.append(read(title.strip(), rest))
            except (ValueError, KeyError) as error:
                raise ValueError(f"scene {title!r}: {error}") from error
    return found


def _scene(title: str, source: str) -> Scene:
    head, *points = re.split(r"^- ", source.strip(), flags=re.MULTILINE)
    scene = scene_of(title, head, tuple(_point(point) for point in points))
    if len(scene.points) < 2:
        raise ValueError("at least two points are wanted")
    return scene


def scene_of(title: str, head: str, points: tuple[Point, ...] = ()) -> Scene:
    """The scene with this title whose head (mood, group, fields, choices) is `head`."""
    first, *lines = head.strip().splitlines()
    mood, group = first.split()
    if mood not in ("glad", "sober"):
        raise ValueError(f"{mood!r} is neither glad nor sober")
    fields: dict[str, str] = {}
    choices: dict[str, Choice] = {}
    for line in lines:
        key, _, value = line.partition(": ")
        if key.startswith("let "):
            slot = key.removeprefix("let ")
            choices[slot.rstrip("#")] = Choice(tuple(value.split(" | ")), slot.endswith("#"))
        else:
            fields[key] = value
    scene = Scene(
        title=title,
        mood="sober" if mood == "sober" else "glad",
        group=group,
        tags=tuple(fields.pop("tags").split()),
        name=fields.pop("name"),
        fact="" if (fact := fields.pop("fact")) == "none" else fact,
        choices=choices,
        points=points,
    )
    if fields:
        raise ValueError(f"what is {next(iter(fields))!r}?")
    return scene


def _point(source: str) -> Point:
    lines: dict[str, list[str]] = {"text": [], "note": [], "post": []}
    for line in source.strip().splitlines():
        key, _, value = line.strip().partition(": ")
        lines[key].append(value)
    if not all(lines.values()):
        raise ValueError(f"a point wants text, note and post: {source.strip()[:60]!r}")
    return Point(tuple(lines["text"]), tuple(lines["note"]), tuple(lines["post"]))
