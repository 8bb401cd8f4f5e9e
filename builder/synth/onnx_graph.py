"""Gemma 3 as an ONNX graph: ONNX Runtime's own operators, the inputs and outputs that transformers.js looks for.

Matrices are MatMulNBits of 4 bits in blocks of 32 (a byte is two values, +8, the even input in the low half; a float32 scale
for each block), attention is GroupQueryAttention with its rotary embedding and window inside, norms are RMS norms with the
residual sum before them fused, and the embedding is looked up in the matrix that also makes the logits. The graph holds the norms;
matrices and ropes lie in a file beside it, at the places that are laid out here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from builder.model.description import LOCAL_ROPE, RMS_EPSILON, ModelDescription
from builder.model.weights import Part, Weights
from builder.synth.blocks import BLOCK, one_plus

ALIGNMENT = 64
MAX_POSITIONS = 4096
"""Rows of the ropes' tables; a published model has all of its context, 33 MB for 32,768 positions."""

OPSETS = {"": 21, "com.microsoft": 1}
MICROSOFT = "com.microsoft"
ROPES = ("global", "local")


@dataclass(frozen=True)
class Place:
    """Where a tensor lies in the file of weights."""

    offset: int
    shape: tuple[int, ...]
    type: int

    @property
    def size(self) -> int:
        """Number of bytes."""
        return math.prod(self.shape) * int(helper.tensor_dtype_to_np_dtype(self.type).itemsize)


