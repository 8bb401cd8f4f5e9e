"""What the dense text decoders have in common, Gemma 1 to 3 and those built like Llama: how their config.json is read, and the names
of their tensors. A family's own module says what is its own.

Every parameter of a Gemma was found by experiment with @mediapipe/tasks-genai 0.10.29: greedy text equal to Hugging Face
transformers, token for token, and other text with the parameter set otherwise (docs/families.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from builder.checkpoint.sources import ColumnsOf, MatricesOf, RowsOf, Source, Stacked, Tensor
from builder.errors import UnsupportedModel
from builder.files.reading import shown
from builder.model.description import (
    LOCAL_ROPE,
    RMS_EPSILON,
    Activation,
    Attention,
    DenseFeedForward,
    Embedding,
    Experts,
    Layer,
    ModelDescription,
    Rope,
    global_layers,
)
from builder.model.families.config import MAX_HEAD_DIMENSION, MAX_HEADS, MAX_LAYERS, Config
from builder.model.families.family import Naming
from builder.model.turns import Turn, Turns
from builder.model.weights import (
    EXPERT_MATRICES,
    STREAMS_BEGIN,
    STREAMS_END,
    LayerPart,
    Weight,
    WholePart,
    layer_parts,
    whole_parts,
)
from builder.quantize.rounding import BLOCK

GEMMA_TURNS = Turns(
    user=Turn("<start_of_turn>user\n", "<end_of_turn>\n"),
    model=Turn("<start_of_turn>model\n", "<end_of_turn>\n"),
    ends=("<end_of_turn>",),
)

TENSORS: dict[LayerPart, str] = {
    "pre_attention_norm": "input_layernorm",
    "query": "self_attn.q_proj",
    "key": "self_attn.k_proj",
    "value": "self_attn.v_proj",
    "query_norm": "self_attn.q_norm",
    "key_norm": "self_attn.k_norm",
    "output": "self_attn.o_proj",
    "post_attention_norm": "post_attention_layernorm",
    "pre_feed_forward_norm": "pre_feedforward_layernorm",
    "gate": "mlp.gate_proj",
    "up": "mlp.up_proj",
    "down": "mlp.down_proj",
    "post_feed_forward_norm": "post_feedforward_layernorm",
    "per_layer_gate": "per_layer_input_gate",
    "per_layer_projection": "per_layer_projection",
    "post_per_layer_norm": "post_per_layer_input_norm",
    "laurel_left": "laurel.linear_left",
    "laurel_right": "laurel.linear_right",
    "post_laurel_norm": "laurel.post_laurel_norm",
    "altup_router": "altup.modality_router",
    "altup_router_norm": "altup.router_norm",
    "altup_prediction": "altup.prediction_coefs",
    "altup_correction": "altup.correction_coefs",
    "post_dense_norm": "post_feedforward_layernorm_1",
    "router": "router.proj",
    "pre_experts_norm": "pre_feedforward_layernorm_2",
    "post_experts_norm": "post_feedforward_layernorm_2",
}
"""What transformers calls the parts of a layer that are a `.weight`."""

WHOLE: dict[WholePart, str] = {
    "per_layer_model_projection": "per_layer_model_projection",
    "per_layer_projection_norm": "per_layer_projection_norm",
    "final_norm": "norm",
    **{part: f"altup_projections.{i}" for i, part in enumerate(STREAMS_BEGIN)},
    **{part: f"altup_unembed_projections.{i}" for i, part in enumerate(STREAMS_END)},
}
"""As TENSORS, of what a model has once."""

PER_LAYER_TABLE = "embed_tokens_per_layer.weight"
"""The tables of all layers, side by side."""

OTHERS: dict[LayerPart, str] = {
    "query_bias": "self_attn.q_proj.bias",
    "key_bias": "self_attn.k_proj.bias",
    "value_bias": "self_attn.v_proj.bias",
    "layer_scale": "layer_scalar",
    "altup_output_scale": "altup.correct_output_scale",
    "router_scale": "router.scale",
    "expert_scale": "router.per_expert_scale",
}
"""Those that are no `.weight`."""

EXPERTS_GATE_UP, EXPERTS_DOWN = "experts.gate_up_proj", "experts.down_proj"
"""Tensors of a matrix for each expert; of the first, the upper half of each is the gate."""


@dataclass(frozen=True)
class Dimensions:
    """The sizes of a decoder."""

    hidden: int
    feed_forward: int
    layers: int
    heads: int
    kv_heads: int
    head: int
    vocab: int


def dense_model(
    c: Config,
    family: str,
    sizes: Mapping[tuple[int, int], str],
    dimensions: Dimensions,
    *,
    windows: Sequence[int | None],
    rope: Rope,
    post_norms: bool,
    query_key_norms: bool,
    query_scalar: float,
    attention_cap: float | None = None,
    final_cap: float | None = None,
    biases: bool = False,
    activation: Activation = "gelu_tanh",
    embedding_scale: float | None = None,
    tied: bool = True,
    norm_epsilon: float = RMS_EPSILON,
    norm_offset: float = 1.0,
) -> ModelDescription:
    """A model whose layers differ in their window only (None: the layer sees everything), and in the rope that goes with it.

    `rope` is that of the layers that see everything; queries are divided by the square root of `query_scalar`; `sizes` are the
    names of the published (hidden, layers). Without `embedding_scale` it is Gemma's, the square root of the width.
    """
    refuse_layers_of_their_own(c)
    d = dimensions

    def layer(window: int | None) -> Layer:
        return Layer(
            Attention(
                heads=d.heads,
                key_value_heads=d.kv_heads,
                head_dimension=d.head,
                window=window,
                rope=rope if window is None else LOCAL_ROPE,
                query_scale=1 / math.sqrt(query_scalar),
                cap=attention_cap,
                query_key_norms=query_key_norms,
                biases=biases,
            ),
            DenseFeedForward(d.feed_forward, activation),
            post_norms,
        )

    return ModelDescription(
        family=family,
        size=sizes.get((d.hidden, d.layers)),
        embedding=Embedding(d.vocab, d.hidden, embedding_scale or math.sqrt(d.hidden), tied),
        layers=tuple(layer(window) for window in windows),
        global_rope=rope,
        final_cap=final_cap,
        context=c.integer("max_position_embeddings"),
        norm_epsilon=norm_epsilon,
        norm_offset=norm_offset,
    )


def weights(model: ModelDescription, naming: Naming) -> tuple[Weight, ...]:
    """All weights, named as transformers names a text model."""
    return tuple(_weights(model, naming))


def _weights(model: ModelDescription, naming: Naming) -> Iterator[Weight]:
    width = model.embedding.width
    yield Weight("embedding", None, (model.embedding.vocabulary, width), Tensor(naming.embedding))
    whole = {
        part: Weight(part, None, shape, Tensor(f"{naming.decoder}{WHOLE[part]}.weight"))
        for part, shape in whole_parts(model)
    }
    last = whole.pop("final_norm")
    yield from whole.values()
    for i, layer in enumerate(model.layers):
        # without post norms, the norm after attention is the one before feed-forward
        others = {} if layer.post_norms else {"pre_feed_forward_norm": TENSORS["post_attention_norm"]}
        for part, shape in layer_parts(model, layer):
            if part == "per_layer_embedding":
                yield Weight(part, i, shape, _columns_of_a_layer(model, naming, i))
                continue
            if layer.experts and part in EXPERT_MATRICES:
                source = _of_experts(part, layer.experts, width, f"{naming.decoder}layers.{i}.")
                yield Weight(part, i, shape, source, layer.experts.count)
                continue
            name = OTHERS.get(part) or f"{others.get(part, TENSORS.get(part))}.weight"
            yield Weight(part, i, shape, Tensor(f"{naming.decoder}layers.{i}.{name}"))
    yield last
    if not model.embedding.tied:
        yield Weight("head", None, (model.embedding.vocabulary, width), Tensor(naming.head))


def never_read(model: ModelDescription, naming: Naming) -> tuple[str, ...]:
    """How tensors begin that published checkpoints hold and no model reads: keys and values of layers that take another's."""
    parts = ("k_proj", "v_proj", "k_norm", "v_norm")
    layers = [i for i, layer in enumerate(model.layers) if layer.attention.cache_of is not None]
    return tuple(f"{naming.decoder}layers.{i}.self_attn.{part}." for i in layers for part in parts)


