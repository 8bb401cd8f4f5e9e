"""Quantizes the weights of a model and writes them where the layout says, band after band, on every core.

The threads take turns at fetching the next band and work on it side by side: numpy, reading and writing let each other run.
What is held is a band and its result a thread. Where a thread fails or the main thread is interrupted, the others stop at their
next band, and all have ended before the error goes on: nothing writes into a file that is being removed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.checkpoint import check_finite
from builder.checkpoint.stored_types import Rows, part_of, to_float32
from builder.errors import UnsupportedModel
from builder.files.checksum import Checksum
from builder.files.systems import core_count
from builder.files.writing import PartFile
from builder.formats.matrix_rows import in_rows as signed_rows
from builder.formats.stacks import GatheredScales, by_matrix
from builder.formats.web_tensor_names import name_of
from builder.model.description import ModelDescription
from builder.model.residual import UNSCALED, ResidualScale
from builder.model.weights import Part, Weight, Weights
from builder.quantize.halves import BYTES, TooLargeError, half_strips
from builder.quantize.integers import Integers, Prepared
from builder.quantize.rounding import BLOCK, NotFiniteError, QuantizedBand, packed, quantize_band, signed_values
from builder.quantize.scheme import Order, Quantization
from builder.quantize.wasm_kernel import Kernel

MAX_THREADS = 8
"""More would wait for each other at the reading, and each holds a band."""


ChecksumOf = Callable[[int, int, NDArray[np.uint8]], Checksum]
"""Checksum.of, or the kernel's."""


