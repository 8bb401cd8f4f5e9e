"""The weights of a decoder: what each is for, its shape, and where a checkpoint has it.

Targets give a weight their own name by `part` and `layer`; only the families know a checkpoint's. No numpy and no files here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from builder.checkpoint.sources import RowsOf, Source, Stacked
from builder.model.description import Attention, Experts, Layer, ModelDescription

if TYPE_CHECKING:
    from builder.checkpoint.stored_types import Rows

LayerMatrix = Literal["query", "key", "value", "output", "gate", "up", "down"]
PerLayerMatrix = Literal["per_layer_gate", "per_layer_embedding", "per_layer_projection"]
"""What makes something of what a layer is given for a token: `per_layer_embedding` is its own table of the vocabulary."""
ResidualMatrix = Literal["laurel_left", "laurel_right", "altup_router", "altup_prediction", "altup_correction"]
"""Of a residual beside the attention, and of streams side by side: thin matrices of Gemma 3n."""
ExpertMatrix = Literal["expert_gate", "expert_up", "expert_down"]
"""Of the experts of a layer: the matrices of all, one below the other."""
LayerVector = Literal[
    "pre_attention_norm",
    "query_norm",
    "key_norm",
    "post_attention_norm",
    "pre_feed_forward_norm",
    "post_feed_forward_norm",
    "query_bias",
    "key_bias",
    "value_bias",
    "post_per_layer_norm",
    "layer_scale",
    "post_laurel_norm",
    "altup_router_norm",
    "altup_output_scale",
    "post_dense_norm",
    "router_scale",
    "pre_experts_norm",
    "expert_scale",
    "post_experts_norm",
]
LayerPart = LayerMatrix | PerLayerMatrix | ResidualMatrix | Literal["router"] | ExpertMatrix | LayerVector
StreamMatrix = Literal[
    "altup_projection_0",
    "altup_projection_1",
    "altup_projection_2",
    "altup_unembed_projection_0",
    "altup_unembed_projection_1",
    "altup_unembed_projection_2",
]
"""What makes the other streams of a token's vector, and what brings each back."""
WholePart = Literal["final_norm", "per_layer_model_projection", "per_layer_projection_norm"] | StreamMatrix
"""What a model has once, beside the tables."""
EncoderPart = Literal[
    "embedding_norm",
    "embedding_norm_bias",
    "output_bias",
    "post_attention_norm_bias",
    "up_bias",
    "down_bias",
    "post_feed_forward_norm_bias",
    "dense",
    "dense_bias",
]
"""What only a model that makes vectors of texts has (builder.encoder)."""
TowerPart = Literal[
    "patch",
    "patch_bias",
    "position",
    "pre_attention_norm_bias",
    "pre_feed_forward_norm_bias",
    "final_norm_bias",
    "picture_norm",
    "picture_projection",
    "picture_end",
]
"""What only makes tokens of a picture (builder.tower)."""
PixelMatrix = Literal["expansion", "projection", "picture_query", "picture_key", "picture_value", "picture_output"]
"""Filters of one pixel."""
ConvolutionPart = (
    PixelMatrix
    | Literal[
        "stem",
        "stem_bias",
        "stem_norm",
        "expansion_filters",
        "start_filters",
        "start_norm",
        "expansion_norm",
        "middle_filters",
        "middle_norm",
        "projection_norm",
        "stream_norm",
        "key_filters",
        "key_filters_norm",
        "value_filters",
        "value_filters_norm",
        "block_scale",
        "fused_norm",
        "end_norm",
        "token_scale",
    ]
)
"""What only makes tokens of a picture by convolutions (builder.tower.mobilenet)."""
Part = Literal["embedding", "head"] | WholePart | LayerPart | EncoderPart | TowerPart | ConvolutionPart
"""What a weight does. Norms hold what the model's `norm_offset` is added to."""

TABLES: tuple[Part, ...] = ("embedding", "head", "per_layer_embedding")
"""Matrices with a row for each token."""

STREAMS_BEGIN: tuple[StreamMatrix, ...] = get_args(StreamMatrix)[:3]
STREAMS_END: tuple[StreamMatrix, ...] = get_args(StreamMatrix)[3:]
MAX_STREAMS = 1 + len(STREAMS_BEGIN)
"""Side by side, the first included."""

HALVES: tuple[Part, ...] = (
    "per_layer_model_projection",
    "per_layer_gate",
    "per_layer_projection",
    *get_args(ResidualMatrix),
    *get_args(StreamMatrix),
)
"""Matrices that a web file holds in float16."""


EXPERT_MATRICES: tuple[Part, ...] = get_args(ExpertMatrix)


def is_norm(part: Part) -> bool:
    """Whether it is a norm's."""
    return part.endswith("_norm")


LAYER_MATRICES: tuple[LayerMatrix, ...] = get_args(LayerMatrix)
ATTENTION: tuple[LayerMatrix, ...] = ("query", "key", "value", "output")
PROJECTIONS: tuple[LayerPart, ...] = ("query", "key", "value")
"""What an attention makes of its input."""
BIAS_OF: dict[LayerPart, LayerVector] = {"query": "query_bias", "key": "key_bias", "value": "value_bias"}
"""A projection → what is added to it, where an attention has biases."""


