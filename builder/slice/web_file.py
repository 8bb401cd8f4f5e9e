"""A slice of a web file as a web file: bytes of its tensors, none of which is quantized again.

What is left of a matrix by whole outputs keeps their scales: it is what the sliced checkpoint would be converted to. Of the matrix that leads
back from a feed-forward inputs are left out. Where an output has one scale for all inputs that stays, and may be coarser than the inputs
that are left need; blocks of inputs keep their own. Its sums are computed again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import FileIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from builder.convert.container import refuse_another_format
from builder.errors import OutputError, UnsupportedModel, WebFileError
from builder.files.writing import write_beside
from builder.formats.llm_parameters import LlmParameters
from builder.formats.sniff import Format, sniff_file
from builder.formats.tflite_schema import TensorType
from builder.formats.web_entries import TensorSpec
from builder.formats.web_file_layout import WebFileLayout
from builder.formats.web_file_reader import WebFile
from builder.formats.web_model import described, transformer_parameters
from builder.formats.web_tensor_names import tensor_name
from builder.formats.web_tensors import BITS, TensorEntry, are_halves
from builder.slice.composed import ComposedFile, Computed, Strips, read_exactly
from builder.slice.plan import FAMILY, Slice, Sliceable, all_parameters, effective_parameters
from builder.slice.write import WrittenSlice

BLOCK = 4
"""Inputs and outputs of the engine's blocks, which lie input by input of blocks."""
MEASURED = ("largest_residual", "residual_bound")
"""Notes that are true of the whole alone."""
IN_A_LAYER = re.compile(r"transformer\.layer_(\d+)\.(.+)")
KINDS = (".w_quantized_scale", ".w.sum_i", ".w")
"""How the names of the tensors of a matrix end."""

Progress = Callable[[str, int, int], None]


def open_sliceable(path: Path) -> tuple[WebFile, Sliceable]:
    """A web file of a Gemma 3n; UnsupportedModel for another model, or another container; WebFileError for one that
    the engine would write wrong text with."""
    container = sniff_file(path)
    if container is not Format.WEB:
        raise UnsupportedModel(
            f"{path} is a {container.value}: a slice is made of a web file (-web.task) or of a Hugging Face folder.",
            subject=path,
        )
    file = WebFile.open(path)
    model = described(file)
    if model.family != FAMILY or file.lora_rank is not None:
        raise UnsupportedModel(f"{path} is no model of Gemma 3n, which alone is made to be sliced.", subject=path)
    if file.problem:
        raise WebFileError(f"{path} {file.problem}: convert it again.", subject=path)
    return file, Sliceable(path, model)


def compose(path: Path, kept: Slice) -> ComposedFile:
    """What `kept` is of the web file `path`, as a web file that is not written.

    Raises WebFileError for a damaged file, UnsupportedModel for a slice that the engine cannot be told of.
    """
    file, whole = open_sliceable(path)
    _check_sizes(file, whole)
    parts = list(_parts(file, kept, whole))
    notes = {key: value for key, value in file.notes.items() if key not in MEASURED}
    notes["slice"] = {"layers": list(kept.layers), "ffn": list(kept.widths)}
    parameters = _parameters(file, whole, kept)
    layout = WebFileLayout.of(file.model_type, parameters, file.tokenizer(), [part.spec for part in parts], notes)
    entries = [
        TensorEntry(part.spec.name, part.spec.type, part.spec.size, layout.offsets[part.spec.name]) for part in parts
    ]
    header = replace(
        file,
        size=layout.size,
        parameters=parameters,
        tensors={entry.name: entry for entry in entries},
        notes=notes,
        sums_offset=None,
    )
    placed = [(layout.offsets[part.spec.name], part.content) for part in parts]
    return ComposedFile(header, _front(layout), placed, layout.sums_offset, layout.size)


