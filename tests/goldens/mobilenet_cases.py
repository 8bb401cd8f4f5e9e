"""A small Gemma 3n that sees, with a random tower of every kind of block, and the pictures that it is shown.

As in tower_cases, 8 bits hold each matrix exactly.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.model.families.gemma3n import NAMINGS_WITH_SENSES, SENSES
from tests.checkpoints import gemma3n_config, stored_values, write_checkpoint, write_shards
from tests.goldens.encoder_cases import exact

MOBILENET_GOLDENS = Path(__file__).with_name("mobilenet_goldens.json")

TOWER, PROJECTOR = "model.vision_tower.timm_model.", "model.embed_vision."
"""In front of names."""

PICTURES = 2

STAGES = (
    ("er_r1_k3_s2_e4_c16", "er_r1_k3_s1_e4_c16"),
    ("uir_r1_a3_k5_s2_e6_c24", "uir_r1_a5_k0_s1_e4_c24"),
    ("uir_r1_a5_k5_s2_e6_c32", "uir_r1_a0_k0_s1_e1_c32", "mqa_r1_k3_h3_v2_s1_d8_c32", "uir_r1_a0_k0_s1_e2_c32"),
    ("uir_r1_a5_k5_s2_e6_c40", "mqa_r1_k3_h4_s1_d12_c40", "uir_r1_a0_k0_s1_e2_c40"),
)
"""As timm writes them: kinds of blocks, sides of filters, strides, heads and channels."""

STEM = 8

_WIDE_QUERIES = ("mqa_r1_k3_h12_v2_s1_d64_c640", "uir_r1_a0_k0_s1_e2_c640")
_LAST = ("mqa_r1_k3_h16_s1_d96_c1280", "uir_r1_a0_k0_s1_e2_c1280")
PUBLISHED = (
    ("er_r1_k3_s2_e4_c128", "er_r1_k3_s1_e4_c128", "er_r1_k3_s1_e4_c128"),
    ("uir_r1_a3_k5_s2_e6_c256", *("uir_r1_a5_k0_s1_e4_c256", "uir_r1_a3_k0_s1_e4_c256") * 2),
    ("uir_r1_a5_k5_s2_e6_c640", *("uir_r1_a5_k0_s1_e4_c640",) * 7, "uir_r1_a0_k0_s1_e1_c640", *_WIDE_QUERIES * 14),
    ("uir_r1_a5_k5_s2_e6_c1280", *_LAST * 19),
)
"""Those of `mobilenetv5_300m_enc`, of which the stem has 64 channels and the fused stages 2,048."""


TEXT = {
    "num_hidden_layers": 6,
    "intermediate_size": [128] * 6,
    "layer_types": ["sliding_attention", "sliding_attention", "full_attention"] * 2,
    "activation_sparsity_pattern": [0.0] * 6,
}
"""Without sparse layers, which magnify what float16 rounds."""


@dataclass(frozen=True)
class MobileNetCase:
    """One model."""

    seed: int = 3
    side: int = 96
    tokens: int = 9
    width: int = 48
    """What the tower makes."""
    text: dict[str, Any] = field(default_factory=lambda: TEXT)
    stages: tuple[tuple[str, ...], ...] = STAGES

    @property
    def config(self) -> dict[str, Any]:
        """Its config.json."""
        text = gemma3n_config(**{"vocab_size": 4224, "vocab_size_per_layer_input": 4096} | self.text)
        return {
            "architectures": ["Gemma3nForConditionalGeneration"],
            "model_type": "gemma3n",
            "text_config": text,
            "vision_config": {
                "model_type": "gemma3n_vision",
                "architecture": "mobilenetv5_300m_enc",
                "model_args": None,
                "hidden_size": self.width,
                "vocab_offset": 4096,
                "vocab_size": 8,
                "rms_norm_eps": 1e-6,
            },
            "vision_soft_tokens_per_image": self.tokens,
            "eoi_token_id": 4098,
        }

    def write(self, folder: Path, **options: Any) -> Path:
        """Makes the folder."""
        write_checkpoint(folder, self.config, seed=self.seed, naming=NAMINGS_WITH_SENSES[0], **options)
        values = {name: each for name, each in stored_values(folder).items() if not name.startswith(SENSES)}
        per_layer = values["model.language_model.embed_tokens_per_layer.weight"]
        # the row that transformers gives the tokens of a picture: here large enough that another shows
        per_layer[0] = (
            4 * np.abs(per_layer).max() * np.sign(np.random.default_rng(self.seed).standard_normal(per_layer.shape[1]))
        )
        write_shards(folder, values | self.tower())
        said = {"do_normalize": False, "size": {"height": self.side, "width": self.side}}
        (folder / "preprocessor_config.json").write_text(json.dumps(said))
        return folder

    def tower(self) -> dict[str, NDArray[np.float32]]:
        """The tensors of what sees."""
        generator = np.random.default_rng(self.seed)
        shapes = {TOWER + name: shape for name, shape in tower_shapes(self.stages, self.width).items()}
        text = self.config["text_config"]["hidden_size"]
        shapes |= {
            f"{PROJECTOR}embedding.weight": (8, self.width),
            f"{PROJECTOR}hard_embedding_norm.weight": (self.width,),
            f"{PROJECTOR}soft_embedding_norm.weight": (self.width,),
            f"{PROJECTOR}embedding_projection.weight": (text, self.width),
        }
        return {name: _random(name, shape, generator) for name, shape in shapes.items()}

    def pictures(self) -> NDArray[np.float32]:
        """(pictures, side, side, 3) from 0 to 1."""
        return self.pixels().astype(np.float32) / np.float32(255)

    def pixels(self) -> NDArray[np.uint8]:
        """The same as bytes."""
        shape = (PICTURES, self.side, self.side, 3)
        return np.random.default_rng(self.seed + 1).integers(0, 256, shape, np.uint8)


def tower_shapes(stages: tuple[tuple[str, ...], ...], width: int, stem: int = STEM) -> dict[str, tuple[int, ...]]:
    """Of all tensors of a tower, by their names."""
    found: dict[str, tuple[int, ...]] = {"conv_stem.conv.weight": (stem, 3, 3, 3)}
    found |= {"conv_stem.conv.bias": (stem,), "conv_stem.bn.weight": (stem,)}
    channels, made = stem, []
    for s, stage in enumerate(stages):
        for b, block in enumerate(stage):
            kind, *said = block.split("_")
            options = {one[0]: int(one[1:]) for one in said}
            shapes = BLOCKS[kind](channels, options)
            found |= {f"blocks.{s}.{b}.{name}": shape for name, shape in shapes.items()}
            channels = options["c"]
        made.append(channels)
    inputs = made[-2] + made[-1]
    fused = {f"ffn.{name}": shape for name, shape in _inverted(inputs, {"a": 0, "k": 0, "e": 2, "c": width}).items()}
    del fused["ffn.layer_scale.gamma"]
    return found | {f"msfa.{name}": shape for name, shape in (fused | {"norm.weight": (width,)}).items()}


def _edge(inputs: int, said: dict[str, int]) -> dict[str, tuple[int, ...]]:
    inner, outputs, k = inputs * said["e"], said["c"], said["k"]
    return {
        "conv_exp.weight": (inner, inputs, k, k),
        "bn1.weight": (inner,),
        "conv_pwl.weight": (outputs, inner, 1, 1),
        "bn2.weight": (outputs,),
    }


def _inverted(inputs: int, said: dict[str, int]) -> dict[str, tuple[int, ...]]:
    inner, outputs = inputs * said["e"], said["c"]
    found: dict[str, tuple[int, ...]] = {}
    for name, channels, k in (("dw_start", inputs, said["a"]), ("dw_mid", inner, said["k"])):
        if k:
            found |= {f"{name}.conv.weight": (channels, 1, k, k), f"{name}.bn.weight": (channels,)}
    found |= {"pw_exp.conv.weight": (inner, inputs, 1, 1), "pw_exp.bn.weight": (inner,)}
    found |= {"pw_proj.conv.weight": (outputs, inner, 1, 1), "pw_proj.bn.weight": (outputs,)}
    return found | {"layer_scale.gamma": (outputs,)}


def _attention(width: int, said: dict[str, int]) -> dict[str, tuple[int, ...]]:
    heads, d, k = said["h"], said["d"], said["k"]
    found: dict[str, tuple[int, ...]] = {"norm.weight": (width,), "layer_scale.gamma": (width,)}
    for part, outputs in (("query", heads * d), ("key", d), ("value", d)):
        found[f"attn.{part}.proj.weight"] = (outputs, width, 1, 1)
        if "v" in said and part != "query":
            found |= {f"attn.{part}.down_conv.weight": (width, 1, k, k), f"attn.{part}.norm.weight": (width,)}
    return found | {"attn.output.proj.weight": (width, heads * d, 1, 1)}


BLOCKS = {"er": _edge, "uir": _inverted, "mqa": _attention}


def _random(name: str, shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.float32]:
    values = generator.standard_normal(shape).astype(np.float32)
    if len(shape) == 1:
        return (np.float32(0) if name.endswith("bias") else np.float32(1)) + np.float32(0.2) * values
    spread = np.float32(np.prod(shape[1:]) ** -0.5) * np.float32(2 if "query" in name or "key" in name else 1)
    if shape[2:] in ((), (1, 1)) and not name.endswith("embedding.weight"):
        return exact(np.ascontiguousarray(values.reshape(shape[:2]) * spread)).reshape(shape)
    return values * spread


MOBILENET = MobileNetCase()
