"""Small GGUF files with random weights, written by llama.cpp's own package, beside the checkpoint folder of the same weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import NormalDist
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray
from sentencepiece import sentencepiece_model_pb2 as proto

from builder.model.families import describe, family_of
from builder.model.weights import Weight
from builder.synth.web_file import RandomWeights, synthetic_tokenizer
from tests.checkpoints import as_stored, gemma3_config, write_checkpoint, write_shards

ARCHITECTURES = {
    "gemma": "gemma",
    "gemma2": "gemma2",
    "gemma3_text": "gemma3",
    "gemma3n_text": "gemma3n",
    "gemma4_text": "gemma4",
}

NAMES = {
    "embedding": "token_embd",
    "final_norm": "output_norm",
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
    "per_layer_embedding": "per_layer_token_embd",
    "per_layer_model_projection": "per_layer_model_proj",
    "per_layer_projection_norm": "per_layer_proj_norm",
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
    "router_scale": "ffn_gate_inp.scale",
    "pre_experts_norm": "pre_ffw_norm_2",
    "expert_gate": "ffn_gate_up_exps",
    "expert_up": "ffn_gate_up_exps",
    "expert_down": "ffn_down_exps",
    "expert_scale": "ffn_down_exps.scale",
    "post_experts_norm": "post_ffw_norm_2",
}
"""Without the `.weight` that all of them but the scales end with."""
STACKED = {
    f"altup_{part}_{i}": (f"altup_{theirs}", i)
    for part, theirs in (("projection", "proj"), ("unembed_projection", "unembd_proj"))
    for i in range(3)
}
"""Matrices that lie one on the other in one tensor → its name, and which they are."""

NORMS_PLUS_ONE = ("gemma", "gemma2", "gemma3_text")

TypeOf = Callable[[Weight], str]


def write_gguf(
    path: Path,
    config: dict[str, Any] | None = None,
    *,
    types: str | TypeOf = "F32",
    seed: int = 0,
    folder: Path | None = None,
    left_out: tuple[str, ...] = (),
    also: Mapping[str, NDArray[np.float32]] | None = None,
    **metadata: Any,
) -> Path:
    """Writes a model of random weights, its matrices of the given ggml types. `folder` gets the checkpoint of what it holds.

    `metadata` are more keys or others, with `__` for the dot; None leaves one out. `left_out` are tensors by llama.cpp's names.
    """
    config = config or gemma3_config()
    type_of: TypeOf = (lambda _: types) if isinstance(types, str) else types
    writer = gguf.GGUFWriter(None, ARCHITECTURES[config["model_type"]])
    for key, value in (
        _facts(config) | tokens_of(config) | {k.replace("__", "."): v for k, v in metadata.items()}
    ).items():
        add(writer, key, value)
    held: dict[str, NDArray[np.float32]] = {}
    plus = np.float32(1 if config["model_type"] in NORMS_PLUS_ONE else 0)
    for name, parts in _tensors(config, seed).items():
        weight, sources = parts[0][0], as_stored(parts)
        values = np.stack(list(sources.values())) if weight.part in STACKED else sources[str(weight.source)]
        # which llama.cpp leaves as they are
        thin = not weight.is_matrix or weight.inputs % 32 or weight.part == "router"
        kind = gguf.GGMLQuantizationType["F32" if thin else type_of(weight)]
        stored = gguf.quantize(values if weight.is_matrix else values + plus, kind)
        back = gguf.dequantize(stored, kind).reshape(values.shape)
        for i, source in enumerate(sources):
            held[source] = back[i] if weight.part in STACKED else back if weight.is_matrix else back - plus
        if name not in left_out:
            writer.add_tensor(name if name.endswith(".scale") else f"{name}.weight", stored, raw_dtype=kind)
    for name, extra in (also or {}).items():
        writer.add_tensor(name, extra)
    writer.write_header_to_file(path)
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    if folder:
        write_checkpoint(folder, config, seed=seed)
        write_shards(folder, held)
    return path


def random_weights(config: dict[str, Any], seed: int = 0) -> list[tuple[Weight, NDArray[np.float32]]]:
    """Those of `write_checkpoint` with the same seed."""
    here = Path("config.json")
    family, model = family_of(config, here), describe(config, here)
    weights = RandomWeights.of(model, seed, family.weights(model, family.namings[0]))
    return [
        (weight, np.concatenate([rows for _, rows in weights.bands(weight)]).reshape(weight.shape))
        for weight in weights.tensors
    ]


def _tensors(config: dict[str, Any], seed: int) -> dict[str, list[tuple[Weight, NDArray[np.float32]]]]:
    """llama.cpp's name of a tensor → what it is made of."""
    tensors: dict[str, list[tuple[Weight, NDArray[np.float32]]]] = {}
    for weight, values in random_weights(config, seed):
        if weight.part in STACKED:
            name = STACKED[weight.part][0]
        elif weight.layer is None or weight.part == "per_layer_embedding":
            name = NAMES[weight.part]
        else:
            name = f"blk.{weight.layer}.{NAMES[weight.part]}"
        tensors.setdefault(name, []).append((weight, values))
    return tensors


