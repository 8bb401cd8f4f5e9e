"""What a conversion does to every weight, as one pass in WebAssembly: scales, rounding, packing, sums; the checksum, and what an
adapter adds.

wasmtime, which comes compiled for each platform, compiles this text for the processor at hand in milliseconds, so that neither
who installs nor who packages needs a compiler. WebAssembly fixes the arithmetic to the bit: what comes out is byte for byte what
`quantize_band`, `Checksum.of` and `merge` give, four times as fast, because a weight stays in a register from the checkpoint's
bfloat16 to its place in a block. They are what the kernel falls back to, and what is used where there is no wasmtime.
"""

from __future__ import annotations

import atexit
import ctypes
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.stored_types import Rows, read_rows
from builder.files.checksum import WORD, Checksum
from builder.quantize.as_stored import is_stored_in
from builder.quantize.product import Float32, merge
from builder.quantize.rounding import BLOCK, QuantizedBand, quantize_band
from builder.quantize.scheme import ScaleChoice, Scheme
from builder.quantize.wasm_kernel_text import INPUTS, module_text

if TYPE_CHECKING:
    import wasmtime

CHUNK_BYTES = 4 << 20
"""Of a checkpoint, read and worked on at once. Less costs more calls than it saves in the cache: measured from 1 to 4 MB."""

MAX_MEMORY = 1 << 30
"""Only a matrix with rows of a hundred million weights takes more, and WebAssembly has 4 GB."""

LINE = 64
"""Bytes of a cache line: where each part of the memory begins."""


