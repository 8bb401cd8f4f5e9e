"""How large the inputs of each matrix are (`builder.calibrate.survey` finds out), and rounding in view of that.

`WeightedRounding` rounds each weight to the nearest integer, with the scale whose error at the matrix's output is least where inputs
are as large as that and go their own ways (`builder.quantize.least_squares`). It takes seconds, and is what 4 bits get by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.stored_types import Rows
from builder.model.weights import Part, Weight
from builder.quantize.integers import Integers
from builder.quantize.rounding import quantized_rows
from builder.quantize.scheme import Quantization

Place = tuple[Part, int | None]
"""A matrix by part and layer."""


@dataclass(frozen=True)
class Importance:
    """What is known of the inputs of a model's matrices."""

    mean_squares: Mapping[Place, NDArray[np.float32]]
    """(K,) of each matrix; the embedding's are those of what the logits are made from."""
    sums_of_the_last: NDArray[np.float32]
    """(K, K): of the products of what the logits are made from."""


def mean_squares(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """(tokens, K) → (K,)."""
    means: NDArray[np.float32] = np.einsum("tk,tk->k", inputs, inputs) / np.float32(len(inputs))
    return means


@dataclass(frozen=True)
class WeightedRounding:
    """Scales weighted with the inputs' mean squares, for the matrices of 4 bits; as `Prepared`."""

    quantization: Quantization
    importance: Importance

    def integers(self, matrix: Weight, first: int, rows: Rows) -> Integers | None:
        """As `Prepared`."""
        scheme = self.quantization.scheme_of(matrix)
        return None if scheme.bits == 8 else self._rounded(matrix.part, matrix.layer, rows)

    def dequantized(self, part: Part, layer: int | None, rows: Rows) -> NDArray[np.float32]:
        """What `rows` of a matrix are once they are written."""
        return self._rounded(part, layer, rows).dequantized()

    def rows_of_a_table(self, rows: NDArray[np.float32], layer: int | None) -> NDArray[np.float32]:
        """As `dequantized`, of the embedding, or of the table that is a layer's own."""
        return self.dequantized("embedding" if layer is None else "per_layer_embedding", layer, rows)

    def _rounded(self, part: Part, layer: int | None, rows: Rows) -> Integers:
        scheme = self.quantization.scheme_at(part)
        return quantized_rows(
            rows, scheme, self.quantization.choice(scheme), self.importance.mean_squares.get((part, layer))
        )
