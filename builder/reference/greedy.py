"""Whether a text is the greedy one: one pass of the streamed reference over prompt and text.

Each matrix is read out of the file when it is needed, and the embedding in bands, so the pass takes about as much memory as the largest
matrix and as long as dequantizing the file, whatever the number of tokens.

Where an engine rounds activations to 8 bits, no pass foresees its logits: a difference of 10⁻⁷, such as another order of a sum makes,
moves some value to the next integer, which moves others, and after a few layers two sound computations are as far from each other as from
the exact one. What such rounding does to the logits of this very text can be measured, though, by a second pass that rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from builder.reference.arithmetic import Array
from builder.reference.evaluate import SourcePredictor

Spellings = Sequence[Sequence[int]]
"""At each place of a text, the ids whose pieces its rest begins with, its own among them."""


@dataclass(frozen=True)
class Checked:
    """What the reference makes of a text that follows a prompt.

    Distances of logits are shares of how high the likeliest is above the middle of all.
    """

    choices: list[int]
    """At each place, the likeliest id after the prompt and the text before it."""
    distances: list[float]
    """How far the logit of the text's own id is below that of the likeliest: 0 where it is the likeliest, near 0 at a tie, about 1 for
    an id that has nothing to do there."""
    spelled: list[float]
    """The same of the likeliest id that the rest of the text may begin with: an engine may have written it in other pieces."""
    rounding: list[float]
    """How far the rounding of activations moves a logit: root of the mean square over all ids, 0 where nothing is rounded."""


def check_greedy(
    predictor: SourcePredictor,
    prompt: Sequence[int],
    text: Sequence[int],
    *,
    spellings: Spellings | None = None,
    rounded: SourcePredictor | None = None,
) -> Checked:
    """Holds `text` to what the predictor would write after `prompt`, which has the start token.

    `spellings` None: each place has the text's own id only. `rounded` predicts with the same weights and rounded activations.
    """
    ids, first = [*prompt, *text][:-1], len(prompt) - 1
    logits = _logits(predictor, ids, first)
    highest = logits.max(axis=1)
    height = highest - np.median(logits, axis=1)
    own = np.take_along_axis(logits, np.array(text)[:, None], axis=1)[:, 0]
    spelled = (
        own
        if spellings is None
        else np.array([row[list(may)].max() for row, may in zip(logits, spellings, strict=True)])
    )
    moved = np.zeros(len(logits), np.float32) if rounded is None else _moved(_logits(rounded, ids, first) - logits)
    return Checked(
        logits.argmax(axis=1).tolist(),
        ((highest - own) / height).tolist(),
        ((highest - spelled) / height).tolist(),
        (moved / height).tolist(),
    )


def _logits(predictor: SourcePredictor, ids: Sequence[int], first: int) -> Array:
    """After each of `ids` from the `first` on, (places, vocabulary)."""
    return np.concatenate([band[first:] for _, band in predictor.bands([ids], lambda: None)], axis=1)


def _moved(differences: Array) -> Array:
    """Root mean squares (places,) of differences (places, vocabulary), but for what all ids have in common, which changes no choice."""
    found: Array = differences.std(axis=1)
    return found
