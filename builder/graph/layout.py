"""A LiteRT graph as it is written: the FlatBuffer with its functions, and where the model's numbers go.

A parameter is stored once, behind the FlatBuffer, and all functions name the same place; rows of it that are a tensor of their own
name a part of that place. Scales of outputs are vectors inside the
FlatBuffer, scales of blocks are float16 behind it: both are left zero here and filled in as the weights are read, so that a graph is
laid out before a weight is read and written in one pass over them.

The bindings (the package `tflite`) lack the tables of blockwise quantization, which are written here by their numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
import tflite

from builder.formats.tflite_schema import BLOCKWISE, TensorType
from builder.graph.function import Function, Operator, Options, Parameter, Tensor

MAGIC = b"TFL3"
ALIGNMENT = 64
"""Of what lies behind the FlatBuffer: a cache line, and more than engines ask for."""

INLINE_ALIGNMENT = 16
"""Of constants inside the FlatBuffer, as the schema says."""

VERSIONS = {"FULLY_CONNECTED": 5}
"""Of operators that are not at their first."""

MIN_RUNTIME = b"2.17.0".ljust(16, b"\0")


@dataclass(frozen=True)
class Places:
    """Where the numbers of a parameter go, in bytes from the start of the graph."""

    values: int
    scales: tuple[ScalesPlace, ...]
    """A vector for the matrix, and one for each of its parts; together they may hold a row several times, or not at all."""


@dataclass(frozen=True)
class ScalesPlace:
    """The scales of some rows."""

    first: int
    count: int
    position: int


@dataclass(frozen=True)
class GraphLayout:
    """Every position of a graph, known before a weight is read."""

    header: bytes
    places: dict[Parameter, Places]
    size: int

    @classmethod
    def of(
        cls, signatures: Sequence[Function], others: Sequence[Function], metadata: Mapping[str, bytes]
    ) -> GraphLayout:
        """Functions with a signature, those that operators refer to, and what else the file says."""
        found = (tensor.content for function in (*signatures, *others) for tensor in function.tensors)
        named = (content for content in found if isinstance(content, Parameter))
        # a matrix that only its parts are tensors of has a place all the same
        parameters = list(dict.fromkeys(one for part in named for one in (part.of, part) if one))
        # matrices next to each other: an engine that has packed some uses their room for what it packs next
        parameters.sort(key=lambda parameter: parameter.scheme is not None)
        # positions are fields that are always stored, so the FlatBuffer's length does not depend on them
        header, _ = _Header(signatures, others, metadata, dict.fromkeys(_outside(parameters), (1, 1))).finish()
        position = len(header)
        outside: dict[Item, tuple[int, int]] = {}
        for (parameter, kind), size in _outside(parameters).items():
            if parameter.of:
                start = outside[parameter.of, kind][0] + parameter.first * (size // parameter.shape[0])
            else:
                start = position = -(-position // ALIGNMENT) * ALIGNMENT
                position += size
            outside[parameter, kind] = (start, size)
        header, inside = _Header(signatures, others, metadata, outside).finish()
        places = {
            parameter: Places(outside[parameter, "values"][0], tuple(_scales(parameter, outside, inside)))
            for parameter in parameters
            if parameter.of is None
        }
        return cls(header, places, position)


Item = tuple[Parameter, str]


def _scales(
    parameter: Parameter, outside: Mapping[Item, tuple[int, int]], inside: Mapping[Parameter, int]
) -> Iterator[ScalesPlace]:
    """Where a matrix' scales go: once if they lie behind the FlatBuffer, where its parts have theirs too."""
    if (parameter, "scales") in outside:
        yield ScalesPlace(0, parameter.shape[0], outside[parameter, "scales"][0])
        return
    for vector, position in inside.items():
        if parameter in (vector, vector.of):
            yield ScalesPlace(vector.first, vector.shape[0], position)


def _outside(parameters: Iterable[Parameter]) -> dict[Item, int]:
    """What lies behind the FlatBuffer, in order, and its sizes; parts lie in the matrix that comes before them.

    The scales of blocks come first: between matrices they would keep the room of these apart, of which none holds itself packed, with its
    scales.
    """
    parameters = list(parameters)
    blocks = [parameter for parameter in parameters if len(parameter.scales) == 2]
    scales: dict[Item, int] = {(each, "scales"): 2 * each.scales[0] * each.scales[1] for each in blocks}
    return scales | {(parameter, "values"): parameter.size for parameter in parameters}


