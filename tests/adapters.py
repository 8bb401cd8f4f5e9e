"""Small LoRA adapters with random values, in folders as peft saves them; `tests.goldens` has peft itself read them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.model.families import describe, family_of
from builder.model.weights import Weight
from tests.checkpoints import as_bytes, write_safetensors

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
FEED_FORWARD = ("gate_proj", "up_proj", "down_proj")
STRENGTH = 0.5
"""Size of the change relative to the weights: enough that the text is another one from the first words."""


def write_adapter(
    folder: Path,
    config: dict[str, Any],
    *,
    rank: int = 8,
    targets: tuple[str, ...] = ATTENTION,
    seed: int = 0,
    dtype: str = "F32",
    prefix: str = "base_model.model.",
    **settings: Any,
) -> Path:
    """Writes an adapter for the model of `config` (config.json) into `folder` (created) and returns it.

    `settings` go into adapter_config.json; a `rank_pattern` in it has plain names of modules as keys.
    """
    adapter_config = {
        "base_model_name_or_path": "someone/gemma-3-tiny",
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "init_lora_weights": True,
        "lora_alpha": 16,
        "lora_dropout": 0.05,
        "modules_to_save": None,
        "peft_type": "LORA",
        "r": rank,
        "target_modules": list(targets),
        "task_type": "CAUSAL_LM",
        "use_dora": False,
        "use_rslora": False,
    } | settings
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_config.json").write_text(json.dumps(adapter_config))
    random = np.random.Generator(np.random.PCG64(seed))
    tensors: dict[str, NDArray[np.float32]] = {}
    for matrix in matrices(config, targets):
        module = str(matrix.source).removesuffix(".weight")
        ranks = adapter_config.get("rank_pattern", {}).items()
        r = next((value for key, value in ranks if module.endswith(key)), rank)
        scale = adapter_config["lora_alpha"] / (math.sqrt(r) if adapter_config["use_rslora"] else r)
        a = random.standard_normal((r, matrix.inputs), np.float32) * np.float32(matrix.inputs**-0.5)
        b = random.standard_normal((matrix.outputs, r), np.float32) * np.float32(STRENGTH / scale / math.sqrt(r))
        tensors |= {f"{prefix}{module}.lora_A.weight": a, f"{prefix}{module}.lora_B.weight": b}
        if adapter_config["use_dora"]:
            lengths = random.uniform(0.5, 1.5, matrix.outputs).astype(np.float32)
            tensors[f"{prefix}{module}.lora_magnitude_vector"] = lengths
    write_safetensors(
        folder / "adapter_model.safetensors",
        {name: (dtype, values.shape, as_bytes(values, dtype)) for name, values in tensors.items()},
    )
    return folder


def matrices(config: dict[str, Any], targets: tuple[str, ...]) -> Iterator[Weight]:
    """The matrices of the layers whose modules are in `targets`."""
    path = Path("config.json")
    family = family_of(config, path)
    for weight in family.weights(describe(config, path), family.namings[0]):
        if weight.is_matrix and str(weight.source).split(".")[-2] in targets:
            yield weight
