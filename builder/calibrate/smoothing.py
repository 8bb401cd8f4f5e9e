"""Weights whose matrices see evener inputs, for engines that round each token's inputs to 8 bits between the smallest and the largest.

A few inputs of a matrix may be far larger than the others, which 8 bits for all of them leave coarse. Each input is divided by a factor
of its own and the matrix's weights for it are multiplied with it: the larger the inputs and the smaller the weights, the larger the
factor (SmoothQuant, arXiv 2211.10438; here the square root of the quotient of their root mean squares).

    queries, keys, values; gate, up    the norm before them takes the division
    down                               the rows of up take it

So the model computes what it computed. Inputs of `output` come out of an attention whose values several heads share, and evening them
gained nothing on real models. A tied head has the embedding's weights, whose own inputs are tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.calibrate.importance import Importance
from builder.checkpoint.stored_types import Rows, to_float32
from builder.model.weights import LayerPart, Part, Weight, Weights
from builder.quantize.scheme import INT8, Quantization

GROUPS: tuple[tuple[tuple[LayerPart, ...], LayerPart], ...] = (
    (("query", "key", "value"), "pre_attention_norm"),
    (("gate", "up"), "pre_feed_forward_norm"),
    (("down",), "up"),
)
"""Matrices that see the same inputs, and what these come from."""

LARGEST = 1000.0
"""Of a factor; 1 / LARGEST is the smallest."""
CHUNK_ROWS = 512

Factors = NDArray[np.float32]


@dataclass(frozen=True)
class SmoothedWeights:
    """As `Weights`: the same model, with its inputs divided by `inputs` of each matrix, by part and layer."""

    weights: Weights
    inputs: Mapping[tuple[Part, int | None], Factors]
    made_by: Mapping[tuple[Part, int | None], Factors]
    """What makes inputs, by part and layer → what they are divided by."""
    norm_offset: float

    @property
    def tensors(self) -> tuple[Weight, ...]:
        """As `Weights`."""
        return self.weights.tensors

    def bands(self, weight: Weight) -> Iterator[tuple[int, Rows]]:
        """As `Weights`."""
        place = weight.part, weight.layer
        inputs, made = self.inputs.get(place), self.made_by.get(place)
        for first, rows in self.weights.bands(weight):
            if weight.is_matrix:
                outputs = None if made is None else made[first : first + rows.shape[0]]
                yield first, rows if inputs is outputs is None else _ScaledRows(rows, inputs, outputs)
            elif made is None:
                yield first, rows
            else:
                offset = np.float32(self.norm_offset)
                yield first, (offset + to_float32(rows[:])) / made - offset


@dataclass(frozen=True)
class _ScaledRows:
    """As `Rows`: columns multiplied, rows divided, when they are sliced."""

    rows: Rows
    inputs: Factors | None
    outputs: Factors | None

    @property
    def dtype(self) -> np.dtype[Any]:
        """As `Rows`."""
        return np.dtype(np.float32)

    @property
    def shape(self) -> tuple[int, ...]:
        """As `Rows`."""
        return self.rows.shape

    def __getitem__(self, part: slice, /) -> NDArray[np.float32]:
        """As `Rows`."""
        values = to_float32(self.rows[part])
        if self.inputs is not None:
            values = values * self.inputs
        return values if self.outputs is None else values / self.outputs[part, None]


def smoothed(
    weights: Weights, quantization: Quantization, importance: Importance, norm_offset: float
) -> SmoothedWeights:
    """The weights with the inputs evened out of those matrices that become int8; of others, blocks and 4 bits lose by it."""
    found = {(weight.part, weight.layer): weight for weight in weights.tensors}
    inputs: dict[tuple[Part, int | None], Factors] = {}
    made_by: dict[tuple[Part, int | None], Factors] = {}
    for layer in sorted({weight.layer for weight in weights.tensors if weight.layer is not None}):
        for parts, source in GROUPS:
            matrices = [found[part, layer] for part in parts]
            concerned = [weight for weight in (*matrices, found[source, layer]) if weight.is_matrix]
            if any(quantization.scheme_of(weight) != INT8 for weight in concerned):
                continue
            factors = _factors(importance.mean_squares[parts[0], layer], _mean_squares(weights, matrices))
            inputs |= dict.fromkeys(((part, layer) for part in parts), factors)
            made_by[source, layer] = factors
    return SmoothedWeights(weights, inputs, made_by, norm_offset)


def _factors(inputs: NDArray[np.float32], weights: NDArray[np.float64]) -> Factors:
    """The root of √(inputs / weights) of mean squares, 1 on the average; 1 where one of the two is nothing."""
    known = (inputs > 0) & (weights > 0)
    powers = np.zeros(len(inputs))
    powers[known] = (np.log(inputs[known].astype(np.float64)) - np.log(weights[known])) / 4
    powers[known] -= powers[known].mean() if known.any() else 0
    factors: Factors = np.exp(np.clip(powers, -np.log(LARGEST), np.log(LARGEST))).astype(np.float32)
    return factors


def _mean_squares(weights: Weights, matrices: Iterable[Weight]) -> NDArray[np.float64]:
    """Of the weights of each input, of all matrices together."""
    total, count = np.zeros(0), 0
    for matrix in matrices:
        sums = np.zeros(matrix.inputs)
        for _, rows in weights.bands(matrix):
            for first in range(0, rows.shape[0], CHUNK_ROWS):
                values = to_float32(rows[first : first + CHUNK_ROWS])
                sums += np.einsum("nk,nk->k", values, values)
        total, count = total + sums if count else sums, count + matrix.outputs
    return total / count
