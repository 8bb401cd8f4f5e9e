"""A model's weights as parameters of its graph: norms are factors, biases are themselves, and matrices of a layer's attention that take
the same input with the same scheme are one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from builder.graph.function import Parameter
from builder.graph.numbers import Schemes
from builder.model.weights import PROJECTIONS, LayerPart, Part, Weight

MAX_PART = 16 << 20
"""Bytes of the head that an engine multiplies at once. XNNPACK packs a matrix beside where the packed one stays: as one, the head of
Gemma 3 270M takes 170 MB twice."""

PART_ROWS = 64
"""A part begins at a multiple of this many rows, and so of the file's alignment."""


@dataclass(frozen=True)
class Placed:
    """A weight, and the row of the parameter where it begins."""

    weight: Weight
    parameter: Parameter
    first: int


class GraphParameters:
    """The parameters by the parts of the model."""

    def __init__(self, numbers: Schemes, *, as_filters: bool = False) -> None:
        """`as_filters`: matrices are (outputs, 1, 1, inputs)."""
        self._placed: dict[tuple[Part, int | None], Placed] = {}
        for group in _groups(numbers):
            parameter, first = _parameter(group, numbers, as_filters), 0
            for weight in group:
                self._placed[weight.part, weight.layer] = Placed(weight, parameter, first)
                first += weight.outputs

    def of(self, part: Part, layer: int | None = None) -> Parameter:
        """The one that this weight is, or is rows of."""
        return self._placed[part, layer].parameter

    def head(self) -> list[Parameter]:
        """The matrix of the logits, the embedding or one of its own, in parts of at most MAX_PART bytes."""
        matrix = self.of("head" if ("head", None) in self._placed else "embedding")
        count = -(-matrix.size // MAX_PART)
        if count == 1:
            return [matrix]
        total = matrix.shape[0]
        rows = -(-total // count // PART_ROWS) * PART_ROWS
        return [matrix.rows(first, min(rows, total - first)) for first in range(0, total, rows)]

    def projections(self, layer: int) -> dict[Parameter, list[LayerPart]]:
        """The matrices of a layer's queries, keys and values, and which of them each holds, from its first row on."""
        found: dict[Parameter, list[LayerPart]] = {}
        for part in PROJECTIONS:
            found.setdefault(self.of(part, layer), []).append(part)
        return found

    def placed(self) -> Iterator[Placed]:
        """Every weight with its place."""
        yield from self._placed.values()


def _groups(numbers: Schemes) -> list[list[Weight]]:
    """Weights that are one parameter."""
    groups: dict[object, list[Weight]] = {}
    for weight in numbers.tensors:
        together = (
            (weight.layer, numbers.scheme_of(weight)) if weight.part in PROJECTIONS else (weight.layer, weight.part)
        )
        groups.setdefault(together, []).append(weight)
    return list(groups.values())


def _parameter(group: list[Weight], numbers: Schemes, as_filters: bool) -> Parameter:
    name = ".".join(weight.part for weight in group)
    if group[0].layer is not None:
        name = f"layer_{group[0].layer}.{name}"
    if not group[0].is_matrix:
        return Parameter(name, group[0].shape)
    rows = sum(weight.outputs for weight in group)
    inputs = group[0].inputs
    shape = (rows, 1, 1, inputs) if as_filters else (rows, inputs)
    return Parameter(name, shape, numbers.scheme_of(group[0]))
