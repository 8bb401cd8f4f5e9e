"""BERT: learned positions, a norm with a mean behind each sum, biases everywhere. MiniLM, BGE, E5 and GTE are such models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.sources import Tensor
from builder.encoder.encoder import Encoder, Layers, Making
from builder.encoder.sentence import EncoderFolder, Sentence
from builder.errors import UnsupportedModel
from builder.graph.function import Function, Value
from builder.model.families.config import MAX_HEADS, MAX_LAYERS, Config
from builder.model.weights import BIAS_OF, Part, Weight

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

ATTENTION, FEED_FORWARD = "attention.self.", "intermediate.dense"
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
BIASES: dict[Part, Part] = {
    "query": "query_bias",
    "key": "key_bias",
    "value": "value_bias",
    "output": "output_bias",
    "up": "up_bias",
    "down": "down_bias",
    "embedding_norm": "embedding_norm_bias",
    "post_attention_norm": "post_attention_norm_bias",
    "post_feed_forward_norm": "post_feed_forward_norm_bias",
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


class BertLayers(Layers):
    """Of one length."""

    def __init__(self, shape: Shape, positions: NDArray[np.float32], making: Making) -> None:
        self.shape, self.making, self.function = shape, making, Function(making.name)
        self.positions = positions[: making.length]

    def hidden(self, x: Value, seen: Value) -> Value:
        """As Layers."""
        f = self.function
        places = f.constant(np.ascontiguousarray(self.positions).reshape(1, *self.positions.shape))
        x = self._norm(f.add(x, places), "embedding_norm", None)
        for i in range(self.shape.layers):
            x = self._norm(f.add(x, self._attention(x, seen, i)), "post_attention_norm", i)
            inner = f.gelu(self._product(x, "up", i), approximate=False)
            x = self._norm(f.add(x, self._product(inner, "down", i)), "post_feed_forward_norm", i)
        return x

    def weight(self, matrix: Value) -> Value:
        """As Layers."""
        return matrix if self.making.activations == "int8" else self.function.dequantize(matrix)

    def _attention(self, x: Value, seen: Value, i: int) -> Value:
        f, length, heads = self.function, self.making.length, self.shape.heads
        head = self.shape.width // heads
        projected: dict[str, Value] = {}
        for parameter, held in self.making.parameters.projections(i).items():
            together = f.fully_connected(x, self.weight(f.parameter(parameter)))
            for n, part in enumerate(held):
                own = f.slice(together, 2, n * self.shape.width, self.shape.width)
                own = f.add(own, f.parameter(self.making.parameters.of(BIAS_OF[part], i)))
                projected[part] = f.transpose(f.reshape(own, (1, length, heads, head)), (0, 2, 1, 3))
        queries = f.multiply(projected["query"], f.number(head**-0.5))
        scores = f.add(f.batch_matmul(queries, projected["key"]), seen)
        mixed = f.batch_matmul(f.softmax(scores), f.transpose(projected["value"], (0, 1, 3, 2)))
        mixed = f.reshape(f.transpose(mixed, (0, 2, 1, 3)), (1, length, self.shape.width))
        return self._product(mixed, "output", i)

    def _product(self, x: Value, part: Part, i: int) -> Value:
        f, parameters = self.function, self.making.parameters
        matrix = self.weight(f.parameter(parameters.of(part, i)))
        return f.fully_connected(x, matrix, f.parameter(parameters.of(BIASES[part], i)))

    def _norm(self, x: Value, part: Part, i: int | None) -> Value:
        """(x − mean) / √(variance + epsilon) · factors + bias, over the last axis."""
        f, parameters = self.function, self.making.parameters
        centred = f.subtract(x, f.mean(x))
        variance = f.mean(f.multiply(centred, centred))
        normed = f.multiply(centred, f.reciprocal_root(f.add(variance, f.number(self.shape.epsilon))))
        scaled = f.multiply(normed, f.parameter(parameters.of(part, i)))
        return f.add(scaled, f.parameter(parameters.of(BIASES[part], i)))


def is_bert(config: dict[str, Any], _: Path) -> bool:
    """Whether a config.json is of one."""
    return config.get("model_type") == "bert"