def _of_experts(part: LayerPart, experts: Experts, hidden: int, start: str) -> Source:
    if part == "expert_down":
        return MatricesOf(Tensor(start + EXPERTS_DOWN), experts.count, hidden)
    width = experts.width
    both = MatricesOf(Tensor(start + EXPERTS_GATE_UP), experts.count, 2 * width)
    first = 0 if part == "expert_gate" else width
    return Stacked(tuple(RowsOf(both, 2 * width * i + first, width) for i in range(experts.count)))


def _columns_of_a_layer(model: ModelDescription, naming: Naming, layer: int) -> ColumnsOf:
    given = model.per_layer_width
    return ColumnsOf(Tensor(naming.decoder + PER_LAYER_TABLE), len(model.layers) * given, layer * given, given)


def read_dimensions(c: Config) -> Dimensions:
    """The sizes; UnsupportedModel where they do not fit the format's blocks, or each other."""
    dimensions = Dimensions(
        hidden=c.integer("hidden_size"),
        feed_forward=c.integer("intermediate_size"),
        layers=c.integer("num_hidden_layers", most=MAX_LAYERS),
        heads=c.integer("num_attention_heads", most=MAX_HEADS),
        kv_heads=c.integer("num_key_value_heads", most=MAX_HEADS),
        head=c.integer("head_dim", most=MAX_HEAD_DIMENSION),
        vocab=c.integer("vocab_size"),
    )
    for key in ("hidden_size", "intermediate_size", "head_dim"):
        read_whole_blocks(c, key)
    read_key_value_heads(c, "num_key_value_heads", dimensions.heads)
    return dimensions


