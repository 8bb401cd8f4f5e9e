"""Weights and vocabulary of a web file, to go on training from: what its quantization rounded off is learned again in a few steps."""

# mypy: ignore-errors
# PyTorch is an optional extra that is not installed where types are checked.

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from builder.formats.web_file_reader import WebFile
from builder.reference.sources import WebFileSource

NAMES = {
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
}


def weights_of(path: Path) -> dict[str, torch.Tensor]:
    """The state of `Gemma3` with the dequantized weights of a web file."""
    source = WebFileSource(WebFile.open(path))
    state = {
        "embed_tokens.weight": np.concatenate([rows for _, rows in source.embedding_bands()]),
        "norm.weight": source.whole("final_norm"),
    }
    for index in range(len(source.model.layers)):
        state |= {f"layers.{index}.{NAMES[part]}.weight": values for part, values in source.layer(index).items()}
    return {name: torch.from_numpy(np.array(values, np.float32)) for name, values in state.items()}


def vocabulary_of(path: Path) -> bytes:
    """The SentencePiece model of a web file."""
    return WebFile.open(path).tokenizer()
