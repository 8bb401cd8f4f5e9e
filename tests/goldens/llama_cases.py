"""Models of Llama's kind, small and random, whose greedy ids are transformers'."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from builder.synth.web_file import FIRST_WORD
from tests.llama_checkpoints import LLAMA3_ROPE, llama_config, qwen2_config, qwen3_config

LLAMA_GOLDENS = Path(__file__).with_name("llama_goldens.json")

CONFIGS: dict[str, dict[str, Any]] = {
    "smollm2": llama_config(),
    "untied": llama_config(tie_word_embeddings=False, num_key_value_heads=6, num_hidden_layers=3),
    "llama3-rope": llama_config(head_dim=32, rope_scaling=LLAMA3_ROPE, rope_theta=500_000.0),
    "rope-in-parameters": llama_config(rope_parameters={"rope_theta": 20_000.0, "rope_type": "linear", "factor": 4.0}),
    "qwen2": qwen2_config(),
    "qwen3": qwen3_config(tie_word_embeddings=True),
}
PROMPT_TOKENS = 90
"""More than the context that the scaled rope was trained for."""


def prompt(config: dict[str, Any], seed: int) -> list[int]:
    """Random words."""
    random = np.random.Generator(np.random.PCG64(seed))
    ids: list[int] = random.integers(FIRST_WORD, config["vocab_size"], PROMPT_TOKENS).tolist()
    return ids


def llama_goldens() -> dict[str, Any]:
    """The committed file."""
    found: dict[str, Any] = json.loads(LLAMA_GOLDENS.read_text())
    return found