def slice_web_file(path: Path, output: Path, kept: Slice, progress: Progress | None = None) -> WrittenSlice:
    """Writes what `kept` is of the web file `path` to `output`, which is replaced completely or not at all.

    Raises the errors of `compose`, and OutputError.
    """
    started = time.monotonic()
    _, whole = open_sliceable(path)
    refuse_another_format(output, bundle=False)
    if output.exists() and output.samefile(path):
        raise OutputError(f"{output} is the file that is sliced: choose another output file.", subject=output)
    model, composed = whole.describe(kept), compose(path, kept)
    with write_beside(output, composed.size) as written, FileIO(path) as source:

        def put(at: int, data: bytes) -> None:
            written.write_at(at, data)
            if progress:
                progress("write", at + len(data), composed.size)

        measured = composed.measure(source, put)
    return WrittenSlice(
        path=output,
        size=composed.size,
        kept=kept,
        parameters=all_parameters(model),
        effective_parameters=effective_parameters(model),
        seconds=round(time.monotonic() - started, 3),
        sha256=measured.sha256,
    )


@dataclass(frozen=True)
class _Part:
    """A tensor of the slice."""

    spec: TensorSpec
    content: Strips | Computed


def _parameters(file: WebFile, whole: Sliceable, kept: Slice) -> LlmParameters:
    """The file's own, with what a slice changes; UnsupportedModel where the engine cannot be told."""
    told = transformer_parameters(whole.describe(kept))
    parameters: LlmParameters = LlmParameters.deserialize(LlmParameters.serialize(file.parameters))
    ours = parameters.transformer_parameters
    ours.num_stacks, ours.hidden_dimension = told.num_stacks, told.hidden_dimension
    ours.kv_cache_shared_start_layer = told.kv_cache_shared_start_layer
    if "kv_shared_hidden_dimension" in told:
        ours.kv_shared_hidden_dimension = told.kv_shared_hidden_dimension
    return parameters


def _check_sizes(file: WebFile, whole: Sliceable) -> None:
    """WebFileError where a matrix that is cut has not the size that the parameters give it."""
    model, hidden = whole.model, whole.model.embedding.width
    wanted = {
        tensor_name("per_layer_model_projection", None, model): (hidden, len(model.layers) * model.per_layer_width)
    }
    for i, width in enumerate(whole.widths):
        wanted |= {tensor_name(role, i, model): (hidden, width) for role in ("gate", "up")}
        wanted[tensor_name("down", i, model)] = width, hidden
    for name, (k, n) in wanted.items():
        if not _fits(file, name, k, n):
            raise WebFileError(
                f"{file.path} holds no {name} of {k:,} inputs and {n:,} outputs, as its parameters have it: download or "
                f"convert it again.",
                subject=name,
            )