class Kernel:
    """One instance with a memory of its own, for one thread at a time."""

    def __init__(self) -> None:
        import wasmtime

        engine, module = _compiled()
        self._store = wasmtime.Store(engine)
        exports = wasmtime.Instance(self._store, module, []).exports(self._store)
        self._functions: dict[str, Any] = dict(exports.items())
        self._memory: Any = exports["memory"]
        self._bytes: NDArray[np.uint8] = np.empty(0, np.uint8)

    @classmethod
    def available(cls) -> Kernel | None:
        """A new one; None where wasmtime is not installed, or may not make code here."""
        try:
            import wasmtime
        except (ImportError, OSError):  # OSError: its library does not load
            return None
        try:
            return cls()
        except wasmtime.WasmtimeError:
            return None

    def quantize_band(self, rows: Rows, scheme: Scheme, choice: ScaleChoice = "max") -> QuantizedBand:
        """As `quantize.quantize_band`, but the result lies in this memory: until the next call of this or of `buffer`."""
        n, k = rows.shape
        width = scheme.block or k
        if choice != "max" or width % INPUTS or is_stored_in(rows, scheme):
            return quantize_band(rows, scheme, choice)
        stored = np.dtype(np.uint16 if rows.dtype == np.uint16 else np.float32)
        step = _rows_of_a_chunk(k, stored.itemsize)
        sizes = (min(step, n) * k * stored.itemsize, n * k * scheme.bits // 8, 4 * n * (k // width), 4 * n)
        starts, parts = self._parts(*sizes)
        if not parts:
            return quantize_band(rows, scheme, choice)
        chunk, strips, scales, sums = parts
        quantize = self._functions[f"quantize_{scheme.bits}_{stored}"]
        apart = n // BLOCK * 2 * scheme.bits
        for first in range(0, n, step):
            count = min(step, n - first)
            read_rows(rows, slice(first, first + count), chunk.view(stored)[: count * k].reshape(count, k))
            at = (starts[1] + first // BLOCK * 2 * scheme.bits, apart, starts[2] + first * 4 * (k // width))
            if not quantize(self._store, 0, count // BLOCK, k, width, *at, starts[3] + 4 * first):
                return quantize_band(rows, scheme, choice)
        return QuantizedBand(
            strips.reshape(k // BLOCK, apart), scales.view(np.float32).reshape(n, -1), sums.view(np.int32)
        )

    def merge(self, rows: Float32, b: Float32, a: Float32, scale: float, lengths: Float32 | None = None) -> None:
        """As `product.merge`."""
        (n, k), rank = rows.shape, len(a)
        step = _rows_of_a_chunk(k, rows.itemsize)
        most = -(-min(step, n) // BLOCK) * BLOCK
        starts, parts = self._parts(4 * most * k, 4 * rank * k, 4 * rank * most, 4 * most, 4 * k)
        if k % INPUTS or not parts:
            return merge(rows, b, a, scale, lengths)
        chunk, strips, columns, given, _ = (part.view(np.float32) for part in parts)
        strips.reshape(-1, rank, INPUTS)[:] = a.reshape(rank, -1, INPUTS).swapaxes(0, 1)
        for first in range(0, n, step):
            part = rows[first : first + step]
            groups = -(-len(part) // BLOCK)
            values = chunk[: part.size].reshape(part.shape)
            values[:] = part
            columns[: rank * groups * BLOCK].reshape(rank, -1)[:, : len(part)] = b[first : first + step].T
            self._functions["add_product"](self._store, 0, groups, k, *starts[1:3], rank, float(np.float32(scale)))
            if lengths is not None:
                given[: len(part)] = lengths[first : first + step]
                self._functions["give_lengths"](self._store, 0, len(part), k, *starts[3:])
            part[:] = values
        return None

    def checksum(self, offset: int, apart: int, rows: NDArray[np.uint8]) -> Checksum:
        """As `Checksum.of`, at once for what lies in this memory."""
        at = rows.ctypes.data - self._bytes.ctypes.data
        inside = at >= 0 and at + rows.nbytes <= self._bytes.nbytes
        if not inside or not rows.size or not rows.flags.c_contiguous or rows.shape[1] % WORD:
            return Checksum.of(offset, apart, rows)
        n, words = len(rows), rows.shape[1] // WORD
        return Checksum(
            self._functions["checksum"](self._store, at, n, words, offset // WORD, apart // WORD) % (1 << 64)
        )

    def _parts(self, *sizes: int) -> tuple[list[int], list[NDArray[np.uint8]]]:
        """Parts of the memory of so many bytes: where each begins, and each; none where they are too large."""
        *starts, end = np.cumsum([0, *(-(-size // LINE) * LINE for size in sizes)]).tolist()
        if end > MAX_MEMORY:
            return starts, []
        memory = self.buffer(end)
        return starts, [memory[at : at + size] for at, size in zip(starts, sizes, strict=True)]

    def buffer(self, size: int) -> NDArray[np.uint8]:
        """The first `size` bytes of the memory; whatever was handed out before may be overwritten or gone. MemoryError where there is no more."""
        import wasmtime

        missing = size - self._bytes.nbytes
        if missing > 0:
            try:
                self._memory.grow(self._store, -(-missing // self._memory.page_size(self._store)))
            except wasmtime.WasmtimeError:
                raise MemoryError from None
            address = ctypes.addressof(self._memory.data_ptr(self._store).contents)
            memory = (ctypes.c_uint8 * self._memory.data_len(self._store)).from_address(address)
            memory.kept_by = self._store  # an array into it keeps it alive
            self._bytes = np.frombuffer(memory, np.uint8)
        return self._bytes[:size]


def _rows_of_a_chunk(width: int, itemsize: int) -> int:
    """Rows that are worked on at once, of so many values of so many bytes."""
    return max(BLOCK, CHUNK_BYTES // (width * itemsize) // BLOCK * BLOCK)


_compiling = threading.Lock()
_modules: list[tuple[wasmtime.Engine, wasmtime.Module]] = []


def _compiled() -> tuple[wasmtime.Engine, wasmtime.Module]:
    """The module, compiled at the first call."""
    import wasmtime

    with _compiling:
        if not _modules:
            config = wasmtime.Config()
            # Bounds are checked in the code, not by guard pages: as fast here, no handlers of signals, no address space taken.
            config.signals_based_traps = False
            config.memory_reservation = config.memory_guard_size = 0
            engine = wasmtime.Engine(config)
            _modules.append((engine, wasmtime.Module(engine, module_text())))
            atexit.register(_modules.clear)  # freed later, they would not find the library any more
    return _modules[0]
