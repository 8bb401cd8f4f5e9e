"""SigLIP as Gemma 3 has it: patches, learned positions, layers that see the whole picture, means of squares of patches, a projection.

Two functions: the encoder makes vectors of a picture's patches, the adapter vectors as wide as the text's of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from builder.checkpoint.sources import RowsOf, Tensor
from builder.errors import UnsupportedModel
from builder.formats.tflite_schema import TensorType
from builder.graph.biased import BIASES, LANES, MAX_ROWS, BiasedBlocks
from builder.graph.function import Function, Value
from builder.graph.parameters import GraphParameters
from builder.model.families.config import MAX_HEADS, MAX_LAYERS, Config
from builder.model.weights import Part, Weight
from builder.quantize.rounding import BLOCK

DEFAULTS = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "num_channels": 3,
    "image_size": 224,
    "patch_size": 16,
    "hidden_act": "gelu_pytorch_tanh",
    "layer_norm_eps": 1e-6,
}
"""What a vision_config may leave out: the values of `SiglipVisionConfig`."""

TOKENS = {"mm_tokens_per_image": 256, "eoi_token_index": 256_000}
"""Likewise of `Gemma3Config`."""

CHANNELS = 3
MAX_SIDE = 4096
"""Pixels; a published tower has 896."""

SQUARED_AT = 1 / 16
"""What a value is multiplied with before it is squared: float16 then holds the squares of values up to 4,096, not 256, and those of values
down to 0.13 exactly."""

PATCH, PROJECTION = "embeddings.patch_embedding.weight", "mm_input_projection_weight"
"""What tells the names of a checkpoint: how those of the tower and of the projector begin."""

NEVER_READ = ("head.", "embeddings.position_ids")
"""What a checkpoint may hold of a tower that makes no token of a picture: the head of its first training, and a list of numbers."""

MATRICES: dict[Part, str] = {
    "query": "self_attn.q_proj",
    "key": "self_attn.k_proj",
    "value": "self_attn.v_proj",
    "output": "self_attn.out_proj",
    "up": "mlp.fc1",
    "down": "mlp.fc2",
}
NORMS: dict[Part, str] = {"pre_attention_norm": "layer_norm1", "pre_feed_forward_norm": "layer_norm2"}


@dataclass(frozen=True)
class Siglip:
    """The sizes of a tower."""

    side: int
    """Pixels of the picture's side."""
    patch: int
    """Pixels of a patch's side."""
    width: int
    inner: int
    layers: int
    heads: int
    epsilon: float
    tokens_side: int
    """Tokens along the picture's side."""
    text_width: int
    end: int
    """The id of <end_of_image>."""

    @classmethod
    def of(cls, config: dict[str, Any], path: Path, text_width: int) -> Siglip:
        """Of a config.json; UnsupportedModel or CheckpointError names what cannot be."""
        said = config.get("vision_config")
        if not isinstance(said, dict) or said.get("model_type", "siglip_vision_model") != "siglip_vision_model":
            raise UnsupportedModel(
                f"{Config(config, path).says('vision_config')}: expected a SigLIP, as a Gemma 3 of 4B and more has it, or a whole Gemma 3n; the others see nothing, "
                f"or by towers that onpage does not write. Leave --pictures out.",
                subject="vision_config",
            )
        c = Config(said, path, DEFAULTS, section="vision_config.")
        for key in ("hidden_act", "num_channels"):
            if c.values[key] != DEFAULTS[key]:
                raise UnsupportedModel(f"{c.says(key)}: expected {DEFAULTS[key]}.", subject=key)
        whole = Config(config, path, TOKENS)
        tokens = whole.integer("mm_tokens_per_image", most=MAX_SIDE**2)
        found = cls(
            side=c.integer("image_size", most=MAX_SIDE),
            patch=c.integer("patch_size", most=MAX_SIDE),
            width=c.integer("hidden_size"),
            inner=c.integer("intermediate_size"),
            layers=c.integer("num_hidden_layers", most=MAX_LAYERS),
            heads=c.integer("num_attention_heads", most=MAX_HEADS),
            epsilon=c.number("layer_norm_eps"),
            tokens_side=math.isqrt(tokens),
            text_width=text_width,
            end=whole.integer("eoi_token_index"),
        )
        if found.tokens_side**2 != tokens:
            raise UnsupportedModel(
                f"{whole.says('mm_tokens_per_image')}: expected a square number.",
                subject="mm_tokens_per_image",
            )
        for key, divisor, what in (
            ("image_size", found.patch, "patch_size"),
            ("hidden_size", found.heads, "num_attention_heads"),
            ("hidden_size", BLOCK, "what the format stores at a time"),
            ("intermediate_size", BLOCK, "what the format stores at a time"),
        ):
            if c.values[key] % divisor:
                raise UnsupportedModel(f"{c.says(key)}: expected a multiple of {divisor}, {what}.", subject=key)
        if found.patches_side % found.tokens_side:
            raise UnsupportedModel(
                f"{path} gives {found.patches_side} patches along a picture's side: expected a multiple of {found.tokens_side}, of which the "
                f"square is mm_tokens_per_image.",
                subject="mm_tokens_per_image",
            )
        return found

    @property
    def patches_side(self) -> int:
        """Patches along the picture's side."""
        return self.side // self.patch

    @property
    def patches(self) -> int:
        """Of a picture."""
        return self.patches_side**2

    @property
    def tokens(self) -> int:
        """Of a picture."""
        return self.tokens_side**2

    @property
    def length(self) -> int:
        """Tokens of a picture and its end."""
        return self.tokens + 1

    def encoder_weights(self, prefix: str) -> tuple[Weight, ...]:
        """Of the layers and what comes before them; `prefix` is what stands in front of their names."""
        width, found = self.width, list[Weight]()

        def add(part: Part, layer: int | None, shape: tuple[int, ...], name: str) -> None:
            found.append(Weight(part, layer, shape, Tensor(f"{prefix}{name}.weight")))
            found.append(Weight(BIASES[part], layer, shape[:1], Tensor(f"{prefix}{name}.bias")))

        filters = (width, CHANNELS, self.patch, self.patch)
        found.append(Weight("patch", None, filters, Tensor(prefix + PATCH)))
        found.append(Weight("patch_bias", None, (width,), Tensor(prefix + PATCH.replace("weight", "bias"))))
        positions = (self.patches, width)
        found.append(Weight("position", None, positions, Tensor(f"{prefix}embeddings.position_embedding.weight")))
        shapes: dict[Part, tuple[int, int]] = {"up": (self.inner, width), "down": (width, self.inner)}
        for i in range(self.layers):
            for part, name in NORMS.items():
                add(part, i, (width,), f"encoder.layers.{i}.{name}")
            for part, name in MATRICES.items():
                add(part, i, shapes.get(part, (width, width)), f"encoder.layers.{i}.{name}")
        add("final_norm", None, (width,), "post_layernorm")
        return tuple(found)

    def adapter_weights(self, prefix: str, embedding: str) -> tuple[Weight, ...]:
        """Of the projector, as `encoder_weights`, and a row of the tensor `embedding`."""
        return (
            Weight("picture_end", None, (1, self.text_width), RowsOf(Tensor(embedding), self.end, 1)),
            Weight("picture_norm", None, (self.width,), Tensor(f"{prefix}mm_soft_emb_norm.weight")),
            Weight("picture_projection", None, (self.width, self.text_width), Tensor(prefix + PROJECTION)),
        )

    def encoder(self, parameters: GraphParameters) -> Function:
        """`picture` (1, side, side, 3), red, green and blue from 0 to 1 → `patches` (1, 1, n, width)."""
        f = Function("image_encoder")
        picture = f.input("picture", TensorType.FLOAT32, (1, self.side, self.side, CHANNELS))
        blocks = Blocks(f, parameters, self.heads, self.epsilon)
        filters, bias, positions = (f.parameter(parameters.of(part)) for part in ("patch", "patch_bias", "position"))
        strips = []
        for first, count in _strips(self.patches_side, self.width, 1):
            strip = f.convolve(f.slice(picture, 1, first * self.patch, count * self.patch), filters, bias)
            strips.append(f.reshape(strip, (1, 1, count * self.patches_side, self.width)))
        x = f.add(f.concatenate(strips, 2), positions)
        for i in range(self.layers):
            x = f.add(x, blocks.attention(blocks.norm(x, "pre_attention_norm", i), i))
            inner = f.gelu(blocks.product(blocks.norm(x, "pre_feed_forward_norm", i), "up", i))
            x = f.add(x, blocks.product(inner, "down", i))
        f.output("patches", blocks.norm(x, "final_norm", None))
        return f

    def adapter(self, parameters: GraphParameters) -> Function:
        """`patches` (1, 1, n, width) → `tokens` (1, tokens + 1, the text's width). The last one is <end_of_image>: MediaPipe puts
        <start_of_image> before what comes out here, and nothing behind it."""
        f = Function("image_adapter")
        patches = f.input("patches", TensorType.FLOAT32, (1, 1, self.patches, self.width))
        side, pooled, strips = self.patches_side, self.patches_side // self.tokens_side, []
        for first, count in _strips(side, self.width, pooled):
            strip = f.reshape(f.slice(patches, 2, first * side, count * side), (1, count, side, self.width))
            strips.append(f.reshape(f.pool(strip, pooled), (1, 1, count // pooled * self.tokens_side, self.width)))
        x = f.concatenate(strips, 2)
        blocks = Blocks(f, parameters, self.heads, self.epsilon)
        normed = f.multiply(blocks.normed(x), f.parameter(parameters.of("picture_norm")))
        projection = blocks.weight(f.parameter(parameters.of("picture_projection")))
        tokens = f.reshape(blocks.times(normed, projection, None), (1, self.tokens, self.text_width))
        f.output("tokens", f.concatenate([tokens, f.parameter(parameters.of("picture_end"))], 1))
        return f


class Blocks(BiasedBlocks):
    """As MediaPipe's GPU computes them rightly, which it does in float16, whatever the text is computed in.

    A matrix of integers is made floats, and multiplied as filters of one pixel. As a FULLY_CONNECTED MediaPipe 0.10.29 takes its bytes, dequantized
    or not, to be in the blocks of a web file's matrices, and computes something else without an error.
    """

    def __init__(self, function: Function, parameters: GraphParameters, heads: int, epsilon: float) -> None:
        super().__init__(function, parameters, "float32", heads, epsilon)

    def times(self, x: Value, matrix: Value, bias: Value | None) -> Value:
        """As BiasedBlocks, of filters (outputs, 1, 1, inputs); x (1, …, …, inputs)."""
        f = self.function
        return f.convolve(x, matrix, bias or f.constant(np.zeros(matrix.shape[:1], np.float32)))

    def parted(self, x: Value) -> Value:
        """As BiasedBlocks, without a shape that no texture holds: (1, n, heads, dimension)."""
        f, head = self.function, x.shape[-1] // self.heads
        return f.concatenate([f.slice(x, -1, n * head, head) for n in range(self.heads)], 1)

    def united(self, x: Value) -> Value:
        """As BiasedBlocks, likewise."""
        f = self.function
        return f.concatenate([f.slice(x, 1, n, 1) for n in range(self.heads)], -1)

    def norm(self, x: Value, part: Part, i: int | None) -> Value:
        """As BiasedBlocks."""
        f = self.function
        scaled = f.multiply(self.normed(f.subtract(x, f.mean(x))), f.parameter(self.parameters.of(part, i)))
        return f.add(scaled, f.parameter(self.parameters.of(BIASES[part], i)))

    def normed(self, x: Value) -> Value:
        """x / √(mean square + epsilon), over the last axis, squared where float16 holds it."""
        f = self.function
        small = f.multiply(x, f.number(SQUARED_AT))
        mean_square = f.mean(f.multiply(small, small))
        return f.multiply(small, f.reciprocal_root(f.add(mean_square, f.number(self.epsilon * SQUARED_AT**2))))


def _strips(rows: int, width: int, multiple: int) -> Iterator[tuple[int, int]]:
    """(first, count) of the rows of a square of vectors of this width, as many at once as a texture holds, and of a multiple."""
    at_once = max(multiple, MAX_ROWS // -(-width // LANES) // multiple * multiple)
    for first in range(0, rows, at_once):
        yield first, min(at_once, rows - first)
