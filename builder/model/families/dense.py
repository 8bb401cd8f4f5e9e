"""What the dense text decoders have in common, from Gemma 1 to Gemma 3: how their config.json is read, what the web file says
of them, and the names of their tensors. A family's own module says what is its own.

Every parameter was found by experiment with @mediapipe/tasks-genai 0.10.29: greedy text equal to Hugging Face
transformers, token for token, and other text with the parameter set otherwise (docs/families.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from builder.errors import UnsupportedModel
from builder.files.reading import shown
from builder.formats.llm_parameters import (
    Activation,
    AttentionMask,
    AttentionScale,
    FeedForwardParameters,
    FinalProjectParameters,
    ModelType,
    Norm,
    SelfAttentionParameters,
    TransformerParameters,
)
from builder.model.families.plan import Config, MatrixPlan, ModelPlan, VectorPlan
from builder.model.turns import Turn, Turns
from builder.quantize.rounding import BLOCK

GEMMA_TURNS = Turns(
    user=Turn("<start_of_turn>user\n", "<end_of_turn>\n"),
    model=Turn("<start_of_turn>model\n", "<end_of_turn>\n"),
    ends=("<end_of_turn>",),
)

LOCAL_ROPE_WAVELENGTH = 10_000.0
"""Of the sliding layers; the format has no field for it."""


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


@dataclass(frozen=True)
class Windows:
    """Sliding layers: how far they see, and how many of them come before each layer that sees everything."""

    size: int
    local_layers_per_global: int


@dataclass(frozen=True)
class Rope:
    """The rotary embedding of the layers that see everything."""

    wavelength: float
    factor: float = 1.0
    """Positions are divided by it (linear scaling)."""


@dataclass(frozen=True)
class Decoder:
    """A dense decoder, and what tells the generations apart."""

    dimensions: Dimensions
    rope: Rope
    windows: Windows | None
    """None: every layer sees everything."""
    post_norms: bool
    """Norms after attention and feed-forward too."""
    qk_norm: bool
    query_scalar: float
    """Queries are divided by its square root."""
    attention_cap: float | None = None
    final_cap: float | None = None

    def plan(
        self, c: Config, family: str, types: Mapping[tuple[int, int], ModelType], otherwise: ModelType
    ) -> ModelPlan:
        """The plan; `types` are the model types of the published (hidden, layers)."""
        d = self.dimensions
        return ModelPlan(
            family=family,
            model_type=types.get((d.hidden, d.layers), otherwise),
            vocab_size=d.vocab,
            context_length=c.integer("max_position_embeddings"),
            transformer=self.parameters(),
            tensors=tuple(self.tensors()),
            turns=GEMMA_TURNS,
        )

    def parameters(self) -> TransformerParameters:
        """As the engine wants to be told."""
        d = self.dimensions
        post_norm = Norm.RMS_NORM if self.post_norms else Norm.NO_NORM
        attention = SelfAttentionParameters(
            qkv_no_bias=True,
            post_proj_no_bias=True,
            attention_mask_type=AttentionMask.CAUSAL,
            attention_scale_type=AttentionScale.INV_SQRT_HEAD_DIM,
            soft_cap_value=self.attention_cap,
        )
        transformer = TransformerParameters(
            batch_size=1,
            embedding_dim=d.hidden,
            hidden_dimension=d.feed_forward,
            head_dimension=d.head,
            num_heads=d.heads,
            num_stacks=d.layers,
            num_kv_heads=d.kv_heads,
            feed_forward_parameters=FeedForwardParameters(
                no_bias=True, activation=Activation.GELU, pre_norm=Norm.RMS_NORM, post_norm=post_norm
            ),
            final_project_parameters=FinalProjectParameters(no_bias=True, soft_cap_value=self.final_cap),
            pre_norm=Norm.RMS_NORM,
            post_norm=post_norm,
            final_norm=Norm.RMS_NORM,
            skip_absolute_positional_embeddings=True,
            global_rope_wavelength=self.rope.wavelength,
        )
        if self.qk_norm:
            attention.qk_norm = attention.qk_norm_has_scale = True
        if self.windows:
            attention.sliding_window_size = self.windows.size
            transformer.num_local_layers_per_global = self.windows.local_layers_per_global
        if self.rope.factor != 1:
            transformer.global_rope_scaling = self.rope.factor
        if self.query_scalar != d.head:
            attention.attention_scale_type = AttentionScale.RESCALE_FACTOR_INV_HEAD_DIM
            transformer.query_rescale_factor = d.head / math.sqrt(self.query_scalar)
        transformer.self_attention_parameters = attention
        return transformer

    def tensors(self) -> Iterator[MatrixPlan | VectorPlan]:
        """In file order, named as transformers names a text model."""
        d = self.dimensions
        h, f, q, kv = d.hidden, d.feed_forward, d.heads * d.head, d.kv_heads * d.head
        # without post norms, the norm after attention is the one before feed-forward
        before_feed_forward = "pre_feedforward_layernorm" if self.post_norms else "post_attention_layernorm"
        yield MatrixPlan("params.lm.softmax.logits_ffn", "model.embed_tokens.weight", h, d.vocab, "embedding")
        for i in range(d.layers):
            to, of = f"params.lm.transformer.x_layers_{i}.", f"model.layers.{i}."
            yield VectorPlan(to + "pre_layer_norm.scale", of + "input_layernorm.weight", h)
            yield MatrixPlan(to + "self_attention.q", of + "self_attn.q_proj.weight", h, q, "attention")
            yield MatrixPlan(to + "self_attention.k", of + "self_attn.k_proj.weight", h, kv, "attention")
            yield MatrixPlan(to + "self_attention.v", of + "self_attn.v_proj.weight", h, kv, "attention")
            if self.qk_norm:
                yield VectorPlan(to + "self_attention.q_norm.scale", of + "self_attn.q_norm.weight", d.head)
                yield VectorPlan(to + "self_attention.k_norm.scale", of + "self_attn.k_norm.weight", d.head)
            yield MatrixPlan(to + "self_attention.post", of + "self_attn.o_proj.weight", q, h, "attention")
            if self.post_norms:
                yield VectorPlan(to + "post_layer_norm.scale", of + "post_attention_layernorm.weight", h)
            yield VectorPlan(to + "ff_layer.pre_layer_norm.scale", of + before_feed_forward + ".weight", h)
            yield MatrixPlan(to + "ff_layer.ffn_layer1_gate", of + "mlp.gate_proj.weight", h, f, "feedforward")
            yield MatrixPlan(to + "ff_layer.ffn_layer1", of + "mlp.up_proj.weight", h, f, "feedforward")
            yield MatrixPlan(to + "ff_layer.ffn_layer2", of + "mlp.down_proj.weight", f, h, "feedforward")
            if self.post_norms:
                yield VectorPlan(to + "ff_layer.post_layer_norm.scale", of + "post_feedforward_layernorm.weight", h)
        yield VectorPlan("params.lm.final_ln.scale", "model.norm.weight", h)


def read_dimensions(c: Config) -> Dimensions:
    """The sizes; UnsupportedModel where they do not fit the format's blocks, or each other."""
    dimensions = Dimensions(
        hidden=c.integer("hidden_size"),
        feed_forward=c.integer("intermediate_size"),
        layers=c.integer("num_hidden_layers", most=1024),
        heads=c.integer("num_attention_heads", most=1024),
        kv_heads=c.integer("num_key_value_heads", most=1024),
        head=c.integer("head_dim", most=4096),
        vocab=c.integer("vocab_size"),
    )
    for key in ("hidden_size", "intermediate_size", "head_dim", "vocab_size"):
        if c.integer(key) % BLOCK:
            raise UnsupportedModel(
                f"{c.says(key)}: the web format stores matrices in blocks, so it must be a multiple of {BLOCK}.",
                subject=key,
            )
    if dimensions.heads % dimensions.kv_heads:
        raise UnsupportedModel(
            f"{c.says('num_key_value_heads')} and num_attention_heads {dimensions.heads}: the heads must be a multiple of the "
            f"key-value heads.",
            subject="num_key_value_heads",
        )
    return dimensions


