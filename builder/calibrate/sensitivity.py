"""What 8 bits cost a model, and 4 bits part by part: the divergence of its predictions when that alone is rounded, in all layers at once.

The parts are the embedding and the seven matrices that a layer has. Costs of several add up nearly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.calibrate.importance import Importance, Place, WeightedRounding
from builder.calibrate.prepare import as_stored
from builder.calibrate.rounded_tables import RoundedTables
from builder.calibrate.texts import Texts
from builder.model.description import ModelDescription
from builder.model.weights import LAYER_MATRICES, LayerPart, Part, Weights
from builder.quantize.scheme import ALL_INT8, Q4_0, Quantization
from builder.reference.arithmetic import Array
from builder.reference.attending import Sequences
from builder.reference.decoder import Decoder, LayerWeights, WeightSource, embedded_texts
from builder.reference.sources import CheckpointSource

PARTS: tuple[Part, ...] = ("embedding", *LAYER_MATRICES)

EVERY = 4
"""Predictions that are compared: one in so many tokens."""

AT_Q4_0 = Quantization(Q4_0, Q4_0, Q4_0, "weighted")


@dataclass(frozen=True)
class Costs:
    """Divergences in nats a token, without calibration."""

    at_8_bits: float
    """Of all parts at 8 bits."""
    at_q4_0: Mapping[Part, float]
    """Of each part alone."""


def sensitivity(
    model: ModelDescription,
    weights: Weights,
    importance: Importance,
    texts: Texts,
    report: Callable[[int, int], None] | None = None,
    at_4: Quantization = AT_Q4_0,
) -> Costs:
    """Of 8 bits everywhere, and of q4_0 in each of PARTS; some hundred tokens of `texts` say enough.

    A part that the checkpoint holds in q4_0 costs nothing. `report` is told how many parts of how many are done. `at_4` is q4_0 as the
    file has it, where a table may have a scale for a row.
    """
    measuring = _Measuring(model, weights, texts)
    at_8_bits = measuring.cost(_rounded(weights, ALL_INT8), WeightedRounding(ALL_INT8, importance))
    at_q4_0, rounding, costs = _rounded(weights, at_4), WeightedRounding(at_4, importance), dict[Part, float]()
    for part in PARTS:
        costs[part] = measuring.cost({place for place in at_q4_0 if place[0] == part}, rounding)
        if report:
            report(len(costs), len(PARTS))
    return Costs(at_8_bits, costs)


def _rounded(weights: Weights, quantization: Quantization) -> set[Place]:
    """The matrices that the checkpoint does not hold in their scheme already."""
    _, others = as_stored(weights, quantization)
    return {(one.part, one.layer) for one in others if one.part in PARTS}


class _Measuring:
    def __init__(self, model: ModelDescription, weights: Weights, texts: Texts) -> None:
        self._source, self._decoder = CheckpointSource(model, weights), Decoder(model)
        self._ids = np.concatenate([np.asarray(text, np.int64) for text in texts])
        self._x, self._attending = embedded_texts(self._decoder, self._source, texts)
        states = self._decoder.layers(self._source.layer, self._x, self._attending)
        self._expected = self._predictions(states, self._source)

    def cost(self, places: set[Place], rounding: WeightedRounding) -> float:
        """Of rounding these matrices."""
        if not places:
            return 0.0
        if ("embedding", None) not in places:
            return self._divergence(self._predictions(self._through(self._x, places, rounding), self._source))
        source = RoundedTables(self._source, rounding.rows_of_a_table)
        attending = Sequences(self._attending.lengths)
        x = self._decoder.begun(source, self._ids, attending)
        return self._divergence(self._predictions(self._through(x, places, rounding, attending), source))

    def _through(
        self, x: Array, places: set[Place], rounding: WeightedRounding, attending: Sequences | None = None
    ) -> Array:
        def rounded(index: int) -> LayerWeights:
            return _RoundedLayer(index, self._source.layer(index), places, rounding)

        return self._decoder.layers(rounded, x, attending or self._attending)

    def _predictions(self, x: Array, source: WeightSource) -> Array:
        """Logits at some of the tokens, (tokens, vocabulary)."""
        states = self._decoder.normed(x[EVERY - 1 :: EVERY], self._source.whole("final_norm"))
        bands = [states @ rows.T for _, rows in source.embedding_bands()]
        return self._decoder.logits(np.concatenate(bands, axis=1))

    def _divergence(self, found: Array) -> float:
        """Of these predictions from the model's own, on average; a token at a time, so that little is in memory."""
        apart = []
        for expected, other in zip(self._expected, found, strict=True):
            logs, other_logs = _logs(expected), _logs(other)
            apart.append(np.exp(logs) @ (logs - other_logs))
        return max(float(np.mean(apart)), 0.0)


def _logs(logits: Array) -> NDArray[np.float64]:
    """Logits of one token → logarithms of its probabilities."""
    shifted = logits.astype(np.float64) - float(logits.max())
    logs: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum())
    return logs


class _RoundedLayer(Mapping[LayerPart, Array]):
    """The weights of a layer, some of its matrices rounded."""

    def __init__(self, index: int, weights: LayerWeights, places: set[Place], rounding: WeightedRounding) -> None:
        self._index, self._weights, self._places, self._rounding = index, weights, places, rounding

    def __getitem__(self, part: LayerPart) -> Array:
        values = self._weights[part]
        rounded = (part, self._index) in self._places
        return self._rounding.dequantized(part, self._index, values) if rounded else values

    def __iter__(self) -> Iterator[LayerPart]:
        return iter(self._weights)

    def __len__(self) -> int:
        return len(self._weights)
