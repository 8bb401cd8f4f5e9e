"""A slice of a web file as a web file: bytes of its tensors, none of which is quantized again.

What is left of a matrix by whole outputs keeps their scales: it is what the sliced checkpoint would be converted to. Of the matrix that leads
back from a feed-forward inputs are left out. Where an output has one scale for all inputs that stays, and may be coarser than the inputs
that are left need; blocks of inputs keep their own. Its sums are computed again.
"""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from builder.convert.container import refuse_another_format
from builder.errors import OutputError, UnsupportedModel, WebFileError
from builder.files.digest import sha256_of
from builder.files.writing import PartFile, write_beside
from builder.formats.llm_parameters import LlmParameters
from builder.formats.sniff import Format, sniff_file
from builder.formats.tflite_schema import TensorType
from builder.formats.web_entries import TensorSpec, packed_sums
from builder.formats.web_file_layout import WebFileLayout
from builder.formats.web_file_reader import BITS, TensorEntry, WebFile, are_halves
from builder.formats.web_model import described, transformer_parameters
from builder.formats.web_tensor_names import tensor_name
from builder.slice.plan import FAMILY, Slice, Sliceable, all_parameters, effective_parameters
from builder.slice.write import WrittenSlice

BLOCK = 4
"""Inputs and outputs of the engine's blocks, which lie input by input of blocks."""
PIECE = 16 << 20
"""Bytes that are copied at a time."""
MEASURED = ("largest_residual", "residual_bound")
"""Notes that are true of the whole alone."""
IN_A_LAYER = re.compile(r"transformer\.layer_(\d+)\.(.+)")
KINDS = (".w_quantized_scale", ".w.sum_i", ".w")
"""How the names of the tensors of a matrix end."""

Progress = Callable[[str, int, int], None]


def open_sliceable(path: Path) -> tuple[WebFile, Sliceable]:
    """A web file of a Gemma 3n; UnsupportedModel for another model, or another container."""
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
    return file, Sliceable(path, model)


def slice_web_file(path: Path, output: Path, kept: Slice, progress: Progress | None = None) -> WrittenSlice:
    """Writes what `kept` is of the web file `path` to `output`, which is replaced completely or not at all.

    Raises WebFileError for a damaged file, UnsupportedModel for a slice that the engine cannot be told of, OutputError.
    """
    started = time.monotonic()
    file, whole = open_sliceable(path)
    refuse_another_format(output, bundle=False)
    if output.exists() and output.samefile(path):
        raise OutputError(f"{output} is the file that is sliced: choose another output file.", subject=output)
    model = whole.describe(kept)
    _check_sizes(file, whole)
    parts = list(_parts(file, kept, whole))
    notes = {key: value for key, value in file.notes.items() if key not in MEASURED}
    notes["slice"] = {"layers": list(kept.layers), "ffn": list(kept.widths)}
    layout = WebFileLayout.of(
        file.model_type, _parameters(file, whole, kept), file.tokenizer(), [part.spec for part in parts], notes
    )
    with write_beside(output, layout.size) as written:
        sums = [_write_front(written, layout)]
        for part in parts:
            sums.append(_write_part(written, layout.offsets[part.spec.name], part, file))
            if progress:
                progress("write", layout.offsets[part.spec.name] + part.spec.size, layout.size)
        written.write_at(layout.sums_offset, packed_sums(sums))
        sha256 = sha256_of(written.path)
    return WrittenSlice(
        path=output,
        size=layout.size,
        kept=kept,
        parameters=all_parameters(model),
        effective_parameters=effective_parameters(model),
        seconds=round(time.monotonic() - started, 3),
        sha256=sha256,
    )


@dataclass(frozen=True)
class _Cut:
    """Bytes of a tensor of the slice that are other than the source's: made when they are written, so that one matrix is held at a time."""

    size: int
    make: Callable[[], NDArray[np.uint8]]


@dataclass(frozen=True)
class _Part:
    """A tensor of the slice."""

    spec: TensorSpec
    source: TensorEntry
    cut: _Cut | None
    """None: all of the source."""


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
            yield _part(name, entry, _outputs(file, entry, model.embedding.width, columns))
        elif found is None:
            yield _part(name, entry, None)
        elif (layer := int(found[1])) in places:
            place = places[layer]
            yield _part(
                f"transformer.layer_{place}.{found[2]}", entry, _narrowed(file, entry, layer, kept.widths[place], whole)
            )


