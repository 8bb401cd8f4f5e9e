"""Which tensors an adapter file has: known from the model's dimensions and the rank. Without numpy: the server asks too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from builder.formats.llm_parameters import TransformerParameters
from builder.formats.tflite_schema import TensorType
from builder.formats.web_entries import TensorSpec

MODULES = {"q": "q_proj", "k": "k_proj", "v": "v_proj", "post": "o_proj"}
"""The engine's name of each matrix of an attention → Hugging Face's, in the order of the file."""


@dataclass(frozen=True)
class Half:
    """A or B of one matrix, (k, n) as the engine has it: float16."""

    layer: int
    module: str
    """A key of MODULES."""
    half: Literal["a", "b"]
    k: int
    n: int

    @property
    def spec(self) -> TensorSpec:
        # After the attention the names are the other way round: right is applied first.
        side = "left" if (self.half == "a") == (self.module != "post") else "right"
        # The engine's own converter calls the half-precision bytes FLOAT32 too; the number of bytes decides.
        return TensorSpec(
            f"{matrix_name(self.layer, self.module)}.w_prime_{side}", TensorType.FLOAT32, 2 * self.k * self.n
        )


def matrix_name(layer: int, module: str) -> str:
    """The engine's name of an attention's matrix."""
    return f"params.lm.transformer.x_layers_{layer}.self_attention.{module}"


def matrix_shape(model: TransformerParameters, module: str) -> tuple[int, int]:
    """(outputs, inputs) of that matrix in any layer."""
    hidden, head = int(model.embedding_dim), int(model.head_dimension)
    query, key = int(model.num_heads) * head, int(model.num_kv_heads) * head
    return {"q": (query, hidden), "k": (key, hidden), "v": (key, hidden), "post": (hidden, query)}[module]


def halves(model: TransformerParameters, rank: int) -> Iterator[Half]:
    """Both halves of every matrix, in the order of the file."""
    for layer in range(int(model.num_stacks)):
        for module in MODULES:
            outputs, inputs = matrix_shape(model, module)
            yield Half(layer, module, "a", inputs, rank)
            yield Half(layer, module, "b", rank, outputs)
