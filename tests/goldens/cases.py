"""The models of the goldens: small, but each with something that a wrong converter would get wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from builder.convert import WrittenModel, convert_checkpoint
from builder.scheme import Quantization
from builder.synth import BOS, FIRST_WORD, word
from tests.checkpoints import gemma3_config, write_checkpoint

GOLDENS = Path(__file__).with_name("goldens.json")
NEW_TOKENS = 32


@dataclass(frozen=True)
class Case:
    """A random model, its quantization, and the length of its prompt."""

    quantization: Quantization
    prompt_tokens: int
    config: dict[str, Any] = field(default_factory=dict)
    dtype: str = "BF16"
    shards: int = 1

    def convert(self, name: str, folder: Path) -> WrittenModel:
        """Writes the checkpoint and converts it to `folder/name.task`, as a user would."""
        checkpoint = write_checkpoint(
            folder / name, gemma3_config(**self.config), seed=len(name), dtype=self.dtype, shards=self.shards
        )
        return convert_checkpoint(checkpoint, folder / f"{name}.task", quantization=self.quantization)

    def prompt(self, seed: int) -> list[int]:
        """Random words, the start token in front."""
        random = np.random.Generator(np.random.PCG64(seed))
        words = random.integers(FIRST_WORD, gemma3_config(**self.config)["vocab_size"], self.prompt_tokens - 1)
        return [BOS, *words.tolist()]


WIDE = {"hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": 8}

CASES = {
    "int8": Case(Quantization.of(), 24, dtype="F32"),
    "int4-two-kv-heads": Case(Quantization.of("4"), 24, WIDE | {"num_key_value_heads": 2}, shards=3),
    "int4-embedding-int8": Case(Quantization.of("4", embedding="8"), 24, {"num_hidden_layers": 7}, dtype="F16"),
    "int8-embedding-int4": Case(Quantization.of(embedding="4"), 24, {"num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 32, "query_pre_attn_scalar": 32}),
    "window-shorter-than-prompt": Case(Quantization.of(), 120, {"num_hidden_layers": 7, "sliding_window": 32}),
    "window-pattern-of-three": Case(Quantization.of("4"), 90, WIDE | {"num_hidden_layers": 5, "sliding_window": 16, "sliding_window_pattern": 3}),
    "prompt-over-200": Case(Quantization.of(), 230, WIDE | {"num_key_value_heads": 2}),
    "soft-caps": Case(Quantization.of(), 24, WIDE | {"attn_logit_softcapping": 5.0, "final_logit_softcapping": 30.0}),
    "q4_0-embedding-int8": Case(Quantization.of("q4_0", embedding="8"), 40, {"num_hidden_layers": 7}),
    "mixed-embedding-q4_0": Case(Quantization.of(attention="4", feedforward="q4_0", embedding="q4_0"), 24, WIDE),
}  # fmt: skip


def text_of(ids: list[int]) -> str:
    """The only text that the synthetic tokenizer turns into these ids (start token left out)."""
    return "".join(" " + word(i) for i in ids if i != BOS)


def goldens() -> dict[str, Any]:
    """The committed file."""
    return json.loads(GOLDENS.read_text())
