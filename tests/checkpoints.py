"""Small Hugging Face checkpoint folders with random weights, made on the spot."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.folder import CheckpointFolder
from builder.convert.write_tensors import scaled_norm
from builder.model.families import describe, family_of
from builder.model.families.family import Naming
from builder.model.residual import POST_NORMS, ResidualScale
from builder.model.weights import Weight
from builder.synth.web_file import RandomWeights, synthetic_tokenizer

IMAGE_ROWS = 64
"""Rows that Gemma 3 with images has behind its tokenizer's pieces."""


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


def gemma1_config(**changes: Any) -> dict[str, Any]:
    """config.json of a very small Gemma 1, as the first releases have it: multi-query, and "gelu" for its approximation."""
    return {
        "architectures": ["GemmaForCausalLM"],
        "model_type": "gemma",
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_hidden_layers": 6,
        "num_attention_heads": 8,
        "num_key_value_heads": 1,
        "head_dim": 64,
        "vocab_size": 4096,
        "max_position_embeddings": 2048,
        "hidden_act": "gelu",
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "rope_scaling": None,
        "attention_bias": False,
        "bos_token_id": 2,
        "eos_token_id": 1,
        "pad_token_id": 0,
    } | changes


def gemma2_config(**changes: Any) -> dict[str, Any]:
    """config.json of a very small Gemma 2, as published: nothing about the layers' types, which alternate."""
    return {
        "architectures": ["Gemma2ForCausalLM"],
        "model_type": "gemma2",
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_hidden_layers": 6,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 32,
        "vocab_size": 4096,
        "max_position_embeddings": 2048,
        "hidden_act": "gelu_pytorch_tanh",
        "hidden_activation": "gelu_pytorch_tanh",
        "query_pre_attn_scalar": 32,
        "sliding_window": 512,
        "attn_logit_softcapping": 50.0,
        "final_logit_softcapping": 30.0,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "attention_bias": False,
        "bos_token_id": 2,
        "eos_token_id": 1,
        "pad_token_id": 0,
    } | changes


def gemma4_config(**changes: Any) -> dict[str, Any]:
    """config.json of a very small Gemma 4 text model without per-layer embeddings."""
    return {
        "architectures": ["Gemma4ForCausalLM"],
        "model_type": "gemma4_text",
        "hidden_size": 128,
        "hidden_size_per_layer_input": 0,
        "intermediate_size": 256,
        "num_hidden_layers": 6,
        "num_attention_heads": 4,
        "num_key_value_heads": 1,
        "head_dim": 32,
        "global_head_dim": 64,
        "num_kv_shared_layers": 0,
        "attention_k_eq_v": False,
        "use_double_wide_mlp": False,
        "enable_moe_block": False,
        "layer_types": ["sliding_attention", "sliding_attention", "full_attention"] * 2,
        "vocab_size": 4096,
        "max_position_embeddings": 2048,
        "sliding_window": 512,
        "hidden_activation": "gelu_pytorch_tanh",
        "final_logit_softcapping": 30.0,
        "rms_norm_eps": 1e-6,
        "attention_bias": False,
        "rope_parameters": {
            "full_attention": {"rope_type": "proportional", "partial_rotary_factor": 0.25, "rope_theta": 1e6},
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
        },
        "bos_token_id": 2,
        "eos_token_id": 1,
        "pad_token_id": 0,
    } | changes


SLICEABLE = {
    "num_hidden_layers": 18,
    "layer_types": ["sliding_attention", "sliding_attention", "full_attention"] * 6,
    "intermediate_size": 256,
    "num_kv_shared_layers": 6,
    "activation_sparsity_pattern": [0.95] * 10 + [0.0] * 8,
}
"""Changes of `gemma3n_config` after which layers can be left out."""


def gemma3n_config(**changes: Any) -> dict[str, Any]:
    """config.json of a very small Gemma 3n text model: as published, ten of its layers are sparse."""
    return {
        "architectures": ["Gemma3nForCausalLM"],
        "model_type": "gemma3n_text",
        "hidden_size": 128,
        "hidden_size_per_layer_input": 16,
        "intermediate_size": [128] * 12,
        "num_hidden_layers": 12,
        "num_attention_heads": 4,
        "num_key_value_heads": 1,
        "head_dim": 32,
        "num_kv_shared_layers": 3,
        "layer_types": ["sliding_attention", "sliding_attention", "full_attention"] * 4,
        "laurel_rank": 16,
        "altup_num_inputs": 4,
        "altup_active_idx": 0,
        "altup_coef_clip": 120.0,
        "altup_correct_scale": True,
        "activation_sparsity_pattern": [0.95] * 10 + [0.0] * 2,
        "vocab_size": 4096,
        "vocab_size_per_layer_input": 4096,
        "max_position_embeddings": 2048,
        "sliding_window": 512,
        "hidden_activation": "gelu_pytorch_tanh",
        "final_logit_softcapping": 30.0,
        "rms_norm_eps": 1e-6,
        "attention_bias": False,
        "rope_parameters": {
            "full_attention": {"rope_type": "default", "rope_theta": 1e6},
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
        },
        "bos_token_id": 2,
        "eos_token_id": 1,
        "pad_token_id": 0,
    } | changes


