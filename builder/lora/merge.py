"""A LoRA adapter merged into the weights of its base while they stream by, as peft's `merge_and_unload` does it.

Each row of W + scale · B·A needs that row of W and of B and all of A, so rows are merged where they are read, by the thread that
reads them, and nothing whole is held but the one adapted module's A and B. DoRA then gives each row the length that the adapter holds
for it. What is summed is summed in an order that is said here and in `builder.quantize.product`: the result is the same to the bit in
bands of any size, and in the page (static/convert/merge.js).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from builder.checkpoint.evaluate import find
from builder.checkpoint.sources import renamed, tensor_names
from builder.checkpoint.stored_types import Rows, read_rows, to_float32
from builder.errors import UnsupportedModel
from builder.lora.adapter import MERGE_WITH_PEFT, Adapter, LowRank, module_of
from builder.model.weights import TABLES, Weight, Weights
from builder.quantize.product import Float32, merge
from builder.quantize.rounding import BLOCK
from builder.quantize.wasm_kernel import Kernel

Band = tuple[int, Rows]

EMBEDDING, OUTPUT = "embed_tokens", "lm_head"
"""As adapters call the modules."""


class MergedWeights:
    """The base's weights with the adapter in them."""

    def __init__(self, weights: Weights, adapter: Adapter, base: Path, vocabulary: int) -> None:
        """UnsupportedModel where the adapter changes a module that the base has not, or of another shape, or makes the embedding
        another matrix than the output's. `vocabulary` are the rows of the base's own embedding."""
        self._weights, self._adapter, self._kernels = weights, adapter, _Kernels()
        self.tensors = weights.tensors
        shapes = {
            _module(weight): (weight.outputs, weight.inputs)
            for weight in self.tensors
            if weight.is_matrix and weight.stack == 1 and weight.part not in TABLES
        }
        for low in adapter.modules.values():
            adapter.require_shape(low, shapes.get(low.module), base)
        self._check_whole(base, vocabulary)
        self._refuse_untied()

    def bands(self, weight: Weight) -> Iterator[Band]:
        """As `Weights`."""
        module = _module(weight)
        whole = self._adapter.whole.get(module)
        if whole is not None:
            stored = self._adapter.stored
            pieces = find(stored, renamed(weight.source, whole), weight.shape)
            yield from stored.bands_of(pieces, weight.shape, BLOCK)
            return
        low = self._adapter.modules.get(module)
        bands = self._weights.bands(weight)
        yield from self._merged(low, bands) if low else bands

    def _check_whole(self, base: Path, vocabulary: int) -> None:
        shapes = {_module(weight): weight.shape for weight in self.tensors}
        shapes[EMBEDDING] = shapes[OUTPUT] = (vocabulary, *shapes[EMBEDDING][1:])
        for module, name in self._adapter.whole.items():
            found, expected = self._adapter.stored.tensors[name].shape, shapes.get(module)
            folder = self._adapter.folder
            if expected is None:
                raise UnsupportedModel(
                    f"{folder} holds {module} whole, which {base} does not have: use the base of this adapter, "
                    f"{self._adapter.trained_for}.",
                    subject=module,
                )
            if module in (EMBEDDING, OUTPUT) and found[1:] == expected[1:] and found != expected:
                raise UnsupportedModel(
                    f"{folder} holds {module} of {found[0]:,} rows, {base} of {vocabulary:,}: it was trained with a resized "
                    f"vocabulary; {MERGE_WITH_PEFT}.",
                    subject=module,
                )
            if found != expected:
                raise UnsupportedModel(
                    f"{folder} holds {module} of shape {list(found)}, which is {list(expected)} in {base}: use the base of this "
                    f"adapter, {self._adapter.trained_for}.",
                    subject=module,
                )

    def _refuse_untied(self) -> None:
        """The engine has one matrix for the embedding and the output."""
        saved = {module: self._adapter.whole[module] for module in (EMBEDDING, OUTPUT) if module in self._adapter.whole}
        if not saved:
            return
        stored = self._adapter.stored
        first, *others = (stored.bands(stored.tensors[name]) for name in saved.values())
        embedding = next(weight for weight in self.tensors if weight.part == "embedding")
        difference = difference_of(first, others[0] if others else self._weights.bands(embedding))
        if difference:
            what = (
                "its embedding differs from the output matrix"
                if [*saved] == [EMBEDDING]
                else "its output matrix (lm_head) differs from the embedding"
            )
            raise UnsupportedModel(
                f"{self._adapter.folder}: {what} {difference}, and the engine has one matrix for both: train the two tied, with both "
                f"in modules_to_save, or neither.",
                subject="modules_to_save",
            )

    def _merged(self, low: LowRank, bands: Iterable[Band]) -> Iterator[Band]:
        a, b = self._adapter.values(low.a), self._adapter.values(low.b)
        magnitude = self._adapter.values(low.magnitude) if low.magnitude else None
        for first, rows in bands:
            part = slice(first, first + rows.shape[0])
            lengths = None if magnitude is None else magnitude[part]
            yield first, _MergedRows(rows, a, b[part], low.scale, lengths, self._kernels, self._adapter.folder)


