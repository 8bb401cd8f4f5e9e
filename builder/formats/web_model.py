"""A model in the words of the web file: its parameters and its type; and back from a file's parameters.

The engine is told one set of sizes for all layers, and every how many layers one sees everything. A model that this does not say
is refused here, whatever its family. No numpy: the server asks too.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

from builder.errors import UnsupportedModel, WebFileError
from builder.formats.llm_parameters import (
    Activation,
    AltupConfig,
    AttentionMask,
    AttentionScale,
    FeedForwardParameters,
    FinalProjectParameters,
    LaurelConfig,
    ModelType,
    MoeConfig,
    Norm,
    SelfAttentionParameters,
    TransformerParameters,
)
from builder.formats.web_file_reader import WebFile
from builder.formats.web_tensor_names import GEMMA3N, GEMMA4
from builder.model.description import (
    LOCAL_ROPE,
    Attention,
    DenseFeedForward,
    Embedding,
    Experts,
    Extra,
    Layer,
    LowRankResidual,
    ModelDescription,
    PerLayerEmbedding,
    Rope,
    global_layers,
)
from builder.model.weights import MAX_STREAMS

MAX_LAYERS = 1024
SPARSE_LAYERS = 10
"""So many of the first layers the engine makes sparse, where it is told to at all."""
PerLayerTables = Literal["on-demand", "static"]
"""Where a layer's own table of the vocabulary is while the model runs: in the page's memory, of which the engine looks up the rows of a
prompt's tokens, or on the GPU with all other weights."""
UNSAID_CONTEXT = 1 << 24
"""Tokens, of a file that does not say how many it was made for."""

MODEL_TYPES: dict[str, dict[str | None, ModelType]] = {
    "gemma": {None: ModelType.GEMMA_2B, "7b": ModelType.GEMMA_7B},
    "gemma2": {None: ModelType.GEMMA2_2B},
    "gemma3": {
        None: ModelType.GEMMA3_300M,
        "1b": ModelType.GEMMA3_1B,
        "4b": ModelType.GEMMA3_4B,
        "12b": ModelType.GEMMA3_12B,
        "27b": ModelType.GEMMA3_27B,
    },
    "functiongemma3": {None: ModelType.FUNCTIONGEMMA3_300M},
    "gemma3n": {None: ModelType.GEMMA3N_2B, "4b": ModelType.GEMMA3N_4B},
    "gemma4": {
        None: ModelType.GEMMA4_270M,
        "e2b": ModelType.GEMMA4_2P3B,
        "e4b": ModelType.GEMMA4_4P5B,
        "26ba4b": ModelType.GEMMA4_26BA4B,
    },
}
"""Family → published size → type; None is for all other sizes."""


def model_type(model: ModelDescription) -> ModelType:
    """What the header calls the model; UnsupportedModel for a family that is not written."""
    types = MODEL_TYPES.get(model.family)
    if types is None:
        raise UnsupportedModel(f"A {model.family} cannot be written as a web file.", subject=model.family)
    return types.get(model.size, types[None])


