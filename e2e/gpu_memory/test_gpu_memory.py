"""The formula of `onpage estimate` against what the engine really creates, on the software adapter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from builder.convert.web_file import convert_checkpoint
from builder.estimate import estimate
from builder.quantize.scheme import Quantization
from e2e.gpu_memory import taken
from tests.checkpoints import gemma1_config, gemma2_config, gemma3_config, gemma4_config, write_checkpoint

LARGER: dict[str, Any] = {"hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": 8}
LIKE_E2B: dict[str, Any] = {
    "hidden_size": 256,
    "intermediate_size": 1024,
    "num_hidden_layers": 9,
    "layer_types": ["sliding_attention", "sliding_attention", "full_attention"] * 3,
    "num_kv_shared_layers": 3,
    "use_double_wide_mlp": True,
    "hidden_size_per_layer_input": 128,
    "vocab_size_per_layer_input": 4096,
}
LIKE_26B: dict[str, Any] = {
    "hidden_size": 256,
    "intermediate_size": 768,
    "enable_moe_block": True,
    "num_experts": 16,
    "top_k_experts": 4,
    "moe_intermediate_size": 256,
}
CASES = {
    "gemma3": (gemma3_config(**LARGER), Quantization.of("8"), 2048),
    "gemma3-two-kv-heads": (gemma3_config(**LARGER, num_key_value_heads=2), Quantization.of("4", embedding="8"), 1280),
    "gemma3-long": (gemma3_config(num_hidden_layers=6, max_position_embeddings=8192), Quantization.of("q4_0"), 8192),
    "gemma2": (gemma2_config(**LARGER, sliding_window=512), Quantization.of("4"), 2048),
    "gemma1": (gemma1_config(**LARGER), Quantization.of("8"), 2048),
    "gemma4": (gemma4_config(**LIKE_E2B | {"hidden_size_per_layer_input": 0}), Quantization.of("8"), 2048),
    "gemma4-experts": (gemma4_config(**LIKE_26B), Quantization.of("8"), 1024),
    "gemma4-per-layer": (gemma4_config(**LIKE_E2B), Quantization.of("4"), 1024),
}


@pytest.mark.parametrize("name", CASES)
def test_the_engine_takes_what_was_estimated(browser: Browser, models: Path, address: str, name: str) -> None:
    config, quantization, context = CASES[name]
    path = models / f"{name}.task"
    convert_checkpoint(write_checkpoint(models / name, config), path, quantization=quantization)
    memory = estimate(str(path), context=context).memory
    measured = taken(browser, address, path.name, context)
    # Models as small as these have many textures of one size, of which the engine uses some twice.
    assert 0.97 < memory.total / measured.total < 1.08
    assert memory.largest == pytest.approx(measured.largest, rel=0.001)
    assert measured.buffers.count(memory.kv_cache // 2) >= 2  # the whole context, for local layers too
