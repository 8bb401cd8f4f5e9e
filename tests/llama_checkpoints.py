"""Small checkpoints of Llama's kind with random weights, and the byte-pair tokenizer that such models have."""

from __future__ import annotations

from typing import Any


def llama_config(**changes: Any) -> dict[str, Any]:
    """config.json of a very small Llama, in the proportions of SmolLM2: grouped queries, a head dimension that is not said, tied."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": 96,
        "intermediate_size": 256,
        "num_hidden_layers": 4,
        "num_attention_heads": 6,
        "num_key_value_heads": 2,
        "vocab_size": 640,
        "max_position_embeddings": 2048,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "rope_theta": 100_000.0,
        "rope_scaling": None,
        "attention_bias": False,
        "mlp_bias": False,
        "pretraining_tp": 1,
        "tie_word_embeddings": True,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 2,
    } | changes


LLAMA3_ROPE = {
    "rope_type": "llama3",
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
"""As Llama 3.2 has it, but for a context that a small prompt goes beyond."""


def qwen2_config(**changes: Any) -> dict[str, Any]:
    """config.json of a very small Qwen 2.5: biases, and a window that is not used."""
    config = {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "rms_norm_eps": 1e-6,
        "sliding_window": 32_768,
        "use_sliding_window": False,
        "max_window_layers": 4,
    }
    left_out = ("attention_bias", "mlp_bias", "pretraining_tp")
    return {key: value for key, value in llama_config().items() if key not in left_out} | config | changes


def qwen3_config(**changes: Any) -> dict[str, Any]:
    """config.json of a very small Qwen 3: each head's queries and keys normed, heads wider than the stream."""
    config = {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "head_dim": 32,
        "rms_norm_eps": 1e-6,
        "attention_bias": False,
        "use_sliding_window": False,
    }
    left_out = ("mlp_bias", "pretraining_tp")
    return {key: value for key, value in llama_config().items() if key not in left_out} | config | changes
