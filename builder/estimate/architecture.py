"""The sizes of a model that its memory depends on."""

from __future__ import annotations

from dataclasses import dataclass

from builder.model.description import Experts, ModelDescription


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
    experts: Experts | None
    """Those of a layer."""

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
            experts=model.layers[0].experts,
        )
