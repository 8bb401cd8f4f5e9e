"""By how much a checkpoint's residual stream is scaled (builder.model.residual): found out in one pass over a short text.

The largest values stand at the first tokens of any text, so a short one shows them. The pass costs about as much as reading the weights
once, whatever the size of the model: a matrix at a time is in memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sentencepiece

from builder.model.opened import OpenedCheckpoint
from builder.model.residual import ResidualScale
from builder.model.weights import weight_count
from builder.reference.decoder import Decoder, embedded_texts
from builder.reference.sources import CheckpointSource

Progress = Callable[[str, int, int], None]

PROBE = "The library (est. 1902) is open.\n\nWhy? def mean(values):\n    return 48213;"
"""Prose, numbers, line breaks and code: the largest values stand at the first token, and next at such."""
MAX_PROBE = 31
"""Tokens after the start token; a tokenizer that knows no English makes more of it."""


@dataclass(frozen=True)
class MeasuredResidual:
    """What a pass showed."""

    largest: float
    """Of the absolute values of the unscaled stream."""
    scale: ResidualScale

    def notes(self) -> dict[str, Any]:
        """For a file's notes: of the stream as the file has it."""
        return {"residual_scale": self.scale.factor, "largest_residual": round(self.largest * self.scale.factor, 3)}


def measured_residual(
    opened: OpenedCheckpoint, factor: float | None = None, progress: Progress | None = None
) -> MeasuredResidual:
    """The largest value of a checkpoint's stream, and the scale that keeps it in float16: `factor` where one is given.

    Weights that are not finite show nothing: whoever writes them refuses them.
    """
    source = CheckpointSource(opened.model, opened.weights)
    processor = sentencepiece.SentencePieceProcessor(model_proto=opened.tokenizer.model)
    ids = [opened.tokenizer.start_id, *processor.encode(PROBE)[:MAX_PROBE]]
    decoder = Decoder(opened.model)
    x, attending = embedded_texts(decoder, source, [ids])
    total, done = 4 * weight_count(opened.weights.tensors), 0
    with np.errstate(all="ignore"):
        for index in range(len(opened.model.layers)):
            x = decoder.layer(index, source.layer(index), x, attending)
            done += 4 * weight_count(weight for weight in opened.weights.tensors if weight.layer == index)
            if progress:
                progress("measure", done, total)
    if progress:
        progress("measure", total, total)
    largest = decoder.largest_residual if math.isfinite(decoder.largest_residual) else 0.0
    scale = ResidualScale.fitting(opened.model, largest) if factor is None else ResidualScale.of(opened.model, factor)
    return MeasuredResidual(largest, scale)
