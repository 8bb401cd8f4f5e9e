"""Which tensors an adapter file has: known from the model's dimensions and the rank. Without numpy: the server asks too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from builder.formats.tflite_schema import TensorType
from builder.formats.web_entries import TensorSpec
from builder.formats.web_tensor_names import tensor_name
from builder.model.description import ModelDescription
from builder.model.weights import ATTENTION, LayerMatrix, layer_parts


@dataclass(frozen=True)
class Half:
    """A or B of one matrix, (k, n) as the engine has it: float16."""

    layer: int
    part: LayerMatrix
    """One of ATTENTION, in whose order they are in the file."""
    half: Literal["a", "b"]
    k: int
    n: int

    @property
    def spec(self) -> TensorSpec:
        # After the attention the names are the other way round: right is applied first.
        side = "left" if (self.half == "a") == (self.part != "output") else "right"
        # The engine's own converter calls the half-precision bytes FLOAT32 too; the number of bytes decides.
        return TensorSpec(
            f"{tensor_name(self.part, self.layer)}.w_prime_{side}", TensorType.FLOAT32, 2 * self.k * self.n
        )


def halves(model: ModelDescription, rank: int) -> Iterator[Half]:
    """Both halves of every matrix, in the order of the file."""
    for i, layer in enumerate(model.layers):
        shapes = dict(layer_parts(model, layer))
        for part in ATTENTION:
            outputs, inputs = shapes[part]
            yield Half(i, part, "a", inputs, rank)
            yield Half(i, part, "b", rank, outputs)
