"""Rows of a pasted text and the post about it, by seed.

Every post passes the scorer (`builder.demo.score`): name and fact kept, nothing changed, cut or said twice, tags of the
subject, within the limit, and no cheer over bad news.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import Literal

from builder.demo.generator import social_post, social_prompt, tones
from builder.demo.scenes import voice
from builder.demo.scenes.read import Scene, scenes, slots_of
from builder.demo.scenes.shapes import FULL, NOTED, Shape, choose_shape, shaped
from builder.demo.scenes.values import fill, main_name, values_for, values_of_point
from builder.demo.scenes.whole import Whole, wholes
from builder.demo.score import Subject, on_subject, score, sentences_of
from builder.demo.texts import tidy

MAX_QUOTED = 20
"""A sentence of the text of up to this many words may stand in the post as it is."""
QUOTED_SHARE = 0.35
ROOM = {25: (12, 18), 50: (30, 43)}
"""Limit → the fewest and most words that a post aims at, hashtags and all: a model cannot count exactly."""
MOST = {25: 20, 50: 46}
"""Limit → the most words that a post of an example has, its lead being as long as it is."""
PAIRED_FROM = 30
"""A text of as many words is told at every length: what differs between the posts is then the length alone."""
MAX_POSTS = 6
WHOLE_SHARE = 0.75
"""How often a text is one that was written as a whole."""
SHORT = 25
"""At so few words a post has the news, in one sentence where it can, and nothing else: a rule that a small model can keep."""
MAX_TAG = 26
MAX_TRIES = 200


@dataclass(frozen=True)
class Told:
    """One point as the text has it, and the ways in which a post may say it."""

    sentence: str
    ways: tuple[str, ...]


@dataclass(frozen=True)
class SceneRow:
    """One example: the subject with its text, what is asked, and a post that fits."""

    subject: Subject
    tone: str
    words: int
    post: str
    scene: str
    shape: Shape | Literal["whole"]

    @property
    def instruction(self) -> str:
        """What the page asks, without turns."""
        return social_prompt(self.subject.text, self.tone, self.words, turns=False)


def scene_row(rng: Random, *, held_out: bool = False) -> SceneRow:
    """A text and a post about it that the scorer finds publishable."""
    return scene_rows(rng, held_out=held_out)[0]


def scene_rows(rng: Random, *, held_out: bool = False) -> list[SceneRow]:
    """A text and one post about it or, of a long text, one at each length of the page; all publishable by the scorer."""
    limits = [length["words"] for length in social_post()["lengths"]]
    for _ in range(MAX_TRIES):
        told = _whole(rng, held_out) if rng.random() < WHOLE_SHARE else _scene(rng, held_out)
        tone, subject = rng.choice(tones()), told.subject
        long = _count(subject.text) >= PAIRED_FROM
        rows = []
        for limit in rng.sample(limits, len(limits) if long else 1):
            points = told.short if limit <= SHORT else told.long
            posts = [write_post(rng, told.scene, points, told.tags, tone, limit) for _ in range(MAX_POSTS)]
            fitting = (
                each
                for each in posts
                if _count(each) <= MOST[limit] and score(subject, each, limit, stuttered=False).publishable
            )
            rows.append(SceneRow(subject, tone, limit, next(fitting, ""), told.scene.title, told.shape))
        if all(row.post for row in rows):
            return rows
    raise RuntimeError("the scenes give no publishable post: run tests/builder/demo/test_scenes.py")


@dataclass(frozen=True)
class Material:
    """What the posts about one text are made of: its points as the shorter and as the longer post may tell them."""

    scene: Scene
    shape: Shape | Literal["whole"]
    subject: Subject
    short: list[Told]
    long: list[Told]
    tags: list[str]


def _scene(rng: Random, held_out: bool) -> Material:
    scene, shape = rng.choice(scenes()), choose_shape(rng)
    subject, told, tags = told_scene(rng, scene, shape, held_out=held_out)
    return Material(scene, shape, subject, told, told, tags)


def _whole(rng: Random, held_out: bool) -> Material:
    whole = rng.choice(wholes())
    subject, tags, values = told_whole(rng, whole, held_out=held_out)
    short, long = ([Told(subject.text, whole.posts(values, short=short))] for short in (True, False))
    return Material(whole.scene, "whole", subject, short, long, tags)


def told_whole(rng: Random, whole: Whole, *, held_out: bool) -> tuple[Subject, list[str], dict[str, str]]:
    """A whole text with its values: what a judge knows of it, hashtags that fit, and the values."""
    scene, values = whole.scene, values_for(rng, whole.scene, held_out=held_out)
    text, name = whole.told(rng, values), main_name(values[scene.name])
    facts = (values[scene.fact],) if scene.fact else ()
    subject = Subject(text, scene.sober, (name,), facts, tuple(tag.casefold() for tag in scene.tags))
    return subject, hashtags(rng, scene, name, [], text), values


def told_scene(rng: Random, scene: Scene, shape: Shape, *, held_out: bool) -> tuple[Subject, list[Told], list[str]]:
    """A scene with its values: what a judge knows of its text, its points, and hashtags that fit."""
    values = values_for(rng, scene, held_out=held_out)
    lead, *rest = scene.points
    rest = rng.sample(rest, len(rest) if shape in FULL else rng.randint(1, len(rest)))
    if rng.random() < 0.7:
        rest.sort(key=scene.points.index)
    stated: frozenset[str] = frozenset()
    told: list[Told] = []
    note = ""
    for point in (lead, *rest):
        own = values if point is lead else values_of_point(rng, values, scene, stated)
        template = rng.choice(point.notes if shape in NOTED else point.texts)
        if point is lead:
            note = fill(rng.choice(lead.notes), own)
            stated = slots_of(template)
        sentence = fill(template, own)
        known = stated | slots_of(template)
        ways = [tidy(fill(way, own)) for way in point.posts if slots_of(way) <= known]
        if shape not in NOTED and len(sentence.split()) <= MAX_QUOTED and rng.random() < QUOTED_SHARE:
            ways = [tidy(sentence)]
        told.append(Told(sentence, tuple(ways)))
    text = shaped(rng, shape, [each.sentence for each in told], note, sober=scene.sober)
    name, fact = main_name(values[scene.name]), values[scene.fact]
    chosen = [values[slot] for slot, choice in scene.choices.items() if choice.tag and slot in stated]
    tags = hashtags(rng, scene, name, chosen, text)
    subjects = tuple(tag.casefold() for tag in (*scene.tags, *map(_camel, chosen)) if tag)
    return Subject(text, scene.sober, (name,), (fact,), subjects), told, tags


def hashtags(rng: Random, scene: Scene, name: str, chosen: list[str], text: str) -> list[str]:
    """Hashtags in the order of use: the name's or what it is about, and those of the subject that the text speaks of.

    A model that learns tags of which the text has no word puts them under other texts, where they are wrong.
    """
    spoken_of = [tag for tag in scene.tags if on_subject(tag, Subject(text, scene.sober, (), ()))]
    own = rng.sample(spoken_of, len(spoken_of))
    particular = [tag for tag in map(_camel, [*chosen, name]) if 4 <= len(tag) <= MAX_TAG]
    rng.shuffle(particular)
    tags = [*particular[:1], *own, *particular[1:]]
    if rng.random() < 0.25:
        tags = [*own[:1], *particular[:1], *own[1:]]
    return list(dict.fromkeys(tags or scene.tags))


def write_post(rng: Random, scene: Scene, told: list[Told], tags: list[str], tone: str, limit: int) -> str:
    """An opening, the lead, further points as there is room, a closing, hashtags; "" if the lead cannot be told."""
    low, high = ROOM[limit]
    if not told[0].ways:
        return ""
    aim = rng.randint(low, high)
    chosen = tags[: rng.choice((1, 1, 2) if limit <= SHORT else (1, 2, 2, 3))]
    lead = rng.choice(_fewest_sentences(told[0].ways) if limit <= SHORT else told[0].ways)
    if tone == "enthusiastic" and not scene.sober and lead.endswith(".") and rng.random() < 0.5:
        lead = lead[:-1] + "!"
    opening = voice.opening(rng, scene.group, tone, sober=scene.sober)
    closing = "" if limit <= SHORT else voice.closing(rng, scene.group, tone, sober=scene.sober)
    emoji = voice.emoji(rng, scene.group, tone, sober=scene.sober)
    if opening.endswith(":") and ":" in lead:
        opening = ""
    if "thank" in f"{opening} {lead}".casefold() and "thank" in closing.casefold():
        closing = ""
    body = {0: lead}

    def room() -> int:
        return aim - _count(" ".join([opening, *body.values(), closing, emoji, *chosen]))

    if room() < 0:
        closing = ""
    if room() < 0:
        opening = ""
    for place in _useful_first(told) if limit > SHORT else ():
        fitting = [way for way in told[place].ways if _count(way) <= room()]
        if fitting:
            body[place] = rng.choice(fitting)
    parts = [opening, *(body[place] for place in sorted(body)), closing]
    if emoji:
        parts.insert(rng.choice((0, len(parts), len(parts))), emoji)
    return " ".join(part for part in [*parts, *(f"#{tag}" for tag in chosen)] if part)


def _fewest_sentences(ways: tuple[str, ...]) -> list[str]:
    counts = [len(sentences_of(way)) for way in ways]
    return [way for way, count in zip(ways, counts, strict=True) if count == min(counts)]


def _useful_first(told: list[Told]) -> list[int]:
    """Places of the points after the lead: first what a reader acts on (a time, a price, a number to call), then what somebody said."""
    return sorted(range(1, len(told)), key=lambda place: not any(char.isdigit() for char in told[place].sentence))


def _count(text: str) -> int:
    return len(text.split())


def _camel(name: str) -> str:
    """ "the Larkfield Book Fair" as a hashtag, without the article."""
    parts = re.findall(r"[^\W_]+", re.sub(r"['’]s\b", "s", re.sub(r"^(?:an?|the) ", "", name, flags=re.IGNORECASE)))
    return "".join(part[0].upper() + part[1:] for part in parts)
