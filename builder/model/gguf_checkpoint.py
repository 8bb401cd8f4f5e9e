"""A GGUF file as a checkpoint: its tensors by the names that transformers gives them, its tokenizer, template and sampling."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from builder.checkpoint.checkpoint import Checkpoint
from builder.checkpoint.gguf import GgufFile
from builder.checkpoint.rows import StoredTensor
from builder.checkpoint.sources import Tensor
from builder.model.chat_template import ChatTemplate
from builder.model.families import FAMILIES
from builder.model.gguf_byte_pairs import BYTE_PAIRS, byte_pairs_from_gguf
from builder.model.gguf_config import LONG_WAVES, architecture_of, config_of
from builder.model.gguf_names import HEAD, gguf_name
from builder.model.gguf_tokenizer import sentencepiece_from_gguf
from builder.model.tokenizer import Tokenizer
from builder.model.weights import is_norm

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
        architecture = architecture_of(self.gguf)
        minus = 1.0 if architecture.norms_plus_one else 0.0
        tensors: dict[str, StoredTensor] = {}
        model = family.describe(self.config, self.config_path)
        for weight in family.weights(model, naming):
            stored = rest.pop(gguf_name(weight), None)
            if stored is not None:
                assert isinstance(weight.source, Tensor)
                name = weight.source.name
                paired = architecture.pairs_rows and weight.part in ("query", "key")
                tensors[name] = replace(
                    stored,
                    name=name,
                    minus=minus if is_norm(weight.part) else 0.0,
                    paired=model.layers[0].attention.head_dimension if paired else None,
                )
        if model.global_rope.long_waves:
            del rest[LONG_WAVES]
        head = rest.pop(HEAD, None)
        if head is not None:
            tensors[naming.head] = replace(head, name=naming.head)
        return tensors | rest

    @property
    def has_tokenizer(self) -> bool:
        """As `Sidecars`."""
        return True

    def tokenizer(self, rows: int) -> Tokenizer:
        """As `Sidecars`."""
        if self.gguf.metadata.get("tokenizer.ggml.model") == BYTE_PAIRS:
            return byte_pairs_from_gguf(self.gguf)
        return Tokenizer.from_bytes(self.path, sentencepiece_from_gguf(self.gguf))

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
