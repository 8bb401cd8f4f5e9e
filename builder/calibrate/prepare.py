"""What a conversion asks for before it writes: how large the residual stream is, and the integers that a text decides, as far as the
quantization wants a text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from builder.calibrate.importance import Place, WeightedRounding
from builder.calibrate.layers import Calibrated, Spool, calibrate
from builder.calibrate.survey import Survey, survey
from builder.calibrate.texts import DEFAULT_TEXT, TOKENS, Texts, read_texts
from builder.checkpoint.checkpoint import check_finite
from builder.errors import CheckpointError
from builder.model.description import ModelDescription
from builder.model.tokenizer import Tokenizer
from builder.model.weights import Weight, Weights
from builder.quantize.as_stored import is_stored_in
from builder.quantize.integers import Prepared
from builder.quantize.scheme import Quantization
from builder.reference.decoder import LayersDone, WeightSource
from builder.reference.sources import CheckpointSource

TOKENS_OF_SCALES = 512
"""Mean squares of inputs are known well enough after so many."""

Progress = Callable[[str, int, int], None]
"""Called with the phase, and what is done of how much: tokens of "sample", layers of "measure" and "calibrate"."""


Report = Callable[[int, int], None]
"""Told what is done, of how much."""


class CalibrationText(Protocol):
    """The text that the layers are quantized with, one after the other. As a text: what it is, for a file's notes."""

    @property
    def tokens(self) -> int:
        """How many are asked for."""

    def texts(self, tokenizer: Tokenizer, limit: int, report: Report | None = None) -> Texts:
        """The first `limit` tokens, or as many as there are; OnpageError where there are none. `report` is told of tokens that are
        made for it."""


@dataclass(frozen=True)
class Calibration:
    """A text in a file; as `CalibrationText`."""

    text: Path = DEFAULT_TEXT
    tokens: int = TOKENS

    def __str__(self) -> str:
        return "onpage's text" if self.text == DEFAULT_TEXT else self.text.name

    def texts(self, tokenizer: Tokenizer, limit: int, report: Report | None = None) -> Texts:
        """As `CalibrationText`."""
        return read_texts(self.text, tokenizer, min(limit, self.tokens))


@dataclass(frozen=True)
class Preparation:
    """What there is to know before a file is written."""

    largest_residual: float
    """As `Survey`; 0 where it was not measured."""
    prepared: Prepared | None
    """None where all weights are rounded for themselves."""


@contextmanager
def prepare(
    model: ModelDescription,
    weights: Weights,
    tokenizer: Tokenizer,
    quantization: Quantization,
    calibration: CalibrationText | None = None,
    progress: Progress | None = None,
    *,
    measured: bool = True,
) -> Iterator[Preparation]:
    """One pass for the stream and the scales, another for the calibration of layers that have 4 bits. The integers are there until the
    block ends. Where the stream need not be `measured` and nothing else wants a text, there is no pass.

    CheckpointError where weights that a text goes through for their sake are not finite; OnpageError where the text cannot be read.
    """
    stored, rounded = as_stored(weights, quantization)
    weighted = quantization.scale == "weighted" and any(quantization.scheme_of(one).bits == 4 for one in rounded)

    source = CheckpointSource(model, weights)
    text = calibration or (Calibration() if weighted else None)
    if text is None and not measured:
        yield Preparation(0.0, None)
        return
    texts = text.texts(tokenizer, TOKENS_OF_SCALES, progress and partial(progress, "sample")) if text else None
    surveyed = finite_survey(source, weights, tokenizer, texts, progress and partial(progress, "measure"))
    if surveyed.importance is None:
        yield Preparation(surveyed.largest_residual, None)
    elif calibration is None:
        yield Preparation(surveyed.largest_residual, WeightedRounding(quantization, surveyed.importance))
    elif not any(one.layer is not None and quantization.scheme_of(one).bits == 4 for one in rounded):
        with Calibrated(quantization, Spool(), surveyed.importance) as calibrated:
            yield Preparation(surveyed.largest_residual, calibrated)
    else:
        texts = calibration.texts(tokenizer, calibration.tokens)
        with calibrate(
            source, texts, quantization, surveyed.importance, stored, progress and partial(progress, "calibrate")
        ) as calibrated:
            yield Preparation(surveyed.largest_residual, calibrated)


def finite_survey(
    source: WeightSource,
    weights: Weights,
    tokenizer: Tokenizer,
    texts: Texts | None,
    report: LayersDone | None = None,
) -> Survey:
    """As `survey`; CheckpointError where weights, or what is computed with them from the texts, are not finite."""
    found = survey(source, tokenizer, texts, report)
    if found.importance and not all(np.isfinite(means).all() for means in found.importance.mean_squares.values()):
        refuse_not_finite(weights)
    return found


def as_stored(weights: Weights, quantization: Quantization) -> tuple[frozenset[Place], list[Weight]]:
    """The matrices that the checkpoint holds in their scheme already, by part and layer, and those that are rounded."""
    matrices = [weight for weight in weights.tensors if weight.is_quantized]
    stored = {one for one in matrices if is_stored_in(next(iter(weights.bands(one)))[1], quantization.scheme_of(one))}
    return frozenset((one.part, one.layer) for one in stored), [one for one in matrices if one not in stored]


def refuse_not_finite(weights: Weights) -> None:
    """CheckpointError that names the weight that is not finite, or says that what is computed with them is not."""
    for weight in weights.tensors:
        for first, rows in weights.bands(weight):
            check_finite(str(weight.source), first, rows)
    raise CheckpointError(
        "The model's weights are finite, but what it computes from a text is not: choose --scale max, which needs no text.",
        subject="weights",
    )
