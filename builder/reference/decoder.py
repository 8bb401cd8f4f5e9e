"""The forward pass of a dense decoder in numpy, driven one layer at a time with weights from anywhere.

States are (tokens, hidden): the tokens of several texts lie one after the other, and `Attending` says which of them see each other.
A layer's weights are a mapping by part, which may read each when it is asked for: every one is asked for once a call. So whoever
runs all texts through a layer before the next holds one matrix in memory, and may run a layer again with other weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from builder.model.description import Activation, Experts, ModelDescription
from builder.model.weights import (
    BIAS_OF,
    STREAMS_BEGIN,
    STREAMS_END,
    LayerMatrix,
    LayerPart,
    PerLayerMatrix,
    ResidualMatrix,
    WholePart,
    projections,
)
from builder.reference import streams
from builder.reference.arithmetic import Arithmetic, Array, capped
from builder.reference.attending import Attending, Sequences, rotated
from builder.reference.routing import Routed

LayerWeights = Mapping[LayerPart, Array]
"""Matrices as (outputs, inputs), norms as what the model's `norm_offset` is added to."""

LinearPart: TypeAlias = LayerMatrix | PerLayerMatrix | ResidualMatrix | Literal["router"]
"""A matrix of a layer that all tokens go through."""

LowRanks = Mapping[tuple[LinearPart, int], tuple[Array, Array]]
"""The halves of each matrix that an adapter changes, (inputs, rank) and (rank, outputs), by part and layer."""

Inputs = tuple[LayerMatrix | PerLayerMatrix, ...]
"""The matrices that see the same input."""

Observe = Callable[[Inputs, Array], None]
"""Called in turn with ("query", "key", "value"), ("output",), ("gate", "up"), ("down",) and their input (tokens, K); then with the two
matrices around what a layer is given, one by one, where it is given anything."""


ObserveLayers = Callable[[int, Inputs, Array], None]
"""As `Observe`, with the index of the layer."""

LayersDone = Callable[[int, int], None]
"""Told how many layers of how many are done."""


class WeightSource(Protocol):
    """The weights of a model in float32, read when they are asked for."""

    @property
    def model(self) -> ModelDescription:
        """What they are the weights of."""

    def layer(self, index: int) -> LayerWeights:
        """Of a layer."""

    def whole(self, part: WholePart) -> Array:
        """Of what the model has once."""

    def embedding_rows(self, ids: NDArray[np.int64], layer: int | None = None) -> Array:
        """Rows of the embedding, (…, hidden), or of the table that is a layer's own, (…, its width)."""

    def embedding_bands(self) -> Iterator[tuple[int, Array]]:
        """(first row, rows) of the whole embedding, in order."""

    def head_bands(self) -> Iterator[tuple[int, Array]]:
        """The same of what makes the logits: the embedding, or a matrix of its own."""


