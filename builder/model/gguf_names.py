"""What llama.cpp calls the parts of a model in a GGUF file. Families need not say it: these names are by part, for all of them."""

from __future__ import annotations

from builder.model.weights import STREAMS_BEGIN, STREAMS_END, LayerPart, Part, Weight

LAYER_NAMES: dict[LayerPart, str] = {
    "pre_attention_norm": "attn_norm",
    "query": "attn_q",
    "key": "attn_k",
    "value": "attn_v",
    "query_norm": "attn_q_norm",
    "key_norm": "attn_k_norm",
    "output": "attn_output",
    "post_attention_norm": "post_attention_norm",
    "pre_feed_forward_norm": "ffn_norm",
    "gate": "ffn_gate",
    "up": "ffn_up",
    "down": "ffn_down",
    "post_feed_forward_norm": "post_ffw_norm",
    "per_layer_gate": "inp_gate",
    "per_layer_projection": "proj",
    "post_per_layer_norm": "post_norm",
    "layer_scale": "layer_output_scale",
    "laurel_left": "laurel_l",
    "laurel_right": "laurel_r",
    "post_laurel_norm": "laurel_post_norm",
    "altup_router": "altup_router",
    "altup_router_norm": "altup_router_norm",
    "altup_prediction": "altup_predict_coef",
    "altup_correction": "altup_correct_coef",
    "altup_output_scale": "altup_correct_scale",
    "post_dense_norm": "post_ffw_norm_1",
    "router": "ffn_gate_inp",
    "pre_experts_norm": "pre_ffw_norm_2",
    "expert_gate": "ffn_gate_up_exps",
    "expert_up": "ffn_gate_up_exps",
    "expert_down": "ffn_down_exps",
    "post_experts_norm": "post_ffw_norm_2",
}
"""Those that are a `.weight`. Of the experts of a layer the gates and ups are one tensor, as transformers has them."""

HEAD = "output.weight"
"""The output matrix, where it is not the embedding; some programs save the embedding a second time under this name."""

PER_LAYER_TABLE = "per_layer_token_embd.weight"

WHOLE_NAMES: dict[Part, str] = {
    "embedding": "token_embd.weight",
    "final_norm": "output_norm.weight",
    "head": HEAD,
    "per_layer_embedding": PER_LAYER_TABLE,
    "per_layer_model_projection": "per_layer_model_proj.weight",
    "per_layer_projection_norm": "per_layer_proj_norm.weight",
    **dict.fromkeys(STREAMS_BEGIN, "altup_proj.weight"),
    **dict.fromkeys(STREAMS_END, "altup_unembd_proj.weight"),
}
"""What a model has once; the tables of all layers are one tensor, side by side, and so are the matrices of the streams, one on the other."""

OTHERS: dict[LayerPart, str] = {
    "query_bias": "attn_q.bias",
    "key_bias": "attn_k.bias",
    "value_bias": "attn_v.bias",
    "router_scale": "ffn_gate_inp.scale",
    "expert_scale": "ffn_down_exps.scale",
}
"""Those that are none."""

GATES_APART = "ffn_gate_exps"
"""The gates of experts, where a file has them without the ups."""


MATRICES: dict[Part, int] = {
    part: number for parts in (STREAMS_BEGIN, STREAMS_END) for number, part in enumerate(parts)
}
"""Which matrix of a tensor of three dimensions a part is."""


def gguf_name(weight: Weight) -> str:
    """The name of the tensor that a weight is, or is a part of."""
    if weight.part in WHOLE_NAMES:
        return WHOLE_NAMES[weight.part]
    if weight.part in OTHERS:
        return f"blk.{weight.layer}.{OTHERS[weight.part]}"
    return f"blk.{weight.layer}.{LAYER_NAMES[weight.part]}.weight"  # type: ignore[index]