def _part(name: str, source: TensorEntry, cut: _Cut | None) -> _Part:
    return _Part(TensorSpec(name, source.type, cut.size if cut else source.size), source, cut)


def _narrowed(file: WebFile, entry: TensorEntry, layer: int, width: int, whole: Sliceable) -> _Cut | None:
    """What is left of a tensor of a layer whose feed-forward is to be so wide; None for all of it."""
    hidden, had = whole.model.embedding.width, whole.widths[layer]
    kind = next((end for end in KINDS if entry.name.endswith(end)), "")
    part = entry.name.removesuffix(kind)
    wide = {role: tensor_name(role, layer, whole.model) for role in ("gate", "up", "down")}
    if width == had or part not in wide.values():
        return None
    if part != wide["down"]:
        if kind == ".w":
            return _outputs(file, entry, hidden, np.arange(width))
        return _first_bytes(file, entry, entry.size * width // had)
    if kind == ".w":
        return _first_bytes(file, entry, entry.size * width // had)
    if kind == ".w.sum_i":
        return _Cut(entry.size, lambda: _sums_of(file, file.tensors[f"{part}.w"], hidden, width, had))
    blocks = entry.size // (4 * hidden)
    if blocks > 1 and width * blocks % had:
        raise UnsupportedModel(
            f"{file.path} has a scale for each {had // blocks} inputs of {part}, of which a feed-forward of {width:,} is no multiple.",
            subject="ffn",
        )
    left = max(1, blocks * width // had)
    return _Cut(4 * hidden * left, lambda: _bytes(file, entry).reshape(hidden, blocks, 4)[:, :left].reshape(-1))


def _first_bytes(file: WebFile, entry: TensorEntry, size: int) -> _Cut:
    return _Cut(size, lambda: _bytes(file, entry)[:size])


def _outputs(file: WebFile, entry: TensorEntry, inputs: int, columns: NDArray[np.int64]) -> _Cut:
    """Some outputs of a matrix, whole blocks of them, which lie as (blocks of inputs, blocks of outputs, bytes of a block)."""
    sizes: dict[int, int] = {TensorType.INT8: BLOCK * BLOCK, TensorType.INT4: BLOCK * BLOCK // 2}
    size = sizes.get(entry.type, 2 * BLOCK * BLOCK)  # float16
    rows, blocks = inputs // BLOCK, columns.reshape(-1, BLOCK)[:, 0] // BLOCK
    return _Cut(rows * len(blocks) * size, lambda: _bytes(file, entry).reshape(rows, -1, size)[:, blocks].reshape(-1))


def _sums_of(file: WebFile, values: TensorEntry, outputs: int, width: int, had: int) -> NDArray[np.uint8]:
    """For each output the sum of its integers of the inputs that are left."""
    stored = _bytes(file, values)[: values.size * width // had]
    if values.type == TensorType.INT4:
        stored = np.stack((stored & 15, stored >> 4), axis=-1).reshape(-1)
    offset = 128 if values.type == TensorType.INT8 else 8
    blocks = stored.reshape(width // BLOCK, outputs // BLOCK, BLOCK, BLOCK)
    sums: NDArray[np.int64] = blocks.sum(axis=(0, 2), dtype=np.int64).reshape(outputs) - offset * width
    return np.frombuffer(sums.astype("<i4").tobytes(), np.uint8)


def _bytes(file: WebFile, entry: TensorEntry) -> NDArray[np.uint8]:
    return np.frombuffer(file.read(entry.name), np.uint8)


def _write_front(written: PartFile, layout: WebFileLayout) -> int:
    """Header and metadata; the CRC-32 of all in front of the tensors."""
    front = bytearray(layout.parts[0][1])
    for offset, data in ((0, layout.header), *layout.blobs):
        front[offset : offset + len(data)] = data
    written.write_at(0, bytes(front))
    return zlib.crc32(front)


def _write_part(written: PartFile, offset: int, part: _Part, file: WebFile) -> int:
    """A tensor; its CRC-32."""
    if part.cut is not None:
        data = part.cut.make().tobytes()
        written.write_at(offset, data)
        return zlib.crc32(data)
    crc, done = 0, 0
    with file.path.open("rb") as source:
        source.seek(part.source.offset)
        while done < part.source.size:
            piece = source.read(min(PIECE, part.source.size - done))
            if not piece:
                raise WebFileError(f"{file.path} ended early: it was cut while being read.", subject=file.path)
            written.write_at(offset + done, piece)
            crc, done = zlib.crc32(piece, crc), done + len(piece)
    return crc
