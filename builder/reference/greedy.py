"""Whether a text is the greedy one: one pass of the streamed reference over prompt and text.

Each matrix is read out of the file when it is needed, and the embedding in bands, so the pass takes about as much memory as the largest
matrix and as long as dequantizing the file, whatever the number of tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from builder.reference.evaluate import SourcePredictor


@dataclass(frozen=True)
class Checked:
    """What the reference makes of a text that follows a prompt."""

    choices: list[int]
    """At each place, the likeliest id after the prompt and the text before it."""
    distances: list[float]
    """How far the logit of the text's own id is below that of the likeliest, as a share of the likeliest's height above the
    middle of all: 0 where it is the likeliest, near 0 at a tie, about 1 for an id that has nothing to do there."""


def check_greedy(predictor: SourcePredictor, prompt: Sequence[int], text: Sequence[int]) -> Checked:
    """Holds `text` to what the predictor would write after `prompt`, which has the start token."""
    ids, first = [*prompt, *text][:-1], len(prompt) - 1
    bands = [band[first:] for _, band in predictor.bands([ids], lambda: None)]
    logits = np.concatenate(bands, axis=1)
    highest = logits.max(axis=1)
    own = np.take_along_axis(logits, np.array(text)[:, None], axis=1)[:, 0]
    distances = (highest - own) / (highest - np.median(logits, axis=1))
    return Checked(logits.argmax(axis=1).tolist(), distances.tolist())
