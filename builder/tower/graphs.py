"""The two graphs that make tokens of a picture, as tensors of a web file: laid out, written, compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from builder.checkpoint.checkpoint import Checkpoint
from builder.errors import ModelFileError, UnsupportedModel
from builder.formats.llm_parameters import LlmParameters, VisionEncoderParameters
from builder.formats.tflite_schema import TensorType
from builder.formats.web_entries import TensorSpec
from builder.formats.web_tensors import PICTURES, TensorEntry
from builder.graph.function import Function
from builder.graph.layout import GraphLayout
from builder.graph.numbers import Numbers
from builder.graph.parameters import GraphParameters
from builder.graph.write import Writing, work_on
from builder.model.description import ModelDescription
from builder.model.families import family_of, gemma3n
from builder.model.opened import OpenedCheckpoint
from builder.model.weights import Weight, weight_count
from builder.tower.convolution_numbers import ConvolutionNumbers
from builder.tower.gemma3n import Gemma3nTower
from builder.tower.numbers import TowerNumbers
from builder.tower.prefixes import prefixes
from builder.tower.siglip import NEVER_READ, PATCH, PROJECTION, Siglip

WriteAt = Callable[[int, bytes | memoryview], None]


class TowerNumbersOf(Numbers, Protocol):
    """Of one of the two graphs."""

    def scaled(self, factor: float) -> Self:
        """The same with what goes into the text multiplied by a power of two."""


class Tower(Protocol):
    """What makes tokens of a picture, of one family."""

    @property
    def side(self) -> int:
        """Pixels of the picture's side."""

    @property
    def length(self) -> int:
        """Tokens of a picture and its end."""

    def encoder(self, parameters: GraphParameters) -> Function:
        """A picture → vectors of its patches."""

    def adapter(self, parameters: GraphParameters) -> Function:
        """Vectors of patches → tokens, the end behind them."""


@dataclass(frozen=True)
class TowerGraph:
    """One of the two."""

    name: str
    """Of the tensor that it is."""
    parameters: GraphParameters
    layout: GraphLayout
    numbers: TowerNumbersOf
    norm_offset: float

    @property
    def spec(self) -> TensorSpec:
        """The tensor."""
        return TensorSpec(self.name, TensorType.FLOAT32, self.layout.size)

    def write(self, write_at: WriteAt, factor: float = 1.0) -> None:
        """All of it, the header last: scales of its matrices stand in it, which are known when these are read. `factor` is the scale of the
        text's residual stream, which its tokens take."""
        target = _HeaderLast(self.layout.header, write_at)
        work = work_on(self.parameters, self.numbers.scaled(factor), self.norm_offset)
        Writing(target, self.layout, None, positive=False).run(work)
        write_at(0, bytes(target.header))


