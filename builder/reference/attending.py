"""Who sees whom: attention over tokens that lie one after the other in rows.

`Sequences` are texts read whole, each for itself. `Batch` are prompts side by side, padded on the left, whose keys and values stay in
a cache for the tokens that follow. Both take the rows of all their tokens at once, so that everything but attention is one product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from builder.model.description import Attention, ModelDescription, Rope
from builder.model.rope import slowed
from builder.reference.arithmetic import Arithmetic, Array, capped

Positions = NDArray[np.int64]
Visible = NDArray[np.bool_]
Shared = dict[int, tuple[Array, Array]]
Given = Callable[[int], Array]
United = Callable[[Array], Array]


class Attending(Protocol):
    """The tokens of a pass."""

    shared: Shared
    """Layer → keys and values of the tokens, for the layers after it that read them instead of their own."""
    given: Given
    """Layer → what it is given for the tokens beside the stream, (tokens, width), where layers are given anything."""
    united: United
    """The states after the last layer → (tokens, hidden), of which logits are made."""

    @property
    def positions(self) -> Positions:
        """(tokens,): the place of each in its text."""

    def attend(self, layer: int, attention: Attention, q: Array, k: Array, v: Array, arithmetic: Arithmetic) -> Array:
        """Queries (tokens, heads, dimension), keys and values (tokens, key-value heads, dimension) → (tokens, heads · dimension)."""


def _nothing(layer: int) -> Array:
    raise LookupError(f"layer {layer} is given nothing: the pass was not begun with the tokens' ids")


def _one_stream(x: Array) -> Array:
    return x


class Sequences:
    """Texts of these lengths, one after the other, none of which sees another."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self.lengths = tuple(lengths)
        self.shared: Shared = {}
        self.given: Given = _nothing
        self.united: United = _one_stream
        self._positions = np.concatenate([np.arange(length) for length in lengths])

    @property
    def positions(self) -> Positions:
        """As `Attending`."""
        return self._positions

    def attend(self, layer: int, attention: Attention, q: Array, k: Array, v: Array, arithmetic: Arithmetic) -> Array:
        """As `Attending`."""
        mixed, start = [], 0
        for length in self.lengths:
            part = slice(start, start + length)
            places = np.arange(length)
            visible = _within(places[:, None] - places[None, :], attention.window)
            mixed.append(_mix(q[None, part], k[None, part], v[None, part], visible[None], attention, arithmetic)[0])
            start += length
        return np.concatenate(mixed)


class Batch:
    """`new` tokens of each prompt, after those that the cache holds."""

    def __init__(self, cache: Cache, new: int, padding: Positions) -> None:
        """`padding`: how many of a prompt's first tokens are none."""
        self._cache, self._new, self._padding = cache, new, padding
        self.shared: Shared = {}
        self.given: Given = _nothing
        self.united: United = _one_stream
        self._queries = np.arange(cache.length, cache.length + new)

    @property
    def positions(self) -> Positions:
        """As `Attending`."""
        places: Positions = np.maximum(self._queries[None, :] - self._padding[:, None], 0)
        return places.reshape(-1)

    def attend(self, layer: int, attention: Attention, q: Array, k: Array, v: Array, arithmetic: Arithmetic) -> Array:
        """As `Attending`."""
        q, k, v = (rows.reshape(len(self._padding), self._new, *rows.shape[1:]) for rows in (q, k, v))
        keys, values = self._cache.put(layer, k, v)
        slots = np.arange(keys.shape[1])
        distance = self._queries[:, None] - slots[None, :]
        visible = _within(distance, attention.window)[None] & (slots >= self._padding[:, None])[:, None]
        # a padded query sees itself, so that its softmax is defined; nothing reads it
        mixed = _mix(q, keys, values, visible | (distance == 0)[None], attention, arithmetic)
        return mixed.reshape(-1, mixed.shape[-1])


class Cache:
    """Keys and values of every layer, each (batch, length, key-value heads, head dimension)."""

    def __init__(self, model: ModelDescription, batch: int, capacity: int) -> None:
        self.length = 0
        """Tokens that all layers hold: who runs a pass adds its own at the end."""
        shapes = [
            (batch, capacity, layer.attention.key_value_heads, layer.attention.head_dimension) for layer in model.layers
        ]
        self.keys = [np.zeros(shape, np.float32) for shape in shapes]
        self.values = [np.zeros(shape, np.float32) for shape in shapes]

    def put(self, layer: int, keys: Array, values: Array) -> tuple[Array, Array]:
        """Stores those of new tokens; all of the layer."""
        end = self.length + keys.shape[1]
        self.keys[layer][:, self.length : end] = keys
        self.values[layer][:, self.length : end] = values
        return self.keys[layer][:, :end], self.values[layer][:, :end]


def rotated(x: Array, positions: Positions, rope: Rope) -> Array:
    """The rotary embedding of (tokens, heads, dimension)."""
    dimension = x.shape[-1]
    unscaled = rope.wavelength ** (-np.arange(0, dimension, 2, dtype=np.float32) / np.float32(dimension))
    frequencies = slowed(unscaled.astype(np.float32), rope)
    angles = positions[:, None, None].astype(np.float32) * frequencies
    cos, sin = np.cos(angles), np.sin(angles)
    first, second = np.split(x, 2, axis=-1)
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


def _within(distance: Positions, window: int | None) -> Visible:
    """Whether a key that lies so far before a query is seen by it."""
    return (distance >= 0) if window is None else (distance >= 0) & (distance < window)


def _mix(q: Array, k: Array, v: Array, visible: Visible, attention: Attention, arithmetic: Arithmetic) -> Array:
    """(batch, new, heads, dimension), two of (batch, all, key-value heads, dimension), (batch, new, all) → (batch, new, heads · dimension)."""
    batch, new, heads, dimension = q.shape
    groups = attention.key_value_heads
    # a group's heads share keys and values: one product for all of them
    grouped = q.reshape(batch, new, groups, heads // groups, dimension).transpose(0, 2, 3, 1, 4)
    scores = grouped.reshape(batch, groups, -1, dimension) @ k.transpose(0, 2, 3, 1) * np.float32(attention.query_scale)
    scores = arithmetic.round(capped(scores, attention.cap)).reshape(batch, groups, heads // groups, new, -1)
    scores = np.where(visible[:, None, None], scores, np.float32(-np.inf))
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares = arithmetic.round(shares / shares.sum(axis=-1, keepdims=True))
    mixed = shares.reshape(batch, groups, -1, shares.shape[-1]) @ v.transpose(0, 2, 1, 3)
    mixed = mixed.reshape(batch, groups, heads // groups, new, dimension).transpose(0, 3, 1, 2, 4)
    return arithmetic.round(mixed.reshape(batch, new, heads * dimension))
