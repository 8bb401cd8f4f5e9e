"""What each tensor of a slice is made of: rows and columns of a tensor of the whole. No file is read here."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from builder.checkpoint.rows import StoredTensor, row_count
from builder.errors import CheckpointError
from builder.model.families.dense import PER_LAYER_TABLE, TENSORS, WHOLE
from builder.slice.plan import Slice

Spans = tuple[tuple[int, int], ...]
"""(first, count) of rows or columns, one span after the other."""

WIDE_ROWS = (f"{TENSORS['gate']}.weight", f"{TENSORS['up']}.weight")
"""Tensors of a layer with a row for each unit of the feed-forward."""
WIDE_COLUMNS = (f"{TENSORS['down']}.weight",)
"""…and those with a column."""
PER_LAYER_PROJECTION = f"{WHOLE['per_layer_model_projection']}.weight"
"""Its rows are those of all layers, one below the other."""


@dataclass(frozen=True)
class Cut:
    """A tensor of the slice."""

    name: str
    tensor: StoredTensor
    """That of the whole which it is taken from."""
    rows: Spans
    columns: Spans

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what is left; a tensor of other than two dimensions is always whole."""
        if len(self.tensor.shape) != 2:
            return self.tensor.shape
        return total(self.rows), total(self.columns)


def cuts(tensors: Mapping[str, StoredTensor], decoder: str, given: int, kept: Slice) -> Iterator[Cut]:
    """All tensors of a slice, in the order of `tensors`; those of layers that are left out are passed over.

    `decoder` is what stands in front of the decoder's names, `given` how many values a layer is given for a token beside the stream.
    """
    in_a_layer = re.compile(re.escape(decoder) + r"layers\.(\d+)\.(.+)")
    places = {layer: place for place, layer in enumerate(kept.layers)}
    groups = tuple((layer * given, given) for layer in kept.layers)
    for name, tensor in tensors.items():
        rows, columns = ((0, row_count(tensor.shape)),), ((0, tensor.width),)
        if found := in_a_layer.fullmatch(name):
            layer, part = int(found[1]), found[2]
            if layer not in places:
                continue
            width = kept.widths[places[layer]]
            rows = ((0, width),) if part in WIDE_ROWS else rows
            columns = ((0, width),) if part in WIDE_COLUMNS else columns
            yield _checked(Cut(f"{decoder}layers.{places[layer]}.{part}", tensor, rows, columns))
        elif name == decoder + PER_LAYER_PROJECTION:
            yield _checked(Cut(name, tensor, groups, columns))
        elif name == decoder + PER_LAYER_TABLE:
            yield _checked(Cut(name, tensor, rows, groups))
        else:
            yield Cut(name, tensor, rows, columns)


def total(spans: Spans) -> int:
    """How many rows or columns they are together."""
    return sum(count for _, count in spans)


def _checked(cut: Cut) -> Cut:
    reach = [max(first + count for first, count in spans) for spans in (cut.rows, cut.columns)]
    there = (row_count(cut.tensor.shape), math.prod(cut.tensor.shape) // row_count(cut.tensor.shape))
    if reach[0] > there[0] or reach[1] > there[1]:
        raise CheckpointError(
            f"Tensor {cut.tensor.name} in {cut.tensor.file} has shape {list(cut.tensor.shape)}, which does not hold the layers and widths "
            f"of config.json.",
            subject=cut.tensor.name,
        )
    return cut