@dataclass(frozen=True)
class Towers:
    """Both graphs of a checkpoint that sees."""

    tower: Tower
    graphs: tuple[TowerGraph, TowerGraph]
    parameter_count: int
    """Of both; a row of the embedding is the text's."""
    sees_all: bool
    """Whether a token of a picture was taught to see those behind it."""

    @classmethod
    def of(cls, checkpoint: Checkpoint, model: ModelDescription) -> Towers:
        """UnsupportedModel or CheckpointError where they cannot be made."""
        if checkpoint.config.get("model_type") == gemma3n.NAME:
            tower = Gemma3nTower.of(checkpoint, model.embedding.width)
            made = (tower.encoder_weights(), tower.adapter_weights())
            _refuse_others(checkpoint, (*made[0], *made[1]), (tower.tower,), ())
            numbers = (ConvolutionNumbers(checkpoint, each, tower.epsilon, model.embedding.width) for each in made)
            return cls._of(tower, tuple(numbers), (0.0, 0.0), (*made[0], *made[1]), sees_all=False)
        siglip = Siglip.of(checkpoint.config, checkpoint.config_path, model.embedding.width)
        begin = prefixes(checkpoint, (PATCH, PROJECTION))
        embedding = family_of(checkpoint.config, checkpoint.config_path).naming_in(checkpoint.tensors).embedding
        made = (siglip.encoder_weights(begin[0]), siglip.adapter_weights(begin[1], embedding))
        _refuse_others(checkpoint, (*made[0], *made[1]), begin, NEVER_READ)
        both = (TowerNumbers(checkpoint, made[0]), TowerNumbers(checkpoint, made[1], model.embedding.scale))
        offsets = (0.0, model.norm_offset)  # a norm that takes the mean away holds its factors
        return cls._of(siglip, both, offsets, (*made[0], *made[1]), sees_all=True)

    @classmethod
    def _of(
        cls,
        tower: Tower,
        numbers: tuple[TowerNumbersOf, ...],
        norm_offsets: tuple[float, float],
        weights: Iterable[Weight],
        *,
        sees_all: bool,
    ) -> Towers:
        graphs = []
        makers = (tower.encoder, tower.adapter)
        for name, some, make, offset in zip(PICTURES, numbers, makers, norm_offsets, strict=True):
            parameters = GraphParameters(some, as_filters=True)
            graphs.append(TowerGraph(name, parameters, GraphLayout.of([make(parameters)], (), {}), some, offset))
        count = weight_count(weight for weight in weights if weight.part != "picture_end")
        return cls(tower, (graphs[0], graphs[1]), count, sees_all)

    @property
    def specs(self) -> list[TensorSpec]:
        """Both as tensors."""
        return [graph.spec for graph in self.graphs]

    @property
    def note(self) -> str:
        """What is to be said of them."""
        side = self.tower.side
        said = f"pictures go in, {side} × {side} pixels and {self.tower.length} tokens each"
        if not self.sees_all:
            return said
        return (
            f"{said}. The engine lets a picture's token see those before it only, where the checkpoint was taught to see all of a picture: how "
            f"much that costs is not known (docs/format.md, Pictures)"
        )

    def tell(self, parameters: LlmParameters) -> None:
        """Puts into a file's parameters how many tokens a picture has."""
        length = self.tower.length
        parameters.vision_encoder_parameters = VisionEncoderParameters(tokens_num=length)
        parameters.transformer_parameters.vision_tokens_num = length

    def write(self, offsets: Mapping[str, int], write_at: WriteAt, factor: float) -> None:
        """Both where `offsets` has them."""
        for graph in self.graphs:
            start = offsets[graph.name]
            graph.write(lambda at, data, start=start: write_at(start + at, data), factor)  # type: ignore[misc]

    def compare(self, path: Path, found: Mapping[str, TensorEntry], checkpoint: Path, factor: float) -> None:
        """ModelFileError unless the file at `path` has both as they are written of this checkpoint, byte for byte."""
        for graph in self.graphs:
            entry = found.get(graph.name)
            size = entry.size if entry else 0
            if entry is None or size != graph.layout.size:
                raise _unlike(path, graph.name, f"has {size:,} bytes, expected {graph.layout.size:,}", checkpoint)
            graph.write(_Comparison(path, entry, checkpoint).write_at, factor)


def towers_of(opened: OpenedCheckpoint) -> Towers | None:
    """Those of a checkpoint of which they are to be converted; raises as `Towers.of`."""
    return Towers.of(opened.checkpoint, opened.model) if opened.pictures else None


def _refuse_others(
    checkpoint: Checkpoint, weights: Iterable[Weight], beginnings: Sequence[str], never_read: tuple[str, ...]
) -> None:
    """UnsupportedModel for tensors that would be left out in silence: those of these beginnings, but for some of the first."""
    known = {str(weight.source) for weight in weights}
    others = sorted(
        name
        for name in checkpoint.tensors.keys() - known
        if name.startswith(tuple(beginnings)) and not name.removeprefix(beginnings[0]).startswith(never_read)
    )
    if others:
        raise UnsupportedModel(
            f"{checkpoint.path} holds {len(others)} tensors of a tower that this config.json does not have, such as {others[0]}.",
            subject=others[0],
        )


class _HeaderLast:
    """A `Target` that keeps what is written into the header."""

    def __init__(self, header: bytes, write_at: WriteAt) -> None:
        self.header, self._write_at = bytearray(header), write_at

    def write_at(self, offset: int, data: bytes | memoryview) -> None:
        """As `Target`."""
        if offset < len(self.header):
            self.header[offset : offset + len(data)] = data
        else:
            self._write_at(offset, data)


class _Comparison:
    """A `Target` that is there already."""

    def __init__(self, path: Path, entry: TensorEntry, checkpoint: Path) -> None:
        self._path, self._entry, self._checkpoint = path, entry, checkpoint

    def write_at(self, offset: int, data: bytes | memoryview) -> None:
        """ModelFileError unless these bytes stand there."""
        with self._path.open("rb") as file:
            file.seek(self._entry.offset + offset)
            if file.read(len(data)) != data:
                raise _unlike(self._path, self._entry.name, f"differs at byte {offset:,}", self._checkpoint)


def _unlike(path: Path, name: str, reason: str, checkpoint: Path) -> ModelFileError:
    return ModelFileError(
        f"{path} does not hold the tower of {checkpoint}: tensor {name} {reason}; convert the checkpoint again, or use the checkpoint that "
        f"the file was made from.",
        subject=name,
    )
