"""A GGUF file as a checkpoint: its tensors by the names that transformers gives them, its tokenizer, template and sampling."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from builder.checkpoint.checkpoint import Checkpoint
from builder.checkpoint.gguf import GgufFile, GgufTensor
from builder.checkpoint.rows import StoredTensor
from builder.checkpoint.sources import tensor_names
from builder.model.chat_template import ChatTemplate
from builder.model.description import ModelDescription
from builder.model.families import FAMILIES
from builder.model.families.dense import TENSORS
from builder.model.gguf_byte_pairs import BYTE_PAIRS, byte_pairs_from_gguf
from builder.model.gguf_config import architecture_of, config_of
from builder.model.gguf_layers import ROPE_DIVISORS
from builder.model.gguf_names import HEAD, LAYER_NAMES, MATRICES, gguf_name
from builder.model.gguf_tokenizer import PAIRS, sentencepiece_from_gguf, sentencepiece_of_pairs
from builder.model.tokenizer import Tokenizer
from builder.model.weights import LayerPart, Weight, is_norm

PROJECTIONS_OF_A_CACHE: tuple[LayerPart, ...] = ("key", "value", "key_norm")
"""What files hold of layers that read another's keys and values, and no model reads."""

TEMPLATE = "tokenizer.chat_template"
NAMES = {"bos_token": "bos", "eos_token": "eos", "pad_token": "padding", "unk_token": "unknown"}
"""What templates call a token → what its id is called in the metadata."""


class GgufCheckpoint(Checkpoint):
    """A GGUF file of a family that onpage converts. It brings its own sidecars."""

    def __init__(self, file: GgufFile) -> None:
        self.path = self.config_path = file.path
        self.gguf = file
        self.config = config_of(file)

    @classmethod
    def open(cls, path: Path) -> GgufCheckpoint:
        """Reads the header; CheckpointError where it is not sound, UnsupportedModel where it is of another architecture."""
        return cls(GgufFile.open(path))

    @property
    def name(self) -> str:
        """The file's, which says how it is quantized."""
        return self.path.name

    @property
    def files(self) -> tuple[Path, ...]:
        """The file, or the parts of it."""
        return self.gguf.files

    @cached_property
    def tensors(self) -> dict[str, StoredTensor]:
        """By the names that transformers gives them. One that the model has no place for keeps llama.cpp's name."""
        family, rest = FAMILIES[self.config["model_type"]], dict(self.gguf.tensors)
        naming = family.namings[0]
        model = family.describe(self.config, self.config_path)
        tensors: dict[str, StoredTensor] = {}
        used = {ROPE_DIVISORS} if architecture_of(self.gguf).divides_rope else set[str]()
        for weight in family.weights(model, naming):
            stored = self.gguf.tensors.get(gguf_name(weight))
            if stored is not None:
                (name,) = tensor_names(weight.source)
                tensors[name] = replace(self._as_transformers_has_it(stored, weight, model), name=name)
                used.add(stored.name)
        rest = {name: tensor for name, tensor in self.gguf.tensors.items() if name not in used}
        for i, layer in enumerate(model.layers):
            for part in PROJECTIONS_OF_A_CACHE if layer.attention.cache_of is not None else ():
                stored = rest.pop(f"blk.{i}.{LAYER_NAMES[part]}.weight", None)
                if stored is not None:
                    name = f"{naming.decoder}layers.{i}.{TENSORS[part]}.weight"
                    tensors[name] = replace(stored, name=name)
        head = rest.pop(HEAD, None)
        if head is not None:
            tensors[naming.head] = replace(head, name=naming.head)
        return tensors | rest

    def _as_transformers_has_it(self, stored: GgufTensor, weight: Weight, model: ModelDescription) -> GgufTensor:
        architecture = architecture_of(self.gguf)
        if weight.part in MATRICES and len(stored.shape) == 3 and MATRICES[weight.part] < stored.shape[0]:
            return stored.matrix(MATRICES[weight.part])
        if weight.part == "per_layer_embedding" and stored.shape[0] > model.embedding.vocabulary:
            return replace(stored, shape=(model.embedding.vocabulary, *stored.shape[1:]))
        if architecture.norms_plus_one and is_norm(weight.part):
            return replace(stored, minus=1.0)
        if architecture.pairs_rows and weight.part in ("query", "key"):
            return replace(stored, paired=model.layers[0].attention.head_dimension)
        return stored

    @property
    def has_tokenizer(self) -> bool:
        """As `Sidecars`."""
        return True

    def tokenizer(self, rows: int) -> Tokenizer:
        """As `Sidecars`."""
        kind = self.gguf.metadata.get("tokenizer.ggml.model")
        if kind == BYTE_PAIRS:
            return byte_pairs_from_gguf(self.gguf)
        made = sentencepiece_of_pairs if kind == PAIRS else sentencepiece_from_gguf
        return Tokenizer.from_bytes(self.path, made(self.gguf, rows))

    def chat_template(self) -> ChatTemplate | None:
        """As `Sidecars`."""
        said = self.gguf.metadata.get(TEMPLATE)
        return None if said is None else ChatTemplate.of_text(self.path, said, self._names())

    def generation(self) -> dict[str, Any]:
        """As `Sidecars`: what its authors recommend, where they do."""
        temperature = self.gguf.metadata.get("general.sampling.temp")
        if temperature == 0:
            return {"do_sample": False}
        said = {"temperature": temperature, "top_k": self.gguf.metadata.get("general.sampling.top_k")}
        return {key: value for key, value in said.items() if value is not None}

    def _names(self) -> dict[str, str]:
        metadata, tokens = self.gguf.metadata, self.gguf.metadata.get("tokenizer.ggml.tokens", [])
        ids = {name: metadata.get(f"tokenizer.ggml.{key}_token_id") for name, key in NAMES.items()}
        return {name: tokens[i] for name, i in ids.items() if isinstance(i, int) and 0 <= i < len(tokens)}