class Pieces:
    """Writes, sums up what was written, and tells how many bytes; for any number of threads."""

    def __init__(self, part: PartFile, report: Callable[[int], None]) -> None:
        self._part, self._report = part, report
        self._checksum = Checksum()
        self._turn = threading.Lock()
        self._writing = threading.Lock()  # the file system lets in one at a time, and others would wait at work

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Writes one piece."""
        self.write_strips(offset, 0, np.frombuffer(data, np.uint8)[None])

    def write_strips(
        self, offset: int, apart: int, strips: NDArray[np.uint8], checksum: ChecksumOf = Checksum.of
    ) -> None:
        """Writes each row of `strips`, `apart` bytes after the one before."""
        written = checksum(offset, apart, strips)
        with self._writing:
            for i, strip in enumerate(strips):
                self._part.write_at(offset + i * apart, strip.data)
        with self._turn:
            self._checksum.add(written)
            self._report(strips.size)

    @property
    def checksum(self) -> Checksum:
        """Of all that was written."""
        return self._checksum


def thread_count() -> int:
    """One for each core that this process may use, up to MAX_THREADS."""
    return min(core_count(), MAX_THREADS)


def write_tensors(
    model: ModelDescription,
    weights: Weights,
    quantization: Quantization,
    offsets: dict[str, int],
    pieces: Pieces,
    complete: Callable[[int], None],
    residual: ResidualScale = UNSCALED,
    prepared: Prepared | None = None,
    in_rows: Collection[Part] = (),
) -> None:
    """Writes every weight at its offset, multiplied as `residual` says, and tells up to where all is written. The matrices of `in_rows`
    are written row after row, all others in blocks.

    CheckpointError for weights that are not finite.
    """
    bands = ((weight, first, rows) for weight in weights.tensors for first, rows in weights.bands(weight))
    stacks = {one: _gathered(one, quantization) for one in weights.tensors if one.stack > 1}
    turn, begun, stopped = threading.Lock(), threading.Event(), threading.Event()
    busy: dict[int, int] = {}  # thread → where the tensor begins that it works on

    def work() -> None:
        writer = _MatrixWriter(quantization, offsets, pieces, Kernel.available(), prepared)
        begun.wait()  # the pool waits for threads that it knows, and an interrupt may keep it from the last
        while not stopped.is_set():
            with turn:
                band = next(bands, None)
                if band is None:
                    busy.pop(threading.get_ident(), None)
                    return
                busy[threading.get_ident()] = _start(name_of(band[0], model), band[0].is_matrix, offsets)
                complete(min(busy.values()))
            weight, first, rows = band
            name, factor = name_of(weight, model), residual.of_part(weight.part)
            if weight in stacks:
                writer.stacked(name, weight, first, rows, stacks[weight])
            elif weight.is_quantized:
                writer.band(name, weight, first, rows, factor, "rows" if weight.part in in_rows else "blocks")
            elif weight.is_matrix:
                writer.halves(name, weight, first, rows, factor)
            else:
                check_finite(str(weight.source), first, rows)
                factors = scaled_norm(to_float32(rows[:]), factor, residual.norm_offset)
                pieces.write(offsets[name], factors.data.cast("B"))

    threads = thread_count()
    with ThreadPoolExecutor(threads, "onpage-write") as pool:
        try:
            running = {pool.submit(work) for _ in range(threads)}
            begun.set()
            while running:  # with a limit: a signal that another thread received does not wake this one
                done, running = wait(running, timeout=0.1, return_when=FIRST_EXCEPTION)
                for one in done:
                    one.result()
        finally:
            stopped.set()
            begun.set()


def scaled_norm(weights: NDArray[np.float32], factor: float, offset: float = 1.0) -> NDArray[np.float32]:
    """The weights of a norm whose factors, `offset` more than they, are multiplied."""
    if factor == 1:
        return weights
    scaled: NDArray[np.float32] = ((offset + weights.astype(np.float64)) * factor - offset).astype(np.float32)
    return scaled


def _start(name: str, is_matrix: bool, offsets: dict[str, int]) -> int:
    return offsets[f"{name}.w" if is_matrix else name]


def _gathered(matrix: Weight, quantization: Quantization) -> GatheredScales:
    block = quantization.scheme_of(matrix).block or matrix.inputs
    return GatheredScales(matrix.stack, matrix.outputs // matrix.stack, matrix.inputs // block)


@dataclass(frozen=True)
class _MatrixWriter:
    """Writes rows of matrices as a thread gets them, with the kernel of its own."""

    quantization: Quantization
    offsets: dict[str, int]
    pieces: Pieces
    kernel: Kernel | None
    prepared: Prepared | None

    def band(self, name: str, matrix: Weight, first: int, rows: Rows, factor: float, order: Order) -> None:
        """Of one matrix: its integers, their sums and scales."""
        bits = self.quantization.scheme_of(matrix).bits
        integers, band = self._quantized(matrix, first, rows)
        if order == "rows":
            count, k = rows.shape
            values = integers.values if integers else signed_values(band.strips.reshape(-1), k, count, bits)
            as_rows = np.ascontiguousarray(signed_rows(values, bits))
            self.pieces.write(self.offsets[f"{name}.w"] + first * k * bits // 8, as_rows.data.cast("B"))
        else:
            self._strips(self.offsets[f"{name}.w"], first, matrix.outputs, bits, band)
        self.pieces.write(self.offsets[f"{name}.w.sum_i"] + band.sums[0].nbytes * first, band.sums.data.cast("B"))
        scales = self.offsets[f"{name}.w_quantized_scale"] + band.scales[0].nbytes * first
        # a power of two: the values would be the same if it were the weights that are multiplied
        self.pieces.write(scales, (band.scales * np.float32(factor)).data.cast("B"))

    def stacked(self, name: str, matrix: Weight, first: int, rows: Rows, gathered: GatheredScales) -> None:
        """Of the matrices of all experts, which lie one after the other (`builder.formats.stacks`)."""
        bits, outputs = self.quantization.scheme_of(matrix).bits, matrix.outputs // matrix.stack
        for one, start, part in by_matrix(first, rows.shape[0], outputs):
            _, band = self._quantized(matrix, first + part.start, part_of(rows, part))
            begin = self.offsets[f"{name}.w"] + one * outputs * matrix.inputs * bits // 8
            self._strips(begin, start, outputs, bits, band)
            scales = gathered.put(one, start, band.scales)
            if scales is not None:
                self.pieces.write(self.offsets[f"{name}.w_quantized_scale"], scales.data.cast("B"))

    def halves(self, name: str, matrix: Weight, first: int, rows: Rows, factor: float) -> None:
        """Of one matrix, as float16."""
        try:
            strips = half_strips(rows, factor)
        except TooLargeError:
            check_finite(str(matrix.source), first, rows)
            raise UnsupportedModel(
                f"{matrix.source} holds a value that is too large for float16, in which the engine keeps it"
                + (
                    f", times {factor:g} for the scale of the residual stream: set a larger --residual-scale."
                    if factor != 1
                    else "."
                ),
                subject=str(matrix.source),
            ) from None
        row_of_blocks = BLOCK * matrix.outputs * BYTES
        self.pieces.write_strips(self.offsets[f"{name}.w"] + first * BLOCK * BYTES, row_of_blocks, strips)

    def _strips(self, begin: int, first: int, outputs: int, bits: int, band: QuantizedBand) -> None:
        """In the blocks of a matrix of so many outputs that begins there, from its row `first` on."""
        row_of_blocks = BLOCK * outputs * bits // 8
        whole = band.strips.shape[1] == row_of_blocks
        strips = band.strips.reshape(1, -1) if whole else band.strips  # of a whole matrix they are one
        checksum = self.kernel.checksum if self.kernel else Checksum.of
        self.pieces.write_strips(begin + first * BLOCK * bits // 8, row_of_blocks, strips, checksum)

    def _quantized(self, matrix: Weight, first: int, rows: Rows) -> tuple[Integers | None, QuantizedBand]:
        """Rows of a matrix, and their integers where these were `prepared`."""
        scheme = self.quantization.scheme_of(matrix)
        quantize = self.kernel.quantize_band if self.kernel else quantize_band
        try:
            integers = self.prepared.integers(matrix, first, rows) if self.prepared else None
            if integers:
                return integers, packed(integers, scheme.bits)
            return None, quantize(rows, scheme, self.quantization.choice(scheme))
        except NotFiniteError:
            check_finite(str(matrix.source), first, rows)
            raise
