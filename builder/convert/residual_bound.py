"""How large a model's residual stream can become at all, from its weights alone: no text, no pass through the layers.

A norm divides by the root of the mean square, so none of the `width` values that it gives is above the root of the width, before its
factors. Where all that a layer adds to the stream goes through norms (Gemma 2 to 4), channel j of the stream is therefore at most

    scale of the embedding · its largest weight + √width · Σ |factor j of each of those norms|

on any text. A real Gemma stays within a quarter of that: 103,821 of 447,913 in the 270M. What the layers of a Gemma 1 add goes through no norm, and
those of a Gemma 3n mix several streams anew: nothing bounds these.

The sums are made in float64 and in this order, so that whoever makes the same file elsewhere, as the page does, comes to the same number.
"""

from __future__ import annotations

import math

import numpy as np

from builder.checkpoint.checkpoint import check_finite
from builder.checkpoint.stored_types import to_float32
from builder.model.description import ModelDescription
from builder.model.residual import POST_NORMS
from builder.model.weights import Weight, Weights


def residual_bound(model: ModelDescription, weights: Weights) -> float | None:
    """What no value of the unscaled stream exceeds; None where no norms bound it. CheckpointError where weights are not finite."""
    if model.residual_streams > 1 or not all(layer.post_norms for layer in model.layers):
        return None
    reach = math.sqrt(model.embedding.width)
    stream, largest = np.zeros(model.embedding.width), 0.0
    for weight in weights.tensors:
        if weight.part == "embedding":
            stream += _largest(weights, weight) * model.embedding.scale
        elif weight.part in POST_NORMS:
            stream += reach * np.abs(model.norm_offset + _vector(weights, weight))
        elif weight.part == "layer_scale":
            stream *= np.abs(_vector(weights, weight))
        largest = max(largest, float(stream.max()))
    return largest


def _largest(weights: Weights, matrix: Weight) -> float:
    """The largest magnitude of a matrix."""
    found = 0.0
    for first, rows in weights.bands(matrix):
        largest = float(np.abs(to_float32(rows[:])).max())
        if not math.isfinite(largest):
            check_finite(str(matrix.source), first, rows)
        found = max(found, largest)
    return found


def _vector(weights: Weights, vector: Weight) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    ((first, rows),) = weights.bands(vector)
    check_finite(str(vector.source), first, rows)
    return to_float32(rows[:]).reshape(-1).astype(np.float64)
