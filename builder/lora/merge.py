"""A LoRA adapter merged into the weights of its base while they stream by, as peft's `merge_and_unload` does it.

Each row of W + scale · B·A needs that row of W and of B and all of A, so a band of rows is merged at a time, in float32, and
nothing whole is held but the one adapted module's A and B. DoRA then gives each row the length that the adapter holds for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from builder.checkpoint.stored_types import Rows, to_float32
from builder.lora.adapter import Adapter, LowRank, module_of
from builder.model.weights import Weight, Weights

Band = tuple[int, Rows]


class MergedWeights:
    """The base's weights with the adapter in them."""

    def __init__(self, weights: Weights, adapter: Adapter, base: Path) -> None:
        """UnsupportedModel where the adapter changes a module that the base has not, or of another shape."""
        self._weights, self._adapter = weights, adapter
        self.tensors = weights.tensors
        shapes = {
            _module(weight): (weight.outputs, weight.inputs)
            for weight in self.tensors
            if weight.is_matrix and weight.part != "embedding"  # it is the output's matrix too
        }
        for low in adapter.modules.values():
            adapter.require_shape(low, shapes.get(low.module), base)

    def bands(self, weight: Weight) -> Iterator[Band]:
        """As `Weights`."""
        low = self._adapter.modules.get(_module(weight))
        bands = self._weights.bands(weight)
        yield from self._merged(low, bands) if low else bands

    def _merged(self, low: LowRank, bands: Iterable[Band]) -> Iterator[Band]:
        a = self._adapter.values(low.a)
        b = self._adapter.values(low.b)
        magnitude = self._adapter.values(low.magnitude) if low.magnitude else None
        for first, rows in bands:
            part = slice(first, first + rows.shape[0])
            merged = to_float32(rows[:]) + (b[part] @ a) * np.float32(low.scale)
            if magnitude is not None:
                lengths = np.linalg.norm(merged, axis=1)
                merged *= (magnitude[part] / np.where(lengths == 0, 1, lengths))[:, None]
            yield first, merged


def _module(weight: Weight) -> str:
    """The module whose weight it is, as adapters call it."""
    return module_of(str(weight.source).removesuffix(".weight"))
