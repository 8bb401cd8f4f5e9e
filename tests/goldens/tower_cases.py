"""Small Gemma 3 that see, with random towers, and the pictures that they are shown.

As in encoder_cases, 8 bits hold each matrix exactly, and what a graph computes is what transformers computes with the checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.sources import Tensor
from builder.model.families.gemma3 import IMAGES, NAMINGS_WITH_IMAGES
from builder.model.weights import Part, Weight
from builder.tower.siglip import Siglip
from tests.checkpoints import stored_values, with_images_config, write_checkpoint, write_shards
from tests.goldens.encoder_cases import exact

TOWER_GOLDENS = Path(__file__).with_name("tower_goldens.json")

TOWER, PROJECTOR = "vision_tower.vision_model.", "multi_modal_projector."
"""In front of names, as they are on the hub."""

PICTURES = 2

INTO_THE_STREAM: tuple[Part, ...] = ("patch", "patch_bias", "position", "output", "output_bias", "down", "down_bias")


@dataclass(frozen=True)
class TowerCase:
    """One model."""

    seed: int
    vision: dict[str, Any]
    tokens: int
    text: dict[str, Any]
    stream: float = 1.0
    """A power of two that the stream of its tower is multiplied with: the same function, but for float16, which holds no square above 256²."""

    @property
    def config(self) -> dict[str, Any]:
        """Its config.json."""
        config = with_images_config(**self.text)
        config["vision_config"] |= {"vision_use_head": False, **self.vision}
        return config | {"mm_tokens_per_image": self.tokens}

    @property
    def siglip(self) -> Siglip:
        """Its tower."""
        return Siglip.of(self.config, Path("config.json"), self.config["text_config"]["hidden_size"])

    def write(self, folder: Path, prefix: str = "", **options: Any) -> Path:
        """Makes the folder; `prefix` is "model." as transformers names tensors in memory, "" as they are on the hub."""
        naming = NAMINGS_WITH_IMAGES[0 if prefix else 1]
        write_checkpoint(folder, self.config, seed=self.seed, naming=naming, **options)
        values = {name: each for name, each in stored_values(folder).items() if not name.startswith(IMAGES)}
        write_shards(folder, values | {prefix + name: each for name, each in self.tower().items()})
        return folder

    def tower(self) -> dict[str, NDArray[np.float32]]:
        """The tensors of what sees."""
        generator = np.random.default_rng(self.seed)
        weights = (*self.siglip.encoder_weights(TOWER), *self.siglip.adapter_weights(PROJECTOR, "")[1:])
        found = ((weight, _random(weight, generator)) for weight in weights)
        return {
            str(weight.source): values * np.float32(self.stream if weight.part in INTO_THE_STREAM else 1)
            for weight, values in found
        }

    def pictures(self) -> NDArray[np.float32]:
        """(pictures, side, side, 3) from 0 to 1."""
        return self.pixels().astype(np.float32) / np.float32(255)

    def pixels(self) -> NDArray[np.uint8]:
        """The same as bytes."""
        shape = (PICTURES, self.siglip.side, self.siglip.side, 3)
        return np.random.default_rng(self.seed + 1).integers(0, 256, shape, np.uint8)


def _random(weight: Weight, generator: np.random.Generator) -> NDArray[np.float32]:
    assert isinstance(weight.source, Tensor)
    values = generator.standard_normal(weight.shape).astype(np.float32)
    match weight.part:
        case "patch":
            return values * np.float32(np.prod(weight.shape[1:]) ** -0.5)
        case "position":
            return values
        case "picture_projection":
            return np.ascontiguousarray(exact(np.ascontiguousarray(values.T) * np.float32(weight.shape[0] ** -0.5)).T)
    if weight.is_matrix:  # wide enough that attention chooses
        return exact(np.float32(2) * values * np.float32(weight.inputs**-0.5))
    if weight.part.endswith("_norm") and weight.part != "picture_norm":
        return np.float32(1) + np.float32(0.2) * values
    return np.float32(0.2) * values


TOWERS = {
    # squares of 2 × 2 patches become a token
    "pooled": TowerCase(
        1,
        {
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "image_size": 48,
            "patch_size": 8,
        },
        9,
        {"hidden_size": 64, "head_dim": 32, "intermediate_size": 128, "num_hidden_layers": 1},
        stream=128.0,
    ),
    # a token for each patch; 12 heads' worth of another shape
    "unpooled": TowerCase(
        2,
        {
            "hidden_size": 24,
            "intermediate_size": 20,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 28,
            "patch_size": 14,
            "layer_norm_eps": 1e-3,
        },
        4,
        {"hidden_size": 64, "head_dim": 32, "intermediate_size": 128, "num_hidden_layers": 1},
    ),
}