def transformer_parameters(model: ModelDescription, tables: PerLayerTables = "static") -> TransformerParameters:
    """As the engine wants to be told; UnsupportedModel where it cannot be. `tables` counts for a model that has some of its layers."""
    tell = {GEMMA3N: _tell_gemma3n, GEMMA4: _tell_gemma4}.get(model.family)
    if model.norm_offset != 1 and tell is None:
        raise UnsupportedModel(
            f"A {model.family} cannot be a web file: MediaPipe's engine for these computes Gemma's kind of model only. Make a graph "
            f"of it, which LiteRT-LM runs: onpage convert … --target graph -o NAME.litertlm.",
            subject=model.family,
        )
    if tell is None:
        _refuse_what_cannot_be_said(model)
    layer, embedding = model.layers[0], model.embedding
    attention = layer.attention
    window = next((other.attention.window for other in model.layers if not other.attention.is_global), None)
    post_norm = Norm.RMS_NORM if layer.post_norms else Norm.NO_NORM
    told = SelfAttentionParameters(
        qkv_no_bias=True,
        post_proj_no_bias=True,
        attention_mask_type=AttentionMask.CAUSAL,
        attention_scale_type=AttentionScale.INV_SQRT_HEAD_DIM,
        soft_cap_value=attention.cap,
    )
    transformer = TransformerParameters(
        batch_size=1,
        embedding_dim=embedding.width,
        hidden_dimension=layer.feed_forward.width,
        head_dimension=attention.head_dimension,
        num_heads=attention.heads,
        num_stacks=len(model.layers),
        num_kv_heads=attention.key_value_heads,
        feed_forward_parameters=FeedForwardParameters(
            no_bias=True, activation=Activation.GELU, pre_norm=Norm.RMS_NORM, post_norm=post_norm
        ),
        final_project_parameters=FinalProjectParameters(no_bias=True, soft_cap_value=model.final_cap),
        pre_norm=Norm.RMS_NORM,
        post_norm=post_norm,
        final_norm=Norm.RMS_NORM,
        skip_absolute_positional_embeddings=True,
        global_rope_wavelength=model.global_rope.wavelength,
    )
    if attention.query_key_norms:
        told.qk_norm = told.qk_norm_has_scale = True
    if window is not None:
        told.sliding_window_size = window
        transformer.num_local_layers_per_global = (model.period or 1) - 1
    if model.global_rope.factor != 1:
        transformer.global_rope_scaling = model.global_rope.factor
    transformer.self_attention_parameters = told
    if tell:
        tell(model, transformer)
        if model.per_layer_width:
            transformer.per_layer_embedding_dimension = model.per_layer_width
            transformer.load_per_layer_embedding_dynamically = tables == "on-demand"
        _refuse_what_was_not_told(model, transformer)
        return transformer
    if attention.query_scale != _usual_scale(attention.head_dimension):
        told.attention_scale_type = AttentionScale.RESCALE_FACTOR_INV_HEAD_DIM
        transformer.query_rescale_factor = attention.head_dimension * attention.query_scale
    transformer.self_attention_parameters = told
    return transformer


def _tell_gemma3n(model: ModelDescription, transformer: TransformerParameters) -> None:
    """What Gemma 3n has beside; UnsupportedModel where the parameters then tell of another model than this."""
    first = model.layers[0]
    _tell_what_3n_and_4_have(model, transformer)
    if not transformer.kv_cache_shared_start_layer:
        raise UnsupportedModel(
            f"A {model.family} whose layers all have keys and values of their own (num_kv_shared_layers 0) cannot be written as a web "
            f"file, because the engine then runs a Gemma 3.",
            subject=model.family,
        )
    transformer.altup_config = AltupConfig(
        altup_num_modalities=model.residual_streams, altup_active_idx=0, altup_num_inputs=model.residual_streams
    )
    if first.low_rank_residual:
        transformer.laurel_config = LaurelConfig(laurel_rank=first.low_rank_residual.rank)
    sparse = [layer.feed_forward.sparse_above for layer in model.layers]
    if sparse != _sparse_above(sparse[0], len(sparse)):
        raise UnsupportedModel(
            f"A {model.family} with other sparse layers than the first {SPARSE_LAYERS}, all of them alike, cannot be written as a web "
            f"file, because the engine has no setting for it: activation_sparsity_pattern.",
            subject=model.family,
        )
    if sparse[0] is not None:
        transformer.activation_sparsity_stddev_multiplier = sparse[0]


def _sparse_above(deviations: float | None, layers: int) -> list[float | None]:
    return [deviations if i < SPARSE_LAYERS else None for i in range(layers)]


def _tell_gemma4(model: ModelDescription, transformer: TransformerParameters) -> None:
    """What Gemma 4 has beside; UnsupportedModel where the parameters then tell of another model than this."""
    attentions = [layer.attention for layer in model.layers]
    local = next((one for one in attentions if not one.is_global), attentions[0])
    sees_all = next((one for one in attentions if one.is_global), local)
    transformer.scale_layer = True
    transformer.head_dimension, transformer.num_kv_heads = local.head_dimension, local.key_value_heads
    # the engine crashes without it, also where it is the same
    transformer.global_head_dimension = sees_all.head_dimension
    transformer.global_rope_proportion = model.global_rope.proportion
    if sees_all.key_value_heads != local.key_value_heads:
        transformer.global_num_kv_heads = sees_all.key_value_heads
    if sees_all.values_are_keys:
        transformer.global_k_eq_v = True
    if experts := model.layers[0].experts:
        transformer.moe_config = MoeConfig(
            hidden_dimension=experts.width, num_experts=experts.count, num_active_experts=experts.active
        )
    _tell_what_3n_and_4_have(model, transformer)


