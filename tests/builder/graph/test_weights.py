"""Where litert-torch's decoder gets its weights from, as its own attention reads them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.errors import CheckpointError
from builder.graph.weights import placed_weights
from builder.model.opened import OpenedCheckpoint
from tests.checkpoints import gemma1_config, gemma2_config, gemma3_config, write_checkpoint, write_shards

KV_HEADS, HEADS, HEAD = 2, 4, 32
SMALL = {"num_hidden_layers": 2, "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "head_dim": HEAD}


def gathered(folder: Path) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
    """Parameters as they are filled, and the checkpoint's tensors."""
    model = OpenedCheckpoint.complete(folder)
    parts: dict[str, dict[int, NDArray[np.float32]]] = {}
    for name, first, rows in placed_weights(model.model, model.weights):
        parts.setdefault(name, {})[first] = rows
    filled = {}
    for name, bands in parts.items():
        ends = [first + len(bands[first]) for first in sorted(bands)]
        assert sorted(bands) == [0, *ends[:-1]], f"{name} has gaps"
        filled[name] = np.concatenate([bands[first] for first in sorted(bands)])
    tensors = model.checkpoint.tensors
    stored = {name: np.concatenate([r for _, r in model.checkpoint.bands(t)]) for name, t in tensors.items()}
    return filled, stored


@pytest.mark.parametrize("config", [gemma1_config, gemma2_config, gemma3_config])
def test_every_tensor_has_its_place(config: Any, tmp_path: Path) -> None:
    filled, stored = gathered(write_checkpoint(tmp_path, config(**SMALL), dtype="BF16"))
    assert sum(v.size for v in filled.values()) == sum(v.size for v in stored.values())
    block, layer = "transformer_blocks.1.", "model.layers.1."
    for ours, theirs in {
        "tok_embedding": "model.embed_tokens",
        "final_norm": "model.norm",
        block + "pre_atten_norm": layer + "input_layernorm",
        block + "atten_func.output_projection": layer + "self_attn.o_proj",
        block + "ff.w1": layer + "mlp.gate_proj",
        block + "ff.w3": layer + "mlp.up_proj",
        block + "ff.w2": layer + "mlp.down_proj",
    }.items():
        np.testing.assert_array_equal(filled[f"{ours}.weight"], stored[f"{theirs}.weight"])


def test_queries_keys_and_values_follow_each_other(tmp_path: Path) -> None:
    filled, stored = gathered(write_checkpoint(tmp_path, gemma3_config(**SMALL, query_pre_attn_scalar=HEAD)))
    qkv = filled["transformer_blocks.0.atten_func.qkv_projection.weight"]
    parts = [stored[f"model.layers.0.self_attn.{name}_proj.weight"] for name in "qkv"]
    np.testing.assert_array_equal(qkv, np.concatenate(parts))


def test_another_query_scale_goes_into_the_norm_or_the_queries(tmp_path: Path) -> None:
    scalar = 48.0
    factor = math.sqrt(HEAD / scalar)  # litert-torch divides by the root of the head dimension
    filled, stored = gathered(write_checkpoint(tmp_path / "3", gemma3_config(**SMALL, query_pre_attn_scalar=scalar)))
    norm = filled["transformer_blocks.0.atten_func.query_norm.weight"]
    np.testing.assert_allclose(1 + norm, (1 + stored["model.layers.0.self_attn.q_norm.weight"]) * factor, rtol=1e-5)
    filled, stored = gathered(write_checkpoint(tmp_path / "2", gemma2_config(**SMALL, query_pre_attn_scalar=scalar)))
    queries = filled["transformer_blocks.0.atten_func.qkv_projection.weight"][: HEADS * HEAD]
    np.testing.assert_allclose(queries, stored["model.layers.0.self_attn.q_proj.weight"] * factor, rtol=1e-5)
    keys = filled["transformer_blocks.0.atten_func.qkv_projection.weight"][HEADS * HEAD :][: KV_HEADS * HEAD]
    np.testing.assert_array_equal(keys, stored["model.layers.0.self_attn.k_proj.weight"])


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, gemma3_config(num_hidden_layers=1))
    _, stored = gathered(folder)
    values = {name: rows[0] if name.endswith("norm.weight") else rows for name, rows in stored.items()}
    values["model.norm.weight"] = values["model.norm.weight"] * np.float32("nan")
    write_shards(folder, values)
    with pytest.raises(CheckpointError, match=r"model\.norm\.weight holds nan"):
        gathered(folder)
