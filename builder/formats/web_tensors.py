"""The tensors of a web file: what their names say, and the matrices that they make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from builder.formats import tflite_schema as schema
from builder.formats.llm_parameters import TransformerParameters
from builder.quantize.scheme import Bits, Order, Scheme

HALVES = (".w", ".w_prime_left", ".w_prime_right")
"""How the names of matrices end."""
BITS: dict[int, Bits] = {schema.TensorType.INT8: 8, schema.TensorType.INT4: 4}
ATTENTION_OUTPUTS = (".self_attention.post", ".attn.attn_vec_einsum")
FEED_FORWARD_OUTPUTS = (".ff_layer.ffn_layer2", ".mlp.linear", ".mlp2.linear")
"""The matrices whose inputs are not the hidden state, in either of the engine's naming schemes."""
EXPERTS_INPUTS, EXPERTS_OUTPUT = (".mlp1.ff_gate", ".mlp1.ff1"), ".mlp1.linear"
"""A matrix for each expert of a layer in one tensor."""
PER_LAYER_TABLES = ".per_layer_embeddings"
PICTURES = ("image_encoder", "image_adapter")
"""Tensors that are graphs: what MediaPipe makes tokens of a picture with."""
SOUND = "params.audio."
"""How the names of the tensors begin that it makes tokens of sound with."""


@dataclass(frozen=True)
class TensorEntry:
    """A tensor of the file: name, `TensorType`, number of bytes and their position."""

    name: str
    type: int
    size: int
    offset: int


def are_halves(tensor: TensorEntry) -> bool:
    """Whether it is a matrix of float16, which files name float32: an adapter's, or one without scales."""
    return tensor.type == schema.TensorType.FLOAT32 and tensor.name.endswith(HALVES)


class SizedTensor(Protocol):
    """A tensor of a web file, planned or read."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...


def tables_size(tensors: Iterable[SizedTensor]) -> int:
    """Bytes of the layers' own tables among them."""
    return sum(tensor.size for tensor in tensors if f"{PER_LAYER_TABLES}." in tensor.name)


@dataclass(frozen=True)
class StoredMatrix:
    """A quantized matrix of the file: K inputs, N outputs."""

    k: int
    n: int
    scheme: Scheme
    order: Order = "blocks"
    stack: int = 1
    """How many matrices it is, of N / stack outputs each: builder.formats.stacks."""


def is_of_experts(name: str) -> bool:
    """Whether a matrix of that name is one for each expert."""
    return name.endswith((*EXPERTS_INPUTS, EXPERTS_OUTPUT))


def inputs_of(name: str, p: TransformerParameters) -> int:
    """K of a layer's matrix, by its name."""
    if name.endswith(ATTENTION_OUTPUTS):
        return int(p.num_heads * p.head_dimension)
    if name.endswith(PER_LAYER_TABLES):
        return int(p.per_layer_embedding_dimension) or int(p.embedding_dim)
    if name.endswith(EXPERTS_OUTPUT):
        return int(p.moe_config.hidden_dimension) or int(p.embedding_dim)
    return int(p.hidden_dimension if name.endswith(FEED_FORWARD_OUTPUTS) else p.embedding_dim)
