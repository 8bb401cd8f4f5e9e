"""A LoRA adapter → the file that the engine's `loadLoraModel` takes beside a web file.

A web file without a model: a TFL3 container with A and B of the four attention matrices of every layer, as float16, and two
metadata entries that are indices of buffers: the model type and `lora_rank`. One rank holds for the whole file and is a
multiple of 4, and no matrix may be left out (the engine would bind nothing in its place): ranks are filled up with zeros,
and modules that the adapter leaves alone are zeros, both of which change no sum. The scale is multiplied into B, and that of the base's
residual stream (builder.model.residual) into B of what no norm follows.
What the engine has no names for (feed-forward matrices, DoRA) is refused: it can be merged.
Measured with @mediapipe/tasks-genai 0.10.29; see e2e/exactness.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from builder import __version__
from builder.convert.container import refuse_another_format
from builder.convert.read_back import ReadBack
from builder.convert.residual_scale import measured_residual
from builder.errors import OutputError, UnsupportedModel
from builder.files.checksum import Checksum
from builder.files.writing import write_beside
from builder.formats.llm_parameters import LlmParameters, ModelType
from builder.formats.sniff import is_gguf
from builder.formats.web_entries import packed_sums
from builder.formats.web_file_layout import WebFileLayout
from builder.formats.web_file_reader import WebFile
from builder.formats.web_model import described, model_type, transformer_parameters
from builder.formats.web_tensor_names import tensor_name
from builder.lora.adapter import Adapter, LowRank, refuse_an_adapter
from builder.lora.layout import Half, halves
from builder.model.description import ModelDescription
from builder.model.opened import OpenedCheckpoint
from builder.model.residual import UNSCALED, ResidualScale
from builder.model.weights import ATTENTION, LayerMatrix, layer_parts
from builder.quantize.rounding import BLOCK

MODULES: dict[LayerMatrix, str] = {"query": "q_proj", "key": "k_proj", "value": "v_proj", "output": "o_proj"}
"""What adapters call the matrices that the engine applies them to."""

INSTEAD = "merge it into the base with onpage convert BASE --merge-lora"


@dataclass(frozen=True)
class Base:
    """The model that an adapter is for: a checkpoint, or a web file made of it."""

    path: Path
    model: ModelDescription
    model_type: int
    parameters: LlmParameters
    residual: ResidualScale = UNSCALED

    @classmethod
    def open(cls, path: Path) -> Base:
        """Reads config.json, or the header of a web file; CheckpointError or WebFileError where it is neither."""
        if path.is_file() and not is_gguf(path):
            return cls._of_file(WebFile.open(path))
        if path.is_dir() and not (path / "config.json").exists():
            refuse_an_adapter(path)
        model = OpenedCheckpoint.open(path).described
        if model.layers[0].scaled or model.residual_streams > 1:
            raise UnsupportedModel(
                f"{path} is a {model.family} whose layers have other names in the engine: onpage writes adapters for Gemma 1 to 3; "
                f"{INSTEAD}.",
                subject=path,
            )
        told = transformer_parameters(model)
        return cls(
            path,
            model,
            int(model_type(model)),
            LlmParameters(transformer_parameters=told, vocab_size=model.embedding.vocabulary),
            _as_converted(path, model),
        )

    @classmethod
    def _of_file(cls, file: WebFile) -> Base:
        told, last = file.parameters.transformer_parameters, file.parameters.transformer_parameters.num_stacks - 1
        if f"{tensor_name('output', last)}.w" not in file.tensors:
            raise UnsupportedModel(
                f"{file.path} is a {ModelType.name_of(file.model_type)} whose layers have other names in the engine: onpage "
                f"writes adapters for Gemma 1 to 3; {INSTEAD}.",
                subject=file.path,
            )
        return cls(
            file.path,
            described(file),
            file.model_type,
            LlmParameters(transformer_parameters=told, vocab_size=file.parameters.vocab_size),
            ResidualScale.of(described(file), file.residual_scale),
        )


def _as_converted(folder: Path, model: ModelDescription) -> ResidualScale:
    """How convert scales a checkpoint's residual stream, where an adapter must be scaled like it."""
    if ResidualScale.of(model, 1).of_part("output") == ResidualScale.of(model, 0.5).of_part("output"):
        return UNSCALED  # what comes out of the matrix goes through a norm, which is scaled instead
    return measured_residual(OpenedCheckpoint.complete(folder)).scale


@dataclass(frozen=True)
class WrittenAdapter:
    """What came of it."""

    path: Path
    size: int
    sha256: str
    model_type: str
    rank: int
    """As the engine must be told it."""
    modules: int
    """How many the adapter changes; the others are zeros."""
    trained_for: str | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self) | {"path": str(self.path)}


