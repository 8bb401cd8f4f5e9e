"""Small GGUF files with random weights, written by llama.cpp's own package, beside the checkpoint folder of the same weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray
from sentencepiece import sentencepiece_model_pb2 as proto

from builder.model.families import describe, family_of
from builder.model.weights import Weight
from builder.synth.web_file import RandomWeights, synthetic_tokenizer
from tests.checkpoints import gemma3_config, write_checkpoint, write_shards

ARCHITECTURES = {"gemma": "gemma", "gemma2": "gemma2", "gemma3_text": "gemma3"}

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
}

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
    for weight, values in random_weights(config, seed):
        kind = gguf.GGMLQuantizationType[type_of(weight)] if weight.is_matrix else gguf.GGMLQuantizationType.F32
        stored = gguf.quantize(values if weight.is_matrix else values + np.float32(1), kind)
        back = gguf.dequantize(stored, kind).reshape(weight.shape)
        held[str(weight.source)] = back if weight.is_matrix else back - np.float32(1)
        name = NAMES[weight.part] if weight.layer is None else f"blk.{weight.layer}.{NAMES[weight.part]}"
        if name not in left_out:
            writer.add_tensor(f"{name}.weight", stored, raw_dtype=kind)
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
    return {f"{name}.{key}": value for key, value in facts.items()}


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
