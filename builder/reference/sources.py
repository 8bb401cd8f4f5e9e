"""Where the reference's weights come from: a checkpoint (or whatever else streams `Weights`), or a web file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.stored_types import to_float32
from builder.errors import WebFileError
from builder.formats.matrix_rows import MatrixRows
from builder.formats.web_file_reader import WebFile
from builder.formats.web_model import described, has_known_scale
from builder.formats.web_tensor_names import tensor_name
from builder.formats.web_tensors import StoredMatrix
from builder.model.description import ModelDescription
from builder.model.weights import HALVES, LayerPart, Part, Weight, Weights, WholePart, layer_parts, whole_parts
from builder.quantize.halves import BYTES, half_values
from builder.quantize.rounding import BLOCK
from builder.reference.arithmetic import Array
from builder.reference.decoder import WeightSource

BAND_BYTES = 16 << 20
"""Of float32 rows of the embedding."""


class LazyLayer(Mapping[LayerPart, Array]):
    """The weights of a layer, each read when it is asked for."""

    def __init__(self, parts: tuple[LayerPart, ...], read: Callable[[LayerPart], Array]) -> None:
        self._parts, self._read = parts, read

    def __getitem__(self, part: LayerPart) -> Array:
        if part not in self._parts:
            raise KeyError(part)
        return self._read(part)

    def __iter__(self) -> Iterator[LayerPart]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


class CheckpointSource:
    """The weights of `OpenedCheckpoint` or anything else that streams them."""

    def __init__(self, model: ModelDescription, weights: Weights) -> None:
        self.model = model
        self._weights = weights
        self._found = {(weight.part, weight.layer): weight for weight in weights.tensors}

    def layer(self, index: int) -> LazyLayer:
        """As `WeightSource`."""
        parts = tuple(part for part, _ in layer_parts(self.model, self.model.layers[index]))
        return LazyLayer(parts, lambda part: self._whole(part, index))

    def whole(self, part: WholePart) -> Array:
        """As `WeightSource`."""
        return self._whole(part, None)

    def embedding_rows(self, ids: NDArray[np.int64], layer: int | None = None) -> Array:
        """As `WeightSource`."""
        wanted, places = np.unique(ids, return_inverse=True)
        table = self._embedding if layer is None else self._found["per_layer_embedding", layer]
        found = np.empty((len(wanted), table.inputs), np.float32)
        for first, rows in self._weights.bands(table):
            inside = np.flatnonzero((wanted >= first) & (wanted < first + rows.shape[0]))
            for place in inside.tolist():
                start = (int(wanted[place]) - first) // BLOCK * BLOCK
                found[place] = to_float32(rows[start : start + BLOCK])[int(wanted[place]) - first - start]
        return found[places.reshape(ids.shape)]

    def embedding_bands(self) -> Iterator[tuple[int, Array]]:
        """As `WeightSource`."""
        return self._bands(self._embedding)

    def head_bands(self) -> Iterator[tuple[int, Array]]:
        """As `WeightSource`."""
        return self._bands(self._embedding if self.model.embedding.tied else self._found["head", None])

    def _bands(self, table: Weight) -> Iterator[tuple[int, Array]]:
        step = rows_of_a_band(self.model.embedding.width)
        for first, rows in self._weights.bands(table):
            for start in range(0, rows.shape[0], step):
                yield first + start, to_float32(rows[start : start + step])

    @property
    def _embedding(self) -> Weight:
        return self._found["embedding", None]

    def _whole(self, part: Part, layer: int | None) -> Array:
        weight = self._found[part, layer]
        values = np.empty((weight.outputs, weight.inputs), np.float32)
        for first, rows in self._weights.bands(weight):
            to_float32(rows[:], values[first : first + rows.shape[0]])
        return values.reshape(weight.shape)


class WebFileSource:
    """The dequantized weights of a web file: what ships, and so the truth for that very file."""

    def __init__(self, file: WebFile) -> None:
        """WebFileError where it is of no Gemma that the reference knows."""
        if not has_known_scale(file.parameters.transformer_parameters):
            raise WebFileError(
                f"{file.path} is not a Gemma 1 to 4, the only models that the reference supports.",
                subject=file.path,
            )
        self.model = described(file)
        self.file = file

    def layer(self, index: int) -> LazyLayer:
        """As `WeightSource`."""
        shapes = dict(layer_parts(self.model, self.model.layers[index]))
        return LazyLayer(tuple(shapes), lambda part: self._read(part, index, shapes[part]))

    def whole(self, part: WholePart) -> Array:
        """As `WeightSource`."""
        return self._read(part, None, dict(whole_parts(self.model))[part])

    def embedding_rows(self, ids: NDArray[np.int64], layer: int | None = None) -> Array:
        """As `WeightSource`."""
        wanted, places = np.unique(ids, return_inverse=True)
        read = self._table_reader(layer)
        found = [read(int(row) // BLOCK * BLOCK, BLOCK)[int(row) % BLOCK] for row in wanted]
        rows: Array = np.array(found)[places.reshape(ids.shape)]
        return rows

    def embedding_bands(self) -> Iterator[tuple[int, Array]]:
        """As `WeightSource`."""
        read, count = self._table_reader(None), self.model.embedding.vocabulary
        step = rows_of_a_band(self.model.embedding.width)
        for first in range(0, count, step):
            yield first, read(first, min(step, count - first))

    def head_bands(self) -> Iterator[tuple[int, Array]]:
        """As `WeightSource`: a web file's is the embedding."""
        return self.embedding_bands()

    def _table_reader(self, layer: int | None) -> Callable[[int, int], Array]:
        """What reads `count` rows from `first`, both multiples of a block's, of the embedding or of a layer's own table."""
        embedding = self.model.embedding
        part: Part = "embedding" if layer is None else "per_layer_embedding"
        name = tensor_name(part, layer, self.model)
        matrix = self._matrix(
            name, (embedding.vocabulary, embedding.width if layer is None else self.model.per_layer_width)
        )
        rows = MatrixRows(self.file, name, matrix)
        return lambda first, count: rows.integers(first, count).dequantized()

    def _read(self, part: Part, layer: int | None, shape: tuple[int, ...]) -> Array:
        name = tensor_name(part, layer, self.model)
        if len(shape) == 1:
            values = np.frombuffer(self.file.read(name), np.float32)
            if values.shape != shape:
                raise self._unlike(name, shape)
            return values
        if part in HALVES:
            return self._halves(name, shape)
        matrix = self._matrix(name, shape)
        return MatrixRows(self.file, name, matrix).integers(0, matrix.n).dequantized()

    def _halves(self, name: str, shape: tuple[int, ...]) -> Array:
        packed = np.frombuffer(self.file.read(f"{name}.w"), np.uint8)
        n, k = shape
        if packed.size != BYTES * n * k:
            raise WebFileError(
                f"{self.file.path} does not hold {name} as float16 of shape {list(shape)}.", subject=name
            )
        return half_values(packed, k, n)

    def _matrix(self, name: str, shape: tuple[int, ...]) -> StoredMatrix:
        matrix = self.file.matrix(name)
        if matrix is None or (matrix.n, matrix.k) != shape or matrix.n % BLOCK or matrix.k % BLOCK:
            raise self._unlike(name, shape)
        return matrix

    def _unlike(self, name: str, shape: tuple[int, ...]) -> WebFileError:
        kind = "float32" if len(shape) == 1 else "int8 or int4"
        return WebFileError(f"{self.file.path} does not hold {name} as {kind} of shape {list(shape)}.", subject=name)


