"""What quantization cost: the error of each tensor, and the drop in quality of the whole on texts (builder.reference.evaluate).

A tensor's error is that of the bytes in the written file against the checkpoint's weights: the root mean square of the
difference over that of the weights, and the same as a signal-to-noise ratio.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from builder.checkpoint.stored_types import to_float32
from builder.formats.inspect_model import web_file_in
from builder.formats.matrix_rows import MatrixRows
from builder.formats.web_file_reader import WebFile
from builder.formats.web_tensor_names import name_of
from builder.formats.web_tensors import StoredMatrix
from builder.model.opened import OpenedCheckpoint
from builder.model.residual import ResidualScale
from builder.model.weights import Weight, Weights
from builder.reference.evaluate import Evaluation, Progress
from builder.reference.evaluated import Evaluated, evaluate_opened


@dataclass(frozen=True)
class TensorError:
    """Of one matrix."""

    name: str
    source: str
    scheme: str
    relative_error: float
    """Root mean square of the error over that of the weights."""

    @property
    def decibels(self) -> float:
        """Signal-to-noise ratio; infinite where nothing was lost."""
        return -20 * math.log10(self.relative_error) if self.relative_error else math.inf


@dataclass(frozen=True)
class Report:
    """What `onpage convert --report` prints."""

    tensors: tuple[TensorError, ...]
    relative_error: float
    """Of all matrices together."""
    quality: Evaluation
    """Of the whole, on the texts."""

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self) | {"quality": self.quality.to_json()}


def report_on(
    path: Path, opened: OpenedCheckpoint, *, texts: Sequence[Path] = (), progress: Progress | None = None
) -> Report:
    """Compares the web file `path`, just written, with the checkpoint (and the adapter merged into it) that it was made of; its
    quality on `texts`, none: those of builder.reference.evaluate."""
    weights = opened.weights
    model = Evaluated.open(path)
    file = web_file_in(path)
    assert file is not None, path
    residual = ResidualScale.of(opened.model, file.residual_scale)
    errors, lost, whole = [], 0.0, 0.0
    for weight in weights.tensors:
        name = name_of(weight, opened.model)
        if weight.is_quantized and (stored := file.matrix(name)):
            noise, signal = _squares(file, name, stored, weight, weights, residual.of_part(weight.part))
            lost, whole = lost + noise, whole + signal
            error = math.sqrt(noise / signal) if signal else 0.0
            errors.append(TensorError(name, str(weight.source), str(stored.scheme), error))
    quality = evaluate_opened(model, Evaluated.of_checkpoint(path, opened), texts, progress=progress)
    return Report(tuple(errors), math.sqrt(lost / whole) if whole else 0.0, quality)


def _squares(
    file: WebFile, name: str, stored: StoredMatrix, matrix: Weight, weights: Weights, factor: float
) -> tuple[float, float]:
    """Sums of the squares of the errors and of the weights."""
    found = MatrixRows(file, name, stored)
    noise = signal = 0.0
    for first, rows in weights.bands(matrix):
        original = to_float32(rows[:])
        difference = found.integers(first, len(original)).dequantized() / np.float32(factor) - original
        noise += float(np.vdot(difference, difference))
        signal += float(np.vdot(original, original))
    return noise, signal
