"""Gemma 3 text models (`gemma3_text`: the 270M, the 1B, and any other dimensions).

Parameter values and tensor names were measured with @mediapipe/tasks-genai 0.10.29: greedy text equal to
`Gemma3ForCausalLM` of Hugging Face transformers, token for token.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from builder.errors import UnsupportedModel
from builder.families.plan import Config, MatrixPlan, ModelPlan, TurnTemplate, VectorPlan
from builder.input import shown
from builder.llm_parameters import (
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
from builder.quantize import BLOCK

TEMPLATE = TurnTemplate(
    user_prefix="<start_of_turn>user\n",
    model_prefix="<start_of_turn>model\n",
    suffix="<end_of_turn>\n",
    end_of_turn="<end_of_turn>",
)

LOCAL_ROPE_WAVELENGTH = 10_000.0
"""Of the sliding layers; the format has no field for it."""


def plan(config: dict[str, Any], path: Path) -> ModelPlan:
    """Plans the web file for a config.json; UnsupportedModel names the setting that the format cannot express."""
    c = Config(config, path)
    hidden = c.integer("hidden_size")
    feed_forward = c.integer("intermediate_size")
    layers = c.integer("num_hidden_layers", most=1024)
    heads = c.integer("num_attention_heads", most=1024)
    kv_heads = c.integer("num_key_value_heads", most=1024)
    head_dim = c.integer("head_dim", 256, most=4096)
    vocab = c.integer("vocab_size")
    _check_dimensions(c, {"hidden_size": hidden, "intermediate_size": feed_forward, "vocab_size": vocab})
    if heads % kv_heads or head_dim % BLOCK:
        raise UnsupportedModel(
            f"{path}: num_attention_heads {heads}, num_key_value_heads {kv_heads}, head_dim {head_dim}: the heads must be "
            f"a multiple of the key-value heads and head_dim a multiple of {BLOCK}.",
            subject="num_key_value_heads",
        )
    for key, usual in {
        "hidden_activation": "gelu_pytorch_tanh",
        "attention_bias": False,
        "rms_norm_eps": 1e-6,
        "tie_word_embeddings": True,
        "use_bidirectional_attention": False,
    }.items():
        c.refuse_unless(key, usual, default=usual)

    attention = SelfAttentionParameters(
        qkv_no_bias=True,
        post_proj_no_bias=True,
        attention_mask_type=AttentionMask.CAUSAL,
        attention_scale_type=AttentionScale.INV_SQRT_HEAD_DIM,
        sliding_window_size=_sliding_window(c),
        qk_norm=True,
        qk_norm_has_scale=True,
        soft_cap_value=c.number("attn_logit_softcapping"),
    )
    query_scalar = c.number("query_pre_attn_scalar", 256.0)
    if query_scalar != head_dim:
        raise UnsupportedModel(
            f"{path}: query_pre_attn_scalar is {query_scalar:g} and head_dim {head_dim}: onpage can write models whose "
            f"queries are scaled by the head dimension only.",
            subject="query_pre_attn_scalar",
        )
    transformer = TransformerParameters(
        batch_size=1,
        embedding_dim=hidden,
        hidden_dimension=feed_forward,
        head_dimension=head_dim,
        num_heads=heads,
        num_stacks=layers,
        num_kv_heads=kv_heads,
        feed_forward_parameters=FeedForwardParameters(
            no_bias=True, activation=Activation.GELU, pre_norm=Norm.RMS_NORM, post_norm=Norm.RMS_NORM
        ),
        final_project_parameters=FinalProjectParameters(
            no_bias=True, soft_cap_value=c.number("final_logit_softcapping")
        ),
        pre_norm=Norm.RMS_NORM,
        post_norm=Norm.RMS_NORM,
        final_norm=Norm.RMS_NORM,
        self_attention_parameters=attention,
        skip_absolute_positional_embeddings=True,
        num_local_layers_per_global=_local_layers_per_global(c, layers),
        global_rope_wavelength=_global_rope_wavelength(c),
    )
    return ModelPlan(
        family="gemma3",
        model_type=ModelType.GEMMA3_1B if (hidden, layers) == (1152, 26) else ModelType.GEMMA3_300M,
        vocab_size=vocab,
        context_length=c.integer("max_position_embeddings", 131_072),
        transformer=transformer,
        tensors=tuple(_tensors(hidden, feed_forward, layers, heads * head_dim, kv_heads * head_dim, head_dim, vocab)),
        template=TEMPLATE,
    )


def _check_dimensions(c: Config, dimensions: dict[str, int]) -> None:
    for key, value in dimensions.items():
        if value % BLOCK:
            raise UnsupportedModel(
                f"{c.path}: {key} is {value}: the web format stores matrices in blocks, so it must be a multiple of {BLOCK}.",
                subject=key,
            )


def _sliding_window(c: Config) -> int:
    if "sliding_window" in c.values and c.values["sliding_window"] is None:
        raise UnsupportedModel(
            f"{c.path}: sliding_window is null: the web format has no Gemma 3 without a window.",
            subject="sliding_window",
        )
    return c.integer("sliding_window", 4096)


def _local_layers_per_global(c: Config, layers: int) -> int:
    """Sliding layers before each global one. `layer_types` (newer) decides over `sliding_window_pattern` (older)."""
    types, key = c.values.get("layer_types"), "layer_types"
    if types is None:
        key = "_sliding_window_pattern" if "_sliding_window_pattern" in c.values else "sliding_window_pattern"
        types = _layer_types(c.integer(key, 6), layers)
    if not isinstance(types, list) or len(types) != layers:
        raise UnsupportedModel(f"{c.path}: {key} must name each of the {layers} layers.", subject=key)
    period = types.index("full_attention") + 1 if "full_attention" in types else layers + 1
    if period == 1 or types != _layer_types(period, layers):
        raise UnsupportedModel(
            f"{c.path}: {key} makes the layers {shown(types)}: the web format can only express a fixed number (at least one) "
            f"of sliding_attention layers before each full_attention layer.",
            subject=key,
        )
    return period - 1


def _layer_types(period: int, layers: int) -> list[str]:
    return ["full_attention" if (i + 1) % period == 0 else "sliding_attention" for i in range(layers)]


def _global_rope_wavelength(c: Config) -> float:
    """rope_theta of the global layers, from either form of config.json; refuses scaling and another local wavelength."""
    by_type = c.values.get("rope_parameters")
    if by_type is None:  # transformers 4
        if c.values.get("rope_scaling") not in (None, {}, {"rope_type": "default"}):
            raise _unusable_rope(c, "rope_scaling", c.values["rope_scaling"])
        full = {"rope_theta": c.values.get("rope_theta")}
        local = {"rope_theta": c.values.get("rope_local_base_freq")}
    else:  # transformers 5
        if not isinstance(by_type, dict) or by_type.keys() != {"full_attention", "sliding_attention"}:
            raise _unusable_rope(c, "rope_parameters", by_type)
        full, local = by_type["full_attention"], by_type["sliding_attention"]
        for rope in (full, local):
            if not isinstance(rope, dict) or rope.keys() - {"rope_type", "rope_theta"}:
                raise _unusable_rope(c, "rope_parameters", rope)
            if rope.get("rope_type", "default") != "default":
                raise _unusable_rope(c, "rope_parameters", rope)
    if Config(local, c.path).number("rope_theta", LOCAL_ROPE_WAVELENGTH) != LOCAL_ROPE_WAVELENGTH:
        raise UnsupportedModel(
            f"{c.path}: the rope wavelength of the sliding layers is {shown(local['rope_theta'])}, which the web format cannot "
            f"express: the engine always has {LOCAL_ROPE_WAVELENGTH:g}.",
            subject="rope_local_base_freq",
        )
    wavelength = Config(full, c.path).number("rope_theta", 1e6)
    assert wavelength is not None
    return wavelength


def _unusable_rope(c: Config, key: str, value: Any) -> UnsupportedModel:
    return UnsupportedModel(
        f"{c.path}: {key} is {shown(value)}: onpage writes plain ropes only, one wavelength for the full_attention layers and "
        f"one for the sliding_attention layers, without scaling.",
        subject=key,
    )


def _tensors(h: int, f: int, layers: int, q: int, kv: int, d: int, v: int) -> Iterator[MatrixPlan | VectorPlan]:
    """h hidden, f feed-forward, q heads · d, kv key-value heads · d, d head dimension, v vocabulary."""
    yield MatrixPlan("params.lm.softmax.logits_ffn", "model.embed_tokens.weight", h, v, "embedding")
    for i in range(layers):
        to, of = f"params.lm.transformer.x_layers_{i}.", f"model.layers.{i}."
        yield VectorPlan(to + "pre_layer_norm.scale", of + "input_layernorm.weight", h)
        yield MatrixPlan(to + "self_attention.q", of + "self_attn.q_proj.weight", h, q, "attention")
        yield MatrixPlan(to + "self_attention.k", of + "self_attn.k_proj.weight", h, kv, "attention")
        yield MatrixPlan(to + "self_attention.v", of + "self_attn.v_proj.weight", h, kv, "attention")
        yield VectorPlan(to + "self_attention.q_norm.scale", of + "self_attn.q_norm.weight", d)
        yield VectorPlan(to + "self_attention.k_norm.scale", of + "self_attn.k_norm.weight", d)
        yield MatrixPlan(to + "self_attention.post", of + "self_attn.o_proj.weight", q, h, "attention")
        yield VectorPlan(to + "post_layer_norm.scale", of + "post_attention_layernorm.weight", h)
        yield VectorPlan(to + "ff_layer.pre_layer_norm.scale", of + "pre_feedforward_layernorm.weight", h)
        yield MatrixPlan(to + "ff_layer.ffn_layer1_gate", of + "mlp.gate_proj.weight", h, f, "feedforward")
        yield MatrixPlan(to + "ff_layer.ffn_layer1", of + "mlp.up_proj.weight", h, f, "feedforward")
        yield MatrixPlan(to + "ff_layer.ffn_layer2", of + "mlp.down_proj.weight", f, h, "feedforward")
        yield VectorPlan(to + "ff_layer.post_layer_norm.scale", of + "post_feedforward_layernorm.weight", h)
    yield VectorPlan("params.lm.final_ln.scale", "model.norm.weight", h)
