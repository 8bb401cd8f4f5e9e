"""Quantizes the tensors of a plan and writes them where the layout says, band after band, on every core.

The threads take turns at fetching the next band and work on it side by side: numpy, reading and writing let each other run.
What is held is a band and its result a thread. Where a thread fails or the main thread is interrupted, the others stop at their
next band, and all have ended before the error goes on: nothing writes into a file that is being removed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.folder import check_finite
from builder.checkpoint.stored_types import Rows, to_float32
from builder.files.checksum import Checksum
from builder.files.systems import core_count
from builder.files.writing import PartFile
from builder.model.families.plan import MatrixPlan, ModelPlan, VectorPlan
from builder.quantize.rounding import BLOCK, NotFiniteError, quantize_band
from builder.quantize.scheme import Quantization
from builder.quantize.wasm_kernel import Kernel

MAX_THREADS = 8
"""More would wait for each other at the reading, and each holds a band."""


class Weights(Protocol):
    """Where the weights come from: a checkpoint, or `synth`'s random numbers."""

    def bands(self, tensor: MatrixPlan | VectorPlan) -> Iterable[tuple[int, Rows]]:
        """(first row, rows) of a matrix as (n, k), in bands of a multiple of 4 rows; a vector as one row.

        Never asked by two threads at the same time.
        """


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
    plan: ModelPlan,
    quantization: Quantization,
    weights: Weights,
    offsets: dict[str, int],
    pieces: Pieces,
    complete: Callable[[int], None],
) -> None:
    """Writes every tensor of the plan at its offset, and tells up to where all is written.

    CheckpointError for weights that are not finite.
    """
    bands = ((tensor, first, rows) for tensor in plan.tensors for first, rows in weights.bands(tensor))
    turn, begun, stopped = threading.Lock(), threading.Event(), threading.Event()
    busy: dict[int, int] = {}  # thread → where the tensor begins that it works on

    def work() -> None:
        kernel = Kernel.available()
        begun.wait()  # the pool waits for threads that it knows, and an interrupt may keep it from the last
        while not stopped.is_set():
            with turn:
                band = next(bands, None)
                if band is None:
                    busy.pop(threading.get_ident(), None)
                    return
                busy[threading.get_ident()] = _start(band[0], offsets)
                complete(min(busy.values()))
            tensor, first, rows = band
            if isinstance(tensor, VectorPlan):
                check_finite(tensor.source, first, rows)
                pieces.write(offsets[tensor.name], to_float32(rows[:]).data.cast("B"))
            else:
                _write_band(tensor, first, rows, quantization, offsets, pieces, kernel)

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


def _start(tensor: MatrixPlan | VectorPlan, offsets: dict[str, int]) -> int:
    return offsets[tensor.name if isinstance(tensor, VectorPlan) else f"{tensor.name}.w"]


def _write_band(
    matrix: MatrixPlan,
    first: int,
    rows: Rows,
    quantization: Quantization,
    offsets: dict[str, int],
    pieces: Pieces,
    kernel: Kernel | None,
) -> None:
    quantize, checksum = (kernel.quantize_band, kernel.checksum) if kernel else (quantize_band, Checksum.of)
    scheme = quantization.scheme(matrix.role)
    try:
        band = quantize(rows, scheme, quantization.scale)
    except NotFiniteError:
        check_finite(matrix.source, first, rows)
        raise
    row_of_blocks = BLOCK * matrix.n * scheme.bits // 8
    strips = band.strips.reshape(1, -1) if rows.shape[0] == matrix.n else band.strips  # of a whole matrix they are one
    pieces.write_strips(offsets[f"{matrix.name}.w"] + first * BLOCK * scheme.bits // 8, row_of_blocks, strips, checksum)
    pieces.write(offsets[f"{matrix.name}.w.sum_i"] + band.sums[0].nbytes * first, band.sums.data.cast("B"))
    scales = offsets[f"{matrix.name}.w_quantized_scale"] + band.scales[0].nbytes * first
    pieces.write(scales, band.scales.data.cast("B"))