class Decoder:
    """Runs the layers of a model."""

    def __init__(
        self, model: ModelDescription, arithmetic: Arithmetic | None = None, adapter: LowRanks | None = None
    ) -> None:
        self.model = model
        self.arithmetic = arithmetic or Arithmetic()
        self.adapter = adapter or {}
        self._read_by_others = {layer.attention.cache_of for layer in model.layers}
        self.largest_residuals: Array = np.zeros(0, np.float32)
        """Largest absolute value that a layer has added up to at each token, (tokens,), since these were embedded."""

    @property
    def largest_residual(self) -> float:
        """Of all tokens."""
        return float(self.largest_residuals.max(initial=0))

    def embedded(self, rows: Array) -> Array:
        """The states before the first layer, from rows of the embedding."""
        self.largest_residuals = np.zeros(len(rows), np.float32)
        return self._added(rows * np.float32(self.model.embedding.scale), np.float32(0))

    def begun(self, source: WeightSource, ids: NDArray[np.int64], attending: Attending) -> Array:
        """The states before the first layer, of the tokens `ids` of a pass; `attending` then knows what each layer is given beside them.

        States of several streams are (tokens, streams, hidden).
        """
        x = self.embedded(source.embedding_rows(ids))
        if self.model.per_layer_width:
            attending.given = partial(
                self._given,
                source,
                ids,
                x,
                source.whole("per_layer_model_projection"),
                source.whole("per_layer_projection_norm"),
            )
        others = self.model.residual_streams - 1
        if not others:
            return x
        attending.united = partial(streams.united, [source.whole(part) for part in STREAMS_END[:others]])
        return self._added(streams.begun(x, [source.whole(part) for part in STREAMS_BEGIN[:others]]), np.float32(0))

    def layers(
        self,
        weights: Callable[[int], LayerWeights],
        x: Array,
        attending: Attending,
        observe: ObserveLayers | None = None,
        report: LayersDone | None = None,
    ) -> Array:
        """The states (tokens, hidden) after all layers, of the states before them; `weights` gives those of each when it is its turn."""
        count = len(self.model.layers)
        for index in range(count):
            seen = None if observe is None else partial(observe, index)
            x = self.layer(index, weights(index), x, attending, seen)
            if report:
                report(index + 1, count)
        return self._round(attending.united(x))

    def layer(
        self, index: int, weights: LayerWeights, x: Array, attending: Attending, observe: Observe | None = None
    ) -> Array:
        """The states, of as many streams, after a layer; `observe` sees what goes into each matrix."""
        layer = self.model.layers[index]
        if self.model.residual_streams > 1:
            return self._layer_of_streams(index, weights, x, attending, observe)
        x = self._block(index, weights, x, attending, observe)
        if layer.per_layer_embedding:
            x = self._added(x, self._gated(index, weights, x, attending.given(index), observe))
        return self._round(x * weights["layer_scale"]) if layer.scaled else x

    def _layer_of_streams(
        self, index: int, weights: LayerWeights, x: Array, attending: Attending, observe: Observe | None
    ) -> Array:
        """As `layer`; what the layer is given goes to the streams that it does not compute with."""
        norm, router = weights["altup_router_norm"], weights["altup_router"]

        def routed(active: Array) -> Array:
            return self._round(streams.routed(active, self._norm, norm, router))

        predicted = self._round(streams.predicted(x, routed(x[:, 0]), weights["altup_prediction"]))
        computed = self._block(index, weights, predicted[:, 0], attending, observe)
        x = self._round(streams.corrected(predicted, computed, routed(computed), weights["altup_correction"]))
        seen = self._round(x[:, 0] * weights["altup_output_scale"])
        x[:, 1:] += self._gated(index, weights, seen, attending.given(index), observe)[:, None]
        return self._added(x, np.float32(0))

    def _block(
        self, index: int, weights: LayerWeights, x: Array, attending: Attending, observe: Observe | None
    ) -> Array:
        """A stream (tokens, hidden) after attention and feed-forward."""
        layer = self.model.layers[index]
        h = self._norm(x, weights["pre_attention_norm"])
        attended = self._attention(index, weights, h, attending, observe)
        if layer.post_norms:
            attended = self._norm(attended, weights["post_attention_norm"])
        x = self._added(x, attended)
        if layer.low_rank_residual:
            low = self._linear(self._linear(h, index, "laurel_left", weights), index, "laurel_right", weights)
            learned = self._round(h + self._norm(low, weights["post_laurel_norm"]))
            x = self._round((x + learned) * np.float32(math.sqrt(0.5)))
        fed = self._feed_forward(index, weights, x, observe)
        if layer.experts:
            normed = self._norm(fed, weights["post_dense_norm"])
            fed = self._round(normed + self._of_experts(index, weights, x, layer.experts))
        if layer.post_norms:
            fed = self._norm(fed, weights["post_feed_forward_norm"])
        return self._added(x, fed)

    def normed(self, x: Array, final_norm: Array) -> Array:
        """What the head is multiplied with to get logits."""
        return self.arithmetic.factor(self._norm(x, final_norm))

    def logits(self, products: Array) -> Array:
        """From the products of `normed` states with rows of the head."""
        return capped(self._round(products), self.model.final_cap)

    def _attention(
        self, index: int, weights: LayerWeights, h: Array, attending: Attending, observe: Observe | None
    ) -> Array:
        attention = self.model.layers[index].attention
        if observe:
            observe(projections(attention), h)

        def heads(part: LayerMatrix, count: int) -> Array:
            projected = self._linear(h, index, part, weights)
            if attention.biases:
                projected = self._round(projected + weights[BIAS_OF[part]])
            return projected.reshape(len(h), count, attention.head_dimension)

        def turned(norm: LayerPart, rows: Array) -> Array:
            if attention.query_key_norms:
                rows = self._norm(rows, weights[norm])
            return self._round(rotated(rows, attending.positions, attention.rope))

        q = turned("query_norm", heads("query", attention.heads))
        if attention.cache_of is None:
            projected = heads("key", attention.key_value_heads)
            v = projected if attention.values_are_keys else heads("value", attention.key_value_heads)
            k = turned("key_norm", projected)
            if attention.value_norms:
                v = self._norm(v, 1 - np.float32(self.model.norm_offset))
            if index in self._read_by_others:
                attending.shared[index] = k, v
        else:
            k, v = attending.shared[attention.cache_of]
        mixed = attending.attend(index, attention, q, k, v, self.arithmetic)
        if observe:
            observe(("output",), mixed)
        return self._linear(mixed, index, "output", weights)

    def _feed_forward(self, index: int, weights: LayerWeights, x: Array, observe: Observe | None) -> Array:
        h = self._norm(x, weights["pre_feed_forward_norm"])
        if observe:
            observe(("gate", "up"), h)
        feed_forward = self.model.layers[index].feed_forward
        activated, gate = ACTIVATIONS[feed_forward.activation], self._linear(h, index, "gate", weights)
        if feed_forward.sparse_above is not None:
            gate = self._round(_above(gate, feed_forward.sparse_above))
        gate = self._round(activated(gate))
        inner = self._round(gate * self._linear(h, index, "up", weights))
        if observe:
            observe(("down",), inner)
        return self._linear(inner, index, "down", weights)

    def _of_experts(self, index: int, weights: LayerWeights, x: Array, experts: Experts) -> Array:
        """What the experts add to the dense feed-forward's result: as `Experts` says."""
        no_weights = 1 - np.float32(self.model.norm_offset)
        seen = self._round(self._norm(x, no_weights) * weights["router_scale"] / np.float32(math.sqrt(x.shape[1])))
        routed = Routed.of(self._linear(seen, index, "router", weights), experts.active)
        h = self.arithmetic.factor(self._norm(x, weights["pre_experts_norm"]))[routed.tokens]
        activated = ACTIVATIONS[self.model.layers[index].feed_forward.activation]
        gate = self._round(activated(self._round(routed.through(weights["expert_gate"], h))))
        inner = self._round(gate * self._round(routed.through(weights["expert_up"], h)))
        made = self._round(routed.through(weights["expert_down"], self.arithmetic.factor(inner)))
        return self._norm(self._round(routed.added(made, weights["expert_scale"])), weights["post_experts_norm"])

    def _given(
        self,
        source: WeightSource,
        ids: NDArray[np.int64],
        x: Array,
        projection: Array,
        norm: Array,
        index: int,
    ) -> Array:
        """What a layer is given for the tokens (tokens, width): as `PerLayerEmbedding` says."""
        width = self.model.per_layer_width
        rows = projection[index * width : (index + 1) * width]
        scale = np.float32(1 / math.sqrt(self.model.embedding.width))
        seen = self._norm(self._round(self.arithmetic.factor(x) @ rows.T * scale), norm)
        own = self._round(source.embedding_rows(ids, index) * np.float32(math.sqrt(width)))
        return self._round((seen + own) * np.float32(math.sqrt(0.5)))

    def _gated(self, index: int, weights: LayerWeights, x: Array, given: Array, observe: Observe | None) -> Array:
        """What a layer adds to the stream of what it is given."""
        if observe:
            observe(("per_layer_gate",), x)
        activated = ACTIVATIONS[self.model.layers[index].feed_forward.activation]
        inner = self._round(self._round(activated(self._linear(x, index, "per_layer_gate", weights))) * given)
        if observe:
            observe(("per_layer_projection",), inner)
        return self._norm(self._linear(inner, index, "per_layer_projection", weights), weights["post_per_layer_norm"])

    def _norm(self, x: Array, weights: Array | np.float32) -> Array:
        epsilon, offset = np.float32(self.model.norm_epsilon), np.float32(self.model.norm_offset)
        mean_square = np.mean(x * x, axis=-1, keepdims=True, dtype=np.float32)
        return self._round(x / np.sqrt(mean_square + epsilon) * (offset + weights))

    def _added(self, x: Array, y: Array | np.float32) -> Array:
        total = x + y
        flat = total.reshape(len(total), -1)
        # fmax: what is no number is not large
        peaks = np.fmax(flat.max(axis=1, initial=0), -flat.min(axis=1, initial=0))
        self.largest_residuals = np.fmax(self.largest_residuals, peaks)
        return self._round(total)

    def _linear(self, x: Array, index: int, part: LinearPart, weights: LayerWeights) -> Array:
        y = self.arithmetic.factor(x) @ weights[part].T
        if (part, index) in self.adapter:
            down, up = self.adapter[part, index]
            y = y + self._round(x @ down) @ up
        return self._round(y)

    def _round(self, x: Array) -> Array:
        return self.arithmetic.round(x)


