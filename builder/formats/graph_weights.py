"""The weights of a LiteRT graph that onpage wrote, by name, and the model that they are of.

Nobody vouches for the file: places, types and shapes are checked before a byte is read. Raises ModelFileError.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.errors import ModelFileError
from builder.files.untrusted import INT8, INT32, DamagedError, UntrustedBytes, opened
from builder.formats import tflite_schema as schema
from builder.formats.flatbuffer import Table, root_table
from builder.formats.graph_description import GraphDescription
from builder.formats.graph_reader import MAX_RANK, MAX_SUBGRAPHS, MAX_TENSORS, Graph, blocks_of, buffer_of, place_of
from builder.formats.tflite_schema import Activations, TensorType
from builder.model.description import ModelDescription

FLOATS, HALVES = np.dtype("<f4"), np.dtype("<f2")


@dataclass(frozen=True)
class StoredTensor:
    """A constant: places are from the start of the file."""

    name: str
    type: TensorType
    shape: tuple[int, ...]
    place: int
    scales: int | None
    """Where its scales are, None without."""
    block: int | None
    """Inputs that share a scale, which is a float16 then; None: each output has its own, a float32."""

    @property
    def bytes(self) -> int:
        """Of its values, of a matrix of integers."""
        return math.prod(self.shape) * (4 if self.type is TensorType.INT4 else 8) // 8

    @property
    def scale_bytes(self) -> int:
        """Of its scales, of a matrix of integers."""
        return 4 * self.shape[0] if self.block is None else 2 * math.prod(self.shape) // self.block


class GraphWeights:
    """An opened graph of ours."""

    def __init__(
        self, path: Path, model: ModelDescription, activations: Activations, tensors: dict[str, StoredTensor]
    ) -> None:
        self.path, self.model, self.activations, self.tensors = path, model, activations, tensors
        self._bytes = np.memmap(path, np.uint8, "r")

    @classmethod
    def open(cls, graph: Graph) -> GraphWeights:
        """ModelFileError where it is not one that onpage wrote, or not a sound one."""
        described = GraphDescription.of(graph)
        if described is None:
            raise ModelFileError(
                f"{graph.path} holds a LiteRT graph that does not say what it computes, as those do that onpage writes now: "
                f"make it again with onpage convert --target graph. Graphs of other makers cannot be evaluated.",
                subject=graph.path,
            )
        with opened(graph.path, graph.offset, graph.size) as content:
            tensors = {tensor.name: tensor for tensor in _tensors(root_table(content), content, graph.offset)}
        return cls(graph.path, described.model, described.activations, tensors)

    @property
    def bytes_of_a_token(self) -> int:
        """What a new token reads: every matrix once with its scales, of the embedding only where it is the head too."""
        matrices = sorted(
            (tensor for tensor in self.tensors.values() if tensor.scales is not None),
            key=lambda tensor: (tensor.place, -math.prod(tensor.shape)),
        )
        if any(tensor.name == "head" or tensor.name.startswith("head.") for tensor in matrices):
            matrices = [tensor for tensor in matrices if tensor.name != "embedding"]
        total = end = 0
        for tensor in matrices:
            if tensor.place >= end:  # rows of one before it that are a tensor of their own count once
                end = tensor.place + tensor.bytes
                total += tensor.bytes + tensor.scale_bytes
        return total

    def vector(self, name: str, size: int) -> NDArray[np.float32]:
        """The float32 of a tensor (size,)."""
        tensor = self._tensor(name, (size,))
        if tensor.type is not TensorType.FLOAT32:
            raise self._unlike(name, (size,))
        return self._at(tensor.place, FLOATS, (size,)).astype(np.float32)

    def rows(
        self, name: str, shape: tuple[int, int], first: int, count: int, *, multiplied: bool = False
    ) -> NDArray[np.float32]:
        """`count` rows from `first` on of a matrix of this shape, dequantized.

        `multiplied`: as XNNPACK multiplies them with 8-bit activations, for which it keeps a block's scale in bfloat16.
        """
        tensor = self._tensor(name, shape)
        inputs = shape[1]
        bits = {TensorType.INT8: 8, TensorType.INT4: 4}.get(tensor.type)
        if bits is None or tensor.scales is None:
            raise self._unlike(name, shape)
        width = inputs * bits // 8
        raw = self._at(tensor.place + first * width, np.dtype(np.int8), (count, width))
        values = (raw if bits == 8 else np.stack([raw << 4 >> 4, raw >> 4], axis=2)).reshape(count, -1)
        if tensor.block is None:
            scales = self._at(tensor.scales + 4 * first, FLOATS, (count, 1))
        else:
            blocks = inputs // tensor.block
            scales = self._at(tensor.scales + 2 * first * blocks, HALVES, (count, blocks)).astype(np.float32)
            if multiplied:
                scales = to_bfloat16(scales)
        found: NDArray[np.float32] = (values.reshape(count, scales.shape[1], -1) * scales[..., None]).reshape(
            count, inputs
        )
        return found

    def _tensor(self, name: str, shape: tuple[int, ...]) -> StoredTensor:
        tensor = self.tensors.get(name)
        if tensor is None or tensor.shape != shape:
            raise self._unlike(name, shape)
        return tensor

    def _at(self, place: int, kind: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        size = math.prod(shape) * kind.itemsize
        if place + size > len(self._bytes):
            raise ModelFileError(f"{self.path} was cut while it was read.", subject=self.path)
        return self._bytes[place : place + size].view(kind).reshape(shape)

    def _unlike(self, name: str, shape: tuple[int, ...]) -> ModelFileError:
        kind = "float32" if len(shape) == 1 else "int8 or int4 with scales"
        return ModelFileError(f"{self.path} does not hold {name} as {kind} of shape {list(shape)}.", subject=name)


def to_bfloat16(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The nearest numbers with a significand of 8 bits, of two equally near the even one; `values` are finite."""
    bits = values.view(np.uint32)
    rounded = bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1)) & np.uint32(0xFFFF0000)
    return rounded.view(np.float32)


