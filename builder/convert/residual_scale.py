"""By how much a checkpoint's residual stream is scaled (builder.model.residual): by what a pass over a short text showed, or by what its
weights allow at most."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from builder.calibrate.survey import survey
from builder.convert.residual_bound import residual_bound
from builder.formats.web_file_reader import WebFile
from builder.model.description import ModelDescription
from builder.model.opened import OpenedCheckpoint
from builder.model.residual import ResidualScale
from builder.model.tokenizer import Tokenizer
from builder.model.weights import Weights
from builder.reference.decoder import LayersDone
from builder.reference.sources import CheckpointSource, WebFileSource


@dataclass(frozen=True)
class MeasuredResidual:
    """The stream's largest value, and the scale that goes with it."""

    largest: float
    """Of the absolute values of the unscaled stream."""
    scale: ResidualScale

    @classmethod
    def of(cls, model: ModelDescription, largest: float, factor: float | None = None) -> MeasuredResidual:
        """With the scale that keeps it in float16: `factor` where one is given."""
        return cls(
            largest, ResidualScale.fitting(model, largest) if factor is None else ResidualScale.of(model, factor)
        )

    def notes(self) -> dict[str, Any]:
        """For a file's notes: of the stream as the file has it."""
        return {"residual_scale": self.scale.factor, "largest_residual": round(self.largest * self.scale.factor, 3)}


@dataclass(frozen=True)
class BoundedResidual:
    """What the stream's values never exceed, and the scale that goes with it: none, where the weights do not bound them."""

    bound: float | None
    """Of the absolute values of the unscaled stream."""
    scale: ResidualScale

    @classmethod
    def of(cls, model: ModelDescription, weights: Weights) -> BoundedResidual:
        """By the weights; raises as `residual_bound`."""
        bound = residual_bound(model, weights)
        return cls(bound, ResidualScale.of(model, 1.0) if bound is None else ResidualScale.bounded(model, bound))

    def notes(self) -> dict[str, Any]:
        """As of MeasuredResidual; of a bound where there is one, so that what reads the file computes in float32 otherwise."""
        if self.bound is None:
            return {"residual_scale": self.scale.factor}
        return {"residual_scale": self.scale.factor, "residual_bound": math.ceil(self.bound * self.scale.factor)}


KnownResidual = MeasuredResidual | BoundedResidual


def largest_residual_of(file: WebFile, report: LayersDone | None = None) -> float:
    """The largest value of a web file's stream as it is in the file, on the text that convert takes; WebFileError where it is of no dense
    Gemma."""
    source, tokenizer = WebFileSource(file), Tokenizer.from_bytes(file.path, file.tokenizer())
    return survey(source, tokenizer, report=report).largest_residual


def measured_residual(
    opened: OpenedCheckpoint, factor: float | None = None, report: LayersDone | None = None
) -> MeasuredResidual:
    """The largest value of a checkpoint's stream, and its scale, as convert finds them; `factor` as in `MeasuredResidual.of`."""
    surveyed = survey(CheckpointSource(opened.model, opened.weights), opened.tokenizer, report=report)
    return MeasuredResidual.of(opened.model, surveyed.largest_residual, factor)