def _tell_what_3n_and_4_have(model: ModelDescription, transformer: TransformerParameters) -> None:
    attentions = [layer.attention for layer in model.layers]
    transformer.rms_norm_scale_shift = 0.0
    transformer.self_attention_parameters.attention_scale_type = AttentionScale.NONE
    own = next((i for i, one in enumerate(attentions) if one.cache_of is not None), None)
    if own is not None:
        _refuse_caches_that_the_engine_would_not_read(model, own)
        transformer.kv_cache_shared_start_layer = own
        if model.layers[own].feed_forward.width != model.layers[0].feed_forward.width:
            transformer.kv_shared_hidden_dimension = model.layers[own].feed_forward.width


def _refuse_what_was_not_told(model: ModelDescription, transformer: TransformerParameters) -> None:
    widths = [layer.feed_forward.width for layer in model.layers]
    if [layer.feed_forward.width for layer in told_layers(transformer)] != widths:
        raise UnsupportedModel(
            f"A {model.family} whose feed-forwards are {', '.join(map(str, sorted({*widths})))} wide in this order cannot be written as a "
            f"web file, because the engine knows one width for the layers with keys and values of their own, and one for the others.",
            subject=model.family,
        )
    if told_layers(transformer) != model.layers:
        raise UnsupportedModel(
            f"A {model.family} whose layers are not of two kinds in a fixed order cannot be written as a web file, because the engine has "
            f"no setting for it.",
            subject=model.family,
        )


def _refuse_caches_that_the_engine_would_not_read(model: ModelDescription, own: int) -> None:
    for i, layer in enumerate(model.layers[own:], own):
        attention = layer.attention
        if attention.cache_of != (read := own - 1 if attention.is_global else own - 2):
            raise UnsupportedModel(
                f"A {model.family} whose layer {i} reads the keys and values of layer {attention.cache_of} cannot be written as a web "
                f"file, because the engine reads those of layer {read} there: the last layer that has its own must see everything, and "
                f"the one before it must not.",
                subject=model.family,
            )


def described(file: WebFile) -> ModelDescription:
    """The model that a file's parameters tell of; WebFileError for more layers than any model has.

    What the engine is not told is as in every Gemma. A scale of the queries that only other models have is taken for the usual
    one: who computes with it asks `has_known_scale` first.
    """
    p = file.parameters.transformer_parameters
    count = int(p.num_stacks)
    if count > MAX_LAYERS:
        raise WebFileError(
            f"{file.path} says that it has {count:,} layers: expected at most {MAX_LAYERS:,}.", subject=file.path
        )
    return ModelDescription(
        family=ModelType.family_of(file.model_type),
        size=None,
        embedding=Embedding(int(file.parameters.vocab_size), int(p.embedding_dim), math.sqrt(p.embedding_dim)),
        layers=told_layers(p),
        global_rope=_global_rope(p),
        final_cap=float(p.final_project_parameters.soft_cap_value) or None,
        context=file.context_length or UNSAID_CONTEXT,
        norm_offset=0.0 if p.global_head_dimension or _is_gemma3n(p) else 1.0,
        residual_streams=int(p.altup_config.altup_num_inputs) if _is_gemma3n(p) else 1,
    )


