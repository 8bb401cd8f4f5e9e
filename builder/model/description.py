"""A model described once, layer by layer: what every target and both references read.

`builder.model.families` makes a description from config.json alone, `builder.formats.web_model` one from a web file's parameters.
It says what is computed; which tensors it is computed with, `builder.model.weights` lists. Sizes are numbers of values.
No numpy and no files here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

RMS_EPSILON = 1e-6
"""Added to the mean square in every norm of a Gemma; its families refuse a config.json that says another."""


@dataclass(frozen=True)
class LongWaves:
    """How Llama 3 reaches further than it was first trained: slow turns become slower by `factor`, quick ones stay, and those between
    are mixed. A turn is slow where fewer than `slow` of them fit into the `context` of that training, quick where more than `quick` do.
    """

    factor: float
    slow: float
    """`low_freq_factor`."""
    quick: float
    """`high_freq_factor`."""
    context: int
    """`original_max_position_embeddings`."""


@dataclass(frozen=True)
class Rope:
    """A rotary embedding."""

    wavelength: float
    """Its base, `rope_theta`."""
    factor: float = 1.0
    """Positions are divided by it (linear scaling)."""
    long_waves: LongWaves | None = None
    """None: all turns are as quick as the base says."""
    proportion: float = 1.0
    """The share of a head's pairs that turn, the quickest ones; the others stay as they are (Gemma 4)."""


LOCAL_ROPE = Rope(10_000.0)
"""Of the layers with a window, in every published Gemma, and the only one that the engines have for them."""


@dataclass(frozen=True)
class Embedding:
    """The table of the tokens' vectors."""

    vocabulary: int
    width: int
    """Of the residual stream, too."""
    scale: float
    """A token's vector is multiplied by it."""
    tied: bool = True
    """Whether the same table makes the logits; otherwise a matrix of the same shape does, the head."""


@dataclass(frozen=True)
class Attention:
    """Of one layer."""

    heads: int
    key_value_heads: int
    head_dimension: int
    window: int | None
    """How many tokens it sees, its own included; None: all before it."""
    rope: Rope
    query_scale: float
    """Queries are multiplied by it."""
    cap: float | None
    """Scores are kept within it by cap · tanh(score / cap); None: they are not."""
    query_key_norms: bool
    """Whether each head's queries and keys are normed."""
    biases: bool = False
    """Whether something is added to queries, keys and values."""
    value_norms: bool = False
    """Whether each head's values are normed, by a norm without weights."""
    values_are_keys: bool = False
    """Whether values are what the keys' matrix makes too, before the keys' norm and rope."""
    cache_of: int | None = None
    """The layer whose keys and values it reads; None: its own."""

    @property
    def is_global(self) -> bool:
        """Whether it sees everything."""
        return self.window is None

    @property
    def query_width(self) -> int:
        """Of all heads together."""
        return self.heads * self.head_dimension

    @property
    def key_width(self) -> int:
        """Of all keys of a token, and of all values."""
        return self.key_value_heads * self.head_dimension


Activation = Literal["gelu_tanh", "silu"]


@dataclass(frozen=True)
class DenseFeedForward:
    """down(activation(gate(x)) · up(x))."""

    width: int
    activation: Activation = "gelu_tanh"
    sparse_above: float | None = None
    """Of a token's gates only those more than so many standard deviations above their mean go on, by how much they are above that, and
    zeros for the others (Gemma 3n); None: all go on as they are."""


@dataclass(frozen=True)
class PerLayerEmbedding:
    """A second table of the vocabulary for this layer alone, gated into its output (Gemma 3n and 4).

    What a layer is given for a token is (norm(P x / √hidden) + √width · row) / √2: x is the token's vector before the first layer, P the
    layer's rows of one matrix for all layers. The layer adds norm(projection(activation(gate(s)) · given)) to its stream s.
    """

    width: int
    """Of a row, and of what the layer is given."""


@dataclass(frozen=True)
class LowRankResidual:
    """A learned residual beside the attention, of two thin matrices (Gemma 3n's LAuReL).

    What attention added up to becomes (that + h + norm(right(left(h)))) / √2: h is the normed input of the attention.
    """

    rank: int


@dataclass(frozen=True)
class Experts:
    """Small feed-forwards beside the dense one, of which a router chooses some for each token (Gemma 4).

    Of the stream s before the feed-forward, the router makes logits R (scale · norm(s) / √hidden), a norm without weights. The `active`
    experts with the largest have shares that are in proportion to their probabilities and add up to one, each multiplied by a number of the
    expert's own. What they make of norm(s), added up by these shares, is normed and added to the dense feed-forward's result, which is
    normed, too. Then comes the norm that ends both.
    """

    count: int
    active: int
    width: int
    """Of the feed-forward of each."""


Extra: TypeAlias = PerLayerEmbedding | LowRankResidual | Experts
"""What a layer may have beside attention, feed-forward and norms."""


@dataclass(frozen=True)
class Layer:
    """A decoder layer. Attention and feed-forward each begin with a norm."""

    attention: Attention
    feed_forward: DenseFeedForward
    post_norms: bool
    """Whether each ends with a norm too."""
    extras: tuple[Extra, ...] = ()
    scaled: bool = False
    """Whether the stream is multiplied by a number of the layer's own when it leaves it."""

    @property
    def per_layer_embedding(self) -> PerLayerEmbedding | None:
        """The one of its extras that is such a table."""
        return next((extra for extra in self.extras if isinstance(extra, PerLayerEmbedding)), None)

    @property
    def low_rank_residual(self) -> LowRankResidual | None:
        """The one of its extras that is such a residual."""
        return next((extra for extra in self.extras if isinstance(extra, LowRankResidual)), None)

    @property
    def experts(self) -> Experts | None:
        """The ones of its extras that are such."""
        return next((extra for extra in self.extras if isinstance(extra, Experts)), None)


@dataclass(frozen=True)
class ModelDescription:
    """A decoder: embedding, layers, a last norm, logits."""

    family: str
    """gemma, gemma2, gemma3 and so on."""
    size: str | None
    """The published size that these dimensions are (1b), None for any others."""
    embedding: Embedding
    layers: tuple[Layer, ...]
    global_rope: Rope
    """Of the layers that see everything; said also by a model with too few layers to have one."""
    final_cap: float | None
    """As an attention's cap, for the logits."""
    context: int
    """Tokens that it was made for."""
    norm_epsilon: float = RMS_EPSILON
    """Added to the mean square in every norm."""
    norm_offset: float = 1.0
    """Added to a norm's weights to make its factors: Gemma has their distance from one, others the factors themselves."""
    residual_streams: int = 1
    """How many streams run side by side through the layers (Gemma 3n's AltUp has four): builder.reference.streams says how."""

    @property
    def period(self) -> int | None:
        """Every how many layers one sees everything; one more than there are layers where none does; None where no number says it."""
        found = [layer.attention.is_global for layer in self.layers]
        period = found.index(True) + 1 if True in found else len(found) + 1
        return period if global_layers(period, len(found)) == found else None

    @property
    def per_layer_width(self) -> int:
        """Of what each layer is given for a token beside the stream; 0 where none is given anything."""
        given = self.layers[0].per_layer_embedding
        return given.width if given else 0

    def with_vocabulary(self, vocabulary: int) -> ModelDescription:
        """The same model with another number of tokens."""
        return replace(self, embedding=replace(self.embedding, vocabulary=vocabulary))


def global_layers(period: int, count: int) -> list[bool]:
    """Of each of `count` layers, whether it sees everything, where the last of every `period` does."""
    return [(i + 1) % period == 0 for i in range(count)]
