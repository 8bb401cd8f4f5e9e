"""Where in a checkpoint a weight lies, as a small expression that `builder.checkpoint.evaluate` looks up.

A family says for each weight one of: a tensor; some rows of one, where others are for nothing that is wanted; some columns of one
that holds what several layers have side by side; several, one below the other; one of several matrices, as one below the other; one of
filters of one pixel, as a matrix. No numpy and no files here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias


@dataclass(frozen=True)
class Tensor:
    """A tensor by its name, all of it."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class MatricesOf:
    """A tensor of `count` matrices of `rows` rows each, as if one lay below the other."""

    of: Tensor
    count: int
    rows: int

    def __str__(self) -> str:
        return str(self.of)


@dataclass(frozen=True)
class PixelFiltersOf:
    """A tensor of filters of one pixel, (outputs, inputs, 1, 1), as a matrix (outputs, inputs)."""

    of: Tensor

    def __str__(self) -> str:
        return str(self.of)


@dataclass(frozen=True)
class RowsOf:
    """`count` rows of a source, from `first` on."""

    of: Source
    first: int
    count: int

    def __str__(self) -> str:
        return str(self.of)


@dataclass(frozen=True)
class ColumnsOf:
    """`count` columns of a source that has `width` of them, from `first` on."""

    of: Source
    width: int
    first: int
    count: int

    def __str__(self) -> str:
        return str(self.of)


@dataclass(frozen=True)
class Stacked:
    """The rows of several sources of the same width, one after the other."""

    parts: tuple[Source, ...]

    def __str__(self) -> str:
        return " + ".join(dict.fromkeys(map(str, self.parts)))


Source: TypeAlias = Tensor | MatricesOf | PixelFiltersOf | RowsOf | ColumnsOf | Stacked


def renamed(source: Source, name: str) -> Source:
    """The same of another tensor."""
    match source:
        case Tensor():
            return Tensor(name)
        case MatricesOf() | PixelFiltersOf():
            return replace(source, of=Tensor(name))
        case RowsOf(of, first, count):
            return RowsOf(renamed(of, name), first, count)
        case ColumnsOf(of):
            return replace(source, of=renamed(of, name))
        case Stacked(parts):
            return Stacked(tuple(renamed(part, name) for part in parts))


def tensor_names(source: Source) -> set[str]:
    """The names of all tensors that it is made of."""
    match source:
        case Tensor(name):
            return {name}
        case MatricesOf(of) | PixelFiltersOf(of) | RowsOf(of) | ColumnsOf(of):
            return tensor_names(of)
        case Stacked(parts):
            return {name for part in parts for name in tensor_names(part)}
