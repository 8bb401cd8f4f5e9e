"""What llama.cpp calls the parts of a model in a GGUF file. Families need not say it: these names are by part, for all of them."""

from __future__ import annotations

from builder.model.weights import LayerPart, Part, Weight

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
}

HEAD = "output.weight"
"""The output matrix, where it is not the embedding; some programs save the embedding a second time under this name."""

WHOLE_NAMES: dict[Part, str] = {
    "embedding": "token_embd.weight",
    "final_norm": "output_norm.weight",
    "head": HEAD,
}

BIASES: dict[LayerPart, str] = {"query_bias": "attn_q", "key_bias": "attn_k", "value_bias": "attn_v"}


def gguf_name(weight: Weight) -> str:
    """The name of a weight's tensor."""
    if weight.layer is None:
        return WHOLE_NAMES[weight.part]
    if weight.part in BIASES:
        return f"blk.{weight.layer}.{BIASES[weight.part]}.bias"
    return f"blk.{weight.layer}.{LAYER_NAMES[weight.part]}.weight"  # type: ignore[index]
