"""timm's MobileNet-V5 as Gemma 3n sees by it: its blocks, read from the shapes of a checkpoint's tensors, and their weights.

The picture goes through a stem and stages of blocks, each stage on half as many pixels a side as the one before. Blocks are residuals: of
convolutions that see 3 × 3 pixels (edge), of convolutions of single pixels with convolutions of single channels around them (inverted), and
of attention in which all heads share keys and values. What the last two stages make is fused into the tokens.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, get_args

from builder.checkpoint.rows import StoredTensor
from builder.checkpoint.sources import PixelFiltersOf, Tensor
from builder.errors import CheckpointError, UnsupportedModel
from builder.model.weights import ConvolutionPart, PixelMatrix, Weight
from builder.quantize.rounding import BLOCK

CHANNELS = 3
STRIDE = 2
"""Of the stem, of the first block of each stage, and of what makes fewer keys and values."""
MAX_STAGES, MAX_BLOCKS = 16, 256

Shapes = Mapping[str, tuple[int, ...]]
"""Of the tensors of a tower, without what stands in front of their names."""

EDGE: dict[ConvolutionPart, str] = {
    "expansion_filters": "conv_exp.weight",
    "expansion_norm": "bn1.weight",
    "projection": "conv_pwl.weight",
    "projection_norm": "bn2.weight",
}
INVERTED: dict[ConvolutionPart, str] = {
    "start_filters": "dw_start.conv.weight",
    "start_norm": "dw_start.bn.weight",
    "expansion": "pw_exp.conv.weight",
    "expansion_norm": "pw_exp.bn.weight",
    "middle_filters": "dw_mid.conv.weight",
    "middle_norm": "dw_mid.bn.weight",
    "projection": "pw_proj.conv.weight",
    "projection_norm": "pw_proj.bn.weight",
    "block_scale": "layer_scale.gamma",
}
ATTENTION: dict[ConvolutionPart, str] = {
    "stream_norm": "norm.weight",
    "picture_query": "attn.query.proj.weight",
    "key_filters": "attn.key.down_conv.weight",
    "key_filters_norm": "attn.key.norm.weight",
    "picture_key": "attn.key.proj.weight",
    "value_filters": "attn.value.down_conv.weight",
    "value_filters_norm": "attn.value.norm.weight",
    "picture_value": "attn.value.proj.weight",
    "picture_output": "attn.output.proj.weight",
    "block_scale": "layer_scale.gamma",
}
STEM: dict[ConvolutionPart, str] = {
    "stem": "conv_stem.conv.weight",
    "stem_bias": "conv_stem.conv.bias",
    "stem_norm": "conv_stem.bn.weight",
}
FUSION: dict[ConvolutionPart, str] = {
    "expansion": "ffn.pw_exp.conv.weight",
    "expansion_norm": "ffn.pw_exp.bn.weight",
    "projection": "ffn.pw_proj.conv.weight",
    "projection_norm": "ffn.pw_proj.bn.weight",
    "fused_norm": "norm.weight",
}

MATRICES: tuple[PixelMatrix, ...] = get_args(PixelMatrix)
OPTIONAL = (
    "start_filters",
    "start_norm",
    "middle_filters",
    "middle_norm",
    "block_scale",
    "key_filters",
    "key_filters_norm",
    "value_filters",
    "value_filters_norm",
)


@dataclass(frozen=True)
class Edge:
    """Filters that widen the stream, and a matrix that makes it narrow again."""

    index: int
    inputs: int
    inner: int
    outputs: int
    kernel: int
    stride: int


@dataclass(frozen=True)
class Inverted:
    """Filters of single channels, a matrix that widens the stream, filters again, and a matrix that makes it narrow again."""

    index: int
    inputs: int
    inner: int
    outputs: int
    start: int
    """Pixels of the first filters' side; 0 for none."""
    middle: int
    """Likewise."""
    stride: int


@dataclass(frozen=True)
class Attention:
    """All pixels see all pixels, or every second one of each row and column."""

    index: int
    inputs: int
    heads: int
    dimension: int
    """Of a head; the values' may be another."""
    value_dimension: int
    kernel: int
    """Pixels of the side of the filters that make fewer keys and values; 0 where all are seen."""


Block: TypeAlias = Edge | Inverted | Attention


