"""What a graph of ours holds, for the reference: the weights that its integers stand for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from builder.convert.from_quantized import suited
from builder.graph.numbers import CheckpointNumbers, Integers, Numbers
from builder.model.description import ModelDescription
from builder.model.opened import OpenedCheckpoint
from builder.model.weights import LayerPart, Part, WholePart, layer_parts
from builder.quantize.scheme import Quantization
from builder.reference.arithmetic import Array
from builder.reference.decoder import LayerWeights
from builder.reference.dense import Writer
from builder.reference.sources import HeldSource


class NumbersSource:
    """A `WeightSource`."""

    def __init__(self, model: ModelDescription, numbers: Numbers) -> None:
        self.model, self._numbers = model, numbers
        self._found = {(weight.part, weight.layer): weight for weight in numbers.tensors}

    def layer(self, index: int) -> LayerWeights:
        """As `WeightSource`."""
        parts: list[LayerPart] = [part for part, _ in layer_parts(self.model, self.model.layers[index])]
        return {part: self._whole(part, index) for part in parts}

    def whole(self, part: WholePart) -> Array:
        """As `WeightSource`."""
        return self._whole(part, None)

    def embedding_rows(self, ids: NDArray[np.int64], layer: int | None = None) -> Array:
        """As `WeightSource`."""
        rows: Array = self._whole("embedding" if layer is None else "per_layer_embedding", layer)[ids]
        return rows

    def embedding_bands(self) -> Iterator[tuple[int, Array]]:
        """As `WeightSource`."""
        yield 0, self._whole("embedding", None)

    def head_bands(self) -> Iterator[tuple[int, Array]]:
        """As `WeightSource`."""
        yield 0, self._whole("embedding" if self.model.embedding.tied else "head", None)

    def _whole(self, part: Part, layer: int | None) -> Array:
        weight = self._found[part, layer]
        if not weight.is_matrix:
            return self._numbers.vector(weight)
        return np.concatenate([_dequantized(piece()) for _, piece in self._numbers.matrix(weight)])


def _dequantized(integers: Integers) -> Array:
    n, k = integers.values.shape
    scales = integers.scales.reshape(n, -1)
    grouped = integers.values.reshape(n, scales.shape[1], -1) * scales[..., None]
    return grouped.reshape(n, k).astype(np.float32)


def graph_writer(checkpoint: Path, quantization: Quantization | None = None) -> tuple[Writer, OpenedCheckpoint]:
    """The reference for the graph that convert_to_graph makes of a checkpoint, and the checkpoint."""
    opened = OpenedCheckpoint.complete(checkpoint)
    numbers = CheckpointNumbers(opened.weights, quantization or suited(opened.weights))
    return Writer(HeldSource(NumbersSource(opened.model, numbers)), opened.generation.stop_ids), opened