def embedded_texts(decoder: Decoder, source: WeightSource, texts: Sequence[Sequence[int]]) -> tuple[Array, Sequences]:
    """The states before the first layer of texts (ids with the start token), each for itself, and who sees whom."""
    ids = np.concatenate([np.asarray(text, np.int64) for text in texts])
    attending = Sequences([len(text) for text in texts])
    return decoder.begun(source, ids, attending), attending


def _above(gate: Array, deviations: float) -> Array:
    """By how much each value (tokens, width) is more than so many standard deviations above its token's mean; zero where it is not."""
    least = gate.mean(axis=-1, keepdims=True) + np.float32(deviations) * gate.std(axis=-1, keepdims=True)
    found: Array = np.maximum(gate - least, np.float32(0))
    return found


def _gelu_tanh(x: Array) -> Array:
    inner = np.float32(np.sqrt(2 / np.pi)) * (x + np.float32(0.044715) * x * x * x)
    activated: Array = np.float32(0.5) * x * (1 + np.tanh(inner))
    return activated


def _silu(x: Array) -> Array:
    half = np.float32(0.5)  # by tanh, which no value is too large for
    activated: Array = x * (half + half * np.tanh(half * x))
    return activated


ACTIVATIONS: dict[Activation, Callable[[Array], Array]] = {"gelu_tanh": _gelu_tanh, "silu": _silu}
