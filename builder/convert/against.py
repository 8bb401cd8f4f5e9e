"""Whether a web file holds the weights of a checkpoint: each value is the nearest that its scale allows, each norm the same,
but for the scale of the residual stream that the file notes.

A file whose sums are right may still be of another checkpoint, or of the same one in another state of its training.

Where the file says that it was calibrated, a value need not be the nearest: it makes up for what others lost. Then each row is compared
as a whole, which tells another model, another layer or another row, but not the same model some steps of training further. What such
a file computes, `onpage evaluate --against` says.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.stored_types import to_float32
from builder.convert.write_tensors import scaled_norm
from builder.errors import ModelFileError, UnsupportedModel
from builder.formats.inspect_model import web_file_in
from builder.formats.matrix_rows import MatrixRows
from builder.formats.web_file_reader import WebFile
from builder.formats.web_tensor_names import name_of
from builder.formats.web_tensors import PICTURES, StoredMatrix
from builder.model.opened import OpenedCheckpoint
from builder.model.residual import ResidualScale
from builder.model.weights import Weight, Weights
from builder.quantize.as_stored import is_stored_in
from builder.quantize.halves import BYTES, half_strips
from builder.quantize.rounding import BLOCK, MAX_INTEGER
from builder.tower.graphs import Towers

TOLERANCE = 1e-3
"""Of a step: a half step is the most that rounding moves a value, and float32 divides a little otherwise on each machine."""

MAX_SCALE = 1.5
"""Times what the largest weight needs: scales of least squares may be larger than that, but by less than half a step."""

MAX_CALIBRATED_SCALE = 3.0
"""The same of a calibrated file, whose rows are not quite the checkpoint's: up to 1.5 on Gemma 3 270M."""

LEAST_COSINE = 0.5
"""Of the angle between a row of the checkpoint and that of a calibrated file: 0.6 at least on Gemma 3 270M at 4 bits. The distance says
less: where inputs are hardly ever there, a row may go further than its own length that way, and is right. Of rows that have nothing to
do with each other it is near 0."""

CALIBRATED_PARTS = (0.5, 1.5)
"""How much of the checkpoint's row is in a calibrated one: 1.0 nearly."""

Progress = Callable[[str, int, int], None]


def check_against(path: Path, folder: Path, progress: Progress | None = None) -> int:
    """The number of weights of the web file (or bundle) `path` that were compared with the checkpoint at `folder`.

    ModelFileError names the first tensor that is not the checkpoint's, and by how much; UnsupportedModel where the two cannot be
    compared.
    """
    file = web_file_in(path)
    merged = file.notes.get("conversion") if file else None
    if file is None or file.lora_rank is not None or (isinstance(merged, dict) and "merged" in merged):
        what = (
            "holds no web file of a model"
            if file is None or file.lora_rank
            else "has an adapter merged into its weights"
        )
        raise UnsupportedModel(
            f"{path} {what}: only files that onpage convert made from a checkpoint alone can be compared.", subject=path
        )
    sees = all(name in file.tensors for name in PICTURES)
    opened = OpenedCheckpoint.complete(folder, pictures=sees)
    weights = opened.weights
    residual = ResidualScale.of(opened.model, file.residual_scale)
    calibrated = isinstance(merged, dict) and "calibrated on" in merged
    done, total = 0, sum(weight.size for weight in weights.tensors)
    for weight in weights.tensors:
        name = name_of(weight, opened.model)
        if weight.is_quantized:
            matrix = file.matrix(name)
            if matrix is None or (matrix.n, matrix.k) != weight.shape:
                raise _unlike(path, folder, name, f"has another shape than {list(weight.shape)}")
            _check_matrix(file, name, matrix, weight, weights, folder, residual.of_part(weight.part), calibrated)
        elif weight.is_matrix:
            _check_halves(file, name, weight, weights, folder, residual.of_part(weight.part))
        else:
            _check_vector(file, name, weight, weights, folder, residual)
        done += weight.size
        if progress:
            progress("check", done, total)
    if sees:
        towers = Towers.of(opened.checkpoint, opened.model)
        towers.compare(path, file.tensors, folder, residual.factor)
        done += towers.parameter_count
    return done