class _Header:
    """The FlatBuffer, written from its end: whatever is referred to comes first."""

    def __init__(
        self,
        signatures: Sequence[Function],
        others: Sequence[Function],
        metadata: Mapping[str, bytes],
        outside: Mapping[Item, tuple[int, int]],
    ) -> None:
        self.b = flatbuffers.Builder(1 << 20)
        self.signatures, self.functions = signatures, [*signatures, *others]
        self.said = {"min_runtime_version": MIN_RUNTIME, **metadata}
        self.codes: dict[str, int] = {}
        self.constants: dict[bytes, int] = {}
        self.zeros: dict[int, int] = {}
        self.quantizations: dict[Parameter, int] = {}
        self.inside: dict[Parameter, int] = {}
        # buffer 0 is empty by TFLite's convention; then what lies outside; then constants
        self.outside = {item: 1 + i for i, item in enumerate(outside)}
        self.buffers = [self._buffer(0, 0), *(self._buffer(*place) for place in outside.values())]

    def finish(self) -> tuple[bytes, dict[Parameter, int]]:
        """The bytes, and where in them the scales of outputs go."""
        b = self.b
        subgraphs = self._tables(self._subgraph(function) for function in self.functions)
        definitions = self._tables(self._signature(i, function) for i, function in enumerate(self.signatures))
        codes = self._tables(self._code(code) for code in self.codes)
        metadata = self._tables(self._metadata(name, self._constant(content)) for name, content in self.said.items())
        buffers = self._tables(self.buffers)
        description = b.CreateString("onpage")
        tflite.ModelStart(b)
        tflite.ModelAddVersion(b, 3)
        tflite.ModelAddOperatorCodes(b, codes)
        tflite.ModelAddSubgraphs(b, subgraphs)
        tflite.ModelAddDescription(b, description)
        tflite.ModelAddBuffers(b, buffers)
        tflite.ModelAddMetadata(b, metadata)
        tflite.ModelAddSignatureDefs(b, definitions)
        b.Finish(tflite.ModelEnd(b), MAGIC)
        header = bytes(b.Output())
        # a vector's place counts from the end to its length, four bytes before its first element
        return header, {parameter: len(header) - offset + 4 for parameter, offset in self.inside.items()}

    def _subgraph(self, function: Function) -> int:
        b = self.b
        listed = list(function.tensors)
        scales: dict[Parameter, int] = {}
        for tensor in function.tensors:
            parameter = tensor.content
            if isinstance(parameter, Parameter) and len(parameter.scales) == 2:
                scales[parameter] = len(listed)
                listed.append(Tensor(f"{tensor.name}_scales", TensorType.FLOAT16, parameter.scales, None))
        of_scales = {index: parameter for parameter, index in scales.items()}
        tensors = self._tables(
            self._tensor(tensor, scales, of_scales.get(index)) for index, tensor in enumerate(listed)
        )
        operators = self._tables(self._operator(operator) for operator in function.operators)
        inputs = b.CreateNumpyVector(np.array([value.index for value in function.inputs.values()], np.int32))
        outputs = b.CreateNumpyVector(np.array([value.index for value in function.outputs.values()], np.int32))
        name = b.CreateString(function.name)
        tflite.SubGraphStart(b)
        tflite.SubGraphAddTensors(b, tensors)
        tflite.SubGraphAddInputs(b, inputs)
        tflite.SubGraphAddOutputs(b, outputs)
        tflite.SubGraphAddOperators(b, operators)
        tflite.SubGraphAddName(b, name)
        return int(tflite.SubGraphEnd(b))

    def _tensor(self, tensor: Tensor, scales: Mapping[Parameter, int], of: Parameter | None) -> int:
        """`of` is the parameter whose scales a tensor is."""
        b, content, quantization, buffer = self.b, tensor.content, None, 0
        if of is not None:
            buffer = self.outside[of, "scales"]
        elif isinstance(content, Parameter):
            buffer = self.outside[content, "values"]
            if content in scales:
                quantization = self._blockwise(content, scales[content])
            elif content.scheme:
                quantization = self._by_output(content)
        elif content is not None:
            buffer = self._constant(content)
        name = b.CreateString(tensor.name)
        shape = b.CreateNumpyVector(np.array(tensor.shape, np.int32))
        tflite.TensorStart(b)
        tflite.TensorAddShape(b, shape)
        tflite.TensorAddType(b, tensor.type)
        tflite.TensorAddBuffer(b, buffer)
        tflite.TensorAddName(b, name)
        if quantization is not None:
            tflite.TensorAddQuantization(b, quantization)
        tflite.TensorAddHasRank(b, True)
        return int(tflite.TensorEnd(b))

    def _by_output(self, parameter: Parameter) -> int:
        """One table for all functions, as large as it is."""
        b = self.b
        if parameter not in self.quantizations:
            count = parameter.shape[0]
            if count not in self.zeros:
                self.zeros[count] = b.CreateNumpyVector(np.zeros(count, np.int64))
            scales = b.CreateNumpyVector(np.zeros(count, np.float32))
            tflite.QuantizationParametersStart(b)
            tflite.QuantizationParametersAddScale(b, scales)
            tflite.QuantizationParametersAddZeroPoint(b, self.zeros[count])
            tflite.QuantizationParametersAddQuantizedDimension(b, 0)
            self.inside[parameter] = scales
            self.quantizations[parameter] = int(tflite.QuantizationParametersEnd(b))
        return self.quantizations[parameter]

    def _blockwise(self, parameter: Parameter, scales: int) -> int:
        b = self.b
        assert parameter.scheme and parameter.scheme.block
        b.StartObject(3)  # BlockwiseQuantization: the tensors of scales and of zero points, and the size of a block
        b.PrependInt32Slot(0, scales, 0)
        b.PrependInt32Slot(1, -1, 0)
        b.PrependInt32Slot(2, parameter.scheme.block, 0)
        details = b.EndObject()
        tflite.QuantizationParametersStart(b)
        tflite.QuantizationParametersAddDetailsType(b, BLOCKWISE)
        tflite.QuantizationParametersAddDetails(b, details)
        return int(tflite.QuantizationParametersEnd(b))

    def _operator(self, operator: Operator) -> int:
        b = self.b
        options = None if operator.options is None else self._options(operator.options)
        inputs = b.CreateNumpyVector(np.array(operator.inputs, np.int32))
        outputs = b.CreateNumpyVector(np.array(operator.outputs, np.int32))
        tflite.OperatorStart(b)
        tflite.OperatorAddOpcodeIndex(b, self.codes.setdefault(operator.code, len(self.codes)))
        tflite.OperatorAddInputs(b, inputs)
        tflite.OperatorAddOutputs(b, outputs)
        if operator.options is not None and operator.options.second:
            tflite.OperatorAddBuiltinOptions2Type(b, getattr(tflite.BuiltinOptions2, operator.options.table))
            tflite.OperatorAddBuiltinOptions2(b, options)
        elif operator.options is not None:
            tflite.OperatorAddBuiltinOptionsType(b, getattr(tflite.BuiltinOptions, operator.options.table))
            tflite.OperatorAddBuiltinOptions(b, options)
        return int(tflite.OperatorEnd(b))

    def _options(self, options: Options) -> int:
        b, table = self.b, options.table
        stored = {name: self._field(value) for name, value in options.fields.items()}
        getattr(tflite, f"{table}Start")(b)
        for name, value in stored.items():
            getattr(tflite, f"{table}Add{name}")(b, value)
        return int(getattr(tflite, f"{table}End")(b))

    def _field(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.b.CreateString(value)
        if isinstance(value, bytes):
            return self.b.CreateByteVector(value)
        return self.functions.index(value) if isinstance(value, Function) else value

    def _code(self, name: str) -> int:
        b, number = self.b, getattr(tflite.BuiltinOperator, name)
        tflite.OperatorCodeStart(b)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(
            b, min(number, tflite.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES)
        )
        tflite.OperatorCodeAddVersion(b, VERSIONS.get(name, 1))
        tflite.OperatorCodeAddBuiltinCode(b, number)
        return int(tflite.OperatorCodeEnd(b))

    def _signature(self, index: int, function: Function) -> int:
        b = self.b
        inputs, outputs = (
            self._tables(self._end(name, value.index) for name, value in ends.items())
            for ends in (function.inputs, function.outputs)
        )
        key = b.CreateString(function.name)
        tflite.SignatureDefStart(b)
        tflite.SignatureDefAddInputs(b, inputs)
        tflite.SignatureDefAddOutputs(b, outputs)
        tflite.SignatureDefAddSignatureKey(b, key)
        tflite.SignatureDefAddSubgraphIndex(b, index)
        return int(tflite.SignatureDefEnd(b))

    def _end(self, name: str, tensor: int) -> int:
        b = self.b
        text = b.CreateString(name)
        tflite.TensorMapStart(b)
        tflite.TensorMapAddName(b, text)
        tflite.TensorMapAddTensorIndex(b, tensor)
        return int(tflite.TensorMapEnd(b))

    def _metadata(self, name: str, buffer: int) -> int:
        b = self.b
        text = b.CreateString(name)
        tflite.MetadataStart(b)
        tflite.MetadataAddName(b, text)
        tflite.MetadataAddBuffer(b, buffer)
        return int(tflite.MetadataEnd(b))

    def _constant(self, content: bytes) -> int:
        """The buffer that holds it; equal ones are one."""
        if content not in self.constants:
            b = self.b
            b.StartVector(1, len(content), INLINE_ALIGNMENT)
            b.head = int(b.head - len(content))
            b.Bytes[b.head : b.head + len(content)] = content
            data = b.EndVector()
            tflite.BufferStart(b)
            tflite.BufferAddData(b, data)
            self.buffers.append(int(tflite.BufferEnd(b)))
            self.constants[content] = len(self.buffers) - 1
        return self.constants[content]

    def _buffer(self, offset: int, size: int) -> int:
        b = self.b
        b.ForceDefaults(size > 0 or offset > 0)
        tflite.BufferStart(b)
        tflite.BufferAddOffset(b, offset)
        tflite.BufferAddSize(b, size)
        ended = int(tflite.BufferEnd(b))
        b.ForceDefaults(False)
        return ended

    def _tables(self, items: Iterable[int]) -> int:
        offsets = list(items)
        b = self.b
        b.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            b.PrependUOffsetTRelative(offset)
        return int(b.EndVector())