def told_layers(p: TransformerParameters) -> tuple[Layer, ...]:
    """The layers that a file's parameters tell of.

    Of layers that share a cache, those that see everything read that of the last layer with its own, and those with a window read
    that of the one before it, whatever these two are: the engine looks for no others. One that has none so before it has its own.
    """
    attention, count = p.self_attention_parameters, int(p.num_stacks)
    window, rope = int(attention.sliding_window_size) or None, _global_rope(p)
    is_gemma3n, is_gemma4 = _is_gemma3n(p), bool(p.global_head_dimension)
    period = 1 if window is None else int(p.num_local_layers_per_global) + 1
    are_global = global_layers(period, count)
    own = int(p.kv_cache_shared_start_layer) or count
    sources = {True: own - 1, False: own - 2}
    per_layer = int(p.per_layer_embedding_dimension)
    rank = int(p.laurel_config.laurel_rank) if is_gemma3n else 0
    extras: tuple[Extra, ...] = (PerLayerEmbedding(per_layer),) if (is_gemma3n or is_gemma4) and per_layer else ()
    extras += (LowRankResidual(rank),) if rank else ()
    moe = p.moe_config
    if is_gemma4 and moe.num_experts:
        extras += (Experts(int(moe.num_experts), int(moe.num_active_experts), int(moe.hidden_dimension)),)
    sparse = _sparse_above((is_gemma3n and float(p.activation_sparsity_stddev_multiplier)) or None, count)

    def layer(i: int, is_global: bool) -> Layer:
        cache_of = sources[is_global] if i >= own and sources[is_global] >= 0 else None
        return Layer(
            Attention(
                heads=int(p.num_heads),
                key_value_heads=(is_global and int(p.global_num_kv_heads)) or int(p.num_kv_heads),
                head_dimension=(is_global and int(p.global_head_dimension)) or int(p.head_dimension),
                window=None if is_global else window,
                rope=rope if is_global else LOCAL_ROPE,
                query_scale=_query_scale(p),
                cap=float(attention.soft_cap_value) or None,
                query_key_norms=bool(attention.qk_norm),
                cache_of=cache_of,
                value_norms=is_gemma3n or is_gemma4,
                values_are_keys=is_global and bool(p.global_k_eq_v),
            ),
            DenseFeedForward(
                (i >= own and int(p.kv_shared_hidden_dimension)) or int(p.hidden_dimension), sparse_above=sparse[i]
            ),
            post_norms=p.post_norm == Norm.RMS_NORM,
            extras=extras,
            scaled=bool(p.scale_layer),
        )

    return tuple(layer(i, is_global) for i, is_global in enumerate(are_global))


def _is_gemma3n(p: TransformerParameters) -> bool:
    """Whether the engine takes a file's streams side by side into account."""
    return bool(p.altup_config.altup_num_inputs > 1 and p.kv_cache_shared_start_layer and not p.global_head_dimension)


def _global_rope(p: TransformerParameters) -> Rope:
    proportion = float(p.global_rope_proportion) or 1.0
    return Rope(float(p.global_rope_wavelength), float(p.global_rope_scaling) or 1.0, proportion=proportion)


def has_known_scale(p: TransformerParameters) -> bool:
    """Whether the file says how queries are scaled in one of the ways that Gemmas have, and has no more streams than they."""
    if p.altup_config.altup_num_inputs not in (0, MAX_STREAMS) or p.altup_config.altup_active_idx:
        return False
    if p.global_head_dimension or _is_gemma3n(p):
        return bool(p.self_attention_parameters.attention_scale_type == AttentionScale.NONE)
    return p.self_attention_parameters.attention_scale_type in (
        AttentionScale.INV_SQRT_HEAD_DIM,
        AttentionScale.RESCALE_FACTOR_INV_HEAD_DIM,
    )


def _query_scale(p: TransformerParameters) -> float:
    head = int(p.head_dimension)
    if p.self_attention_parameters.attention_scale_type == AttentionScale.NONE:
        return 1.0
    if p.self_attention_parameters.attention_scale_type == AttentionScale.RESCALE_FACTOR_INV_HEAD_DIM:
        return float(p.query_rescale_factor) / head
    return _usual_scale(head)


def _usual_scale(head_dimension: int) -> float:
    return 1 / math.sqrt(head_dimension)


def _refuse_what_cannot_be_said(model: ModelDescription) -> None:
    alike = {replace(layer, attention=replace(layer.attention, window=None, rope=LOCAL_ROPE)) for layer in model.layers}
    attentions = [layer.attention for layer in model.layers]
    windows = {attention.window for attention in attentions if not attention.is_global}
    ropes = {attention.rope for attention in attentions if not attention.is_global}
    first = model.layers[0]
    reasons = {
        "whose layers differ in more than their windows": len(alike) > 1,
        "with windows of several lengths": len(windows) > 1,
        "whose layers with a window have another rope than the engine's": bool(ropes - {LOCAL_ROPE}),
        "whose layers that see everything follow no number": model.period is None
        or (bool(windows) and model.period == 1),
        "whose layers read each other's keys": first.attention.cache_of is not None,
        "with more in a layer than attention and feed-forward": bool(first.extras) or model.residual_streams > 1,
        "whose logits have a matrix of their own": not model.embedding.tied,
    }
    for reason, holds in reasons.items():
        if holds:
            raise UnsupportedModel(
                f"A {model.family} {reason} cannot be written as a web file, because the engine has no setting for it.",
                subject=model.family,
            )
