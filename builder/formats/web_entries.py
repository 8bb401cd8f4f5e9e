"""What a web file is made of, written or read: the metadata entries by name, and a tensor as the header has it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence, Sized
from dataclasses import dataclass

PARAMETERS_ENTRY = "odml.infra.proto.LlmParameters"
MODEL_TYPE_ENTRY = "odml.infra.LlmModelType"
TOKENIZER_ENTRY = "spm_vocab_model"
BACKEND_ENTRY = "backend"
LORA_RANK_ENTRY = "lora_rank"
"""Of an adapter file only: the index of its buffer is the rank."""
SUMS_ENTRY = "onpage.sums"
"""Ours alone: the CRC-32 of each part of the file, behind the tensors."""
NOTES_ENTRY = "onpage"
"""Ours alone: JSON with what the parameters have no place for (the engine passes over it)."""


MAX_PARAMETERS, MAX_NOTES = 1 << 20, 64 << 10
"""Bytes of these entries, in what onpage writes and reads."""


@dataclass(frozen=True)
class TensorSpec:
    """A tensor to be written: its name, `TensorType`, and number of bytes."""

    name: str
    type: int
    size: int


def sums_size(tensors: Sized) -> int:
    """Bytes of the sums: one CRC-32 of all in front of the tensors, one of each tensor, and one of these."""
    return 4 * (len(tensors) + 2)


def packed_sums(sums: Sequence[int]) -> bytes:
    """The content of the entry: the CRC-32 of each part, little-endian, and their own."""
    packed = b"".join(value.to_bytes(4, "little") for value in sums)
    return packed + zlib.crc32(packed).to_bytes(4, "little")


def unpacked_sums(packed: bytes) -> list[int] | None:
    """The inverse; None where the sums themselves were damaged."""
    values, own = packed[:-4], int.from_bytes(packed[-4:], "little")
    if zlib.crc32(values) != own:
        return None
    return [int.from_bytes(values[at : at + 4], "little") for at in range(0, len(values), 4)]