class HeldSource:
    """The weights of another source, read once and kept in memory."""

    def __init__(self, source: WeightSource) -> None:
        self.model = source.model
        self._layers = [dict(source.layer(index)) for index in range(len(source.model.layers))]
        self._whole = {part: source.whole(part) for part, _ in whole_parts(source.model)}
        self._embedding = self._head = np.concatenate([rows for _, rows in source.embedding_bands()])
        if not source.model.embedding.tied:
            self._head = np.concatenate([rows for _, rows in source.head_bands()])

    def layer(self, index: int) -> Mapping[LayerPart, Array]:
        """As `WeightSource`."""
        return self._layers[index]

    def whole(self, part: WholePart) -> Array:
        """As `WeightSource`."""
        return self._whole[part]

    def embedding_rows(self, ids: NDArray[np.int64], layer: int | None = None) -> Array:
        """As `WeightSource`."""
        rows: Array = (self._embedding if layer is None else self._layers[layer]["per_layer_embedding"])[ids]
        return rows

    def embedding_bands(self) -> Iterator[tuple[int, Array]]:
        """As `WeightSource`: all at once."""
        yield 0, self._embedding

    def head_bands(self) -> Iterator[tuple[int, Array]]:
        """As `WeightSource`: all at once."""
        yield 0, self._head


def rows_of_a_band(width: int) -> int:
    """Rows of the embedding that BAND_BYTES hold as float32."""
    return max(BLOCK, BAND_BYTES // (4 * width) // BLOCK * BLOCK)
