"""Rows of training and evaluation data: a prompt's text, tone and limit, and the post that answers it.

Deterministic in the seed. Training and evaluation draw their main names from disjoint halves of the name space
(`words.is_held_out`), so that no evaluated text has a subject that training had.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from builder.demo import facts, words
from builder.demo.posts import make_post
from builder.demo.texts import make_story

SOCIAL_POST = Path(__file__).parents[2] / "static" / "tasks" / "post" / "social_post.json"
"""In the checkout, which alone has this package: it is not in the wheel."""

COPY_INSTRUCTION = "Repeat the text.\n\n{text}"
TURN = "<start_of_turn>user\n{prompt}<end_of_turn>\n<start_of_turn>model\n"
END = "<end_of_turn>"


@dataclass(frozen=True)
class Row:
    """One example. `name` and `fact` are kept in `post` exactly; `fact` is "" if the text has no date or number."""

    text: str
    tone: str
    words: int
    post: str
    name: str
    fact: str
    kind: str

    @property
    def prompt(self) -> str:
        """The whole prompt with its turn template, without BOS."""
        return (
            social_prompt(self.text, self.tone, self.words)
            if self.tone
            else TURN.format(prompt=COPY_INSTRUCTION.format(text=self.text))
        )


@cache
def social_post() -> dict[str, Any]:
    """The page's own definition of instruction, tones and lengths: `static/tasks/post/social_post.json`."""
    definition: dict[str, Any] = json.loads(SOCIAL_POST.read_text(encoding="utf-8"))
    return definition


def tones() -> list[str]:
    """The words for the tones in the instruction."""
    return [tone["prompt"] for tone in social_post()["tones"]]


def social_prompt(text: str, tone: str, limit: int, *, turns: bool = True) -> str:
    """The prompt the page sends for `text`; without `turns` what stands between them."""
    instruction = social_post()["instruction"]
    for slot, value in (("{tone}", tone), ("{words}", str(limit)), ("{text}", text)):
        instruction = instruction.replace(slot, value)
    return TURN.replace("{prompt}", instruction) if turns else instruction


def post_row(rng: Random, *, held_out: bool = False, longest: int = 150) -> Row:
    """A text and its post."""
    definition = social_post()
    while True:
        story = make_story(rng, held_out=held_out, longest=longest)
        tone, limit = rng.choice(tones()), rng.choice(definition["lengths"])["words"]
        post = make_post(rng, story, tone, limit)
        if post is None:
            continue
        text, name, fact = story.text, story.name, story.fact
        if rng.random() < 0.25:
            text, post, name, fact = (part.replace("'", "\u2019") for part in (text, post, name, fact))
            if rng.random() < 0.6:
                text = _curly(text)
        if name in text and fact in text:
            return Row(text, tone, limit, post, name, fact, story.kind)


SEPARATORS = (", ", " ", ". ", "\n", "\n", "\n", "\n- ")


def copy_row(rng: Random) -> Row:
    """Pure copying: a list of names, dates, prices and words, to be repeated, often with another separator.

    It teaches copying fast, and that a piece at the start of a line and after a space is the same word.
    """
    makers = (
        *(lambda: words.event_name(rng), lambda: words.company_name(rng), lambda: words.product_name(rng)),
        *(lambda: words.person_name(rng), lambda: words.place_name(rng), lambda: words.invented_word(rng)),
        *(lambda: words.any_word(rng).capitalize(), lambda: words.any_word(rng), lambda: words.word_salad(rng)),
        *(lambda: facts.date_text(rng)[0], lambda: facts.date_text(rng)[0], lambda: facts.number_text(rng)),
        *(lambda: facts.price_text(rng), lambda: facts.time_text(rng), lambda: facts.money_text(rng)),
    )
    items = [rng.choice(makers)() for _ in range(rng.randint(2, 9))]
    separator = rng.choice(SEPARATORS)
    other = separator if rng.random() < 0.25 else rng.choice(SEPARATORS)
    return Row(separator.join(items), "", 0, other.join(items), "", "", "copy")


def test_rows(seed: int, count: int) -> list[Row]:
    """`count` rows with held-out names."""
    rng = Random(f"test {seed}")
    return [post_row(rng, held_out=True) for _ in range(count)]


def _curly(text: str) -> str:
    """Straight double quotes to typographic ones, by turns."""
    pieces = text.split('"')
    return "".join(
        piece + ("" if index == len(pieces) - 1 else "\u201c\u201d"[index % 2]) for index, piece in enumerate(pieces)
    )
