"""The adapters of the goldens: each is for one of `cases.CASES` and has something that a wrong converter would get wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.adapters import ATTENTION, FEED_FORWARD, write_adapter
from tests.checkpoints import gemma3_config
from tests.goldens.cases import CASES, Case

LORA_GOLDENS = Path(__file__).with_name("lora_goldens.json")


@dataclass(frozen=True)
class LoraCase:
    """A random adapter for one of the models."""

    base: str
    rank: int
    targets: tuple[str, ...] = ATTENTION
    dtype: str = "F32"
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> Case:
        return CASES[self.base]

    def write(self, name: str, folder: Path) -> Path:
        """The adapter's folder, as peft would have saved it."""
        return write_adapter(
            folder / name,
            gemma3_config(**self.model.config),
            rank=self.rank,
            targets=self.targets,
            seed=len(name),
            dtype=self.dtype,
            **self.settings,
        )


LORA_CASES = {
    "rank-8": LoraCase("int8", 8),
    "rank-16-rslora": LoraCase("int4-two-kv-heads", 16, dtype="BF16", settings={"use_rslora": True, "lora_alpha": 7}),
    "query-and-value-only": LoraCase("int8", 8, ("q_proj", "v_proj")),
    "rank-6-and-patterns": LoraCase(
        "window-pattern-of-three",
        6,
        ("q_proj", "k_proj", "o_proj"),
        "F16",
        {"rank_pattern": {"layers.1.self_attn.q_proj": 3}, "alpha_pattern": {"o_proj": 24, "^model.layers.0.self_attn.k_proj": 5}},
    ),
}  # fmt: skip
"""For adapter files, applied by the engine."""

MERGED = {
    "all-linear": LoraCase("int4-embedding-int8", 8, ATTENTION + FEED_FORWARD, "BF16"),
    "dora": LoraCase("int8", 4, ("q_proj", "down_proj"), settings={"use_dora": True}),
}
"""For merging only: the engine cannot apply them."""


def lora_goldens() -> dict[str, Any]:
    """The committed file."""
    return json.loads(LORA_GOLDENS.read_text())


def sampled(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """A few values of a matrix, from all over it."""
    values = matrix.reshape(-1)
    return values[:: max(1, values.size // 12)][:12]
