"""The adapter that a fine-tune begins with: another one's weights, of the same rank, scale and matrices."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.folder import ADAPTER_WEIGHTS
from builder.errors import CheckpointError, UnsupportedModel
from builder.lora.adapter import Adapter, module_of
from builder.tune.plan import MODULES, Modules, Settings


@dataclass(frozen=True)
class Start:
    """An adapter whose training can be gone on with."""

    adapter: Adapter
    rank: int
    alpha: float
    modules: Modules

    @classmethod
    def open(cls, folder: Path) -> Start:
        """UnsupportedModel where `tune` makes no such adapter: DoRA, modules trained whole, ranks, scales or matrices of another kind."""
        adapter = Adapter.open(folder)
        lows = list(adapter.modules.values())
        ranks, scales = {low.rank for low in lows}, {low.scale for low in lows}
        matrices = {low.module.rpartition(".")[2] for low in lows}
        modules = next((name for name, wanted in MODULES.items() if matrices == set(wanted)), None)
        reason = ""
        if adapter.whole or any(low.magnitude for low in lows):
            reason = "it is more than plain LoRA"
        elif len(ranks) > 1 or len(scales) > 1:
            reason = "its modules differ in rank or scale"
        elif modules is None:
            reason = f"it changes {', '.join(sorted(matrices))}"
        if reason or modules is None:
            raise UnsupportedModel(
                f"{folder} cannot be gone on with: {reason}. Expected one rank and scale, and the matrices of the attention or all.",
                subject=folder,
            )
        (rank,), (scale,) = ranks, scales
        return cls(adapter, rank, scale * rank, modules)

    def settings(self, settings: Settings) -> Settings:
        """`settings` with what this adapter decides."""
        return replace(settings, rank=self.rank, alpha=self.alpha, modules=self.modules)

    @property
    def fingerprint(self) -> str:
        """Of its weights."""
        return hashlib.sha256((self.adapter.folder / ADAPTER_WEIGHTS).read_bytes()).hexdigest()[:16]

    def weights(self, wanted: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[np.float32]]:
        """Its values under the names and shapes that peft gives them in the model; CheckpointError where it is of another model."""
        found = {}
        for name, shape in wanted.items():
            module, _, part = name.removesuffix(".weight").rpartition(".lora_")
            low = self.adapter.modules.get(module_of(module))
            tensor = None if low is None else low.a if part == "A" else low.b
            if tensor is None or tensor.shape != shape:
                there = "does not have it" if tensor is None else f"has {list(tensor.shape)}"
                raise CheckpointError(
                    f"The model wants {name} of shape {list(shape)}, but {self.adapter.folder} {there}: name the base of this "
                    f"adapter, {self.adapter.trained_for}.",
                    subject=name,
                )
            found[name] = self.adapter.values(tensor)
        return found
