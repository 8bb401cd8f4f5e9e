"""Small checkpoints of Llama's kind with random weights, and the byte-pair tokenizer that such models have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from builder.calibrate.texts import DEFAULT_TEXT
from builder.model.byte_pairs import LLAMA3, QWEN2
from builder.model.gguf_names import gguf_name
from builder.model.opened import OpenedCheckpoint
from tests.checkpoints import write_checkpoint
from tests.gguf_files import add


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


SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>")
TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a small model.<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""As SmolLM2 has it."""

CUTS: dict[str, tuple[Any, ...]] = {
    "smollm": (pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)),
    "gpt-2": (pre_tokenizers.ByteLevel(add_prefix_space=False),),
    "llama-bpe": (
        pre_tokenizers.Split(Regex(LLAMA3), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ),
    "qwen2": (
        pre_tokenizers.Split(Regex(QWEN2), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ),
}
"""How texts are cut, by llama.cpp's name."""


@cache
def trained(cut: str = "smollm", vocabulary: int = 640) -> Tokenizer:
    """A tokenizer of the kind, trained on onpage's calibration text by Hugging Face's library."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(list(CUTS[cut]))
    tokenizer.decoder = decoders.ByteLevel()
    if cut == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        show_progress=False,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator([DEFAULT_TEXT.read_text()], trainer)
    assert tokenizer.get_vocab_size() == vocabulary
    return tokenizer


def tokenizer_json(cut: str = "smollm", **changes: Any) -> dict[str, Any]:
    """Its tokenizer.json."""
    values: dict[str, Any] = json.loads(trained(cut).to_str())
    values["model"]["ignore_merges"] = cut == "llama-bpe"
    return values | changes


def write_llama(folder: Path, config: dict[str, Any] | None = None, *, cut: str = "smollm", seed: int = 0) -> Path:
    """A folder as SmolLM2's: config.json, safetensors, tokenizer.json, tokenizer_config.json with the chat template."""
    write_checkpoint(folder, config or llama_config(), seed=seed)
    (folder / "tokenizer.model").unlink()
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json(cut)))
    beside = {"eos_token": "<|im_end|>", "bos_token": "<|im_start|>", "chat_template": TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(beside))
    return folder


def write_llama_gguf(
    path: Path, folder: Path, *, also: Mapping[str, NDArray[np.float32]] | None = None, **metadata: Any
) -> Path:
    """The GGUF file of a folder's weights, in float32, as llama.cpp's converter writes it: rows of queries and keys in pairs.

    `metadata` and `also` as for `write_gguf`.
    """
    config = json.loads((folder / "config.json").read_text())
    values = json.loads((folder / "tokenizer.json").read_text())
    name, model = config["model_type"], OpenedCheckpoint.open(folder)
    vocabulary = values["model"]["vocab"]
    pieces = sorted(vocabulary, key=vocabulary.__getitem__)
    facts = {
        f"{name}.embedding_length": config["hidden_size"],
        f"{name}.feed_forward_length": config["intermediate_size"],
        f"{name}.block_count": config["num_hidden_layers"],
        f"{name}.attention.head_count": config["num_attention_heads"],
        f"{name}.attention.head_count_kv": config["num_key_value_heads"],
        f"{name}.attention.layer_norm_rms_epsilon": config["rms_norm_eps"],
        f"{name}.context_length": config["max_position_embeddings"],
        f"{name}.rope.freq_base": config["rope_theta"],
        f"{name}.attention.key_length": config.get("head_dim"),
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": pieces,
        "tokenizer.ggml.token_type": [3 if piece in SPECIAL else 1 for piece in pieces],
        "tokenizer.ggml.merges": [" ".join(pair) for pair in values["model"]["merges"]],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": TEMPLATE,
    } | {key.replace("__", "."): value for key, value in metadata.items()}
    writer = gguf.GGUFWriter(None, name)
    for key, value in facts.items():
        add(writer, key, value)
    for weight in model.weights.tensors:
        values_of = np.concatenate([rows[:] for _, rows in model.weights.bands(weight)]).reshape(weight.shape)
        if name == "llama" and weight.part in ("query", "key"):
            head = model.model.layers[0].attention.head_dimension
            values_of = values_of.reshape(-1, 2, head // 2, weight.inputs).swapaxes(1, 2).reshape(weight.shape)
        writer.add_tensor(gguf_name(weight), np.ascontiguousarray(values_of))
    for tensor, extra in (also or {}).items():
        writer.add_tensor(tensor, extra)
    writer.write_header_to_file(path)
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