def _fits(file: WebFile, name: str, k: int, n: int) -> bool:
    """Whether a matrix and what belongs to it have the bytes of so many inputs and outputs."""
    values, scales, sums = (file.tensors.get(name + end) for end in (".w", ".w_quantized_scale", ".w.sum_i"))
    if values is None:
        return False
    if are_halves(values):
        return values.size == 2 * k * n
    if scales is None or values.type not in BITS or values.size * 8 != k * n * BITS[values.type]:
        return False
    return scales.size % (4 * n) == 0 and k % (scales.size // (4 * n)) == 0 and (sums is None or sums.size == 4 * n)


def _parts(file: WebFile, kept: Slice, whole: Sliceable) -> Iterator[_Part]:
    """The tensors of the slice, in the order of the file."""
    places = {layer: place for place, layer in enumerate(kept.layers)}
    projection, model = tensor_name("per_layer_model_projection", None, whole.model) + ".w", whole.model
    given = model.per_layer_width
    for name, entry in file.tensors.items():
        found = IN_A_LAYER.fullmatch(name)
        if name == projection:
            columns = np.concatenate([np.arange(i * given, (i + 1) * given) for i in kept.layers])
            yield _part(name, entry, _outputs(entry, model.embedding.width, columns))
        elif found is None:
            yield _part(name, entry, _first_bytes(entry, entry.size))
        elif (layer := int(found[1])) in places:
            place = places[layer]
            yield _part(
                f"transformer.layer_{place}.{found[2]}", entry, _narrowed(file, entry, layer, kept.widths[place], whole)
            )


def _part(name: str, source: TensorEntry, content: Strips | Computed) -> _Part:
    return _Part(TensorSpec(name, source.type, content.size), content)


def _narrowed(file: WebFile, entry: TensorEntry, layer: int, width: int, whole: Sliceable) -> Strips | Computed:
    """What is left of a tensor of a layer whose feed-forward is to be so wide."""
    hidden, had = whole.model.embedding.width, whole.widths[layer]
    kind = next((end for end in KINDS if entry.name.endswith(end)), "")
    part = entry.name.removesuffix(kind)
    wide = {role: tensor_name(role, layer, whole.model) for role in ("gate", "up", "down")}
    if width == had or part not in wide.values():
        return _first_bytes(entry, entry.size)
    if part != wide["down"]:
        if kind == ".w":
            return _outputs(entry, hidden, np.arange(width))
        return _first_bytes(entry, entry.size * width // had)
    if kind == ".w":
        return _first_bytes(entry, entry.size * width // had)
    if kind == ".w.sum_i":
        values = file.tensors[f"{part}.w"]
        return Computed(entry.size, lambda opened: _sums_of(opened, values, hidden, width, had))
    blocks = entry.size // (4 * hidden)
    if blocks > 1 and width * blocks % had:
        raise UnsupportedModel(
            f"{file.path} has a scale for each {had // blocks} inputs of {part}, of which a feed-forward of {width:,} is no multiple.",
            subject="ffn",
        )
    left = max(1, blocks * width // had)
    return Strips(entry.offset, ((0, 4 * left),), hidden, 4 * blocks)


def _first_bytes(entry: TensorEntry, size: int) -> Strips:
    return Strips(entry.offset, ((0, size),))


def _outputs(entry: TensorEntry, inputs: int, columns: NDArray[np.int64]) -> Strips:
    """Some outputs of a matrix, whole blocks of them, which lie as (blocks of inputs, blocks of outputs, bytes of a block)."""
    sizes: dict[int, int] = {TensorType.INT8: BLOCK * BLOCK, TensorType.INT4: BLOCK * BLOCK // 2}
    size = sizes.get(entry.type, 2 * BLOCK * BLOCK)  # float16
    rows, blocks = inputs // BLOCK, columns.reshape(-1, BLOCK)[:, 0] // BLOCK
    runs = np.split(blocks, np.flatnonzero(np.diff(blocks) != 1) + 1)
    return Strips(entry.offset, tuple((int(run[0]) * size, len(run) * size) for run in runs), rows, entry.size // rows)


def _sums_of(file: FileIO, values: TensorEntry, outputs: int, width: int, had: int) -> bytes:
    """For each output the sum of its integers of the inputs that are left."""
    stored = np.frombuffer(read_exactly(file, values.offset, values.size * width // had), np.uint8)
    if values.type == TensorType.INT4:
        stored = np.stack((stored & 15, stored >> 4), axis=-1).reshape(-1)
    offset = 128 if values.type == TensorType.INT8 else 8
    blocks = stored.reshape(width // BLOCK, outputs // BLOCK, BLOCK, BLOCK)
    sums: NDArray[np.int64] = blocks.sum(axis=(0, 2), dtype=np.int64).reshape(outputs) - offset * width
    return sums.astype("<i4").tobytes()


def _front(layout: WebFileLayout) -> bytes:
    """Header and metadata: all in front of the tensors."""
    front = bytearray(layout.parts[0][1])
    for offset, data in ((0, layout.header), *layout.blobs):
        front[offset : offset + len(data)] = data
    return bytes(front)
