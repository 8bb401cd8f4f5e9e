"""The names of a web file's tensors, by what they are in a model."""

from __future__ import annotations

from builder.model.description import ModelDescription
from builder.model.weights import STREAMS_BEGIN, STREAMS_END, LayerPart, Part, Weight

GEMMA3N, GEMMA4 = "gemma3n", "gemma4"

WHOLE_NAMES: dict[Part, str] = {
    "embedding": "params.lm.softmax.logits_ffn",
    "final_norm": "params.lm.final_ln.scale",
}
LAYER_NAMES: dict[LayerPart, str] = {
    "pre_attention_norm": "pre_layer_norm.scale",
    "query": "self_attention.q",
    "key": "self_attention.k",
    "value": "self_attention.v",
    "query_norm": "self_attention.q_norm.scale",
    "key_norm": "self_attention.k_norm.scale",
    "output": "self_attention.post",
    "post_attention_norm": "post_layer_norm.scale",
    "pre_feed_forward_norm": "ff_layer.pre_layer_norm.scale",
    "gate": "ff_layer.ffn_layer1_gate",
    "up": "ff_layer.ffn_layer1",
    "down": "ff_layer.ffn_layer2",
    "post_feed_forward_norm": "ff_layer.post_layer_norm.scale",
}
WHOLE_NAMES_SINCE_3N: dict[Part, str] = {
    "embedding": "transformer.embedder.input_embedding",
    "per_layer_model_projection": "transformer.embedder.per_layer_model_projection",
    "per_layer_projection_norm": "transformer.embedder.per_layer_projection_norm.scale",
    **{part: f"transformer.altup.projection_{i}" for i, part in enumerate(STREAMS_BEGIN)},
    **{part: f"transformer.altup.unembed_projection_{i}" for i, part in enumerate(STREAMS_END)},
    "final_norm": "transformer.final_norm.scale",
}
LAYER_NAMES_SINCE_3N: dict[LayerPart, str] = {
    "pre_attention_norm": "pre_attention_norm.scale",
    "query": "attn.q",
    "key": "attn.k",
    "value": "attn.v",
    "query_norm": "attn.q_norm.scale",
    "key_norm": "attn.k_norm.scale",
    "output": "attn.attn_vec_einsum",
    "post_attention_norm": "post_attention_norm.scale",
    "pre_feed_forward_norm": "pre_ffw_norm.scale",
    "gate": "mlp.ff_gate",
    "up": "mlp.ff1",
    "down": "mlp.linear",
    "post_feed_forward_norm": "post_ffw_norm.scale",
    "per_layer_gate": "per_layer_embedding_gate",
    "per_layer_embedding": "per_layer_embeddings",
    "per_layer_projection": "per_layer_embedding_projection",
    "post_per_layer_norm": "post_per_layer_input_norm.scale",
    "layer_scale": "skip.scale",
    "laurel_left": "laurel.linear_left",
    "laurel_right": "laurel.linear_right",
    "post_laurel_norm": "post_laurel_norm.scale",
    "altup_router": "altup.modality_router",
    "altup_router_norm": "altup.router_norm_layer.scale",
    "altup_prediction": "altup.prediction.coefs",
    "altup_correction": "altup.correction.coefs",
    "altup_output_scale": "altup.correct_output.scale",
}
"""The engine reads these names where `global_head_dimension` or `kv_cache_shared_start_layer` is set."""
LAYER_NAMES_WITH_EXPERTS: dict[LayerPart, str] = {
    **LAYER_NAMES_SINCE_3N,
    "pre_feed_forward_norm": "pre_ffw2_norm.scale",
    "gate": "mlp2.ff_gate",
    "up": "mlp2.ff1",
    "down": "mlp2.linear",
    "post_dense_norm": "post_ffw2_norm.scale",
    "router_scale": "mlp1.router.scale",
    "router": "mlp1.router_logits",
    "pre_experts_norm": "pre_ffw_norm.scale",
    "expert_gate": "mlp1.ff_gate",
    "expert_up": "mlp1.ff1",
    "expert_down": "mlp1.linear",
    "expert_scale": "mlp1.per_expert.scale",
    "post_experts_norm": "post_ffw1_norm.scale",
}
"""And these where `moe_config` is set, too: the experts are its first feed-forward."""


def tensor_name(part: Part, layer: int | None = None, model: ModelDescription | None = None) -> str:
    """The name of a tensor of a model, by default of a Gemma 1 to 3; a matrix of integers is three, whose names begin with it."""
    if model and model.family in (GEMMA3N, GEMMA4):
        layers = LAYER_NAMES_WITH_EXPERTS if model.layers[0].experts else LAYER_NAMES_SINCE_3N
        whole, start = WHOLE_NAMES_SINCE_3N, "transformer.layer_"
    else:
        whole, layers, start = WHOLE_NAMES, LAYER_NAMES, "params.lm.transformer.x_layers_"
    return whole[part] if layer is None else f"{start}{layer}.{layers[part]}"  # type: ignore[index]


def name_of(weight: Weight, model: ModelDescription | None = None) -> str:
    """The name of a weight's tensor."""
    return tensor_name(weight.part, weight.layer, model)