def _facts(config: dict[str, Any]) -> dict[str, Any]:
    name = ARCHITECTURES[config["model_type"]]
    facts: dict[str, Any] = {
        "embedding_length": config["hidden_size"],
        "feed_forward_length": config["intermediate_size"],
        "block_count": config["num_hidden_layers"],
        "attention.head_count": config["num_attention_heads"],
        "attention.head_count_kv": config["num_key_value_heads"],
        "attention.key_length": config["head_dim"],
        "attention.value_length": config["head_dim"],
        "attention.layer_norm_rms_epsilon": 1e-6,
        "context_length": config["max_position_embeddings"],
        "attention.sliding_window": config.get("sliding_window"),
        "rope.freq_base": float(config["rope_theta"]) if name == "gemma3" else None,
        "attn_logit_softcapping": config.get("attn_logit_softcapping"),
        "final_logit_softcapping": config.get("final_logit_softcapping"),
    }
    if name in ("gemma3n", "gemma4"):
        facts |= _facts_of_layers(config)
    return {f"{name}.{key}": value for key, value in facts.items()}


def _facts_of_layers(config: dict[str, Any]) -> dict[str, Any]:
    """As llama.cpp's converter writes them of Gemma 3n and 4."""
    layers, shared = config["num_hidden_layers"], config["num_kv_shared_layers"]
    windowed = [kind == "sliding_attention" for kind in config["layer_types"]]
    ropes = config["rope_parameters"]
    facts: dict[str, Any] = {
        "attention.sliding_window_pattern": windowed,
        "attention.shared_kv_layers": shared,
        "embedding_length_per_layer_input": config["hidden_size_per_layer_input"],
        "rope.freq_base": ropes["full_attention"]["rope_theta"],
        "rope.freq_base_swa": ropes["sliding_attention"]["rope_theta"],
    }
    if config["model_type"] == "gemma3n_text":
        normal = NormalDist()
        facts["altup.num_inputs"], facts["altup.active_idx"] = 4, 0
        facts["activation_sparsity_scale"] = [
            float(np.float32(normal.inv_cdf(share))) if share else -math.inf
            for share in config["activation_sparsity_pattern"]
        ]
        return facts
    inner, head, whole = config["intermediate_size"], config["head_dim"], config["global_head_dim"]
    if config["use_double_wide_mlp"]:
        facts["feed_forward_length"] = [inner] * (layers - shared) + [2 * inner] * shared
    if config.get("num_global_key_value_heads"):
        counts = config["num_key_value_heads"], config["num_global_key_value_heads"]
        facts["attention.head_count_kv"] = [counts[0] if one else counts[1] for one in windowed]
    facts |= {f"attention.{part}_length": whole for part in ("key", "value")}
    facts |= {f"attention.{part}_length_swa": head for part in ("key", "value")}
    if config["enable_moe_block"]:
        facts["expert_count"], facts["expert_used_count"] = config["num_experts"], config["top_k_experts"]
        facts["expert_feed_forward_length"] = config["moe_intermediate_size"]
    return facts | {"rope.dimension_count": whole, "rope.dimension_count_swa": head}


def rope_divisors(config: dict[str, Any]) -> dict[str, NDArray[np.float32]]:
    """The tensor with which llama.cpp says how much of a head a Gemma 4 turns."""
    head, share = config["global_head_dim"], config["rope_parameters"]["full_attention"]["partial_rotary_factor"]
    turned = int(head * share) // 2
    return {"rope_freqs.weight": np.array([1.0] * turned + [1e30] * (head // 2 - turned), np.float32)}


def tokens_of(config: dict[str, Any]) -> dict[str, Any]:
    model = proto.ModelProto.FromString(synthetic_tokenizer(config["vocab_size"]))
    return {
        "tokenizer.ggml.model": "t5",
        "tokenizer.ggml.tokens": [piece.piece for piece in model.pieces],
        "tokenizer.ggml.scores": [piece.score for piece in model.pieces],
        "tokenizer.ggml.token_type": [
            3 if piece.type == piece.USER_DEFINED and piece.piece.startswith("<") else piece.type
            for piece in model.pieces
        ],
        "tokenizer.ggml.bos_token_id": model.trainer_spec.bos_id,
        "tokenizer.ggml.eos_token_id": model.trainer_spec.eos_id,
        "tokenizer.ggml.unknown_token_id": model.trainer_spec.unk_id,
        "tokenizer.ggml.padding_token_id": model.trainer_spec.pad_id,
        "tokenizer.ggml.add_space_prefix": False,
    }


def add(writer: gguf.GGUFWriter, key: str, value: Any) -> None:
    if value is None:
        return
    kinds = {bool: "bool", int: "uint32", float: "float32", str: "string", list: "array"}
    getattr(writer, f"add_{kinds[type(value)]}")(key, value)