def read_whole_blocks(c: Config, key: str, *, most: int = 1 << 24) -> int:
    """A side of a matrix, up to `most`; UnsupportedModel where the format's blocks do not divide it."""
    value = c.integer(key, most=most)
    if value % BLOCK:
        raise UnsupportedModel(
            f"{c.says(key)}: the web format stores matrices in blocks, so it must be a multiple of {BLOCK}.",
            subject=key,
        )
    return value


def read_key_value_heads(c: Config, key: str, heads: int) -> int:
    """How many heads keys and values have; UnsupportedModel where the `heads` of queries are no multiple of them."""
    value = c.integer(key, most=MAX_HEADS)
    if heads % value:
        raise UnsupportedModel(
            f"{c.says(key)} and num_attention_heads {heads}: the heads must be a multiple of the key-value heads.",
            subject=key,
        )
    return value


def refuse_the_unusual(c: Config, *seeing: str) -> None:
    """Settings that no dense Gemma was published with, and that the engine could not be told; `seeing` are those of
    use_bidirectional_attention that do not concern a text."""
    c.refuse_unless("attention_bias", False)
    c.refuse_unless("rms_norm_eps", 1e-6)
    c.refuse_unless("use_bidirectional_attention", False, *seeing)


def refuse_layers_of_their_own(c: Config) -> None:
    """Settings of single layers, which transformers reads of every model since 5.24."""
    c.refuse_unless("per_layer_config", {})


