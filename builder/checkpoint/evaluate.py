"""Finds in a checkpoint what a source describes: the rows of which tensors, in which order. Nothing is read yet."""

from __future__ import annotations

from dataclasses import replace

from builder.checkpoint.checkpoint import Checkpoint
from builder.checkpoint.rows import Piece, parts_of, row_count
from builder.checkpoint.sources import ColumnsOf, MatricesOf, PixelFiltersOf, RowsOf, Source, Stacked, Tensor
from builder.errors import CheckpointError


def find(checkpoint: Checkpoint, source: Source, shape: tuple[int, ...]) -> tuple[Piece, ...]:
    """The rows of a weight of that shape; CheckpointError unless all are there, as wide as said, and of one type."""
    pieces = _pieces(checkpoint, source, shape)
    types = sorted({piece.tensor.dtype for piece in pieces})
    if len(types) > 1:
        raise CheckpointError(
            f"The tensors {source} of {checkpoint.path} are of the types {', '.join(types)}: expected one.",
            subject=str(source),
        )
    return tuple(pieces)


def _pieces(checkpoint: Checkpoint, source: Source, shape: tuple[int, ...]) -> list[Piece]:
    match source:
        case Tensor(name):
            return [Piece(checkpoint.require(name, shape), 0, row_count(shape))]
        case MatricesOf(Tensor(name), count, rows):
            _require(checkpoint, source, shape, count * rows, True)
            tensor = checkpoint.require(name, (count, rows, *shape[1:]))
            return [Piece(replace(tensor, shape=shape), 0, shape[0])]
        case PixelFiltersOf(Tensor(name)):
            return [Piece(replace(checkpoint.require(name, (*shape, 1, 1)), shape=shape), 0, row_count(shape))]
        case RowsOf(of, first, count):
            there = _count(checkpoint, of, shape)
            _require(checkpoint, source, shape, count, first + count <= there)
            return parts_of(_pieces(checkpoint, of, (there, *shape[1:])), first, first + count)
        case ColumnsOf(of, width, first, count):
            _require_columns(checkpoint, source, shape, first + count <= width and shape[1:] == (count,))
            return [_columns(piece, first, count) for piece in _pieces(checkpoint, of, (shape[0], width))]
        case Stacked(parts):
            counts = [_count(checkpoint, part, shape) for part in parts]
            _require(checkpoint, source, shape, sum(counts), True)
            found = zip(parts, counts, strict=True)
            return [piece for part, count in found for piece in _pieces(checkpoint, part, (count, *shape[1:]))]


def _columns(piece: Piece, first: int, count: int) -> Piece:
    """Some columns of all columns of a piece."""
    return replace(piece, columns=(piece.columns[0] + first if piece.columns else first, count))


def _count(checkpoint: Checkpoint, source: Source, shape: tuple[int, ...]) -> int:
    """How many rows a matrix has; where it is missing, an error says that `shape` was expected."""
    match source:
        case Tensor(name):
            tensor = checkpoint.tensors.get(name) or checkpoint.require(name, shape)
            return row_count(tensor.shape)
        case MatricesOf(_, count, rows):
            return count * rows
        case PixelFiltersOf(of):
            return _count(checkpoint, of, shape)
        case RowsOf():
            return source.count
        case ColumnsOf(of):
            return _count(checkpoint, of, shape)
        case Stacked(parts):
            return sum(_count(checkpoint, part, shape) for part in parts)


def _require(checkpoint: Checkpoint, source: Source, shape: tuple[int, ...], count: int, there: bool) -> None:
    if count != shape[0] or not there:
        raise CheckpointError(
            f"{source} of {checkpoint.path} does not have the {shape[0]:,} rows that {checkpoint.config_path.name} gives.",
            subject=str(source),
        )


def _require_columns(checkpoint: Checkpoint, source: Source, shape: tuple[int, ...], there: bool) -> None:
    if not there:
        raise CheckpointError(
            f"{source} of {checkpoint.path} does not have the {shape[-1]:,} columns that {checkpoint.config_path.name} gives.",
            subject=str(source),
        )
