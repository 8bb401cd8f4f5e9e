"""How often an engine takes the token that the reference finds likeliest, on many positions.

The engine writes greedily after known beginnings. Each token of its texts is a position: the reference reads the same text up to there and
says what it would have taken. So one wrong choice counts once and does not carry the rest away, as comparing whole texts does, and a
position costs the engine one step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from builder.model.tokenizer import Processor
from builder.reference.decoder import WeightSource
from builder.reference.evaluate import Interval, SourcePredictor, wilson


@dataclass(frozen=True)
class Written:
    """What an engine wrote after a beginning."""

    beginning: str
    text: str


@dataclass(frozen=True)
class Agreement:
    """On how many positions the two agree."""

    positions: int
    same: int

    @property
    def share(self) -> Interval:
        """With Wilson's interval of 95 %; needs a position."""
        return wilson(self.same, self.positions)


def agreement(
    source: WeightSource,
    processor: Processor,
    beginning: Sequence[int],
    answers: Sequence[Written],
    progress: Callable[[], None] = lambda: None,
) -> Agreement:
    """Judges all answers in one pass over the weights; `beginning` are the ids that the engine puts in front of a text.

    What a text's tokens were is found by tokenizing it again; an answer whose first piece joins the beginning's last is left out, and one
    whose text the reference would write in other pieces is followed up to there.
    """
    texts: list[tuple[list[int], list[int]]] = []
    for answer in answers:
        before, whole = processor.encode(answer.beginning), processor.encode(answer.beginning + answer.text)
        if before and whole[: len(before)] == before and len(whole) > len(before):
            texts.append(([*beginning, *before], whole[len(before) :]))
    if not texts:
        return Agreement(0, 0)
    likeliest = _likeliest(source, [[*before, *text][:-1] for before, text in texts], progress)
    positions = same = 0
    for (before, text), choices in zip(texts, likeliest, strict=True):
        for place, (choice, token) in enumerate(zip(choices[len(before) - 1 :], text, strict=True)):
            positions += 1
            if choice == token:
                same += 1
            elif _is_other_piece(processor, choice, text[place:]):
                same += 1
                break
    return Agreement(positions, same)


def _is_other_piece(processor: Processor, choice: int, rest: list[int]) -> bool:
    """Whether a choice begins the very text that follows."""
    piece = processor.id_to_piece(choice)
    return "".join(map(processor.id_to_piece, rest)).startswith(piece)


def _likeliest(source: WeightSource, texts: Sequence[Sequence[int]], progress: Callable[[], None]) -> list[list[int]]:
    """The likeliest id after each token of each text."""
    count = sum(map(len, texts))
    highest, choices = np.full(count, -np.inf, np.float32), np.zeros(count, np.int64)
    for first, logits in SourcePredictor(source).bands(texts, progress):
        top = logits.argmax(axis=1)
        values = np.take_along_axis(logits, top[:, None], axis=1)[:, 0]
        rises = values > highest
        highest[rises], choices[rises] = values[rises], first + top[rises]
    ends = np.cumsum([len(text) for text in texts])[:-1]
    return [part.tolist() for part in np.split(choices, ends)]
