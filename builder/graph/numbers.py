"""A model's numbers as a graph holds them: rows of integers and their scales, of a checkpoint that is quantized on the way, or of a
web file, value for value.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.checkpoint import check_finite
from builder.checkpoint.stored_types import Rows, to_float32
from builder.convert.write_tensors import scaled_norm
from builder.errors import WebFileError
from builder.formats.web_file_reader import WebFile
from builder.formats.web_model import described, has_known_scale
from builder.formats.web_tensor_names import name_of
from builder.model.families import weights_of
from builder.model.residual import UNSCALED, ResidualScale
from builder.model.weights import Weight, Weights
from builder.quantize.rounding import BLOCK, NotFiniteError, quantize_band, signed_values
from builder.quantize.scheme import Quantization, Scheme
from builder.quantize.wasm_kernel import Kernel

BAND_BYTES = 4 << 20
"""Target size of what is read of a web file's matrix at once."""


@dataclass(frozen=True)
class Integers:
    """Rows of a matrix, quantized: a weight is its integer times the scale of its row, or of its block of the row."""

    values: NDArray[np.int8]
    """(rows, inputs)."""
    scales: NDArray[np.float32]
    """(rows, scales of a row), never zero; may be negative."""


Piece = Callable[[], Integers]
"""Work that threads do side by side."""


class Schemes(Protocol):
    """How the weights of a model are quantized."""

    @property
    def tensors(self) -> tuple[Weight, ...]:
        """All of them."""

    def scheme_of(self, matrix: Weight) -> Scheme:
        """Of one."""


class Numbers(Schemes, Protocol):
    """The weights of a model, quantized."""

    def matrix(self, weight: Weight) -> Iterator[tuple[int, Piece]]:
        """(first row, rows), in bands. Never asked by two threads at the same time; the pieces may be."""

    def vector(self, weight: Weight) -> NDArray[np.float32]:
        """All of it."""


class CheckpointNumbers:
    """Weights that are quantized band after band, multiplied as `residual` says. Raises CheckpointError for those that are not finite."""

    def __init__(self, weights: Weights, quantization: Quantization, residual: ResidualScale = UNSCALED) -> None:
        self._weights, self._quantization, self._residual = weights, quantization, residual
        self._threads = threading.local()

    @property
    def tensors(self) -> tuple[Weight, ...]:
        """As `Numbers`."""
        return self._weights.tensors

    def scheme_of(self, matrix: Weight) -> Scheme:
        """As `Numbers`."""
        return self._quantization.scheme_of(matrix)

    def matrix(self, weight: Weight) -> Iterator[tuple[int, Piece]]:
        """As `Numbers`."""
        for first, rows in self._weights.bands(weight):
            yield first, partial(self._quantized, weight, first, rows)

    def vector(self, weight: Weight) -> NDArray[np.float32]:
        """As `Numbers`."""
        [(first, rows)] = self._weights.bands(weight)
        check_finite(str(weight.source), first, rows)
        values: NDArray[np.float32] = to_float32(rows[:])[0]
        return scaled_norm(values, self._residual.of_part(weight.part))

    def _quantized(self, weight: Weight, first: int, rows: Rows) -> Integers:
        if not hasattr(self._threads, "kernel"):
            self._threads.kernel = Kernel.available()
        kernel, scheme = self._threads.kernel, self.scheme_of(weight)
        try:
            band = (kernel.quantize_band if kernel else quantize_band)(rows, scheme, self._quantization.scale)
        except NotFiniteError:
            check_finite(str(weight.source), first, rows)
            raise
        # a power of two: as exact as of the weights
        scales = band.scales * np.float32(self._residual.of_part(weight.part))
        return _integers(band.strips, scales, rows.shape[1], scheme)


class WebFileNumbers:
    """Those of a web file of a dense Gemma. Raises WebFileError for others, and where a matrix is not 4 or 8 bits wide."""

    def __init__(self, file: WebFile) -> None:
        parameters = file.parameters.transformer_parameters
        other = parameters.global_head_dimension or parameters.altup_config.altup_num_inputs
        if not has_known_scale(parameters) or other:
            raise WebFileError(
                f"{file.path} is not a dense Gemma (1, 2 or 3): no graph is made of others.", subject=file.path
            )
        self._file = file
        self.model = described(file)
        self.tensors = weights_of(self.model)
        for weight in self.tensors:
            self._check(weight)

    def scheme_of(self, matrix: Weight) -> Scheme:
        """As `Numbers`."""
        stored = self._file.matrix(name_of(matrix))
        assert stored
        return stored.scheme

    def matrix(self, weight: Weight) -> Iterator[tuple[int, Piece]]:
        """As `Numbers`."""
        name, scheme = name_of(weight), self.scheme_of(weight)
        width = BLOCK * scheme.bits // 8  # of an output in a row of blocks
        entry = self._file.tensors[f"{name}.w"]
        stored = np.memmap(
            self._file.path, np.uint8, "r", entry.offset, (weight.inputs // BLOCK, weight.outputs * width)
        )
        scales = np.frombuffer(self._file.read(f"{name}.w_quantized_scale"), np.float32).reshape(weight.outputs, -1)
        step = max(BLOCK, BAND_BYTES * 8 // (weight.inputs * scheme.bits) // BLOCK * BLOCK)
        for first in range(0, weight.outputs, step):
            end = min(first + step, weight.outputs)
            strips, some = stored[:, first * width : end * width], scales[first:end]
            yield first, partial(_integers, strips, some, weight.inputs, scheme)

    def vector(self, weight: Weight) -> NDArray[np.float32]:
        """As `Numbers`."""
        return np.frombuffer(self._file.read(name_of(weight)), np.float32)

    def _check(self, weight: Weight) -> None:
        name = name_of(weight)
        if weight.is_matrix:
            stored = self._file.matrix(name)
            if stored is None or (stored.n, stored.k) != weight.shape:
                raise WebFileError(
                    f"{self._file.path} does not hold {name} as {weight.outputs} by {weight.inputs} integers of 4 or 8 bits.",
                    subject=name,
                )
        elif name not in self._file.tensors or self._file.tensors[name].size != 4 * weight.size:
            raise WebFileError(f"{self._file.path} does not hold {name} as {weight.size} float32.", subject=name)


def _integers(strips: NDArray[np.uint8], scales: NDArray[np.float32], inputs: int, scheme: Scheme) -> Integers:
    return Integers(signed_values(strips.reshape(-1), inputs, len(scales), scheme.bits), scales)
