"""The reference for models of any size: each matrix is read out of the file when it is needed, and the embedding in bands.

So one pass takes about as much memory as the largest matrix and as long as dequantizing the file, whatever the number of
tokens: too slow to write a text with, and quick enough to say whether an engine's text is the greedy one (`check_greedy`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from builder.reference.decoder import WeightSource
from builder.reference.dense import Reference
from builder.reference.sources import WebFileSource


@dataclass(frozen=True)
class Checked:
    """What the reference makes of a text that follows a prompt."""

    choices: list[int]
    """At each place, the likeliest id after the prompt and the text before it."""
    distances: list[float]
    """How far the logit of the text's own id is below that of the likeliest, as a share of the likeliest's height above the
    middle of all: 0 where it is the likeliest, near 0 at a tie, about 1 for an id that has nothing to do there."""


class StreamedReference(Reference):
    """As `Reference`, with the weights left in the file."""

    def check_greedy(self, prompt: Sequence[int], text: Sequence[int]) -> Checked:
        """One pass over `prompt` (with the start token) and `text`."""
        states = self.hidden_states([*prompt, *text][:-1])[len(prompt) - 1 :]
        logits = self.predictions(states)
        highest = logits.max(axis=1)
        own = np.take_along_axis(logits, np.array(text)[:, None], axis=1)[:, 0]
        distances = (highest - own) / (highest - np.median(logits, axis=1))
        return Checked(logits.argmax(axis=1).tolist(), distances.tolist())

    def _source(self, file: WebFileSource) -> WeightSource:
        return file