def _check_vector(
    file: WebFile, name: str, weight: Weight, weights: Weights, folder: Path, residual: ResidualScale
) -> None:
    entry = file.tensors.get(name)
    if entry is None or entry.size != 4 * weight.size:
        raise _unlike(file.path, folder, name, f"has not {weight.size:,} values")
    found = np.frombuffer(file.read(name), np.float32)
    expected = scaled_norm(
        np.concatenate([to_float32(rows[:])[0] for _, rows in weights.bands(weight)]),
        residual.of_part(weight.part),
        residual.norm_offset,
    )
    if not np.array_equal(found, expected):
        apart = float(np.nanmax(np.abs(found - expected)))
        raise _unlike(file.path, folder, name, f"differs by up to {apart:.3g}: expected the checkpoint's own values")


def _check_halves(file: WebFile, name: str, matrix: Weight, weights: Weights, folder: Path, factor: float) -> None:
    entry = file.tensors.get(f"{name}.w")
    if entry is None or entry.size != BYTES * matrix.size:
        raise _unlike(file.path, folder, name, f"has not {matrix.size:,} values of float16")
    shape = (matrix.inputs // BLOCK, BYTES * BLOCK * matrix.outputs)
    blocks = np.memmap(file.path, np.uint8, "r", entry.offset, shape)
    for first, rows in weights.bands(matrix):
        part = slice(BYTES * BLOCK * first, BYTES * BLOCK * (first + rows.shape[0]))
        if not np.array_equal(blocks[:, part], half_strips(rows, factor)):
            raise _unlike(file.path, folder, name, "differs: expected the checkpoint's own values in float16")


def _check_matrix(
    file: WebFile,
    name: str,
    matrix: StoredMatrix,
    weight: Weight,
    weights: Weights,
    folder: Path,
    factor: float,
    calibrated: bool,
) -> None:
    limit = MAX_INTEGER[matrix.scheme.bits]
    stored = MatrixRows(file, name, matrix)
    for first, rows in weights.bands(weight):
        original = to_float32(rows[:])
        found = stored.integers(first, len(original))
        step = found.scales / np.float32(factor)
        grouped = original.reshape(*step.shape, -1)
        most = np.abs(grouped).max(axis=2) / np.float32(limit)
        too_large = (np.abs(step) > most * (MAX_CALIBRATED_SCALE if calibrated else MAX_SCALE)) & (most > 0)
        if too_large.any() and not is_stored_in(rows, matrix.scheme):  # what goes over as it is has scales of its own
            raise _unlike(file.path, folder, name, "has scales that are larger than its weights need")
        values = found.values.reshape(grouped.shape)
        if calibrated:
            other = other_row(grouped, values * step[..., None])
            if other is not None:
                row, cosine = other
                reason = f"has a row {first + row} that is not the checkpoint's, not even nearly (the cosine of their angle is {cosine:.2f})"
                raise _unlike(file.path, folder, name, reason)
            continue
        apart = np.abs(np.clip(grouped / step[..., None], -limit - 1, limit) - values)
        if not (apart <= 0.5 + TOLERANCE).all():
            raise _unlike(
                file.path,
                folder,
                name,
                f"is up to {float(np.nanmax(apart)):.3g} steps from the checkpoint's weights: expected half a step at most "
                f"({matrix.scheme})",
            )


def other_row(expected: NDArray[np.float32], found: NDArray[np.float32]) -> tuple[int, float] | None:
    """The first row (of groups) that is another than expected, and the cosine of the angle between the two."""
    products = np.einsum("ngk,ngk->n", expected, found)
    squares, lengths = np.einsum("ngk,ngk->n", expected, expected), np.linalg.norm(found, axis=(1, 2))
    parts = products / np.maximum(squares, np.finfo(np.float32).tiny)
    cosines = products / np.maximum(np.sqrt(squares) * lengths, np.finfo(np.float32).tiny)
    least, most = CALIBRATED_PARTS
    wrong = ~((cosines >= LEAST_COSINE) & (parts >= least) & (parts <= most)) & (squares > 0)
    row = int(wrong.argmax())
    return (row, float(cosines[row])) if wrong.any() else None


def _unlike(path: Path, folder: Path, name: str, reason: str) -> ModelFileError:
    return ModelFileError(
        f"{path} does not hold the weights of {folder}: tensor {name} {reason}; convert the checkpoint again, or use the checkpoint that "
        f"the file was made from.",
        subject=name,
    )
