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

from builder.convert.write_tensors import Weights
from builder.formats.llm_parameters import AttentionScale
from builder.model.families.dense import LOCAL_ROPE_WAVELENGTH, Rope
from builder.model.families.plan import MatrixPlan, ModelPlan, VectorPlan
from builder.reference.dense import RMS_EPSILON
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
    def of(cls, plan: ModelPlan) -> Layout:
        """Values and scales of every matrix, cosines and sines of both ropes."""
        places: dict[str, Place] = {}
        end = 0

        def add(name: str, shape: tuple[int, ...], kind: int) -> None:
            nonlocal end
            place = places[name] = Place(-(-end // ALIGNMENT) * ALIGNMENT, shape, kind)
            end = place.offset + place.size

        for tensor in plan.tensors:
            if isinstance(tensor, MatrixPlan):
                blocks = tensor.k // BLOCK
                add(f"{tensor.source}_q4", (tensor.n, blocks, BLOCK // 2), TensorProto.UINT8)
                add(f"{tensor.source}_scales", (tensor.n, blocks), TensorProto.FLOAT)
        positions = min(plan.context_length, MAX_POSITIONS)
        for name in (f"{part}_{rope}" for rope in ROPES for part in ("cos", "sin")):
            add(name, (positions, plan.transformer.head_dimension // 2), TensorProto.FLOAT)
        return cls(places, end)


def rope_tables(plan: ModelPlan, positions: int) -> dict[str, NDArray[np.float32]]:
    """Cosines and sines (positions, head dimension / 2) of both ropes, under their names."""
    t = plan.transformer
    ropes = (Rope(t.global_rope_wavelength, t.global_rope_scaling or 1.0), Rope(LOCAL_ROPE_WAVELENGTH))
    tables: dict[str, NDArray[np.float32]] = {}
    for name, rope in zip(ROPES, ropes, strict=True):
        exponents = np.arange(0, t.head_dimension, 2, dtype=np.float32) / np.float32(t.head_dimension)
        frequencies = np.float32(rope.wavelength) ** -exponents / np.float32(rope.factor)
        angles = np.arange(positions, dtype=np.float32)[:, None] * frequencies
        tables |= {f"cos_{name}": np.cos(angles), f"sin_{name}": np.sin(angles)}
    return tables


def gemma3_graph(plan: ModelPlan, weights: Weights, layout: Layout, data_file: str) -> onnx.ModelProto:
    """The model, its weights in `data_file` as laid out."""
    graph = _Graph(plan, layout, data_file)
    for tensor in plan.tensors:
        if isinstance(tensor, VectorPlan):
            graph.constant(tensor.source, one_plus(tensor, weights))
    graph.build()
    t = plan.transformer
    cache = ["batch_size", t.num_kv_heads, "past_sequence_length", t.head_dimension]
    grown = ["batch_size", t.num_kv_heads, "total_sequence_length", t.head_dimension]
    names = [f"{i}.{part}" for i in range(t.num_stacks) for part in ("key", "value")]
    inputs = [
        helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch_size", "sequence_length"]),
        helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["batch_size", "total_sequence_length"]),
        helper.make_tensor_value_info("num_logits_to_keep", TensorProto.INT64, []),
        *(helper.make_tensor_value_info(f"past_key_values.{name}", TensorProto.FLOAT, cache) for name in names),
    ]
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch_size", "num_logits", plan.vocab_size]),
        *(helper.make_tensor_value_info(f"present.{name}", TensorProto.FLOAT, grown) for name in names),
    ]
    made = helper.make_graph(graph.nodes, "gemma3", inputs, outputs, graph.initializers)
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    model: onnx.ModelProto = helper.make_model(made, opset_imports=opsets, ir_version=10, producer_name="onpage")
    return model


class _Graph:
    """The nodes, in the order of the computation. Methods take and return the names of values."""

    def __init__(self, plan: ModelPlan, layout: Layout, data_file: str) -> None:
        self.plan, self.layout, self.data_file = plan, layout, data_file
        self.matrices = {t.source: t for t in plan.tensors if isinstance(t, MatrixPlan)}
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        for name in layout.places:
            self._external(name, name)

    def build(self) -> None:
        t, plan = self.plan.transformer, self.plan
        for name, values in (("zero", [0]), ("one", [1]), ("end", [2**62])):
            self.constant(name, np.array(values, np.int64))
        self.constant("heads", np.array([0, 0, -1, t.head_dimension], np.int64))
        self.constant("no_heads", np.array([0, 0, -1], np.int64))
        self.constant("embedding_scale", np.array(math.sqrt(t.embedding_dim), np.float32))
        # how long the cache will be: of each text, and of the longest
        self.node("ReduceSum", ["attention_mask", "one"], "lengths", keepdims=0)
        self.node("Sub", ["lengths", "one"], "past_lengths")
        self.node("Cast", ["past_lengths"], "seqlens_k", to=TensorProto.INT32)
        self.node("Shape", ["attention_mask"], "total_shape", start=1, end=2)
        self.node("Squeeze", ["total_shape"], "total_int64")
        self.node("Cast", ["total_int64"], "total_sequence_length", to=TensorProto.INT32)

        embedding = plan.embedding
        self._external(
            "embedding_q4", f"{embedding.source}_q4", shape=(embedding.n, embedding.k // 2)
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
        x = self.node("Mul", ["embedded", "embedding_scale"], "residual_0")
        normed = self.norm(x, "model.layers.0.input_layernorm.weight", "layer_0_in")
        for i in range(t.num_stacks):
            layer = f"model.layers.{i}."
            attended = self.norm(self.attention(normed, i), layer + "post_attention_layernorm.weight", f"attended_{i}")
            normed, x = self.add_norm(attended, x, layer + "pre_feedforward_layernorm.weight", f"layer_{i}_middle")
            fed = self.norm(self.feed_forward(normed, i), layer + "post_feedforward_layernorm.weight", f"fed_{i}")
            if i + 1 < t.num_stacks:
                following = f"model.layers.{i + 1}.input_layernorm.weight"
                normed, x = self.add_norm(fed, x, following, f"layer_{i + 1}_in")
        # the last tokens only, all where none are asked for
        x = self.node("Add", [fed, x], "residual_last")
        self.node("Neg", ["num_logits_to_keep"], "minus_kept")
        self.node("Unsqueeze", ["minus_kept", "zero"], "first_kept")
        self.node("Slice", [x, "first_kept", "end", "one"], "kept")
        self.matmul(self.norm("kept", "model.norm.weight", "final"), embedding.source, "logits")

    def attention(self, x: str, i: int) -> str:
        t = self.plan.transformer
        attention = t.self_attention_parameters
        layer, prefix = f"model.layers.{i}.self_attn.", f"layer_{i}_"
        values = {name: self.matmul(x, f"{layer}{name}_proj.weight", prefix + name) for name in "qkv"}
        for name in "qk":
            split = self.node("Reshape", [values[name], "heads"], f"{prefix}{name}_heads")
            normed = self.norm(split, f"{layer}{name}_norm.weight", f"{prefix}{name}_normed")
            values[name] = self.node("Reshape", [normed, "no_heads"], f"{prefix}{name}_ready")
        is_global = (i + 1) % (t.num_local_layers_per_global + 1) == 0
        rope = ROPES[0] if is_global else ROPES[1]
        scale = 1 / math.sqrt(t.head_dimension)
        if attention.attention_scale_type == AttentionScale.RESCALE_FACTOR_INV_HEAD_DIM:
            scale = t.query_rescale_factor / t.head_dimension
        past = [f"past_key_values.{i}.key", f"past_key_values.{i}.value"]
        self.nodes.append(
            helper.make_node(
                "GroupQueryAttention",
                [*values.values(), *past, "seqlens_k", "total_sequence_length", f"cos_{rope}", f"sin_{rope}"],
                [prefix + "mixed", f"present.{i}.key", f"present.{i}.value"],
                domain=MICROSOFT,
                num_heads=t.num_heads,
                kv_num_heads=t.num_kv_heads,
                scale=scale,
                do_rotary=1,
                local_window_size=-1 if is_global else attention.sliding_window_size,
            )
        )
        return self.matmul(prefix + "mixed", layer + "o_proj.weight", prefix + "attention")

    def feed_forward(self, x: str, i: int) -> str:
        layer, prefix = f"model.layers.{i}.mlp.", f"layer_{i}_"
        gate = self.matmul(x, layer + "gate_proj.weight", prefix + "gate")
        up = self.matmul(x, layer + "up_proj.weight", prefix + "up")
        opened = self.node("Gelu", [gate], prefix + "opened", approximate="tanh")
        product = self.node("Mul", [opened, up], prefix + "product")
        return self.matmul(product, layer + "down_proj.weight", prefix + "feed_forward")

    def matmul(self, x: str, source: str, output: str) -> str:
        matrix = self.matrices[source]
        shape = {"K": matrix.k, "N": matrix.n, "bits": 4, "block_size": BLOCK}
        return self.node("MatMulNBits", [x, f"{source}_q4", f"{source}_scales"], output, domain=MICROSOFT, **shape)

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
