"""A checkpoint, whatever holds it: tensors by name, read in bands of rows as float32.

`folder` has the one of safetensors and config.json. Nothing is memory-mapped for long and nothing whole is held: a model larger
than the memory passes through.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.rows import Piece, StoredRows, StoredTensor, parts_of, row_count
from builder.checkpoint.stored_types import Rows, to_float32
from builder.errors import CheckpointError

BAND_BYTES = 32 << 20
"""Target size of a band as float32: small enough for memory, large enough for long strips in the file."""


class Checkpoint(ABC):
    """An opened checkpoint."""

    path: Path
    """The folder or the file, for messages."""
    config: dict[str, Any]
    """What the model is, in the words of config.json."""
    config_path: Path
    """Where `config` is said, for messages."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What it is called, without the path."""

    @property
    @abstractmethod
    def files(self) -> Sequence[Path]:
        """All files that are part of it."""

    @property
    @abstractmethod
    def tensors(self) -> dict[str, StoredTensor]:
        """The tensors by name, as transformers names them; CheckpointError where these cannot be told."""

    def require(self, name: str, shape: tuple[int, ...]) -> StoredTensor:
        """The tensor of that name, of that shape and of a type that can be read; CheckpointError otherwise."""
        tensor = self.tensors.get(name)
        if tensor is None:
            raise CheckpointError(
                f"Tensor {name} is missing from {self.path}: expected shape {list(shape)}; "
                f"is the download complete, and is it a full checkpoint (not an adapter)?",
                subject=name,
            )
        if tensor.shape != shape:
            raise CheckpointError(
                f"Tensor {name} in {tensor.file} has shape {list(tensor.shape)}, but {self.config_path.name} gives {list(shape)}.",
                subject=name,
            )
        if tensor.array_type is None:
            raise CheckpointError(
                f"Tensor {name} in {tensor.file} is of type {tensor.dtype}: expected {tensor.types_read}.",
                subject=name,
            )
        return tensor

    def bands(self, tensor: StoredTensor, multiple: int = 4) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """As `stored_bands`, in float32 and checked to be finite."""
        for first, rows in self.stored_bands(tensor, multiple):
            check_finite(tensor.name, first, rows)
            yield first, to_float32(rows[:])

    def stored_bands(self, tensor: StoredTensor, multiple: int = 4) -> Iterator[tuple[int, StoredRows]]:
        """(first row, rows) over a matrix (or a vector, as one band), still to be read."""
        return self.bands_of([Piece(tensor, 0, row_count(tensor.shape))], tensor.shape, multiple)

    def bands_of(
        self, pieces: Sequence[Piece], shape: tuple[int, ...], multiple: int = 4
    ) -> Iterator[tuple[int, StoredRows]]:
        """(first row, rows) over what was found, still to be read.

        Bands have about BAND_BYTES as float32 and a multiple of `multiple` rows (the last one what is left).
        """
        rows = row_count(shape)
        width = math.prod(shape) // rows
        step = max(multiple, BAND_BYTES // (4 * width) // multiple * multiple)
        for first in range(0, rows, step):
            yield first, StoredRows(parts_of(pieces, first, min(first + step, rows)), width)


def check_finite(name: str, first: int, rows: Rows) -> None:
    """CheckpointError where a value of a band is infinite or no number."""
    values = to_float32(rows[:])
    finite = np.isfinite(values)
    if finite.all():
        return
    row, column = np.argwhere(~finite)[0].tolist()
    origin = getattr(rows, "origin", None)
    raise CheckpointError(
        f"Tensor {name} holds {values[row, column]} at row {first + row}, column {column}: expected finite weights"
        f"{f' in {origin}' if origin else ''}; the training run or the download went wrong.",
        subject=name,
    )