@dataclass(frozen=True)
class Layout:
    """Every place, by the name of the tensor."""

    places: dict[str, Place]
    size: int

    @classmethod
    def of(cls, model: ModelDescription, weights: Weights) -> Layout:
        """Values and scales of every matrix, cosines and sines of both ropes."""
        places: dict[str, Place] = {}
        end = 0

        def add(name: str, shape: tuple[int, ...], kind: int) -> None:
            nonlocal end
            place = places[name] = Place(-(-end // ALIGNMENT) * ALIGNMENT, shape, kind)
            end = place.offset + place.size

        for weight in weights.tensors:
            if weight.is_matrix:
                blocks = weight.inputs // BLOCK
                add(f"{weight.source}_q4", (weight.outputs, blocks, BLOCK // 2), TensorProto.UINT8)
                add(f"{weight.source}_scales", (weight.outputs, blocks), TensorProto.FLOAT)
        positions = min(model.context, MAX_POSITIONS)
        for name in (f"{part}_{rope}" for rope in ROPES for part in ("cos", "sin")):
            add(name, (positions, model.layers[0].attention.head_dimension // 2), TensorProto.FLOAT)
        return cls(places, end)


def rope_tables(model: ModelDescription, positions: int) -> dict[str, NDArray[np.float32]]:
    """Cosines and sines (positions, head dimension / 2) of both ropes, under their names."""
    head = model.layers[0].attention.head_dimension
    tables: dict[str, NDArray[np.float32]] = {}
    for name, rope in zip(ROPES, (model.global_rope, LOCAL_ROPE), strict=True):
        exponents = np.arange(0, head, 2, dtype=np.float32) / np.float32(head)
        frequencies = np.float32(rope.wavelength) ** -exponents / np.float32(rope.factor)
        angles = np.arange(positions, dtype=np.float32)[:, None] * frequencies
        tables |= {f"cos_{name}": np.cos(angles), f"sin_{name}": np.sin(angles)}
    return tables


def gemma3_graph(description: ModelDescription, weights: Weights, layout: Layout, data_file: str) -> onnx.ModelProto:
    """The model, its weights in `data_file` as laid out."""
    graph = _Graph(description, weights, layout, data_file)
    for weight in weights.tensors:
        if not weight.is_matrix:
            graph.constant(str(weight.source), one_plus(weight, weights))
    graph.build()
    attention, vocabulary = description.layers[0].attention, description.embedding.vocabulary
    cache = ["batch_size", attention.key_value_heads, "past_sequence_length", attention.head_dimension]
    grown = ["batch_size", attention.key_value_heads, "total_sequence_length", attention.head_dimension]
    names = [f"{i}.{part}" for i in range(len(description.layers)) for part in ("key", "value")]
    inputs = [
        helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch_size", "sequence_length"]),
        helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["batch_size", "total_sequence_length"]),
        helper.make_tensor_value_info("num_logits_to_keep", TensorProto.INT64, []),
        *(helper.make_tensor_value_info(f"past_key_values.{name}", TensorProto.FLOAT, cache) for name in names),
    ]
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch_size", "num_logits", vocabulary]),
        *(helper.make_tensor_value_info(f"present.{name}", TensorProto.FLOAT, grown) for name in names),
    ]
    made = helper.make_graph(graph.nodes, "gemma3", inputs, outputs, graph.initializers)
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    model: onnx.ModelProto = helper.make_model(made, opset_imports=opsets, ir_version=10, producer_name="onpage")
    return model


class _Graph:
    """The nodes, in the order of the computation. Methods take and return the names of values."""

    def __init__(self, model: ModelDescription, weights: Weights, layout: Layout, data_file: str) -> None:
        self.model, self.layout, self.data_file = model, layout, data_file
        self.weights = {(weight.part, weight.layer): weight for weight in weights.tensors}
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        for name in layout.places:
            self._external(name, name)

    def build(self) -> None:
        embedding, head = self.weights["embedding", None], self.model.layers[0].attention.head_dimension
        for name, values in (("zero", [0]), ("one", [1]), ("end", [2**62])):
            self.constant(name, np.array(values, np.int64))
        self.constant("heads", np.array([0, 0, -1, head], np.int64))
        self.constant("no_heads", np.array([0, 0, -1], np.int64))
        self.constant("embedding_scale", np.array(self.model.embedding.scale, np.float32))
        # how long the cache will be: of each text, and of the longest
        self.node("ReduceSum", ["attention_mask", "one"], "lengths", keepdims=0)
        self.node("Sub", ["lengths", "one"], "past_lengths")
        self.node("Cast", ["past_lengths"], "seqlens_k", to=TensorProto.INT32)
        self.node("Shape", ["attention_mask"], "total_shape", start=1, end=2)
        self.node("Squeeze", ["total_shape"], "total_int64")
        self.node("Cast", ["total_int64"], "total_sequence_length", to=TensorProto.INT32)

        self._external(
            "embedding_q4", f"{embedding.source}_q4", shape=(embedding.outputs, embedding.inputs // 2)
        )  # the same bytes, as the lookup wants them
        self.node(
            "GatherBlockQuantized",
            ["embedding_q4", "input_ids", f"{embedding.source}_scales"],
            "embedded",
            domain=MICROSOFT,
            gather_axis=0,
            quantize_axis=1,
            block_size=BLOCK,
            bits=4,
        )
        x, count = self.node("Mul", ["embedded", "embedding_scale"], "residual_0"), len(self.model.layers)
        normed = self.norm(x, self.name("pre_attention_norm", 0), "layer_0_in")
        for i in range(count):
            attended = self.norm(self.attention(normed, i), self.name("post_attention_norm", i), f"attended_{i}")
            normed, x = self.add_norm(attended, x, self.name("pre_feed_forward_norm", i), f"layer_{i}_middle")
            fed = self.norm(self.feed_forward(normed, i), self.name("post_feed_forward_norm", i), f"fed_{i}")
            if i + 1 < count:
                normed, x = self.add_norm(fed, x, self.name("pre_attention_norm", i + 1), f"layer_{i + 1}_in")
        # the last tokens only, all where none are asked for
        x = self.node("Add", [fed, x], "residual_last")
        self.node("Neg", ["num_logits_to_keep"], "minus_kept")
        self.node("Unsqueeze", ["minus_kept", "zero"], "first_kept")
        self.node("Slice", [x, "first_kept", "end", "one"], "kept")
        self.matmul(self.norm("kept", self.name("final_norm"), "final"), "embedding", None, "logits")

    def attention(self, x: str, i: int) -> str:
        attention, prefix = self.model.layers[i].attention, f"layer_{i}_"
        parts: dict[str, Part] = {"q": "query", "k": "key", "v": "value"}
        norms: dict[str, Part] = {"q": "query_norm", "k": "key_norm"}
        values = {name: self.matmul(x, part, i, prefix + name) for name, part in parts.items()}
        for name, norm in norms.items():
            split = self.node("Reshape", [values[name], "heads"], f"{prefix}{name}_heads")
            normed = self.norm(split, self.name(norm, i), f"{prefix}{name}_normed")
            values[name] = self.node("Reshape", [normed, "no_heads"], f"{prefix}{name}_ready")
        rope = ROPES[0] if attention.is_global else ROPES[1]
        past = [f"past_key_values.{i}.key", f"past_key_values.{i}.value"]
        self.nodes.append(
            helper.make_node(
                "GroupQueryAttention",
                [*values.values(), *past, "seqlens_k", "total_sequence_length", f"cos_{rope}", f"sin_{rope}"],
                [prefix + "mixed", f"present.{i}.key", f"present.{i}.value"],
                domain=MICROSOFT,
                num_heads=attention.heads,
                kv_num_heads=attention.key_value_heads,
                scale=attention.query_scale,
                do_rotary=1,
                local_window_size=attention.window or -1,
            )
        )
        return self.matmul(prefix + "mixed", "output", i, prefix + "attention")

    def feed_forward(self, x: str, i: int) -> str:
        prefix = f"layer_{i}_"
        gate, up = self.matmul(x, "gate", i, prefix + "gate"), self.matmul(x, "up", i, prefix + "up")
        opened = self.node("Gelu", [gate], prefix + "opened", approximate="tanh")
        product = self.node("Mul", [opened, up], prefix + "product")
        return self.matmul(product, "down", i, prefix + "feed_forward")

    def name(self, part: Part, layer: int | None = None) -> str:
        """Of a weight, as transformers has it."""
        return str(self.weights[part, layer].source)

    def matmul(self, x: str, part: Part, layer: int | None, output: str) -> str:
        matrix, name = self.weights[part, layer], self.name(part, layer)
        shape = {"K": matrix.inputs, "N": matrix.outputs, "bits": 4, "block_size": BLOCK}
        return self.node("MatMulNBits", [x, f"{name}_q4", f"{name}_scales"], output, domain=MICROSOFT, **shape)

    def norm(self, x: str, weight: str, output: str) -> str:
        return self.node("SimplifiedLayerNormalization", [x, weight], output, axis=-1, epsilon=RMS_EPSILON)

    def add_norm(self, x: str, residual: str, weight: str, output: str) -> tuple[str, str]:
        """The norm of the sum, and the sum."""
        outputs = [output, "", "", f"{output}_sum"]
        node = "SkipSimplifiedLayerNormalization"
        inputs = [x, residual, weight]
        self.nodes.append(helper.make_node(node, inputs, outputs, domain=MICROSOFT, epsilon=RMS_EPSILON))
        return output, f"{output}_sum"

    def node(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, values: NDArray[np.float32] | NDArray[np.int64]) -> None:
        self.initializers.append(numpy_helper.from_array(values, name))

    def _external(self, name: str, place_name: str, shape: tuple[int, ...] | None = None) -> None:
        place = self.layout.places[place_name]
        tensor = TensorProto(name=name, data_type=place.type, dims=shape or place.shape)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", self.data_file), ("offset", place.offset), ("length", place.size)):
            tensor.external_data.add(key=key, value=str(value))
        self.initializers.append(tensor)
