"""A LoRA adapter → the file that the engine's `loadLoraModel` takes beside a web file.

A web file without a model: a TFL3 container with A and B of the four attention matrices of every layer, as float16, and two
metadata entries that are indices of buffers: the model type and `lora_rank`. One rank holds for the whole file and is a
multiple of 4, and no matrix may be left out (the engine would bind nothing in its place): ranks are filled up with zeros,
and modules that the adapter leaves alone are zeros, both of which change no sum. The scale is multiplied into B.
What the engine has no names for (feed-forward matrices, DoRA) is refused: it can be merged.
Measured with @mediapipe/tasks-genai 0.10.29; see e2e/exactness.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tflite
from numpy.typing import NDArray

from builder import __version__
from builder.checkpoint import Checkpoint
from builder.errors import OutputError, UnsupportedModel
from builder.families import plan_model
from builder.llm_parameters import LlmParameters, ModelType, TransformerParameters
from builder.lora.adapter import Adapter, LowRank, refuse_an_adapter
from builder.output import write_beside
from builder.quantize import BLOCK
from builder.verify import Checksum, verify_written
from builder.web_file import TensorSpec, WebFileLayout
from builder.web_file_reader import WebFile

MODULES = {"q": "q_proj", "k": "k_proj", "v": "v_proj", "post": "o_proj"}
"""The engine's name of each matrix of an attention → Hugging Face's, in the order of the file."""

INSTEAD = "merge it into the base with onpage convert BASE --merge-lora"


@dataclass(frozen=True)
class Base:
    """The model that an adapter is for: a checkpoint folder, or a web file made of it."""

    path: Path
    model_type: int
    vocab_size: int
    transformer: TransformerParameters

    @classmethod
    def open(cls, path: Path) -> Base:
        """Reads config.json, or the header of a web file; CheckpointError or WebFileError where it is neither."""
        if path.is_file():
            file = WebFile.open(path)
            base = cls(path, file.model_type, file.parameters.vocab_size, file.parameters.transformer_parameters)
            known = f"{base.matrix(base.layers - 1, 'post')}.w" in file.tensors
        else:
            if not (path / "config.json").exists():
                refuse_an_adapter(path)
            plan = plan_model(Checkpoint.open(path).config, path / "config.json")
            base = cls(path, int(plan.model_type), plan.vocab_size, plan.transformer)
            known = base.matrix(base.layers - 1, "post") in {tensor.name for tensor in plan.tensors}
        if not known:
            raise UnsupportedModel(
                f"{path} is a {ModelType.name_of(base.model_type)} whose layers the engine names otherwise: onpage writes "
                f"adapters for Gemma 1 to 3; {INSTEAD}.",
                subject=path,
            )
        return base

    @property
    def layers(self) -> int:
        return int(self.transformer.num_stacks)

    @staticmethod
    def matrix(layer: int, name: str) -> str:
        """The engine's name of a matrix."""
        return f"params.lm.transformer.x_layers_{layer}.self_attention.{name}"

    def shape(self, name: str) -> tuple[int, int]:
        """(outputs, inputs) of a matrix of any layer's attention."""
        p = self.transformer
        hidden, head = int(p.embedding_dim), int(p.head_dimension)
        query, key = int(p.num_heads) * head, int(p.num_kv_heads) * head
        return {"q": (query, hidden), "k": (key, hidden), "v": (key, hidden), "post": (hidden, query)}[name]


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


@dataclass(frozen=True)
class _Matrix:
    """One half of a module: float16, blocks of 4×4 as in a web file."""

    name: str
    k: int
    n: int
    low: LowRank | None
    half: Literal["a", "b"]

    @property
    def spec(self) -> TensorSpec:
        # The engine's own converter calls the half-precision bytes FLOAT32 too; the number of bytes decides.
        return TensorSpec(self.name, tflite.TensorType.FLOAT32, 2 * self.k * self.n)