def _tensors(root: Table, content: UntrustedBytes, offset: int) -> list[StoredTensor]:
    """The constants of the first function that has each."""
    places = [place_of(buffer, content) for buffer in root.tables(schema.MODEL_BUFFERS, MAX_TENSORS, "buffers")]
    found: dict[str, StoredTensor] = {}
    left = MAX_TENSORS
    for graph in root.tables(schema.MODEL_SUBGRAPHS, MAX_SUBGRAPHS, "subgraphs"):
        tensors = list(graph.tables(schema.GRAPH_TENSORS, left, "tensors"))
        left -= len(tensors)
        for tensor in tensors:
            name = tensor.text(schema.TENSOR_NAME)
            if name not in found and (made := _stored(name, tensor, tensors, places, content, offset)):
                found[name] = made
    return list(found.values())


def _stored(
    name: str,
    tensor: Table,
    tensors: list[Table],
    places: list[tuple[int, int]],
    content: UntrustedBytes,
    offset: int,
) -> StoredTensor | None:
    place, size = places[buffer_of(tensor, len(places))]
    kind = tensor.number(schema.TENSOR_TYPE, INT8)
    bits = {TensorType.FLOAT32: 32, TensorType.FLOAT16: 16, TensorType.INT8: 8, TensorType.INT4: 4}.get(kind)  # type: ignore[call-overload]
    if not size or bits is None:
        return None
    shape = tuple(tensor.numbers(schema.TENSOR_SHAPE, INT32, MAX_RANK, "dimensions"))
    if any(count < 1 for count in shape) or math.prod(shape) * bits != size * 8:
        raise DamagedError(f"has {size:,} bytes for {name} of shape {list(shape)}")
    scales, block = _scales(name, tensor, tensors, shape, places)
    return StoredTensor(
        name, TensorType(kind), shape, offset + place, None if scales is None else offset + scales, block
    )


def _scales(
    name: str, tensor: Table, tensors: list[Table], shape: tuple[int, ...], places: list[tuple[int, int]]
) -> tuple[int | None, int | None]:
    """Where they are, and the size of a block."""
    quantization = tensor.table(schema.TENSOR_QUANTIZATION)
    if quantization is None or len(shape) != 2:
        return None, None
    blocks = blocks_of(tensor)
    if blocks:
        index, block = blocks
        if not 0 <= index < len(tensors) or block < 1 or shape[1] % block:
            raise DamagedError(f"has blocks of {block} inputs in {name}, with scales in tensor {index}")
        place, size = places[buffer_of(tensors[index], len(places))]
        if size != 2 * shape[0] * (shape[1] // block):
            raise DamagedError(f"has {size:,} bytes of scales for {name}")
        return place, block
    place, count = quantization.vector(schema.QUANTIZATION_SCALE, 4, 1 << 31, "scales")
    if not count:
        return None, None
    if count != shape[0]:
        raise DamagedError(f"has {count:,} scales for the {shape[0]:,} outputs of {name}")
    return place, None