@dataclass(frozen=True)
class MobileNet:
    """The sizes of a tower."""

    stem: int
    """Its channels."""
    kernel: int
    stages: tuple[tuple[Block, ...], ...]
    fused_inner: int
    outputs: int
    """Width of what it makes."""
    shapes: dict[tuple[ConvolutionPart, int | None], tuple[str, tuple[int, ...]]]
    """Of each weight by part and block: its name, and its shape in the checkpoint."""
    path: Path
    """The checkpoint, for messages."""

    @classmethod
    def of(cls, shapes: Shapes, path: Path) -> MobileNet:
        """Of the tensors of a checkpoint; CheckpointError or UnsupportedModel where they are no such tower."""
        return _Reader(shapes, path).read()

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels that each stage makes."""
        return tuple(_outputs(stage[-1]) for stage in self.stages)

    def weights(self, prefix: str) -> Iterator[Weight]:
        """All of them; `prefix` is what stands in front of their names."""
        for (part, index), (name, shape) in self.shapes.items():
            if part in MATRICES:
                yield Weight(part, index, shape[:2], PixelFiltersOf(Tensor(prefix + name)))
            else:
                yield Weight(part, index, shape, Tensor(prefix + name))


class _Reader:
    def __init__(self, shapes: Shapes, path: Path) -> None:
        self.shapes, self.path = shapes, path
        self.found: dict[tuple[ConvolutionPart, int | None], tuple[str, tuple[int, ...]]] = {}

    def read(self) -> MobileNet:
        stem = self._parts("", STEM, None)
        kernel = self._kernel("stem", None, (stem["stem"][0], CHANNELS))
        self._vectors(None, stem["stem"][0], "stem_bias", "stem_norm")
        width, index, stages = stem["stem"][0], 0, []
        for s in range(self._count(r"blocks\.(\d+)\.", MAX_STAGES)):
            stage: list[Block] = []
            for b in range(self._count(rf"blocks\.{s}\.(\d+)\.", MAX_BLOCKS)):
                stage.append(self._block(f"blocks.{s}.{b}.", index, width, STRIDE if b == 0 else 1))
                if b == 0 and (isinstance(stage[0], Attention) or not _sees_around(stage[0])):
                    raise UnsupportedModel(
                        f"{self.path} has a stage {s} of its tower that begins without filters: expected some, which halve a picture's sides.",
                        subject=f"blocks.{s}.{b}",
                    )
                width, index = _outputs(stage[-1]), index + 1
            stages.append(tuple(stage))
        if len(stages) < 2:
            raise CheckpointError(
                f"{self.path} has {len(stages)} stages of a MobileNet-V5: expected two at least.", subject=self.path
            )
        fused = self._parts("msfa.", FUSION, None)
        inputs = _outputs(stages[-2][-1]) + _outputs(stages[-1][-1])
        inner, outputs = fused["expansion"][0], fused["projection"][0]
        self._matrix("expansion", None, inner, inputs)
        self._matrix("projection", None, outputs, inner)
        self._vectors(None, inner, "expansion_norm")
        self._vectors(None, outputs, "projection_norm", "fused_norm")
        return MobileNet(stem["stem"][0], kernel, tuple(stages), inner, outputs, self.found, self.path)

    def _block(self, prefix: str, index: int, width: int, stride: int) -> Block:
        if f"{prefix}conv_exp.weight" in self.shapes:
            parts = self._parts(prefix, EDGE, index)
            inner, outputs = parts["expansion_filters"][0], parts["projection"][0]
            kernel = self._kernel("expansion_filters", index, (inner, width))
            self._vectors(index, inner, "expansion_norm")
            self._matrix("projection", index, outputs, inner)
            self._vectors(index, outputs, "projection_norm")
            return Edge(index, width, inner, outputs, kernel, stride)
        if f"{prefix}attn.query.proj.weight" in self.shapes:
            return self._attention(prefix, index, width)
        parts = self._parts(prefix, INVERTED, index)
        inner, outputs = parts["expansion"][0], parts["projection"][0]
        start = self._filters(parts, index, width, "start_filters", "start_norm")
        middle = self._filters(parts, index, inner, "middle_filters", "middle_norm")
        self._matrix("expansion", index, inner, width)
        self._vectors(index, inner, "expansion_norm")
        self._matrix("projection", index, outputs, inner)
        self._vectors(index, outputs, "projection_norm")
        if "block_scale" in parts:
            self._vectors(index, outputs, "block_scale")
        return Inverted(index, width, inner, outputs, start, middle, stride)

    def _attention(self, prefix: str, index: int, width: int) -> Attention:
        parts = self._parts(prefix, ATTENTION, index)
        dimension, values = parts["picture_key"][0], parts["picture_value"][0]
        heads = parts["picture_query"][0] // dimension
        self._vectors(index, width, "stream_norm")
        kernel = self._filters(parts, index, width, "key_filters", "key_filters_norm")
        if kernel != self._filters(parts, index, width, "value_filters", "value_filters_norm"):
            raise self._unlike("value_filters", index, f"those of the keys, {kernel} pixels a side")
        self._matrix("picture_query", index, heads * dimension, width)
        self._matrix("picture_key", index, dimension, width)
        self._matrix("picture_value", index, values, width)
        self._matrix("picture_output", index, width, heads * values)
        if "block_scale" in parts:
            self._vectors(index, width, "block_scale")
        return Attention(index, width, heads, dimension, values, kernel)

    def _parts(
        self, prefix: str, names: Mapping[ConvolutionPart, str], index: int | None
    ) -> dict[str, tuple[int, ...]]:
        """The shapes of what is there; CheckpointError where a part is missing that has to be."""
        found: dict[str, tuple[int, ...]] = {}
        for part, end in names.items():
            name = prefix + end
            if name in self.shapes:
                self.found[part, index] = (name, self.shapes[name])
                found[part] = self.shapes[name]
                if not self.shapes[name] or not all(self.shapes[name]):
                    raise self._unlike(part, index, "numbers")
            elif part not in OPTIONAL:
                raise CheckpointError(
                    f"Tensor {name} of the tower is missing from {self.path}: is the download complete?", subject=name
                )
        return found

    def _filters(
        self, parts: Collection[str], index: int, channels: int, filters: ConvolutionPart, norm: ConvolutionPart
    ) -> int:
        """The side of filters of single channels, with a norm behind them; 0 where there are none."""
        if filters not in parts and norm not in parts:
            return 0
        self._vectors(index, channels, norm)
        return self._kernel(filters, index, (channels, 1))

    def _kernel(self, part: ConvolutionPart, index: int | None, beginning: tuple[int, int]) -> int:
        """The side of filters (…, …, side, side), which is odd."""
        _, shape = self.found.get((part, index), (part, ()))
        if (
            len(shape) != 4
            or shape[:2] != beginning
            or shape[2] != shape[3]
            or shape[2] % 2 == 0
            or beginning[0] % BLOCK
        ):
            raise self._unlike(
                part, index, f"[{beginning[0]}, {beginning[1]}, n, n] with an odd n, and a multiple of {BLOCK} filters"
            )
        return shape[2]

    def _matrix(self, part: ConvolutionPart, index: int | None, outputs: int, inputs: int) -> None:
        if self.found[part, index][1] != (outputs, inputs, 1, 1) or outputs % BLOCK or inputs % BLOCK:
            raise self._unlike(part, index, f"[{outputs}, {inputs}, 1, 1], multiples of {BLOCK}")

    def _vectors(self, index: int | None, size: int, *parts: ConvolutionPart) -> None:
        for part in parts:
            if (part, index) not in self.found or self.found[part, index][1] != (size,):
                raise self._unlike(part, index, f"[{size}]")

    def _unlike(self, part: ConvolutionPart, index: int | None, expected: str) -> CheckpointError:
        name, shape = self.found.get((part, index), (part, ()))
        return UnsupportedModel(
            f"Tensor {name} of the tower in {self.path} has shape {list(shape)}: expected {expected}, as a MobileNet-V5 of these sizes has it.",
            subject=name,
        )

    def _count(self, pattern: str, most: int) -> int:
        """How many are there, numbered from 0 on."""
        numbers = {int(found[1]) for name in self.shapes if (found := re.match(pattern, name)) and len(found[1]) < 5}
        if len(numbers) > most or numbers != set(range(len(numbers))):
            raise CheckpointError(
                f"{self.path} has the blocks {sorted(numbers)[:9]} … of a tower: expected them numbered from 0 on, {most} at most.",
                subject=self.path,
            )
        return len(numbers)


def shapes_of(tensors: Mapping[str, StoredTensor], prefix: str) -> Shapes:
    """Of those whose names begin so."""
    return {name.removeprefix(prefix): tensor.shape for name, tensor in tensors.items() if name.startswith(prefix)}


def _outputs(block: Block) -> int:
    return block.inputs if isinstance(block, Attention) else block.outputs


def _sees_around(block: Edge | Inverted) -> bool:
    return isinstance(block, Edge) or bool(block.start or block.middle)
