"""A MobileNet-V5 as operators, as MediaPipe's GPU computes them rightly: in float16, and by textures that have so many rows.

A texture (1, height, width, channels) has height · channels / 4 rows. So a product of single pixels is computed with the pixels in a line, and what
sees more than a pixel in strips of the picture's rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from builder.errors import UnsupportedModel
from builder.formats.tflite_schema import TensorType
from builder.graph.biased import LANES, MAX_ROWS
from builder.graph.function import Function, Value
from builder.graph.parameters import GraphParameters
from builder.model.weights import Part
from builder.tower.mobilenet import CHANNELS, STRIDE, Attention, Block, Edge, Inverted, MobileNet

EPSILON = 1e-6
"""Of every norm: timm's."""

BEFORE_A_NORM = 1 / 16
"""What is multiplied into all that only goes into a norm, for which it is the same: float16 then holds what convolutions make up to a million."""

LEAST = 2.0**-13
"""Of what is divided by: its inverse is far from what float16 holds, and so is the root of epsilon over it."""


class Convolutions:
    """Those of one function, with its parameters."""

    def __init__(self, function: Function, parameters: GraphParameters) -> None:
        self.function, self.parameters = function, parameters

    def encoded(self, net: MobileNet, picture: Value, tokens_side: int) -> Value:
        """(1, side, side, 3) → (1, 1, tokens, outputs)."""
        f = self.function
        filters, bias = self._of("stem"), self._of("stem_bias")
        x = f.gelu(self._normed(f.convolve(picture, filters, bias, STRIDE, same=True), "stem_norm", None))
        made = []
        for stage in net.stages:
            for block in stage:
                x = self._block(block, x)
            made.append(x)
        return self._fused(net, made[-2], made[-1], tokens_side)

    def norm(self, x: Value, scale: float, epsilon: float = EPSILON) -> Value:
        """x / √(mean square + epsilon), over the last axis, of x that is `scale` times what it stands for.

        Its largest value is made one before values are squared, so that float16 holds the squares, however large or small the values are.
        """
        f, root = self.function, scale * math.sqrt(epsilon)
        largest = f.maximum(f.largest(f.absolute(x)), f.number(LEAST))
        one = f.divide(f.number(1.0), largest)
        small, least = f.multiply(x, one), f.multiply(one, f.number(root))
        spread = f.add(f.mean(f.multiply(small, small)), f.multiply(least, least))
        return f.multiply(small, f.reciprocal_root(spread))

    def product(self, x: Value, part: Part, index: int | None) -> Value:
        """x (1, …, …, inputs) · matrix → (1, …, …, outputs)."""
        f = self.function
        matrix = f.dequantize(self._of(part, index))
        return f.convolve(x, matrix, f.constant(np.zeros(matrix.shape[0], np.float32)))

    def _block(self, block: Block, x: Value) -> Value:
        if isinstance(block, Edge):
            made, stride = self._edge(block, x), block.stride
        elif isinstance(block, Inverted):
            made, stride = self._inverted(block, x), block.stride
        else:
            made, stride = self._attention(block, x), 1
        return self.function.add(x, made) if stride == 1 and made.shape == x.shape else made

    def _edge(self, block: Edge, x: Value) -> Value:
        f, i = self.function, block.index
        filters = self._of("expansion_filters", i)

        def made(first: int, count: int) -> Value:
            rows = self._rows(x, first, count, block.kernel, block.stride)
            inner = f.convolve(rows, filters, self._nothing(block.inner), block.stride)
            return self._narrowed(f.gelu(self._normed(inner, "expansion_norm", i)), i)

        each = max(_quads(block.inner), block.stride * _quads(block.inputs))
        return self._strips(-(-x.shape[1] // block.stride), each, made, block.kernel * _quads(block.inputs))

    def _inverted(self, block: Inverted, x: Value) -> Value:
        f, i = self.function, block.index
        if block.start:
            stride = 1 if block.middle else block.stride
            filtered = f.convolve_channels(
                x, self._of("start_filters", i), self._nothing(block.inputs), stride, same=True
            )
            x = self._normed(filtered, "start_norm", i)
        if not block.middle:
            shape = x.shape
            made = self._narrowed(self._widened(self._in_lines(x), i), i)
            return f.reshape(made, (*shape[:3], block.outputs))
        filters = self._of("middle_filters", i)

        def made_of(first: int, count: int) -> Value:
            inner = self._rows(x, first, count, block.middle, block.stride, lambda rows: self._widened(rows, i))
            filtered = f.convolve_channels(inner, filters, self._nothing(block.inner), block.stride, same=False)
            return self._narrowed(f.gelu(self._normed(filtered, "middle_norm", i)), i)

        each = _quads(block.inner)
        return self._strips(-(-x.shape[1] // block.stride), block.stride * each, made_of, block.middle * each)

    def _attention(self, block: Attention, x: Value) -> Value:
        f, i, shape = self.function, block.index, x.shape
        x = self._factors(self.norm(x, 1.0), "stream_norm", i)
        line, count = self._line(x), shape[1] * shape[2]

        def seen(filters: Part, norm: Part) -> Value:
            if not block.kernel:
                return line
            fewer = f.convolve_channels(x, self._of(filters, i), self._nothing(block.inputs), STRIDE, same=True)
            return self._line(self._normed(fewer, norm, i))

        keys = self.product(seen("key_filters", "key_filters_norm"), "picture_key", i)
        values = self.product(seen("value_filters", "value_filters_norm"), "picture_value", i)
        values = f.transpose(values, (0, 1, 3, 2))
        queries = f.multiply(self.product(line, "picture_query", i), f.number(block.dimension**-0.5))
        at_once = max(1, MAX_ROWS // count)
        mixed = []
        for first in range(0, block.heads, at_once):
            heads = range(first, min(first + at_once, block.heads))
            asked = f.concatenate([f.slice(queries, -1, h * block.dimension, block.dimension) for h in heads], 2)
            found = f.batch_matmul(f.softmax(f.batch_matmul(asked, keys)), values)
            mixed += [f.slice(found, 2, n * count, count) for n in range(len(heads))]
        return f.reshape(self.product(f.concatenate(mixed, -1), "picture_output", i), shape)

    def _fused(self, net: MobileNet, fine: Value, coarse: Value, tokens_side: int) -> Value:
        f, side = self.function, fine.shape[1]
        times = side // coarse.shape[1]
        strips = []
        for first, count in _strips(coarse.shape[1], times * _quads(coarse.shape[3])):
            strips.append(self._line(f.enlarge(f.slice(coarse, 1, first, count), times)))
        x = f.concatenate([self._line(fine), f.concatenate(strips, 2)], -1)
        x, pooled = self._narrowed(self._widened(x, None), None), side // tokens_side
        if pooled > 1:
            strips = []
            for first, count in _strips(side, _quads(net.outputs), pooled):
                strip = f.reshape(f.slice(x, 2, first * side, count * side), (1, count, side, net.outputs))
                strips.append(self._line(f.pool(strip, pooled)))
            x = f.concatenate(strips, 2)
        return self._factors(self.norm(x, 1.0), "fused_norm", None)

    def _widened(self, x: Value, i: int | None) -> Value:
        return self.function.gelu(self._normed(self.product(x, "expansion", i), "expansion_norm", i))

    def _narrowed(self, x: Value, i: int | None) -> Value:
        return self._normed(self.product(x, "projection", i), "projection_norm", i)

    def _normed(self, x: Value, part: Part, i: int | None) -> Value:
        """What a convolution made, normed, with its factors."""
        return self._factors(self.norm(x, BEFORE_A_NORM), part, i)

    def _factors(self, x: Value, part: Part, i: int | None) -> Value:
        return self.function.multiply(x, self._of(part, i))

    def _of(self, part: Part, index: int | None = None) -> Value:
        return self.function.parameter(self.parameters.of(part, index))

    def _nothing(self, count: int) -> Value:
        return self.function.constant(np.zeros(count, np.float32))

    def _line(self, x: Value) -> Value:
        """(1, height, width, channels) → (1, 1, height · width, channels)."""
        return self.function.reshape(x, (1, 1, x.shape[1] * x.shape[2], x.shape[3]))

    def _in_lines(self, x: Value) -> Value:
        """The same with as few lines as a texture's width allows, of which it has the fewest rows."""
        count = x.shape[1] * x.shape[2]
        lines = next(n for n in range(1, count + 1) if count % n == 0 and count // n <= MAX_ROWS)
        return self.function.reshape(x, (1, lines, count // lines, x.shape[3]))

    def _strips(self, rows: int, each: int, made: Callable[[int, int], Value], more: int = 0) -> Value:
        """All rows of a picture, which `made` gives from the first one on, as many at once as have room with `each` rows of a texture, and `more`."""
        return self.function.concatenate([made(first, count) for first, count in _strips(rows, each, 1, more)], 1)

    def _rows(
        self,
        x: Value,
        first: int,
        count: int,
        kernel: int,
        stride: int,
        before: Callable[[Value], Value] = lambda x: x,
    ) -> Value:
        """What filters see that make `count` rows, from `first` on, of a picture with zeros around it, after `before` is done to its own pixels."""
        f, side = self.function, x.shape[1]
        zeros = max(0, (-(-side // stride) - 1) * stride + kernel - side)
        top = first * stride - zeros // 2
        bottom = top + (count - 1) * stride + kernel
        inside = f.slice(x, 1, max(top, 0), min(bottom, side) - max(top, 0))
        across = max(0, (-(-x.shape[2] // stride) - 1) * stride + kernel - x.shape[2])
        around = ((0, 0), (max(-top, 0), max(bottom - side, 0)), (across // 2, across - across // 2), (0, 0))
        return f.pad(before(inside), around)


def encoder(net: MobileNet, parameters: GraphParameters, side: int, tokens_side: int) -> Function:
    """`picture` (1, side, side, 3), red, green and blue from 0 to 1 → `patches` (1, 1, tokens, width)."""
    f = Function("image_encoder")
    picture = f.input("picture", TensorType.FLOAT32, (1, side, side, CHANNELS))
    f.output("patches", Convolutions(f, parameters).encoded(net, picture, tokens_side))
    _refuse_what_no_texture_holds(f, net)
    return f


def adapter(parameters: GraphParameters, tokens: int, width: int, text_width: int, epsilon: float) -> Function:
    """`patches` (1, 1, tokens, width) → `tokens` (1, tokens + 1, the text's width), the last one <end_of_image>."""
    f = Function("image_adapter")
    c = Convolutions(f, parameters)
    patches = f.input("patches", TensorType.FLOAT32, (1, 1, tokens, width))
    # transformers multiplies them with √width, which is the same but for epsilon
    normed = f.multiply(c.norm(patches, 1.0, epsilon / width), f.parameter(parameters.of("picture_norm")))
    projected = c.norm(c.product(normed, "picture_projection", None), BEFORE_A_NORM, epsilon)
    scaled = f.multiply(projected, f.parameter(parameters.of("token_scale")))
    f.output(
        "tokens",
        f.concatenate([f.reshape(scaled, (1, tokens, text_width)), f.parameter(parameters.of("picture_end"))], 1),
    )
    return f


def _quads(channels: int) -> int:
    """Rows of a texture that a row of a picture takes."""
    return -(-channels // LANES)


def _strips(rows: int, each: int, multiple: int = 1, more: int = 0) -> Iterator[tuple[int, int]]:
    """(first, count) of the rows of a picture, as many at once as a texture holds of `each` rows of it, and `more`, and of a multiple."""
    at_once = max(multiple, (MAX_ROWS - more) // each // multiple * multiple)
    for first in range(0, rows, at_once):
        yield first, min(at_once, rows - first)


def _refuse_what_no_texture_holds(function: Function, net: MobileNet) -> None:
    """UnsupportedModel where a tower is so wide that strips do not help, or all of a picture sees all of it where it is still large."""
    for tensor in function.tensors:
        _, height, width, channels = (1,) * (4 - len(tensor.shape)) + tensor.shape
        if tensor.content is None and max(width, height * _quads(channels)) > MAX_ROWS:
            raise UnsupportedModel(
                f"The tower of {net.path} makes {height} × {width} × {channels} numbers of a picture at once, more than a texture of a GPU holds: "
                f"expected {MAX_ROWS:,} each way, four channels being one. Leave --pictures out.",
                subject=net.path,
            )
