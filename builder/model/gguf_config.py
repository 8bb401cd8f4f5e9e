"""The metadata of a GGUF file → what config.json says of the same model, so that the families read one language.

llama.cpp leaves out what its code knows: the pattern of layers with a window, the rope of these, and how queries are scaled. What
is missing here is missing in the config too, where the family's defaults fill it in; what llama.cpp derives is derived alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from builder.checkpoint.gguf import GgufFile
from builder.errors import CheckpointError, UnsupportedModel
from builder.files.reading import shown
from builder.model.description import LongWaves, Rope
from builder.model.gguf_layers import ROPE_DIVISORS, Said, divisors_of, gemma3n_layers, gemma4_layers, layer_types
from builder.model.gguf_names import HEAD, WHOLE_NAMES
from builder.model.rope import slowed

KEYS = {
    "hidden_size": "embedding_length",
    "intermediate_size": "feed_forward_length",
    "num_hidden_layers": "block_count",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "head_dim": "attention.key_length",
    "rms_norm_eps": "attention.layer_norm_rms_epsilon",
    "max_position_embeddings": "context_length",
    "sliding_window": "attention.sliding_window",
    "rope_theta": "rope.freq_base",
    "rope_local_base_freq": "rope.freq_base_swa",
    "attn_logit_softcapping": "attn_logit_softcapping",
    "final_logit_softcapping": "final_logit_softcapping",
}
"""Key of config.json → key of the metadata, behind the architecture's name."""

NEEDED = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings")
"""What no default may stand for."""

IDS = ("eos_token_id", "eot_token_id", "eom_token_id")
"""End of a text, of a turn, and of a message; each ends an answer."""

NO_MODELS = {
    "adapter": "a LoRA adapter for llama.cpp: use the folder that peft saved, with --lora or --merge-lora",
    "mmproj": "the part of a model that reads images: use the GGUF file of the model itself",
    "imatrix": "a measurement for llama.cpp's quantizer: use the GGUF file of the model itself",
    "vocab": "a vocabulary without a model: use the GGUF file of the model itself",
}
"""`general.type` of files that are no model."""


@dataclass(frozen=True)
class Architecture:
    """What llama.cpp's code knows of an architecture and its files do not say."""

    model_type: str
    """In config.json."""
    defaults: dict[str, Any]
    """What a left-out key means to llama.cpp, where the family's own default would be another."""
    norms_plus_one: bool = False
    """Whether norms are stored as factors where a checkpoint has their distance from one."""
    pairs_rows: bool = False
    """Whether the rows of queries and keys are stored in pairs, as GgufTensor has it."""
    has_head: bool = False
    """Whether the logits may have a matrix of their own."""
    layers_of_27b: int | None = None
    """The size whose queries are scaled by width / heads instead of the head dimension."""
    divides_rope: bool = False
    """Whether a tensor of divisors may say how the rope is scaled, or which pairs of a head are turned."""
    of_layers: Callable[[GgufFile, Said], dict[str, Any]] | None = None
    """What config.json says of a model whose layers differ, in place of what KEYS would."""

    @property
    def is_gemma(self) -> bool:
        """Whether it is one, which web files know."""
        return self.model_type.startswith("gemma")


ROPE_OF_ALL = {"rope_theta": 10_000.0}

ARCHITECTURES = {
    "gemma": Architecture("gemma", ROPE_OF_ALL, norms_plus_one=True),
    "gemma2": Architecture("gemma2", ROPE_OF_ALL, norms_plus_one=True, layers_of_27b=46),
    "gemma3": Architecture(
        "gemma3_text", {"sliding_window": None, **ROPE_OF_ALL}, norms_plus_one=True, layers_of_27b=62
    ),
    "gemma3n": Architecture("gemma3n_text", ROPE_OF_ALL, of_layers=gemma3n_layers),
    "gemma4": Architecture("gemma4_text", {}, divides_rope=True, of_layers=gemma4_layers),
    "llama": Architecture("llama", ROPE_OF_ALL, pairs_rows=True, has_head=True, divides_rope=True),
    "qwen2": Architecture("qwen2", ROPE_OF_ALL, has_head=True),
    "qwen3": Architecture("qwen3", ROPE_OF_ALL, has_head=True),
}
"""`general.architecture` → what is known of it."""
WITH_GRAPHS = ("gemma", "gemma2", "gemma3")
"""Those of them that both a web file and a graph are made of."""


def architecture_of(file: GgufFile) -> Architecture:
    """The architecture; UnsupportedModel for one that is not read, or for what is no model, by its name."""
    name, kind = file.metadata.get("general.architecture"), file.metadata.get("general.type")
    if name == "clip":
        kind = "mmproj"
    if isinstance(kind, str) and kind in NO_MODELS:
        raise UnsupportedModel(f"{file.path} is {NO_MODELS[kind]}.", subject="general.type")
    found = ARCHITECTURES.get(name) if isinstance(name, str) else None
    if found is None:
        raise UnsupportedModel(
            f"{file.path} is a GGUF file of the architecture {shown(name)}: onpage converts {', '.join(ARCHITECTURES)}.",
            subject="general.architecture",
        )
    return found


