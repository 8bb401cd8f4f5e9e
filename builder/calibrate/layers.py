"""Quantizes a model layer by layer, with a text that runs through what is quantized already.

Each matrix is rounded with feedback (`builder.quantize.feedback`) on the inputs that it sees behind the quantized matrices before it:
that is GPTQ. (To round in place of W what is nearest to W Y on these inputs X, Y being the original model's, gained as much on one text
of Gemma 3 270M as it lost on another, for twice the time.) Matrices of 8 bits are left to be rounded for themselves: with feedback they took a
third of the time, and the same model with its embedding at q4_0 was 0.052 away instead of 0.053.

What is held: the states, the inputs of one layer's matrices, one Hessian and one layer. The integers lie in a file without a name.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import IO

import numpy as np
from numpy.typing import NDArray

from builder.calibrate.importance import Importance, Place, WeightedRounding, mean_squares
from builder.calibrate.rounded_tables import RoundedTables
from builder.calibrate.texts import Texts
from builder.checkpoint.stored_types import Rows, to_float32
from builder.model.weights import HALVES, LayerPart, Part, Weight
from builder.quantize.as_stored import is_stored_in
from builder.quantize.feedback import Feedback
from builder.quantize.integers import Integers
from builder.quantize.rounding import integer_range, scales_for
from builder.quantize.scheme import Quantization
from builder.reference.arithmetic import Array
from builder.reference.attending import Sequences
from builder.reference.decoder import Decoder, Inputs, LayersDone, LayerWeights, WeightSource

EMBEDDING_DAMPING = 1.0
"""As feedback.DAMPING. So much, because a row of the embedding is not only what a logit is made with, but also what its token begins as,
where no value may make up for another. On Gemma 3 270M at q4_0, the divergence is 0.081 without feedback, 0.058 with little damping, 0.054
with this."""


class Spool:
    """Integers of many matrices, in a file that is gone when this is closed."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="onpage-calibrated-")  # noqa: SIM115 (closed by `close`)
        self._found: dict[Place, tuple[int, tuple[int, int], NDArray[np.float32]]] = {}

    def put(self, part: Part, layer: int | None, integers: Integers) -> None:
        """Stores a whole matrix."""
        offset = self._file.seek(0, 2)
        self._file.write(integers.values.data)
        self._file.flush()
        rows, inputs = integers.values.shape
        self._found[part, layer] = offset, (rows, inputs), integers.scales

    def get(self, part: Part, layer: int | None) -> Integers | None:
        """A matrix that was stored; its integers are mapped."""
        if (part, layer) not in self._found:
            return None
        offset, shape, scales = self._found[part, layer]
        return Integers(np.memmap(self._file, np.int8, "r", offset, shape), scales)

    def close(self) -> None:
        """Gives the disk back what it took."""
        self._file.close()


class Calibrated:
    """The integers of the layers' matrices of 4 bits; the embedding's are chosen as they are written. As `Prepared`."""

    def __init__(self, quantization: Quantization, spool: Spool, importance: Importance) -> None:
        self.quantization, self.spool = quantization, spool
        self._rest = WeightedRounding(quantization, importance)
        self._embedding = Feedback(importance.sums_of_the_last, EMBEDDING_DAMPING)

    def integers(self, matrix: Weight, first: int, rows: Rows) -> Integers | None:
        """As `Prepared`."""
        found = self.spool.get(matrix.part, matrix.layer)
        if found is not None:
            return found.rows(slice(first, first + rows.shape[0]))
        scheme = self.quantization.scheme_of(matrix)
        if matrix.part == "embedding" and scheme.bits == 4 and not is_stored_in(rows, scheme):
            return self._rows_of_the_embedding(to_float32(rows[:]))
        return self._rest.integers(matrix, first, rows)

    def rows_of_a_table(self, rows: Array, layer: int | None) -> Array:
        """What rows of the embedding are once they are written, or of the table that is a layer's own."""
        if layer is None and self.quantization.embedding.bits == 4:
            return self._rows_of_the_embedding(rows).dequantized()
        return self._rest.rows_of_a_table(rows, layer)

    def _rows_of_the_embedding(self, rows: Array) -> Integers:
        scheme = self.quantization.embedding
        choice = self.quantization.choice(scheme)
        importance = self._rest.importance.mean_squares["embedding", None]
        scales = scales_for(rows, scheme, choice, importance)
        return Integers(self._embedding.round(rows, scales, *integer_range(scheme.bits, choice)), scales)

    def __enter__(self) -> Calibrated:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.spool.close()


def calibrate(
    source: WeightSource,
    texts: Texts,
    quantization: Quantization,
    importance: Importance,
    untouched: frozenset[Place] = frozenset(),
    report: LayersDone | None = None,
) -> Calibrated:
    """Quantizes every matrix of the layers that has 4 bits and is not to be left `untouched`; `importance` is what the embedding is
    rounded with."""
    calibrated = Calibrated(quantization, Spool(), importance)
    try:
        _Calibration(source, texts, calibrated, untouched).run(report)
    except BaseException:
        calibrated.spool.close()
        raise
    return calibrated


class _Calibration:
    def __init__(self, source: WeightSource, texts: Texts, calibrated: Calibrated, untouched: frozenset[Place]) -> None:
        self._source, self._texts, self._calibrated, self._untouched = source, texts, calibrated, untouched

    def run(self, report: LayersDone | None) -> None:
        """All layers in order."""
        decoder = Decoder(self._source.model)
        attending = Sequences([len(text) for text in self._texts])
        ids = np.concatenate([np.asarray(text, np.int64) for text in self._texts])
        x = decoder.begun(RoundedTables(self._source, self._calibrated.rows_of_a_table), ids, attending)
        decoder.layers(self._quantized, x, attending, self._observe, report)

    def _quantized(self, index: int) -> LayerWeights:
        self._layer = _QuantizedLayer(index, self._source.layer(index), self._calibrated, self._untouched)
        return self._layer

    def _observe(self, index: int, parts: Inputs, inputs: Array) -> None:
        self._layer.observe(parts, inputs)


class _QuantizedLayer(Mapping[LayerPart, Array]):
    """The weights of a layer, its matrices quantized when the decoder shows what goes into them."""

    def __init__(self, index: int, weights: LayerWeights, calibrated: Calibrated, untouched: frozenset[Place]) -> None:
        self._index, self._weights = index, weights
        self._quantization, self._spool, self._untouched = calibrated.quantization, calibrated.spool, untouched
        self._ready: dict[LayerPart, Array] = {}

    def __getitem__(self, part: LayerPart) -> Array:
        return self._ready.pop(part) if part in self._ready else self._weights[part]

    def __iter__(self) -> Iterator[LayerPart]:
        return iter(self._weights)

    def __len__(self) -> int:
        return len(self._weights)

    def observe(self, parts: Inputs, inputs: Array) -> None:
        """Quantizes the matrices that see these inputs (tokens, K)."""
        at_4 = (part for part in parts if part not in HALVES and self._quantization.scheme_at(part).bits == 4)
        to_do = [part for part in at_4 if (part, self._index) not in self._untouched]
        if not to_do:
            return
        importance, feedback = mean_squares(inputs), Feedback(inputs.T @ inputs)
        for part in to_do:
            scheme = self._quantization.scheme_at(part)
            choice, rows = self._quantization.choice(scheme), self._weights[part]
            scales = scales_for(rows, scheme, choice, importance)
            integers = Integers(feedback.round(rows, scales, *integer_range(scheme.bits, choice)), scales)
            self._spool.put(part, self._index, integers)
            self._ready[part] = integers.dequantized()