class _Kernels:
    """Kernels that threads lend and give back: none is used by two at once, and their memory lives as long as the model is read."""

    def __init__(self) -> None:
        self._idle: list[Kernel | None] = []

    @contextmanager
    def lent(self) -> Iterator[Kernel | None]:
        """One of them; None where there is no wasmtime."""
        try:
            kernel = self._idle.pop()
        except IndexError:
            kernel = Kernel.available()
        yield kernel
        self._idle.append(kernel)


@dataclass(frozen=True)
class _MergedRows:
    """Rows (n, inputs) of a matrix, merged whenever they are sliced."""

    rows: Rows
    a: Float32
    b: Float32
    """(n, rank), of these rows."""
    scale: float
    magnitude: Float32 | None
    kernels: _Kernels
    adapter: Path

    @property
    def origin(self) -> str:
        """As that of `StoredRows`."""
        return f"{getattr(self.rows, 'origin', 'the base')} with {self.adapter} merged"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.rows.shape

    @property
    def dtype(self) -> np.dtype[np.float32]:
        return np.dtype(np.float32)

    def __getitem__(self, part: slice) -> Float32:
        start, stop, _ = part.indices(self.shape[0])
        merged = np.empty((stop - start, self.shape[1]), np.float32)
        self.read_into(part, merged)
        return merged

    def read_into(self, part: slice, out: Float32) -> None:
        """As a slice, into an array."""
        read_rows(self.rows, part, out)
        with self.kernels.lent() as kernel, np.errstate(all="ignore"):  # what is not finite is refused where it is used
            lengths = None if self.magnitude is None else self.magnitude[part]
            (kernel.merge if kernel else merge)(out, self.b[part], self.a, self.scale, lengths)


def _module(weight: Weight) -> str:
    """The module whose weight it is, as adapters call it."""
    return module_of(min(tensor_names(weight.source)).removesuffix(".weight"))


def difference_of(first: Iterable[Band], second: Iterable[Band]) -> str | None:
    """How far two matrices are apart, as far as both have rows, in words that follow "differs"; None where they are equal."""
    largest = squares = whole = 0.0
    for (_, left), (_, right) in zip(first, second, strict=False):
        rows = min(left.shape[0], right.shape[0])
        ours, theirs = to_float32(left[:rows]), to_float32(right[:rows])
        apart = ours - theirs
        largest = max(largest, float(np.abs(apart).max(initial=0)))
        squares, whole = squares + float(np.vdot(apart, apart)), whole + float(np.vdot(theirs, theirs))
    if not largest:
        return None
    share = f" ({(squares / whole) ** 0.5:.2%} of its root mean square)" if whole else ""
    return f"by up to {largest:.3g}{share}"
