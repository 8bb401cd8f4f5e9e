"""A LoRA adapter merged into the weights of its base while they stream by, as peft's `merge_and_unload` does it.

Each row of W + scale · B·A needs that row of W and of B and all of A, so a band of rows is merged at a time, in float32, and
nothing whole is held but the one adapted module's A and B. DoRA then gives each row the length that the adapter holds for it.
B·A is summed in float64 by rank, in order: the same to the bit in bands of any size, and in the page
(static/convert/adapter.js), where a BLAS sums in an order of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.evaluate import find
from builder.checkpoint.sources import renamed, tensor_names
from builder.checkpoint.stored_types import Rows, to_float32
from builder.errors import UnsupportedModel
from builder.lora.adapter import MERGE_WITH_PEFT, Adapter, LowRank, module_of
from builder.model.weights import TABLES, Weight, Weights
from builder.quantize.rounding import BLOCK

Band = tuple[int, Rows]

_AT_ONCE = 1 << 16
"""Values of a product that are summed: in float64 they stay in the cache."""

EMBEDDING, OUTPUT = "embed_tokens", "lm_head"
"""As adapters call the modules."""


class MergedWeights:
    """The base's weights with the adapter in them."""

    def __init__(self, weights: Weights, adapter: Adapter, base: Path, vocabulary: int) -> None:
        """UnsupportedModel where the adapter changes a module that the base has not, or of another shape, or makes the embedding
        another matrix than the output's. `vocabulary` are the rows of the base's own embedding."""
        self._weights, self._adapter = weights, adapter
        self.tensors = weights.tensors
        shapes = {
            _module(weight): (weight.outputs, weight.inputs)
            for weight in self.tensors
            if weight.is_matrix and weight.part not in TABLES
        }
        for low in adapter.modules.values():
            adapter.require_shape(low, shapes.get(low.module), base)
        self._check_whole(base, vocabulary)
        self._refuse_untied()

    def bands(self, weight: Weight) -> Iterator[Band]:
        """As `Weights`."""
        module = _module(weight)
        whole = self._adapter.whole.get(module)
        if whole is not None:
            stored = self._adapter.stored
            pieces = find(stored, renamed(weight.source, whole), weight.shape)
            yield from stored.bands_of(pieces, weight.shape, BLOCK)
            return
        low = self._adapter.modules.get(module)
        bands = self._weights.bands(weight)
        yield from self._merged(low, bands) if low else bands

    def _check_whole(self, base: Path, vocabulary: int) -> None:
        shapes = {_module(weight): weight.shape for weight in self.tensors}
        shapes[EMBEDDING] = shapes[OUTPUT] = (vocabulary, *shapes[EMBEDDING][1:])
        for module, name in self._adapter.whole.items():
            found, expected = self._adapter.stored.tensors[name].shape, shapes.get(module)
            folder = self._adapter.folder
            if expected is None:
                raise UnsupportedModel(
                    f"{folder} holds {module} whole, which {base} does not have: use the base of this adapter, "
                    f"{self._adapter.trained_for}.",
                    subject=module,
                )
            if module in (EMBEDDING, OUTPUT) and found[1:] == expected[1:] and found != expected:
                raise UnsupportedModel(
                    f"{folder} holds {module} of {found[0]:,} rows, {base} of {vocabulary:,}: it was trained with a resized "
                    f"vocabulary; {MERGE_WITH_PEFT}.",
                    subject=module,
                )
            if found != expected:
                raise UnsupportedModel(
                    f"{folder} holds {module} of shape {list(found)}, which is {list(expected)} in {base}: use the base of this "
                    f"adapter, {self._adapter.trained_for}.",
                    subject=module,
                )

    def _refuse_untied(self) -> None:
        """The engine has one matrix for the embedding and the output."""
        saved = {module: self._adapter.whole[module] for module in (EMBEDDING, OUTPUT) if module in self._adapter.whole}
        if not saved:
            return
        stored = self._adapter.stored
        first, *others = (stored.bands(stored.tensors[name]) for name in saved.values())
        embedding = next(weight for weight in self.tensors if weight.part == "embedding")
        difference = difference_of(first, others[0] if others else self._weights.bands(embedding))
        if difference:
            what = (
                "its embedding differs from the output matrix"
                if [*saved] == [EMBEDDING]
                else "its output matrix (lm_head) differs from the embedding"
            )
            raise UnsupportedModel(
                f"{self._adapter.folder}: {what} {difference}, and the engine has one matrix for both: train the two tied, with both "
                f"in modules_to_save, or neither.",
                subject="modules_to_save",
            )

    def _merged(self, low: LowRank, bands: Iterable[Band]) -> Iterator[Band]:
        a = self._adapter.values(low.a).astype(np.float64)
        b = self._adapter.values(low.b).astype(np.float64)
        magnitude = self._adapter.values(low.magnitude) if low.magnitude else None
        for first, rows in bands:
            part = slice(first, first + rows.shape[0])
            merged = to_float32(rows[:]) + product_of(b[part], a) * np.float32(low.scale)
            if magnitude is not None:
                lengths = np.linalg.norm(merged, axis=1)
                merged *= (magnitude[part] / np.where(lengths == 0, 1, lengths))[:, None]
            yield first, merged


def _module(weight: Weight) -> str:
    """The module whose weight it is, as adapters call it."""
    return module_of(min(tensor_names(weight.source)).removesuffix(".weight"))


def product_of(b: NDArray[np.float64], a: NDArray[np.float64]) -> NDArray[np.float32]:
    """B·A (rows, inputs) of B (rows, rank) and A (rank, inputs), whose values are float32's: each product is exact in float64, and
    is added by rank in order, as einsum does where there are some inputs."""
    found = np.empty((b.shape[0], a.shape[1]), np.float32)
    step = max(1, _AT_ONCE // a.shape[1])
    for first in range(0, b.shape[0], step):
        rows = slice(first, first + step)
        found[rows] = np.einsum("or,ri->oi", b[rows], a)
    return found


def difference_of(first: Iterable[Band], second: Iterable[Band]) -> str | None:
    """How far two matrices are apart, as far as both have rows, in words that follow "differs"; None where they are equal."""
    largest = squares = whole = 0.0
    for (_, left), (_, right) in zip(first, second, strict=False):
        rows = min(left.shape[0], right.shape[0])
        ours, theirs = to_float32(left[:rows]), to_float32(right[:rows])
        apart = ours - theirs
        largest = max(largest, float(np.abs(apart).max(initial=0)))
        squares, whole = squares + float(np.vdot(apart, apart)), whole + float(np.vdot(theirs, theirs))
    if not largest:
        return None
    share = f" ({(squares / whole) ** 0.5:.2%} of its root mean square)" if whole else ""
    return f"by up to {largest:.3g}{share}"
