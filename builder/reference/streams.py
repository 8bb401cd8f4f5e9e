"""Several streams of states side by side, of which a layer computes with one and guesses the others (Gemma 3n's AltUp).

The first stream is the active one. Before a layer each stream is predicted from all of them; the layer's attention and feed-forward then
make something of the first prediction, and how far that is from what was predicted corrects all streams. How much each stream tells of each
is made of the active stream itself, by a small router. States are (tokens, streams, hidden).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from builder.reference.arithmetic import Array

LEAST_MEAN_SQUARE = np.float32(1e-5)
"""Of a stream that is brought to the size of the first."""

Norm = Callable[[Array, Array], Array]
"""Rows and the norm's weights → normed rows."""


def begun(x: Array, projections: Sequence[Array]) -> Array:
    """The streams of tokens' vectors (tokens, hidden): the first is these, each other a projection of them, as large as they are."""
    return np.stack([x, *(_as_large_as(x, x @ projection.T) for projection in projections)], axis=1)


def united(projections: Sequence[Array], x: Array) -> Array:
    """(tokens, hidden) of the streams after the last layer: their mean, the others projected back and as large as the first."""
    first = x[:, 0]
    others = (_as_large_as(first, x[:, i] @ projection.T) for i, projection in enumerate(projections, 1))
    mean: Array = np.mean([first, *others], axis=0, dtype=np.float32)
    return mean


def predicted(x: Array, router: Array, coefficients: Array) -> Array:
    """The streams, with what all of them together tell of each added: `router` as of `routed`, coefficients (streams · streams, streams)."""
    count = x.shape[1]
    told: Array = (router @ coefficients.T).reshape(len(x), count, count)
    # told[token, i, j]: how much of stream j goes to stream i
    found: Array = x + told @ x
    return found


def corrected(predictions: Array, computed: Array, router: Array, coefficients: Array) -> Array:
    """Predicted streams, each with a share of the way from the first one to what the layer `computed` (tokens, hidden).

    `router` is `routed` of what was computed; coefficients (streams, streams).
    """
    shares = router @ coefficients.T + np.float32(1)
    found: Array = predictions + shares[:, :, None] * (computed - predictions[:, 0])[:, None]
    return found


def routed(x: Array, norm: Norm, norm_weights: Array, router: Array) -> Array:
    """(tokens, streams), between -1 and 1, of the active stream (tokens, hidden)."""
    found: Array = np.tanh(norm(x, norm_weights) / np.float32(x.shape[1]) @ router.T)
    return found


def _as_large_as(x: Array, y: Array) -> Array:
    """`y` with the root of the mean square that each row of `x` has."""
    target: Array = np.sqrt(np.mean(x * x, axis=-1, keepdims=True, dtype=np.float32))
    size: Array = np.sqrt(np.maximum(np.mean(y * y, axis=-1, keepdims=True, dtype=np.float32), LEAST_MEAN_SQUARE))
    found: Array = y * target / size
    return found
