"""The reference for models of any size: each matrix is read out of the file when it is needed, and the embedding in bands.

So one pass takes about as much memory as the largest layer and as long as dequantizing the file, whatever the number of
tokens: too slow to write a text with, and quick enough to say whether an engine's text is the greedy one (`check_greedy`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from builder.errors import WebFileError
from builder.formats.web_file_reader import StoredMatrix, WebFile
from builder.quantize.rounding import BLOCK, dequantize
from builder.reference.dense import EMBEDDING, Array, Precision, Reference

BAND_BYTES = 16 << 20
"""Of float32 rows of the embedding."""


@dataclass(frozen=True)
class Checked:
    """What the reference makes of a text that follows a prompt."""

    choices: list[int]
    """At each place, the likeliest id after the prompt and the text before it."""
    distances: list[float]
    """How far the logit of the text's own id is below that of the likeliest, as a share of the likeliest's height above the
    middle of all: 0 where it is the likeliest, near 0 at a tie, about 1 for an id that has nothing to do there."""


class StreamedReference(Reference):
    """As `Reference`, with the weights left in the file."""

    def __init__(self, file: WebFile, precision: Precision = "float32") -> None:
        super().__init__(file, precision)
        self._file = file
        self._table = _Table.of(file)

    def check_greedy(self, prompt: Sequence[int], text: Sequence[int]) -> Checked:
        """One pass over `prompt` (with the start token) and `text`."""
        states = self.hidden_states([*prompt, *text][:-1])[len(prompt) - 1 :]
        logits = self.predictions(states)
        highest = logits.max(axis=1)
        own = np.take_along_axis(logits, np.array(text)[:, None], axis=1)[:, 0]
        distances = (highest - own) / (highest - np.median(logits, axis=1))
        return Checked(logits.argmax(axis=1).tolist(), distances.tolist())

    def _load(self, file: WebFile) -> Mapping[str, Array]:
        return _Weights(file)

    def _embed(self, ids: NDArray[np.int64]) -> Array:
        rows, places = np.unique(ids, return_inverse=True)
        first = [self._table.rows(int(row) // BLOCK * BLOCK, BLOCK)[int(row) % BLOCK] for row in rows]
        found: Array = np.array(first)[places.reshape(ids.shape)]
        return found

    def _unembed(self, states: Array) -> Array:
        step = max(BLOCK, BAND_BYTES // (4 * self.model.embedding.width) // BLOCK * BLOCK)
        products = np.empty((*states.shape[:-1], self._table.matrix.n), np.float32)
        for first in range(0, self._table.matrix.n, step):
            rows = self._table.rows(first, min(step, self._table.matrix.n - first))
            products[..., first : first + len(rows)] = states @ rows.T
        return products


class _Weights(Mapping[str, Array]):
    """Every weight, read when it is asked for."""

    def __init__(self, file: WebFile) -> None:
        self._file = file

    def __getitem__(self, name: str) -> Array:
        return Reference._vector(self._file, name) if name.endswith(".scale") else Reference._matrix(self._file, name)

    def __iter__(self) -> Iterator[str]:
        return (name.removesuffix(".w") for name in self._file.tensors if name.endswith((".w", ".scale")))

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True)
class _Table:
    """The embedding in the file."""

    matrix: StoredMatrix
    blocks: NDArray[np.uint8]
    """(K/4, N/4, bytes of a block), mapped."""
    scales: Array
    """(N, scales of a row)."""

    @classmethod
    def of(cls, file: WebFile) -> _Table:
        matrix = file.matrix(EMBEDDING)
        if matrix is None:
            raise WebFileError(f"{file.path} does not hold {EMBEDDING} as int8 or int4.", subject=EMBEDDING)
        shape = (matrix.k // BLOCK, matrix.n // BLOCK, 2 * matrix.scheme.bits)
        blocks = np.memmap(Path(file.path), np.uint8, "r", file.tensors[f"{EMBEDDING}.w"].offset, shape)
        scales = np.frombuffer(file.read(f"{EMBEDDING}.w_quantized_scale"), np.float32).reshape(matrix.n, -1)
        return cls(matrix, blocks, scales)

    def rows(self, first: int, count: int) -> Array:
        """Rows (count, K) of it; both numbers are multiples of a block's."""
        part = np.ascontiguousarray(self.blocks[:, first // BLOCK : (first + count) // BLOCK]).reshape(-1)
        return dequantize(part, self.scales[first : first + count], self.matrix.k, count, self.matrix.scheme.bits)