def read_windows(c: Config, layers: int) -> list[int | None]:
    """The window of each layer, None where it sees everything; UnsupportedModel where the engine could not be told.

    `layer_types` (newer) decides over `sliding_window_pattern` (older).
    """
    if c.values.get("sliding_window") is None:
        raise UnsupportedModel(
            f"{c.says('sliding_window')}: the engine has no such model without a window.", subject="sliding_window"
        )
    types, key = c.values.get("layer_types"), "layer_types"
    if types is None:
        key = "_sliding_window_pattern" if "_sliding_window_pattern" in c.values else "sliding_window_pattern"
        types = layer_types(c.integer(key), layers)
    if not isinstance(types, list) or len(types) != layers:
        raise UnsupportedModel(f"{c.says(key)}: it must name each of the {layers} layers.", subject=key)
    period = types.index("full_attention") + 1 if "full_attention" in types else layers + 1
    if period == 1 or types != layer_types(period, layers):
        raise UnsupportedModel(
            f"{c.path}: {c.section}{key} makes the layers {shown(types)}: the web format can only express a fixed number (at "
            f"least one) of sliding_attention layers before each full_attention layer.",
            subject=key,
        )
    window = c.integer("sliding_window")
    return [None if kind == "full_attention" else window for kind in types]


def layer_types(period: int, layers: int) -> list[str]:
    """What config.json calls layers of which every one in `period` sees everything."""
    return ["full_attention" if sees_all else "sliding_attention" for sees_all in global_layers(period, layers)]


def read_rope(c: Config, key: str, said: Any, wavelength: Any) -> Rope:
    """A rope as config.json says it under `key`; `wavelength` is that of a rope that does not say its own."""
    said = {} if said is None else said
    kind = said.get("rope_type", said.get("type", "default")) if isinstance(said, dict) else None
    known = {"default": {"rope_theta"}, "linear": {"rope_theta", "factor"}}.get(kind) if isinstance(kind, str) else None
    if known is None or said.keys() - known - {"rope_type", "type"}:
        raise UnsupportedModel(
            f"{c.says(key)}: the engine has ropes of one wavelength, and linear scaling of those of Gemma 3's full_attention "
            f"layers; nothing else.",
            subject=key,
        )
    rope = Config({"rope_theta": wavelength} | said, c.path, section=c.section)
    return Rope(rope.number("rope_theta"), rope.number("factor") if kind == "linear" else 1.0)


def read_only_rope(c: Config) -> Rope:
    """The rope of a model with one for all its layers, in either form of config.json."""
    key = "rope_scaling" if c.values.get("rope_parameters") is None else "rope_parameters"
    rope = read_rope(c, key, c.values.get(key), c.values.get("rope_theta"))
    if rope.factor != 1:
        raise UnsupportedModel(f"{c.says(key)}: onpage writes scaled ropes for Gemma 3 only.", subject=key)
    return rope


def refuse_another_local_wavelength(c: Config, key: str, rope: Rope) -> None:
    """The sliding layers' rope is the engine's own."""
    if rope != LOCAL_ROPE:
        raise UnsupportedModel(
            f"{c.says(key)}: the ropes of the sliding layers cannot be expressed, the engine's always have the wavelength "
            f"{LOCAL_ROPE.wavelength:g} and no scaling.",
            subject=key,
        )


def read_rope_beside_the_local(c: Config) -> Rope:
    """The rope of the full_attention layers, in either form of config.json; refuses another than the engine's for the rest."""
    theta, local_theta = c.values.get("rope_theta"), c.values.get("rope_local_base_freq")
    by_type = c.values.get("rope_parameters")
    if by_type is None:  # transformers 4
        refuse_another_local_wavelength(c, "rope_local_base_freq", Rope(c.number("rope_local_base_freq")))
        return read_rope(c, "rope_scaling", c.values.get("rope_scaling"), theta)
    if not isinstance(by_type, dict) or by_type.keys() != {"full_attention", "sliding_attention"}:
        raise UnsupportedModel(
            f"{c.says('rope_parameters')}: expected one rope for full_attention and one for sliding_attention.",
            subject="rope_parameters",
        )
    local = read_rope(c, "rope_parameters", by_type["sliding_attention"], local_theta)
    refuse_another_local_wavelength(c, "rope_parameters", local)
    full, scaling = by_type["full_attention"], c.values.get("rope_scaling")
    if scaling is None:
        return read_rope(c, "rope_parameters", full, theta)
    # transformers puts what is said the older way into the newer one
    both = {**(full or {}), **scaling} if isinstance(full, dict | None) and isinstance(scaling, dict) else scaling
    return read_rope(c, "rope_scaling", both, theta)
