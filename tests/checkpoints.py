"""Small Hugging Face checkpoint folders with random weights, made on the spot."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.families import plan_model
from builder.synth import RandomWeights, synthetic_tokenizer


def gemma3_config(**changes: Any) -> dict[str, Any]:
    """config.json of a very small Gemma 3 text model, as transformers writes it."""
    config: dict[str, Any] = {
        "architectures": ["Gemma3ForCausalLM"],
        "model_type": "gemma3_text",
        "hidden_size": 128,
        "intermediate_size": 512,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 1,
        "head_dim": 64,
        "vocab_size": 4096,
        "max_position_embeddings": 2048,
        "sliding_window": 512,
        "sliding_window_pattern": 6,
        "query_pre_attn_scalar": 64,
        "rope_theta": 1e6,
        "rope_local_base_freq": 1e4,
        "rope_scaling": None,
        "rms_norm_eps": 1e-6,
        "hidden_activation": "gelu_pytorch_tanh",
        "attention_bias": False,
        "attn_logit_softcapping": None,
        "final_logit_softcapping": None,
        "bos_token_id": 2,
        "eos_token_id": 1,
        "pad_token_id": 0,
    }
    return config | changes


def write_checkpoint(
    folder: Path, config: dict[str, Any] | None = None, *, seed: int = 0, dtype: str = "F32", shards: int = 1
) -> Path:
    """Writes config.json, safetensors and tokenizer.model into `folder` (created) and returns it."""
    config = config or gemma3_config()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.model").write_bytes(synthetic_tokenizer(config["vocab_size"]))
    plan = plan_model(config, folder / "config.json")
    weights = RandomWeights(seed)
    values = {
        t.source: np.concatenate([rows for _, rows in weights.bands(t)]).reshape(
            (t.size,) if hasattr(t, "size") else (t.n, t.k)
        )
        for t in plan.tensors
    }
    write_shards(folder, values, dtype, shards)
    return folder


def write_shards(folder: Path, values: dict[str, NDArray[np.float32]], dtype: str = "F32", shards: int = 1) -> None:
    """Writes tensors as model.safetensors, or as numbered shards with their index."""
    names = list(values)
    where: dict[str, str] = {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors" if shards > 1 else "model.safetensors"
        part = names[shard::shards]
        where |= dict.fromkeys(part, file)
        write_safetensors(
            folder / file, {name: (dtype, values[name].shape, as_bytes(values[name], dtype)) for name in part}
        )
    if shards > 1:
        (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))


def write_safetensors(path: Path, tensors: dict[str, tuple[str, tuple[int, ...], bytes]]) -> None:
    """Name → (type, shape, bytes) as a safetensors file. By hand: the library's numpy side knows no bfloat16."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [end, end + len(data)]}
        end += len(data)
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        for _, _, data in tensors.values():
            file.write(data)


def as_bytes(values: NDArray[np.float32], dtype: str) -> bytes:
    """The bytes of a tensor in a safetensors type; bfloat16 is cut, not rounded."""
    if dtype == "BF16":
        return (np.ascontiguousarray(values).view(np.uint32) >> np.uint32(16)).astype(np.uint16).tobytes()
    return values.astype({"F32": np.float32, "F16": np.float16}[dtype]).tobytes()
