"""What a web file is made of, written or read: the metadata entries by name, and a tensor as the header has it."""

from __future__ import annotations

from dataclasses import dataclass

PARAMETERS_ENTRY = "odml.infra.proto.LlmParameters"
MODEL_TYPE_ENTRY = "odml.infra.LlmModelType"
TOKENIZER_ENTRY = "spm_vocab_model"
BACKEND_ENTRY = "backend"
LORA_RANK_ENTRY = "lora_rank"
"""Of an adapter file only: the index of its buffer is the rank."""
NOTES_ENTRY = "onpage"
"""Ours alone: JSON with what the parameters have no place for (the engine passes over it)."""


@dataclass(frozen=True)
class TensorSpec:
    """A tensor to be written: its name, `TensorType`, and number of bytes."""

    name: str
    type: int
    size: int