def refuse_the_unusual(c: Config) -> None:
    """Settings that no dense Gemma was published with, and that the engine could not be told."""
    c.refuse_unless("attention_bias", False)
    c.refuse_unless("rms_norm_eps", 1e-6)
    c.refuse_unless("tie_word_embeddings", True)
    c.refuse_unless("use_bidirectional_attention", False)


def read_windows(c: Config, layers: int) -> Windows:
    """Which layers slide. `layer_types` (newer) decides over `sliding_window_pattern` (older)."""
    if c.values.get("sliding_window") is None:
        raise UnsupportedModel(
            f"{c.says('sliding_window')}: the engine has no such model without a window.", subject="sliding_window"
        )
    types, key = c.values.get("layer_types"), "layer_types"
    if types is None:
        key = "_sliding_window_pattern" if "_sliding_window_pattern" in c.values else "sliding_window_pattern"
        types = _layer_types(c.integer(key), layers)
    if not isinstance(types, list) or len(types) != layers:
        raise UnsupportedModel(f"{c.says(key)}: it must name each of the {layers} layers.", subject=key)
    period = types.index("full_attention") + 1 if "full_attention" in types else layers + 1
    if period == 1 or types != _layer_types(period, layers):
        raise UnsupportedModel(
            f"{c.path}: {c.section}{key} makes the layers {shown(types)}: the web format can only express a fixed number (at "
            f"least one) of sliding_attention layers before each full_attention layer.",
            subject=key,
        )
    return Windows(c.integer("sliding_window"), period - 1)


def _layer_types(period: int, layers: int) -> list[str]:
    return ["full_attention" if (i + 1) % period == 0 else "sliding_attention" for i in range(layers)]


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
    if rope != Rope(LOCAL_ROPE_WAVELENGTH):
        raise UnsupportedModel(
            f"{c.says(key)}: the ropes of the sliding layers cannot be expressed, the engine's always have the wavelength "
            f"{LOCAL_ROPE_WAVELENGTH:g} and no scaling.",
            subject=key,
        )
