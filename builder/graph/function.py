"""A function of a LiteRT graph while it is being made: values, and the operators between them.

Each method adds one operator and returns its result; shapes are worked out here, and an operator that could not be is a
programmer's error. What the numbers of a weight are is not known here: a parameter is a name, a shape and a type, filled in when
the file is written.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tflite
from flatbuffers import flexbuffers
from numpy.typing import NDArray

from builder.formats.tflite_schema import TensorType
from builder.quantize.scheme import Scheme

Shape = tuple[int, ...]

TYPES: dict[np.dtype[Any], TensorType] = {
    np.dtype(np.float32): TensorType.FLOAT32,
    np.dtype(np.int32): TensorType.INT32,
    np.dtype(np.bool_): TensorType.BOOL,
}
"""Of constants."""


@dataclass(frozen=True)
class Parameter:
    """A tensor whose numbers are the model's: a matrix (outputs, inputs) of integers, or a vector of float32."""

    name: str
    shape: Shape
    scheme: Scheme | None = None
    """None for float32."""
    of: Parameter | None = None
    """The matrix that these are some rows of, where they are a view of it: stored once, a tensor of their own."""
    first: int = 0
    """The first of those rows."""

    def rows(self, first: int, count: int) -> Parameter:
        """Some of its rows as a tensor of their own, which takes no room in the file."""
        return Parameter(f"{self.name}.{first}", (count, *self.shape[1:]), self.scheme, self, first)

    @property
    def type(self) -> TensorType:
        """Of its values."""
        if self.scheme is None:
            return TensorType.FLOAT32
        return TensorType.INT8 if self.scheme.bits == 8 else TensorType.INT4

    @property
    def size(self) -> int:
        """Bytes of its values."""
        return math.prod(self.shape) * (32 if self.scheme is None else self.scheme.bits) // 8

    @property
    def scales(self) -> Shape:
        """Shape of the scales, one for each output or for each block of one; () without a scheme."""
        if self.scheme is None:
            return ()
        return (self.shape[0],) if self.scheme.block is None else (self.shape[0], self.shape[1] // self.scheme.block)


@dataclass(frozen=True)
class Options:
    """An operator's options: a table of the schema and its fields, as the bindings name both."""

    table: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    second: bool = False
    """Whether it belongs to the schema's second union of options."""


@dataclass(frozen=True)
class Tensor:
    """An entry of a function's list of tensors."""

    name: str
    type: TensorType
    shape: Shape
    content: bytes | Parameter | None = None
    """Of a constant, and of a weight; None for what is computed."""


@dataclass(frozen=True)
class Operator:
    """One step of a function."""

    code: str
    """As BuiltinOperator has it."""
    inputs: tuple[int, ...]
    """Places in the list of tensors; -1 for what is left out."""
    outputs: tuple[int, ...]
    options: Options | None = None


@dataclass(frozen=True)
class Value:
    """A tensor of one function, to be used as an input of its operators."""

    index: int
    type: TensorType
    shape: Shape


class Function:
    """A subgraph: inputs, outputs, tensors and operators in the order in which they run."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tensors: list[Tensor] = []
        self.operators: list[Operator] = []
        self.inputs: dict[str, Value] = {}
        self.outputs: dict[str, Value] = {}
        self._known: dict[Any, Value] = {}

    def input(self, name: str, type_: TensorType, shape: Shape) -> Value:
        """A new input."""
        self.inputs[name] = self._value(f"{self.name}_{name}", type_, shape)
        return self.inputs[name]

    def output(self, name: str, value: Value) -> None:
        """Makes a value an output."""
        self.outputs[name] = value

    def constant(self, values: NDArray[Any]) -> Value:
        """Numbers that are known now; equal ones are one tensor."""
        content = (values.tobytes(), values.dtype.str, values.shape)
        if content not in self._known:
            name = f"constant_{len(self._known)}"
            self._known[content] = self._value(name, TYPES[values.dtype], values.shape, content[0])
        return self._known[content]

    def number(self, value: float) -> Value:
        """A float32 alone."""
        return self.constant(np.array(value, np.float32))

    def parameter(self, parameter: Parameter) -> Value:
        """The model's numbers; asked for twice, one tensor."""
        if parameter not in self._known:
            self._known[parameter] = self._value(parameter.name, parameter.type, parameter.shape, parameter)
        return self._known[parameter]

    def add(self, a: Value, b: Value) -> Value:
        """a + b, either of them spread."""
        return self._binary("ADD", a, b, Options("AddOptions"))

    def subtract(self, a: Value, b: Value) -> Value:
        """a − b."""
        return self._binary("SUB", a, b, Options("SubOptions"))

    def multiply(self, a: Value, b: Value) -> Value:
        """a · b, element by element."""
        return self._binary("MUL", a, b, Options("MulOptions"))

    def divide(self, a: Value, b: Value) -> Value:
        """a / b, either of them spread."""
        return self._binary("DIV", a, b, Options("DivOptions"))

    def minimum(self, a: Value, b: Value) -> Value:
        """The smaller of both."""
        return self._binary("MINIMUM", a, b, Options("MaximumMinimumOptions"))

    def maximum(self, a: Value, b: Value) -> Value:
        """The larger of both."""
        return self._binary("MAXIMUM", a, b, Options("MaximumMinimumOptions"))

    def greater(self, a: Value, b: Value) -> Value:
        """Whether a > b."""
        return self._binary("GREATER", a, b, Options("GreaterOptions"), TensorType.BOOL)

    def both(self, a: Value, b: Value) -> Value:
        """Whether a and b."""
        return self._binary("LOGICAL_AND", a, b, Options("LogicalAndOptions"), TensorType.BOOL)

    def select(self, condition: Value, a: Value, b: Value) -> Value:
        """a where the condition holds, else b."""
        shape = np.broadcast_shapes(condition.shape, a.shape, b.shape)
        return self._operator("SELECT_V2", (condition, a, b), a.type, shape, Options("SelectV2Options"))

    def cosine(self, a: Value) -> Value:
        """Of each."""
        return self._operator("COS", (a,), a.type, a.shape, Options("CosOptions"))

    def sine(self, a: Value) -> Value:
        """Of each."""
        return self._operator("SIN", (a,), a.type, a.shape)

    def tanh(self, a: Value) -> Value:
        """Of each."""
        return self._operator("TANH", (a,), a.type, a.shape)

    def gelu(self, a: Value, *, approximate: bool = True) -> Value:
        """By tanh, as Gemma's; BERT's is not approximate: by the error function."""
        return self._operator("GELU", (a,), a.type, a.shape, Options("GeluOptions", {"Approximate": approximate}))

    def logistic(self, a: Value) -> Value:
        """1 / (1 + e⁻ᵃ) of each."""
        return self._operator("LOGISTIC", (a,), a.type, a.shape)

    def reciprocal_root(self, a: Value) -> Value:
        """1 / √a of each."""
        return self._operator("RSQRT", (a,), a.type, a.shape)

    def absolute(self, a: Value) -> Value:
        """Of each."""
        return self._operator("ABS", (a,), a.type, a.shape, Options("AbsOptions"))

    def largest(self, a: Value) -> Value:
        """Over the last axis, which stays as one."""
        return self._reduced("REDUCE_MAX", a, -1)

    def mean(self, a: Value, axis: int = -1) -> Value:
        """Over one axis, which stays as one."""
        return self._reduced("MEAN", a, axis)

    def _reduced(self, code: str, a: Value, axis: int) -> Value:
        place = axis % len(a.shape)
        shape = tuple(1 if i == place else size for i, size in enumerate(a.shape))
        options = Options("ReducerOptions", {"KeepDims": True})
        return self._operator(code, (a, self._integers([place])), a.type, shape, options)

    def softmax(self, a: Value) -> Value:
        """Over the last axis."""
        return self._operator("SOFTMAX", (a,), a.type, a.shape, Options("SoftmaxOptions", {"Beta": 1.0}))

    def cast(self, a: Value, type_: TensorType) -> Value:
        """As another type."""
        return self._operator("CAST", (a,), type_, a.shape)

    def reshape(self, a: Value, shape: Shape) -> Value:
        """The same numbers in the same order; nothing is added where the shape is the same."""
        if shape == a.shape:
            return a
        assert math.prod(shape) == math.prod(a.shape), (a.shape, shape)
        return self._operator("RESHAPE", (a, self._integers(shape)), a.type, shape)

    def transpose(self, a: Value, order: Sequence[int]) -> Value:
        """With its axes in another order; where those that change places are of one, a reshape, which moves nothing."""
        shape = tuple(a.shape[axis] for axis in order)
        moved = [axis for axis in order if a.shape[axis] != 1]
        if moved == sorted(moved):
            return self.reshape(a, shape)
        return self._operator("TRANSPOSE", (a, self._integers(order)), a.type, shape)

    def slice(self, a: Value, axis: int, first: int, count: int) -> Value:
        """`count` places of one axis, from `first` on; nothing is added where that is all of it."""
        if count == a.shape[axis]:
            return a
        axis %= len(a.shape)
        begin, size = [0] * len(a.shape), list(a.shape)
        begin[axis], size[axis] = first, count
        inputs = (a, self._integers(begin), self._integers(size))
        return self._operator("SLICE", inputs, a.type, tuple(size))

    def concatenate(self, parts: Sequence[Value], axis: int) -> Value:
        """One behind another along an axis; nothing is added where there is one."""
        if len(parts) == 1:
            return parts[0]
        shape = list(parts[0].shape)
        shape[axis] = sum(part.shape[axis] for part in parts)
        options = Options("ConcatenationOptions", {"Axis": axis % len(shape)})
        return self._operator("CONCATENATION", tuple(parts), parts[0].type, tuple(shape), options)

    def embedding_lookup(self, ids: Value, table: Value) -> Value:
        """Rows of a table, as float32: ids (n,) → (n, width)."""
        shape = (*ids.shape, table.shape[1])
        return self._operator("EMBEDDING_LOOKUP", (ids, table), TensorType.FLOAT32, shape)

    def fully_connected(self, a: Value, matrix: Value, bias: Value | None = None) -> Value:
        """a (…, inputs) · matrix (outputs, inputs) + bias (outputs,) → (…, outputs)."""
        assert a.shape[-1] == matrix.shape[1], (a.shape, matrix.shape)
        return self._operator(
            "FULLY_CONNECTED",
            (a, matrix, bias),
            TensorType.FLOAT32,
            (*a.shape[:-1], matrix.shape[0]),
            Options("FullyConnectedOptions", {"KeepNumDims": True}),
        )

    def convolve(self, a: Value, filters: Value, bias: Value, stride: int = 0, *, same: bool = False) -> Value:
        """Of a picture (1, height, width, channels) squares, each · filters (outputs, side, side, channels) + bias.

        They lie `stride` pixels apart, side by side where none is said. `same`: zeros around the picture make as many squares as it has pixels,
        over the stride.
        """
        outputs, side, _, channels = filters.shape
        assert a.shape[3] == channels, (a.shape, filters.shape)
        fields, shape = _windows(a.shape, side, stride or side, same)
        return self._operator(
            "CONV_2D", (a, filters, bias), a.type, (1, *shape, outputs), Options("Conv2DOptions", fields)
        )

    def convolve_channels(self, a: Value, filters: Value, bias: Value, stride: int, *, same: bool) -> Value:
        """As `convolve`, of each channel for itself; filters (1, side, side, channels)."""
        assert a.shape[3] == filters.shape[3], (a.shape, filters.shape)
        fields, shape = _windows(a.shape, filters.shape[1], stride, same)
        options = Options("DepthwiseConv2DOptions", fields | {"DepthMultiplier": 1})
        return self._operator("DEPTHWISE_CONV_2D", (a, filters, bias), a.type, (1, *shape, a.shape[3]), options)

    def enlarge(self, a: Value, times: int) -> Value:
        """Of (1, height, width, channels) each pixel as a square of `times` pixels a side; nothing is added for 1."""
        if times == 1:
            return a
        height, width = times * a.shape[1], times * a.shape[2]
        inputs = (a, self._integers((height, width)))
        options = Options("ResizeNearestNeighborOptions")
        return self._operator("RESIZE_NEAREST_NEIGHBOR", inputs, a.type, (1, height, width, a.shape[3]), options)

    def pad(self, a: Value, around: Sequence[tuple[int, int]]) -> Value:
        """With so many zeros before and behind each axis."""
        shape = tuple(size + sum(zeros) for size, zeros in zip(a.shape, around, strict=True))
        counts = self.constant(np.array(around, np.int32))
        return self._operator("PAD", (a, counts), a.type, shape, Options("PadOptions"))

    def pool(self, a: Value, side: int) -> Value:
        """Of (1, height, width, channels) the means of the squares that lie side by side."""
        options = Options(
            "Pool2DOptions",
            {
                "Padding": tflite.Padding.VALID,
                "StrideW": side,
                "StrideH": side,
                "FilterWidth": side,
                "FilterHeight": side,
            },
        )
        shape = (1, a.shape[1] // side, a.shape[2] // side, a.shape[3])
        return self._operator("AVERAGE_POOL_2D", (a,), a.type, shape, options)

    def batch_matmul(self, a: Value, b: Value) -> Value:
        """a (…, n, k) · bᵀ with b (…, m, k) → (…, n, m)."""
        assert (*a.shape[:-2], a.shape[-1]) == (*b.shape[:-2], b.shape[-1]), (a.shape, b.shape)
        shape = (*a.shape[:-1], b.shape[-2])
        return self._operator("BATCH_MATMUL", (a, b), a.type, shape, Options("BatchMatMulOptions", {"AdjY": True}))

    def dynamic_update_slice(self, a: Value, update: Value, at: Value) -> Value:
        """a with `update` in it, from `at` (one int32 for each axis) on."""
        return self._operator("DYNAMIC_UPDATE_SLICE", (a, update, at), a.type, a.shape)

    def dequantize(self, a: Value) -> Value:
        """As float32."""
        return self._operator("DEQUANTIZE", (a,), TensorType.FLOAT32, a.shape, Options("DequantizeOptions"))

    def composite(self, name: str, attributes: Mapping[str, Any], function: Function, inputs: Sequence[Value]) -> Value:
        """What an engine may know by its name, and else computes as `function` does."""
        [result] = function.outputs.values()
        assert [value.shape for value in inputs] == [value.shape for value in function.inputs.values()]
        fields = {"Name": name, "DecompositionSubgraphIndex": function, "CompositeAttributes": _packed(attributes)}
        options = Options("StableHLOCompositeOptions", fields, second=True)
        return self._operator("STABLEHLO_COMPOSITE", tuple(inputs), result.type, result.shape, options)

    def _integers(self, values: Sequence[int]) -> Value:
        return self.constant(np.array(values, np.int32))

    def _binary(self, code: str, a: Value, b: Value, options: Options, type_: TensorType | None = None) -> Value:
        assert a.type == b.type, (code, a, b)
        shape = np.broadcast_shapes(a.shape, b.shape)
        return self._operator(code, (a, b), a.type if type_ is None else type_, shape, options)

    def _operator(
        self, code: str, inputs: Sequence[Value | None], type_: TensorType, shape: Shape, options: Options | None = None
    ) -> Value:
        result = self._value(f"{code.lower()}_{len(self.operators)}", type_, shape)
        places = tuple(-1 if value is None else value.index for value in inputs)
        self.operators.append(Operator(code, places, (result.index,), options))
        return result

    def _value(self, name: str, type_: TensorType, shape: Shape, content: bytes | Parameter | None = None) -> Value:
        self.tensors.append(Tensor(name, type_, shape, content))
        return Value(len(self.tensors) - 1, type_, shape)


def _windows(shape: Shape, side: int, stride: int, same: bool) -> tuple[dict[str, Any], tuple[int, int]]:
    """The fields of an operator that moves a square over a picture (1, height, width, channels), and how high and wide what comes out is."""
    padding = tflite.Padding.SAME if same else tflite.Padding.VALID
    height, width = ((size if same else size - side + 1) for size in shape[1:3])
    return {"Padding": padding, "StrideW": stride, "StrideH": stride}, (-(-height // stride), -(-width // stride))


def _packed(attributes: Mapping[str, Any]) -> bytes:
    """As a FlexBuffer, floats with 32 bits."""
    builder = flexbuffers.Builder()
    with builder.Map():
        for key, value in attributes.items():
            builder.Key(key)
            builder.Float(value, 4)
    return bytes(builder.Finish())


assert hasattr(tflite, "BuiltinOptions2")