def config_of(file: GgufFile) -> dict[str, Any]:
    """As config.json has it; CheckpointError where the metadata lack what is needed, UnsupportedModel where they say too much."""
    architecture, name = architecture_of(file), file.metadata["general.architecture"]
    said = Said(file.path, file.metadata, f"{name}.")
    config: dict[str, Any] = {"model_type": architecture.model_type} | architecture.defaults
    of_layers = architecture.of_layers(file, said) if architecture.of_layers else {}
    for key, theirs in KEYS.items():
        value = None if key in of_layers else said(theirs)
        if value is not None:
            config[key] = value
        elif key in NEEDED and key not in of_layers:
            raise said.missing(theirs)
    config |= of_layers
    heads = config["num_attention_heads"]
    config.setdefault("num_key_value_heads", heads)
    if "head_dim" not in config and _whole(config["hidden_size"]) and _whole(heads):
        config["head_dim"] = config["hidden_size"] // heads
    said.refuse_another_length("attention.value_length", said("attention.key_length") or config.get("head_dim"))
    config["vocab_size"] = _rows(file)
    config["query_pre_attn_scalar"] = _query_scalar(architecture, said, config)
    _add_windows(said, config)
    _add_rope_scaling(said, config)
    if architecture.has_head:
        config["tie_word_embeddings"] = HEAD not in file.tensors
    if architecture.divides_rope and not architecture.is_gemma:
        _add_long_waves(file, config)
    if said("rope.dimension_count") not in (None, config.get("head_dim")) and not architecture.is_gemma:
        raise UnsupportedModel(
            f"{file.path}: {name}.rope.dimension_count is {shown(said('rope.dimension_count'))}, and a head has "
            f"{shown(config.get('head_dim'))}: onpage turns all of a head or nothing.",
            subject="rope.dimension_count",
        )
    config["bos_token_id"] = file.metadata.get("tokenizer.ggml.bos_token_id")
    config["eos_token_id"] = [i for key in IDS if (i := file.metadata.get(f"tokenizer.ggml.{key}")) is not None]
    return config


def _rows(file: GgufFile) -> int:
    name = WHOLE_NAMES["embedding"]
    if name not in file.tensors:
        raise CheckpointError(f"{file.path} holds no tensor {name}: is it a complete model?", subject=name)
    return file.tensors[name].shape[0]


def _query_scalar(architecture: Architecture, said: Callable[[str], Any], config: dict[str, Any]) -> Any:
    scale, heads = said("attention.scale"), config["num_attention_heads"]
    if isinstance(scale, float) and scale > 0:
        return round(scale**-2, 6)
    if config["num_hidden_layers"] == architecture.layers_of_27b and _whole(heads) and _whole(config["hidden_size"]):
        return config["hidden_size"] / heads
    return config.get("head_dim")


def _add_windows(said: Said, config: dict[str, Any]) -> None:
    """A number, or for each layer whether it has a window; llama.cpp's files of Gemma mostly say neither."""
    key = "attention.sliding_window_pattern"
    if said.in_array(key):
        config["layer_types"] = layer_types(said.windowed(said.count("block_count")))
    elif said(key) is not None:
        config["sliding_window_pattern"] = said(key)


def _add_rope_scaling(said: Callable[[str], Any], config: dict[str, Any]) -> None:
    kind, factor = said("rope.scaling.type"), said("rope.scaling.factor")
    if kind == "linear" and factor is not None:
        config["rope_scaling"] = {"rope_type": "linear", "factor": factor}
    elif kind not in (None, "none", "linear"):
        config["rope_scaling"] = {"rope_type": kind}  # which the families refuse by name


PUBLISHED_FACTORS = (8.0, 32.0)
"""Of Llama 3.1 and 3.2; what else their scaling says is the same in all."""


def _add_long_waves(file: GgufFile, config: dict[str, Any]) -> None:
    """Llama 3's rope scaling, found again from the divisors that llama.cpp made of it."""
    tensor = file.tensors.get(ROPE_DIVISORS)
    if tensor is None:
        return
    for factor in PUBLISHED_FACTORS:
        said = {"factor": factor, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
        waves = LongWaves(factor, 1.0, 4.0, 8192)
        head, base = config.get("head_dim"), config.get("rope_theta")
        if not (_whole(head) and head == 2 * tensor.size and isinstance(base, float) and base > 1):
            break
        unscaled = base ** (-np.arange(0, head, 2, dtype=np.float64) / head)
        if np.allclose(
            divisors_of(tensor, head // 2), unscaled / slowed(unscaled, Rope(base, long_waves=waves)), rtol=1e-4
        ):
            config["rope_scaling"] = said | {"rope_type": "llama3", "original_max_position_embeddings": waves.context}
            return
    raise UnsupportedModel(
        f"{file.path}: {ROPE_DIVISORS} scales the rope otherwise than Llama 3.1 or 3.2: convert the Hugging Face folder of the model.",
        subject=ROPE_DIVISORS,
    )


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