def convert_adapter(base_path: Path, folder: Path, output: Path) -> WrittenAdapter:
    """Writes the adapter in `folder` for the model at `base_path` (a checkpoint folder or its web file) to `output`.

    UnsupportedModel for what the format cannot express, or an adapter of another model; `output` is then as it was.
    """
    base, adapter = Base.open(base_path), Adapter.open(folder)
    started = time.monotonic()
    _refuse_to_replace_an_input(base, adapter, output)
    _check(base, adapter)
    rank = -(-adapter.rank // BLOCK) * BLOCK
    matrices = list(_matrices(base, adapter, rank))
    specs = [matrix.spec for matrix in matrices]
    notes = {"written_by": f"onpage {__version__}"} | ({"trained_for": adapter.base} if adapter.base else {})
    parameters = LlmParameters(transformer_parameters=base.transformer, vocab_size=base.vocab_size)
    layout = WebFileLayout.of(base.model_type, parameters, b"", specs, notes, lora_rank=rank)
    written = Checksum()
    with write_beside(output, layout.size) as part:
        pieces = [(0, layout.header), *layout.blobs]
        values = ((layout.offsets[matrix.name], _values(adapter, matrix)) for matrix in matrices)
        for place in (pieces, values):
            for offset, data in place:
                written.add(Checksum.of(offset, 0, np.frombuffer(data, np.uint8)[None]))
                part.write_at(offset, data)
        sha256 = verify_written(part.path, layout.size, specs, written, lambda _: None)
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
        f"layers.{layer}.self_attn.{theirs}": base.shape(ours)
        for layer in range(base.layers)
        for ours, theirs in MODULES.items()
    }
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
        check_fits(adapter, low, shapes.get(low.module), base.path)


def check_fits(adapter: Adapter, low: LowRank, shape: tuple[int, int] | None, base: Path) -> None:
    """UnsupportedModel unless the module is in the base and has `shape` there."""
    if shape != low.shape:
        there = (
            f"which {base} does not have as a matrix of its own"
            if shape is None
            else f"of shape {list(low.shape)}, which is {list(shape)} in {base}"
        )
        raise UnsupportedModel(
            f"{adapter.folder} changes {low.module}, {there}: take the base of this adapter, {adapter.trained_for}.",
            subject=low.module,
        )


def _matrices(base: Base, adapter: Adapter, rank: int) -> Iterator[_Matrix]:
    for layer in range(base.layers):
        for ours, theirs in MODULES.items():
            low = adapter.modules.get(f"layers.{layer}.self_attn.{theirs}")
            outputs, inputs = base.shape(ours)
            name = f"{base.matrix(layer, ours)}.w_prime_"
            # After the attention the names are the other way round: right is applied first.
            first, second = ("right", "left") if ours == "post" else ("left", "right")
            yield _Matrix(name + first, inputs, rank, low, "a")
            yield _Matrix(name + second, rank, outputs, low, "b")


def _values(adapter: Adapter, matrix: _Matrix) -> memoryview:
    """The bytes of a matrix (k, n), what the adapter lacks as zeros."""
    whole = np.zeros((matrix.k, matrix.n), np.float16)
    if matrix.low:
        values = _half(adapter, matrix.low, matrix.half)
        whole[: values.shape[1], : values.shape[0]] = values.T
    blocks = whole.reshape(matrix.k // BLOCK, BLOCK, matrix.n // BLOCK, BLOCK).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(blocks).data.cast("B")


def _half(adapter: Adapter, low: LowRank, half: Literal["a", "b"]) -> NDArray[np.float16]:
    values = adapter.values(low.a) if half == "a" else adapter.values(low.b) * np.float32(low.scale)
    if np.abs(values).max() > np.finfo(np.float16).max:
        raise UnsupportedModel(
            f"{adapter.folder}: lora_{half.upper()} of {low.module} is too large for float16, in which the engine keeps it: "
            f"{INSTEAD} {adapter.folder}.",
            subject=low.module,
        )
    return values.astype(np.float16)