def convert_adapter(base_path: Path, folder: Path, output: Path) -> WrittenAdapter:
    """Writes the adapter in `folder` for the model at `base_path` (a checkpoint or its web file) to `output`.

    UnsupportedModel for what the format cannot express, or an adapter of another model; `output` is then as it was.
    """
    base, adapter = Base.open(base_path), Adapter.open(folder)
    started = time.monotonic()
    _refuse_to_replace_an_input(base, adapter, output)
    refuse_another_format(output, bundle=False)
    _check(base, adapter)
    rank = -(-adapter.rank // BLOCK) * BLOCK
    parts = list(halves(base.model, rank))
    specs = [part.spec for part in parts]
    notes: dict[str, Any] = {"written_by": f"onpage {__version__}"} | (
        {"trained_for": adapter.base} if adapter.base else {}
    )
    if base.residual.of_part("output") != 1:
        notes["residual_scale"] = base.residual.factor
    layout = WebFileLayout.of(base.model_type, base.parameters, b"", specs, notes, lora_rank=rank)
    written = Checksum()
    values = ((layout.offsets[part.spec.name], _blocks(adapter, part, base.residual)) for part in parts)
    with write_beside(output, layout.size) as file, ReadBack(file.path, layout.parts, lambda _: None) as read_back:
        pieces: Iterable[tuple[int, bytes | memoryview]] = itertools.chain([(0, layout.header)], layout.blobs, values)

        def write(offset: int, data: bytes | memoryview) -> None:
            written.add(Checksum.of(offset, 0, np.frombuffer(data, np.uint8)[None]))
            file.write_at(offset, data)

        for offset, data in pieces:
            write(offset, data)
        write(layout.sums_offset, packed_sums(read_back.sums()))
        sha256 = read_back.finish(layout.size, specs, written)
    return WrittenAdapter(
        path=output,
        size=layout.size,
        sha256=sha256,
        model_type=ModelType.name_of(base.model_type),
        rank=rank,
        modules=len(adapter.modules),
        trained_for=adapter.base,
        seconds=round(time.monotonic() - started, 3),
    )


def _refuse_to_replace_an_input(base: Base, adapter: Adapter, output: Path) -> None:
    inputs = [base.path, *(base.path.iterdir() if base.path.is_dir() else ()), *adapter.folder.iterdir()]
    if output.exists() and any(output.samefile(path) for path in inputs):
        raise OutputError(f"{output} is part of the model or the adapter: choose another file.", subject=output)


def _check(base: Base, adapter: Adapter) -> None:
    """Every module of the adapter is one of the attention's and has the shape that it has in the base."""
    shapes = {
        f"layers.{i}.self_attn.{MODULES[part]}": dict(layer_parts(base.model, layer))[part]
        for i, layer in enumerate(base.model.layers)
        for part in ATTENTION
    }
    whole = next(iter(adapter.whole), None)
    if whole:
        raise UnsupportedModel(
            f"{adapter.folder} holds {whole} whole (modules_to_save), which the engine cannot apply: {INSTEAD} {adapter.folder}.",
            subject="modules_to_save",
        )
    for low in adapter.modules.values():
        if low.magnitude:
            raise UnsupportedModel(
                f"{adapter.folder} is a DoRA adapter, which the engine cannot apply: {INSTEAD} {adapter.folder}.",
                subject="use_dora",
            )
        parts = low.module.split(".")
        if parts[-2:-1] != ["self_attn"] or parts[-1] not in MODULES.values() or parts[0] != "layers":
            raise UnsupportedModel(
                f"{adapter.folder} changes {low.module}, but the engine applies adapters to "
                f"{', '.join(MODULES.values())} only: {INSTEAD} {adapter.folder}.",
                subject=low.module,
            )
        adapter.require_shape(low, shapes.get(low.module), base.path)


def _blocks(adapter: Adapter, part: Half, residual: ResidualScale) -> bytes | memoryview:
    """The bytes of one half, what the adapter lacks as zeros."""
    whole = np.zeros((part.k, part.n), np.float16)
    low = adapter.modules.get(f"layers.{part.layer}.self_attn.{MODULES[part.part]}")
    if low:
        factor = low.scale * residual.of_part(part.part) if part.half == "b" else 1.0
        values = _values(adapter, low, part.half, factor)
        whole[: values.shape[1], : values.shape[0]] = values.T
    blocks = whole.reshape(part.k // BLOCK, BLOCK, part.n // BLOCK, BLOCK).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(blocks).data.cast("B")


def _values(adapter: Adapter, low: LowRank, half: Literal["a", "b"], factor: float) -> NDArray[np.float16]:
    with np.errstate(over="ignore"):  # what float16 cannot hold is refused below
        values = adapter.values(low.a if half == "a" else low.b) * np.float32(factor)
    if np.abs(values).max() > np.finfo(np.float16).max:
        raise UnsupportedModel(
            f"{adapter.folder}: lora_{half.upper()} of {low.module} is too large for float16, in which the engine keeps it: "
            f"{INSTEAD} {adapter.folder}.",
            subject=low.module,
        )
    return values.astype(np.float16)
