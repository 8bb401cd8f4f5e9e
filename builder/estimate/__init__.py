"""How large a model is to download, how much memory of the GPU it takes, and whether that is there.

The download is what `onpage convert` would write, to the byte but for the lengths of a few texts; the memory is a formula
that was measured (builder.estimate.memory). docs/estimate.md explains both and what they were checked against.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from builder.errors import OnpageError, UnsupportedModel
from builder.estimate.memory import GpuMemory, gpu_memory
from builder.estimate.source import Source, find_source
from builder.quantize.scheme import ALL_INT8, INT4, INT8, Q4_0, Quantization

USUAL_CONTEXT = 2048

TABLE = {
    "int8": ALL_INT8,
    "int4": Quantization(INT4, INT4, INT4),
    "q4_0": Quantization(Q4_0, Q4_0, Q4_0),
    "mixed": Quantization(INT8, INT4, INT4),
}
"""Rows of the table of sizes: mixed is `--bits 4 --embedding-bits 8`."""

FLOATS = {"32-bit": 4, "bf16": 2}
"""Of a checkpoint: bytes of a weight. No web file of these is written."""


@dataclass(frozen=True)
class Limits:
    """What the GPU has, in bytes; None where nobody said."""

    gpu_memory: int | None = None
    max_buffer_size: int | None = None
    """A browser's maxBufferSize, or its maxStorageBufferBindingSize where that is less."""

    def lacking(self, memory: GpuMemory) -> list[str]:
        """What is not enough, in words."""
        found = []
        if self.gpu_memory is not None and memory.total > self.gpu_memory:
            found.append(f"the GPU has {_mb(self.gpu_memory)}, {_mb(memory.total)} are needed")
        if self.max_buffer_size is not None and memory.largest > self.max_buffer_size:
            found.append(
                f"a buffer may have {_mb(self.max_buffer_size)}, {memory.largest_is} need {_mb(memory.largest)}"
            )
        return found


@dataclass(frozen=True)
class Size:
    """A row of the table."""

    name: str
    download: int
    gpu: int | None
    """None where the engine does not run it."""


@dataclass(frozen=True)
class Estimate:
    """Everything that `onpage estimate` shows; sizes in bytes."""

    model: str
    parameters: int
    quantization: str
    context: int
    download: int
    memory: GpuMemory
    table: tuple[Size, ...]
    approximate: str | None
    """Why the figures are not exact; None where they are."""
    limits: Limits
    lacking: tuple[str, ...]

    @property
    def enough(self) -> bool | None:
        """Whether the limits are enough, None where none was given."""
        return None if self.limits == Limits() else not self.lacking

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self) | {"enough": self.enough, "memory": asdict(self.memory) | {"total": self.memory.total}}


def estimate(
    model: str,
    quantization: Quantization | None = None,
    context: int | None = None,
    limits: Limits = Limits(),
    *,
    pictures: bool = False,
) -> Estimate:
    """For a shape, a published model's id, a checkpoint folder, a web file, or dimensions as `onpage synth` takes them.

    Without a quantization that of the file, or 8 bits. With `pictures` of a checkpoint what sees, too. Raises the errors of builder.errors.
    """
    source = find_source(model, quantization, pictures=pictures)
    if context is None:
        context = min(USUAL_CONTEXT, source.context)
    elif context > source.context:
        raise OnpageError(
            f"{model} was made for {source.context:,} tokens: a context of {context:,} is too long.",
            subject="context",
        )
    memory = gpu_memory(source.dimensions, source.tensors, context, on_demand=source.on_demand)
    if source.published_size is not None:
        memory = replace(memory, weights=source.published_size)
    return Estimate(
        model=source.name,
        parameters=source.parameters,
        quantization=source.quantization,
        context=context,
        download=source.download,
        memory=memory,
        table=tuple(_rows(source, context)),
        approximate=source.approximate,
        limits=limits,
        lacking=tuple(limits.lacking(memory)),
    )


def _rows(source: Source, context: int) -> Iterator[Size]:
    for name, size in FLOATS.items():
        yield Size(name, source.parameters * size, None)
    for name, quantization in TABLE.items():
        with suppress(UnsupportedModel):  # blocks that do not divide its matrices
            sized = source.sized(quantization)
            if sized:
                memory = gpu_memory(source.dimensions, sized.tensors, context, on_demand=sized.on_demand)
                yield Size(name, sized.download, memory.total)


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
