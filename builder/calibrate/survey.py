"""One pass of short texts through a model as it is, for all that a conversion wants to know: how large its residual stream grows, and
how large the inputs of each matrix are.

The stream is looked at on the probe alone, so that every file of a checkpoint is scaled alike, whatever its bits, and an adapter fits
them all. The largest values stand at the first tokens of any text, so a short one shows them. The pass takes about as long as reading
the weights once; a matrix at a time is in memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.calibrate.importance import Importance, Place, mean_squares
from builder.calibrate.texts import Texts
from builder.model.tokenizer import Tokenizer
from builder.reference.decoder import Decoder, Inputs, LayersDone, WeightSource, embedded_texts

PROBE = "The library (est. 1902) is open.\n\nWhy? def mean(values):\n    return 48213;"
"""Prose, numbers, line breaks and code: the largest values stand at the first token, and next at such."""
MAX_PROBE = 31
"""Tokens after that in front of a text; a tokenizer that knows no English makes more of it."""


@dataclass(frozen=True)
class Survey:
    """What a pass showed."""

    largest_residual: float
    """Of the absolute values of the unscaled stream on the probe; 0 where they are not finite."""
    importance: Importance | None
    """On the texts, where there were any."""


def survey(
    source: WeightSource, tokenizer: Tokenizer, texts: Texts | None = None, report: LayersDone | None = None
) -> Survey:
    """Of a model. Weights that are not finite make an importance that is not, and a stream of which nothing is said."""
    probe = [tokenizer.alone_id, *tokenizer.processor.encode(PROBE)[:MAX_PROBE]]
    decoder = Decoder(source.model)
    found: dict[Place, NDArray[np.float32]] = {}

    def observe(index: int, parts: Inputs, inputs: NDArray[np.float32]) -> None:
        means = mean_squares(inputs[len(probe) :])
        found.update({(part, index): means for part in parts})

    with np.errstate(all="ignore"):
        x, attending = embedded_texts(decoder, source, [probe, *(texts or ())])
        x = decoder.layers(source.layer, x, attending, observe if texts else None, report)
        largest = float(decoder.largest_residuals[: len(probe)].max())
        stream = largest if math.isfinite(largest) else 0.0
        if not texts:
            return Survey(stream, None)
        last = decoder.normed(x[len(probe) :], source.whole("final_norm"))
        found["embedding", None] = mean_squares(last)
        return Survey(stream, Importance(found, last.T @ last))