def with_images_config(**changes: Any) -> dict[str, Any]:
    """config.json of a very small Gemma 3 with images, as that of 4B: it leaves out all that is usual. Changes go to the text."""
    text = {
        "model_type": "gemma3_text",
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_hidden_layers": 7,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
        "sliding_window": 32,
        "vocab_size": 4160,
    }
    return {
        "architectures": ["Gemma3ForConditionalGeneration"],
        "model_type": "gemma3",
        "text_config": text | changes,
        "vision_config": {
            "model_type": "siglip_vision_model",
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 56,
            "patch_size": 14,
        },
        "mm_tokens_per_image": 4,
        "image_token_index": 4096,
        "boi_token_index": 4,
        "eoi_token_index": 5,
        "eos_token_id": [1, 5],
    }


VISION_TENSORS = {
    "vision_tower.vision_model.embeddings.position_embedding.weight": (16, 16),
    "multi_modal_projector.mm_soft_emb_norm.weight": (16,),
    "multi_modal_projector.mm_input_projection_weight": (16, 256),
}
"""Some of those that a checkpoint with images has beside the text part's."""


def write_checkpoint(
    folder: Path,
    config: dict[str, Any] | None = None,
    *,
    seed: int = 0,
    dtype: str = "F32",
    shards: int = 1,
    naming: Naming | None = None,
    tokenizer: bytes | None = None,
    residual: float = 1.0,
    additions: float = 1.0,
) -> Path:
    """Writes config.json, safetensors and tokenizer.model into `folder` (created) and returns it.

    `residual`, a power of two, is what the residual stream is multiplied with: 4,096 makes it as large as a real Gemma's. `additions` is what
    that is multiplied with which layers add to the stream, where norms say how much that is.
    """
    config = config or gemma3_config()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    family, model = family_of(config, folder / "config.json"), describe(config, folder / "config.json")
    naming = naming or family.namings[0]
    pieces = model.embedding.vocabulary - (IMAGE_ROWS if family.left_out else 0)
    (folder / "tokenizer.model").write_bytes(tokenizer or synthetic_tokenizer(pieces))
    weights = RandomWeights.of(model, seed, family.weights(model, naming))
    scale = ResidualScale.of(model, residual)
    values = as_stored(
        (
            weight,
            _scaled(
                np.concatenate([rows for _, rows in weights.bands(weight)]).reshape(weight.shape),
                scale.of_part(weight.part) * (additions if weight.part in POST_NORMS else 1.0),
                scale.norm_offset,
            ),
        )
        for weight in weights.tensors
    )
    if family.left_out:
        prefix = "" if naming.decoder.endswith("model.model.") else "model."
        values |= {
            prefix + name: np.ones(shape, np.float32)
            for name, shape in VISION_TENSORS.items()
            if f"{prefix}{name}".startswith(family.left_out)
        }
    write_shards(folder, values, dtype, shards)
    return folder


def as_stored(weights: Iterable[tuple[Weight, NDArray[np.float32]]]) -> dict[str, NDArray[np.float32]]:
    """Tensors by name, of weights in the order of their columns where a tensor holds several of these side by side; experts' are a matrix
    for each, gate and up one below the other."""
    found: dict[str, NDArray[np.float32]] = {}
    for weight, values in weights:
        name = str(weight.source)
        stored = values.reshape(weight.stack, -1, weight.inputs) if weight.stack > 1 else values
        found[name] = np.concatenate([found[name], stored], axis=1) if name in found else stored
    return found


def stored_values(folder: Path) -> dict[str, NDArray[np.float32]]:
    """The tensors of a folder by name."""
    checkpoint = CheckpointFolder.open(folder)
    return {
        name: np.concatenate([rows for _, rows in checkpoint.bands(tensor)]).reshape(tensor.shape)
        for name, tensor in checkpoint.tensors.items()
    }


def _scaled(values: NDArray[np.float32], factor: float, norm_offset: float) -> NDArray[np.float32]:
    """A matrix, or a norm's distances from one, whose factors are multiplied."""
    return values * np.float32(factor) if values.ndim > 1 else scaled_norm(values, factor, norm_offset)


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
