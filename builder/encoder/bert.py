"""BERT: learned positions, a norm with a mean behind each sum, biases everywhere. MiniLM, BGE, E5 and GTE are such models."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.sources import Tensor
from builder.encoder.encoder import Encoder, Layers, Making
from builder.encoder.sentence import EncoderFolder, Sentence
from builder.errors import UnsupportedModel
from builder.graph.biased import BIASES, BiasedBlocks
from builder.graph.function import Function, Value
from builder.model.families.config import MAX_HEADS, MAX_LAYERS, Config
from builder.model.weights import Part, Weight

DEFAULTS = {
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "layer_norm_eps": 1e-12,
    "type_vocab_size": 2,
    "max_position_embeddings": 512,
}

WORDS = "embeddings.word_embeddings.weight"
LEFT_OUT = ("pooler.", "embeddings.position_ids", "cls.")
"""What a checkpoint may hold that makes no vector: the head of its training, and a list of numbers."""

MATRICES: dict[Part, str] = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "output": "attention.output.dense",
    "up": "intermediate.dense",
    "down": "output.dense",
}
NORMS: dict[Part, str] = {
    "post_attention_norm": "attention.output.LayerNorm",
    "post_feed_forward_norm": "output.LayerNorm",
}


def open_bert(folder: EncoderFolder) -> Encoder:
    """UnsupportedModel or CheckpointError names what cannot be."""
    c = Config(folder.config, folder.config_path, DEFAULTS)
    for key, usual in (("hidden_act", "gelu"), ("position_embedding_type", "absolute")):
        if c.values[key] != usual:
            raise UnsupportedModel(f"{c.says(key)}: expected {usual}.", subject=key)
    shape = Shape(c)
    prefix = _prefix(folder)
    weights = shape.weights(prefix)
    known = {str(weight.source) for weight in weights} | {prefix + name for name in shape.tables}
    extra = sorted(
        name
        for name in folder.tensors.keys() - known
        if not name.removeprefix(prefix).startswith(LEFT_OUT) and "/" not in name
    )
    if extra:
        raise UnsupportedModel(
            f"{folder.path} holds {len(extra)} tensors that a BERT of this config.json does not have, such as {extra[0]}.",
            subject=extra[0],
        )
    positions = shape.positions(folder, prefix)
    return Encoder(
        "bert",
        folder,
        Sentence.of(folder.path, shape.width),
        shape.width,
        shape.longest,
        norm_offset=0.0,
        table=Weight("embedding", None, (shape.vocabulary, shape.width), Tensor(prefix + WORDS)),
        layer_weights=weights[1:],
        layers=lambda making: BertLayers(shape, positions, making),
    )


class Shape:
    """The dimensions of a config.json."""

    def __init__(self, c: Config) -> None:
        self.vocabulary, self.width = c.integer("vocab_size"), c.integer("hidden_size")
        self.layers, self.heads = (
            c.integer("num_hidden_layers", most=MAX_LAYERS),
            c.integer("num_attention_heads", most=MAX_HEADS),
        )
        self.inner, self.longest = c.integer("intermediate_size"), c.integer("max_position_embeddings", most=1 << 16)
        self.types, self.epsilon = c.integer("type_vocab_size"), c.number("layer_norm_eps")
        if self.width % self.heads:
            raise UnsupportedModel(
                f"{c.says('hidden_size')}: expected a multiple of {self.heads} heads.", subject="hidden_size"
            )
        self.tables = {
            "embeddings.position_embeddings.weight": (self.longest, self.width),
            "embeddings.token_type_embeddings.weight": (self.types, self.width),
        }

    def weights(self, prefix: str) -> tuple[Weight, ...]:
        """All but the tables of positions and types, the embedding first."""
        width, inner = self.width, self.inner
        found = [Weight("embedding", None, (self.vocabulary, width), Tensor(prefix + WORDS))]

        def add(part: Part, layer: int | None, shape: tuple[int, ...], name: str) -> None:
            found.append(Weight(part, layer, shape, Tensor(f"{name}.weight")))
            found.append(Weight(BIASES[part], layer, shape[:1], Tensor(f"{name}.bias")))

        add("embedding_norm", None, (width,), f"{prefix}embeddings.LayerNorm")
        shapes: dict[Part, tuple[int, int]] = {"up": (inner, width), "down": (width, inner)}
        for i in range(self.layers):
            for part, name in MATRICES.items():
                add(part, i, shapes.get(part, (width, width)), f"{prefix}encoder.layer.{i}.{name}")
            for part, name in NORMS.items():
                add(part, i, (width,), f"{prefix}encoder.layer.{i}.{name}")
        return tuple(found)

    def positions(self, folder: EncoderFolder, prefix: str) -> NDArray[np.float32]:
        """(longest, width): what is added at each place of a text, the first type's vector in it, since a text is of one type."""
        tables = [
            np.concatenate([rows for _, rows in folder.bands(folder.require(prefix + name, shape))])
            for name, shape in self.tables.items()
        ]
        summed: NDArray[np.float32] = tables[0] + tables[1][:1]
        return summed


def _prefix(folder: EncoderFolder) -> str:
    """What stands in front of the tensors' names."""
    return next((name.removesuffix(WORDS) for name in folder.tensors if name.endswith(WORDS)), "")


class BertLayers(BiasedBlocks, Layers):
    """Of one length."""

    def __init__(self, shape: Shape, positions: NDArray[np.float32], making: Making) -> None:
        super().__init__(Function(making.name), making.parameters, making.activations, shape.heads, shape.epsilon)
        self.layers, self.positions = shape.layers, positions[: making.length]

    def hidden(self, x: Value, seen: Value) -> Value:
        """As Layers."""
        f = self.function
        places = f.constant(np.ascontiguousarray(self.positions).reshape(1, *self.positions.shape))
        x = self.norm(f.add(x, places), "embedding_norm", None)
        for i in range(self.layers):
            x = self.norm(f.add(x, self.attention(x, i, seen)), "post_attention_norm", i)
            inner = f.gelu(self.product(x, "up", i), approximate=False)
            x = self.norm(f.add(x, self.product(inner, "down", i)), "post_feed_forward_norm", i)
        return x
