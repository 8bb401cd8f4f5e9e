"""What onpage reads and writes of the TFLite schema: the types of tensors, and fields by their number in their tables.

Reading needs no more (see `builder.formats.flatbuffer`), so that serving comes without the schema's bindings.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

MODEL_VERSION, MODEL_SUBGRAPHS, MODEL_BUFFERS, MODEL_METADATA, MODEL_SIGNATURES = 0, 2, 4, 6, 7
GRAPH_TENSORS, GRAPH_OPERATORS = 0, 3
TENSOR_SHAPE, TENSOR_TYPE, TENSOR_BUFFER, TENSOR_NAME, TENSOR_QUANTIZATION = 0, 1, 2, 3, 4
QUANTIZATION_SCALE, QUANTIZATION_DETAILS_TYPE, QUANTIZATION_DETAILS = 2, 4, 5
BLOCKWISE = 2
"""Of the types of details."""
BLOCKWISE_SCALES, BLOCKWISE_SIZE = 0, 2
"""The number of the tensor that holds the scales of another's blocks, and the size of a block."""
BUFFER_DATA, BUFFER_OFFSET, BUFFER_SIZE = 0, 1, 2
METADATA_NAME, METADATA_BUFFER = 0, 1
SIGNATURE_INPUTS, SIGNATURE_OUTPUTS, SIGNATURE_KEY, SIGNATURE_SUBGRAPH = 0, 1, 2, 4
END_NAME, END_TENSOR = 0, 1
"""Of a signature's inputs and outputs."""

Activations = Literal["int8", "float32"]
"""Of matrix products on a CPU. int8: quantized as they come, fast, and other words at near ties. float32: exact.
MediaPipe's GPU always takes float32, and no graph that asks for it."""


class TensorType(IntEnum):
    """Of a tensor's values."""

    FLOAT32 = 0
    FLOAT16 = 1
    INT32 = 2
    UINT8 = 3
    INT64 = 4
    STRING = 5
    BOOL = 6
    INT16 = 7
    COMPLEX64 = 8
    INT8 = 9
    FLOAT64 = 10
    COMPLEX128 = 11
    UINT64 = 12
    RESOURCE = 13
    VARIANT = 14
    UINT32 = 15
    UINT16 = 16
    INT4 = 17
    BFLOAT16 = 18

    @staticmethod
    def name_of(value: int) -> str:
        """As people say it: int8; "type 99" of what the schema does not have."""
        return TensorType(value).name.lower() if value in TensorType._value2member_map_ else f"type {value}"
