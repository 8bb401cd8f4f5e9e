"""A slice of a Gemma 3n: some of its layers, and the first units of their feed-forwards. From its description alone.

What may be left out follows from what the layers do for each other. A layer without keys and values of its own needs the one that it
reads. The engine makes the first ten layers sparse, so those of a sparse model stay. And what is left must keep the order in which every
few layers see everything. The published E2B is such a slice of E4B: the first five of the layers that read others' keys and values are
left out, and half of each feed-forward.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from builder.errors import UnsupportedModel
from builder.files.reading import shown
from builder.model.description import Layer, ModelDescription
from builder.model.families import describe, gemma3n, weights_of
from builder.model.weights import TABLES, weight_count
from builder.quantize.rounding import BLOCK

FAMILIES = ("gemma3n_text", "gemma3n")
"""`model_type` of what can be sliced."""
FAMILY = gemma3n.NAME


@dataclass(frozen=True)
class Slice:
    """What is kept of a model."""

    layers: tuple[int, ...]
    """Numbers of its layers, ascending."""
    widths: tuple[int, ...]
    """Of the feed-forward of each."""

    @property
    def ranges(self) -> str:
        """The layers as a person writes them: 0-19,25-34."""
        return ranges_of(self.layers)

    @property
    def runs(self) -> str:
        """The widths as a person writes them: 8192x20,16384x10; one number where all are alike."""
        runs = [(width, len([*same])) for width, same in itertools.groupby(self.widths)]
        return str(runs[0][0]) if len(runs) == 1 else ",".join(f"{width}x{count}" for width, count in runs)


@dataclass(frozen=True)
class Sliceable:
    """A Gemma 3n, as a checkpoint's config.json or a web file tells of it."""

    path: Path
    """What tells of it, for messages."""
    model: ModelDescription

    @classmethod
    def read(cls, config: dict[str, Any], path: Path) -> Sliceable:
        """UnsupportedModel for another family; what the family itself refuses, it refuses."""
        if config.get("model_type") not in FAMILIES:
            raise UnsupportedModel(
                f"{path} has model_type {shown(config.get('model_type'))}: only a Gemma 3n ({', '.join(FAMILIES)}) is made to be sliced.",
                subject=path,
            )
        return cls(path, describe(config, path))

    @property
    def widths(self) -> tuple[int, ...]:
        """Of the feed-forward of each layer."""
        return tuple(layer.feed_forward.width for layer in self.model.layers)

    @property
    def whole(self) -> Slice:
        """All of it."""
        return Slice(tuple(range(len(self.model.layers))), self.widths)

    @property
    def first_sharing(self) -> int:
        """The first layer that reads another's keys and values; the number of layers where none does."""
        reads = (i for i, layer in enumerate(self.model.layers) if layer.attention.cache_of is not None)
        return next(reads, len(self.model.layers))

    @property
    def without_a_group(self) -> tuple[int, ...] | None:
        """The layers without those that the published E2B leaves out: the first that share, up to one that sees everything.

        None where no layer shares after them.
        """
        first, period = self.first_sharing, self.model.period or 1
        rest = range(first + period, len(self.model.layers))
        return (*range(first), *rest) if rest else None

    def of(self, layers: Sequence[int] | None, widths: Sequence[int] | None) -> Slice:
        """The slice of these layers (all) with these widths: one for each of them, or one for all. UnsupportedModel where there is none."""
        kept = tuple(range(len(self.model.layers))) if layers is None else tuple(layers)
        self._check_layers(kept)
        had = [self.widths[i] for i in kept]
        wanted = list(had) if widths is None else list(widths) * (len(kept) if len(widths) == 1 else 1)
        if len(wanted) != len(kept):
            raise UnsupportedModel(
                f"{len(wanted)} widths for {len(kept)} layers: expected one for all, or one for each layer that is kept.",
                subject="ffn",
            )
        for i, width, there in zip(kept, wanted, had, strict=True):
            if not 0 < width <= there or width % BLOCK:
                raise UnsupportedModel(
                    f"A feed-forward of {width:,} in layer {i}: expected a multiple of {BLOCK} up to the {there:,} that {self.path} gives.",
                    subject="ffn",
                )
        return Slice(kept, tuple(wanted))

    def describe(self, kept: Slice) -> ModelDescription:
        """The model of a slice."""
        places = {layer: place for place, layer in enumerate(kept.layers)}

        def narrowed(i: int, width: int) -> Layer:
            layer = self.model.layers[i]
            source = layer.attention.cache_of
            attention = replace(layer.attention, cache_of=None if source is None else places[source])
            return replace(layer, attention=attention, feed_forward=replace(layer.feed_forward, width=width))

        return replace(self.model, layers=tuple(map(narrowed, kept.layers, kept.widths)), size=None)

    def _check_layers(self, kept: tuple[int, ...]) -> None:
        count, period = len(self.model.layers), self.model.period or 1
        if not kept or list(kept) != sorted({*kept}) or kept[0] < 0 or kept[-1] >= count:
            raise UnsupportedModel(
                f"Layers {ranges_of(kept) or 'none'}: expected numbers from 0 to {count - 1}, which {self.path} has, each once and in order.",
                subject="layers",
            )
        for i, layer in enumerate(self.model.layers):
            if layer.feed_forward.sparse_above is not None and i not in kept:
                raise UnsupportedModel(
                    f"Layer {i} of {self.path} is one of the sparse ones at its beginning, which cannot be left out: the engine makes the "
                    f"first ten layers sparse, whichever they are.",
                    subject="layers",
                )
            source = layer.attention.cache_of
            if i in kept and source is not None and source not in kept:
                raise UnsupportedModel(
                    f"Layer {i} of {self.path} reads the keys and values of layer {source}, which would be left out: keep both, or "
                    f"neither.",
                    subject="layers",
                )
        found = [self.model.layers[i].attention.is_global for i in kept]
        for place, (i, sees_all) in enumerate(zip(kept, found, strict=True)):
            if sees_all != ((place + 1) % period == 0):
                raise UnsupportedModel(
                    f"Without the layers before it that would be left out, layer {i} of {self.path} would come out of step: every "
                    f"{period}th layer sees everything. Leave out groups of {period}, such as {self.example}.",
                    subject="layers",
                )
        if all(i < self.first_sharing for i in kept):
            raise UnsupportedModel(
                f"Layers {ranges_of(kept)}: none of {self.path}'s layers {self.first_sharing}-{count - 1}, which read others' keys and "
                f"values, would be left, and the engine needs one.",
                subject="layers",
            )

    @property
    def example(self) -> str:
        """Layers that can be left out."""
        first = self.first_sharing
        return ranges_of(tuple(range(first, first + (self.model.period or 1))))


def effective_parameters(model: ModelDescription) -> int:
    """Weights without the tables of the vocabulary, as the names E2B and E4B count them."""
    return weight_count(weight for weight in weights_of(model) if weight.part not in TABLES)


def all_parameters(model: ModelDescription) -> int:
    """Weights of the text part, tables included."""
    return weight_count(weights_of(model))


def ranges_of(numbers: Sequence[int]) -> str:
    """Numbers as a person writes them: 0-19,25-34."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)