@dataclass(frozen=True)
class Weight:
    """One weight of a model."""

    part: Part
    layer: int | None
    """None for the embedding and the last norm."""
    shape: tuple[int, ...]
    """(outputs, inputs) of a matrix, (size,) of a vector: as a checkpoint has it."""
    source: Source
    stack: int = 1
    """How many matrices it is, of as many outputs each: one for each expert of a layer."""

    @property
    def is_matrix(self) -> bool:
        """Whether it is one; a vector otherwise."""
        return len(self.shape) == 2

    @property
    def is_quantized(self) -> bool:
        """Whether it is a matrix that is stored as integers and their scales."""
        return self.is_matrix and self.part not in HALVES

    @property
    def outputs(self) -> int:
        """Rows of a matrix; a vector is one row."""
        return self.shape[0] if self.is_matrix else 1

    @property
    def inputs(self) -> int:
        """Length of a row."""
        return self.shape[-1]

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    def with_rows(self, count: int) -> Weight:
        """The same matrix with its first `count` outputs; what it lacks of them is its first one again, Gemma's padding."""
        more = count - self.outputs
        source = (
            Stacked((self.source, *[RowsOf(self.source, 0, 1)] * more)) if more > 0 else RowsOf(self.source, 0, count)
        )
        return replace(self, shape=(count, self.inputs), source=source)


class Weights(Protocol):
    """The weights of a model with their values: a checkpoint's, or `synth`'s random numbers."""

    @property
    def tensors(self) -> tuple[Weight, ...]:
        """All of them, in the order in which they are applied."""

    def bands(self, weight: Weight) -> Iterable[tuple[int, Rows]]:
        """(first row, rows) of a matrix as (outputs, inputs), in bands of a multiple of 4 rows; a vector as one row.

        Never asked by two threads at the same time.
        """


def projections(attention: Attention) -> tuple[LayerMatrix, ...]:
    """The matrices that make something of an attention's input: fewer where another layer's keys and values are read, or values are keys."""
    if attention.cache_of is not None:
        return ("query",)
    return ("query", "key") if attention.values_are_keys else ("query", "key", "value")


def layer_parts(model: ModelDescription, layer: Layer) -> Iterator[tuple[LayerPart, tuple[int, ...]]]:
    """Parts of a layer and their shapes, in the order in which they are applied."""
    attention, width, inner = layer.attention, model.embedding.width, layer.feed_forward.width
    streams = model.residual_streams
    if streams > 1:
        yield "altup_router_norm", (width,)
        yield "altup_router", (streams, width)
        yield "altup_prediction", (streams * streams, streams)
    yield "pre_attention_norm", (width,)
    if layer.low_rank_residual:
        rank = layer.low_rank_residual.rank
        yield "laurel_left", (rank, width)
        yield "laurel_right", (width, rank)
        yield "post_laurel_norm", (width,)
    for part in projections(attention):
        yield part, (attention.query_width if part == "query" else attention.key_width, width)
    if attention.biases:
        yield "query_bias", (attention.query_width,)
        yield "key_bias", (attention.key_width,)
        yield "value_bias", (attention.key_width,)
    if attention.query_key_norms:
        yield "query_norm", (attention.head_dimension,)
    if attention.query_key_norms and attention.cache_of is None:
        yield "key_norm", (attention.head_dimension,)
    yield "output", (width, attention.query_width)
    if layer.post_norms:
        yield "post_attention_norm", (width,)
    yield "pre_feed_forward_norm", (width,)
    yield "gate", (inner, width)
    yield "up", (inner, width)
    yield "down", (width, inner)
    if layer.experts:
        yield from _expert_parts(layer.experts, width)
    if layer.post_norms:
        yield "post_feed_forward_norm", (width,)
    if streams > 1:
        yield "altup_correction", (streams, streams)
        yield "altup_output_scale", (width,)
    if layer.per_layer_embedding:
        given = layer.per_layer_embedding.width
        yield "per_layer_gate", (given, width)
        yield "per_layer_embedding", (model.embedding.vocabulary, given)
        yield "per_layer_projection", (width, given)
        yield "post_per_layer_norm", (width,)
    if layer.scaled:
        yield "layer_scale", (1,)


def _expert_parts(experts: Experts, width: int) -> Iterator[tuple[LayerPart, tuple[int, ...]]]:
    yield "post_dense_norm", (width,)
    yield "router_scale", (width,)
    yield "router", (experts.count, width)
    yield "pre_experts_norm", (width,)
    yield "expert_gate", (experts.count * experts.width, width)
    yield "expert_up", (experts.count * experts.width, width)
    yield "expert_down", (experts.count * width, experts.width)
    yield "expert_scale", (experts.count,)
    yield "post_experts_norm", (width,)


def whole_parts(model: ModelDescription) -> Iterator[tuple[WholePart, tuple[int, ...]]]:
    """What a model has once, and the shapes: as `layer_parts`."""
    width, given = model.embedding.width, model.per_layer_width
    if given:
        yield "per_layer_model_projection", (len(model.layers) * given, width)
        yield "per_layer_projection_norm", (given,)
    others = model.residual_streams - 1
    for stream_part in (*STREAMS_BEGIN[:others], *STREAMS_END[:others]):
        yield stream_part, (width, width)
    yield "final_norm", (width,)


def weight_count(weights: Iterable[Weight]) -> int:
    """The number of parameters."""
    return sum(weight.size for weight in weights)
