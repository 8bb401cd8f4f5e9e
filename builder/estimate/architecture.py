"""The sizes of a model that its memory depends on; and those of Gemma 3n, which the converter does not know."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from builder.convert.web_file import tensor_specs
from builder.formats.tflite_schema import TensorType
from builder.formats.web_entries import TensorSpec
from builder.model.description import Layer, LowRankResidual, ModelDescription, PerLayerEmbedding
from builder.quantize.scheme import Quantization, Role


class SizedTensor(Protocol):
    """A tensor of a web file, planned or read."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...


@dataclass(frozen=True)
class Dimensions:
    """The sizes that the memory of a running model depends on."""

    hidden: int
    feed_forwards: frozenset[int]
    """Those that there are."""
    heads: int
    key_widths: frozenset[int]
    """Key-value heads times their dimension; as many as there are kinds of layer."""
    query_widths: frozenset[int]
    vocabulary: int
    cache_width: int
    """Values that a token adds to the keys of all layers together, and as many to the values."""
    window: int | None
    """Tokens that the local layers see, None where there are none."""
    has_global: bool
    """Whether some layers see everything."""
    per_layer: int
    """Of what each layer is given for a token beside the stream; 0 where there is no such thing."""
    layers: int

    @classmethod
    def of(cls, model: ModelDescription) -> Dimensions:
        """From the description of a model, whether made from config.json or from a web file."""
        attentions = [layer.attention for layer in model.layers]
        return cls(
            hidden=model.embedding.width,
            feed_forwards=frozenset(layer.feed_forward.width for layer in model.layers),
            heads=max(attention.heads for attention in attentions),
            key_widths=frozenset(attention.key_width for attention in attentions),
            query_widths=frozenset(attention.query_width for attention in attentions),
            vocabulary=model.embedding.vocabulary,
            cache_width=sum(attention.key_width for attention in attentions if attention.cache_of is None),
            window=next((attention.window for attention in attentions if not attention.is_global), None),
            has_global=any(attention.is_global for attention in attentions),
            per_layer=model.per_layer_width,
            layers=len(model.layers),
        )


@dataclass(frozen=True)
class ApproximateTensors:
    """The large tensors of Gemma 3n, of which an estimate is approximate: the converter does not write them, and how the
    published files are quantized is not known."""

    shapes: tuple[tuple[str, tuple[int, ...], Role | None], ...]
    """Name, (outputs, inputs) or (size,), and what a matrix does."""
    halves: int
    """Weights that stay float16."""

    @classmethod
    def of(cls, model: ModelDescription) -> ApproximateTensors:
        """From the description alone."""
        width, vocabulary = model.embedding.width, model.embedding.vocabulary
        shapes: list[tuple[str, tuple[int, ...], Role | None]] = [("embedding", (vocabulary, width), "embedding")]
        halves = 2 * (model.residual_streams - 1) * width * width
        for i, layer in enumerate(model.layers):
            shapes += _layer(i, width, layer)
            for extra in layer.extras:
                match extra:
                    case PerLayerEmbedding(inner):
                        shapes.append((f"per_layer_{i}", (vocabulary, inner), "embedding"))
                        halves += (
                            3 * width * inner
                        )  # a gate, a projection, and the layer's part of the model's projection
                    case LowRankResidual(rank):
                        halves += 2 * width * rank
        return cls(tuple(shapes), halves)

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return self.halves + sum(math.prod(shape) for _, shape, _ in self.shapes)

    def specs(self, quantization: Quantization) -> Iterator[TensorSpec]:
        """As far as they are known."""
        for name, shape, role in self.shapes:
            yield from tensor_specs(name, shape, quantization.scheme(role) if role else None)
        yield TensorSpec("halves", TensorType.FLOAT16, 2 * self.halves)


def _layer(i: int, width: int, layer: Layer) -> Iterator[tuple[str, tuple[int, ...], Role | None]]:
    attention, inner = layer.attention, layer.feed_forward.width
    yield f"norms_{i}", (4 * width,), None
    yield f"query_{i}", (attention.query_width, width), "attention"
    if attention.cache_of is None:
        yield f"key_{i}", (attention.key_width, width), "attention"
        yield f"value_{i}", (attention.key_width, width), "attention"
    yield f"output_{i}", (width, attention.query_width), "attention"
    for name, shape in (("gate", (inner, width)), ("up", (inner, width)), ("down", (width, inner))):
        yield f"{name}_{i}", shape, "feedforward"
