"""The web model file as it is written: where everything lies, and the header that says so.

A TFLite FlatBuffer (`TFL3`) with one subgraph and no operators. Each weight is a tensor whose shape is its number of
bytes and whose data lies outside the FlatBuffer, at an absolute position that its Buffer names. Metadata entries hold the
parameters, the tokenizer and the backend; the model type is the *index* of a buffer without data, so the table of buffers
must be longer than the largest type. The engine streams the file forward: header, metadata, tensors in the order it wants.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import flatbuffers
import tflite

from builder.errors import WebFileError
from builder.formats.llm_parameters import LlmParameters, ModelType
from builder.formats.tflite_schema import TensorType
from builder.formats.web_entries import (
    BACKEND_ENTRY,
    LORA_RANK_ENTRY,
    MAX_NOTES,
    MAX_PARAMETERS,
    MODEL_TYPE_ENTRY,
    NOTES_ENTRY,
    PARAMETERS_ENTRY,
    SUMS_ENTRY,
    TOKENIZER_ENTRY,
    TensorSpec,
    sums_size,
)

MAGIC = b"TFL3"
ALIGNMENT = 256
SMALLEST_FILE = 1 << 20
"""The engine refuses a smaller one; small models are padded at the end."""

BUFFER_TABLE = max(ModelType) + 1
"""Least number of buffers: every model type must be a valid index."""


@dataclass(frozen=True)
class _Described:
    """What a header says."""

    numbers: tuple[tuple[str, int], ...]
    """The metadata entries that are an index and nothing else."""
    entries: tuple[str, ...]
    """The other ones."""
    tensors: tuple[TensorSpec, ...]
    places: tuple[tuple[int, int], ...]
    """(offset, size) of the metadata entries, of the tensors, then of the sums."""


@dataclass(frozen=True)
class WebFileLayout:
    """Every position of a web file, known before a weight is read."""

    blobs: tuple[tuple[int, bytes], ...]
    """(offset, metadata)."""
    offsets: dict[str, int]
    """Tensor name → offset of its data."""
    parts: tuple[tuple[int, int], ...]
    """(start, end) of what the file holds sums of: all in front of the tensors, and each tensor."""
    sums_offset: int
    """Where the sums of the parts go, which are known when all else is written."""
    size: int
    """Of the file, padding included."""
    _described: _Described

    @cached_property
    def header(self) -> bytes:
        """The FlatBuffer; made when it is asked for, because who compares sizes needs none."""
        return _header(self._described)

    @classmethod
    def of(
        cls,
        model_type: int,
        parameters: LlmParameters,
        tokenizer: bytes,
        tensors: list[TensorSpec],
        notes: dict[str, Any],
        *,
        lora_rank: int | None = None,
    ) -> WebFileLayout:
        """Lays the file out; tensors keep their order. With `lora_rank` it is an adapter file."""
        metadata = {
            PARAMETERS_ENTRY: LlmParameters.serialize(parameters),
            TOKENIZER_ENTRY: tokenizer,
            BACKEND_ENTRY: b"gpu",
            NOTES_ENTRY: json.dumps(notes, sort_keys=True).encode(),
        }
        for entry, most in ((PARAMETERS_ENTRY, MAX_PARAMETERS), (NOTES_ENTRY, MAX_NOTES)):
            if len(metadata[entry]) > most:
                raise WebFileError(
                    f"The metadata {entry} would have {len(metadata[entry]):,} bytes: a web file has at most {most:,}; make the "
                    f"turns shorter.",
                    subject=entry,
                )
        sizes = [len(blob) for blob in metadata.values()] + [tensor.size for tensor in tensors] + [sums_size(tensors)]
        indices = {MODEL_TYPE_ENTRY: int(model_type), SUMS_ENTRY: len(sizes)}
        indices |= {LORA_RANK_ENTRY: lora_rank} if lora_rank else {}
        entries = tuple(metadata)
        filled = tuple(size > 0 for size in sizes)
        names = tuple(tensor.name for tensor in tensors)
        position = _header_length(tuple(indices.items()), entries, names, filled)
        places: list[tuple[int, int]] = []
        for size in sizes:
            position = -(-position // ALIGNMENT) * ALIGNMENT
            places.append((position, size))
            position += size
        return cls(
            blobs=tuple((offset, blob) for (offset, _), blob in zip(places, metadata.values(), strict=False)),
            offsets={
                tensor.name: offset for tensor, (offset, _) in zip(tensors, places[len(metadata) : -1], strict=True)
            },
            parts=((0, places[len(metadata)][0]), *((at, at + size) for at, size in places[len(metadata) : -1])),
            sums_offset=places[-1][0],
            size=max(position, SMALLEST_FILE),
            _described=_Described(tuple(indices.items()), entries, tuple(tensors), tuple(places)),
        )


@lru_cache(maxsize=8)
def _header_length(
    numbers: tuple[tuple[str, int], ...],
    entries: tuple[str, ...],
    names: tuple[str, ...],
    filled: tuple[bool, ...],
) -> int:
    """Of a file with tensors of these names and these things in it: types, offsets and sizes are fields of a fixed width that are always
    stored, so the length does not depend on their values, but for a size of nothing."""
    specs = tuple(TensorSpec(name, TensorType.INT8, 1) for name in names)
    return len(_header(_Described(numbers, entries, specs, tuple((0, int(one)) for one in filled))))


def _header(described: _Described) -> bytes:
    numbers, entries = dict(described.numbers), described.entries
    tensors, places = described.tensors, described.places
    b = flatbuffers.Builder(1 << 16)
    b.ForceDefaults(True)
    # Buffer 0 is empty by TFLite's convention; 1, 2, … follow `places`; the rest of the table has no data.
    table = [(0, 0), *places]
    table += [(0, 0)] * (max(BUFFER_TABLE, *(index + 1 for index in numbers.values())) - len(table))
    buffers = _offset_vector(b, [_buffer(b, *place) for place in table])
    first_tensor = 1 + len(entries)
    tensor_vector = _offset_vector(b, [_tensor(b, tensor, first_tensor + i) for i, tensor in enumerate(tensors)])
    name = b.CreateString("main")
    nothing = _offset_vector(b, [])
    tflite.SubGraphStart(b)
    tflite.SubGraphAddTensors(b, tensor_vector)
    tflite.SubGraphAddInputs(b, nothing)
    tflite.SubGraphAddOutputs(b, nothing)
    tflite.SubGraphAddOperators(b, nothing)
    tflite.SubGraphAddName(b, name)
    subgraphs = _offset_vector(b, [tflite.SubGraphEnd(b)])
    indices = {entry: 1 + i for i, entry in enumerate(entries)} | numbers
    metadata = _offset_vector(b, [_metadata(b, entry, index) for entry, index in indices.items()])
    description = b.CreateString("onpage")
    codes = _offset_vector(b, [])
    tflite.ModelStart(b)
    tflite.ModelAddVersion(b, 3)
    tflite.ModelAddOperatorCodes(b, codes)
    tflite.ModelAddSubgraphs(b, subgraphs)
    tflite.ModelAddDescription(b, description)
    tflite.ModelAddBuffers(b, buffers)
    tflite.ModelAddMetadata(b, metadata)
    b.Finish(tflite.ModelEnd(b), MAGIC)
    return bytes(b.Output())


def _offset_vector(b: flatbuffers.Builder, items: list[int]) -> int:
    b.StartVector(4, len(items), 4)
    for item in reversed(items):
        b.PrependUOffsetTRelative(item)
    return int(b.EndVector())


def _buffer(b: flatbuffers.Builder, offset: int, size: int) -> int:
    tflite.BufferStart(b)
    if size:
        tflite.BufferAddOffset(b, offset)
        tflite.BufferAddSize(b, size)
    return int(tflite.BufferEnd(b))


def _tensor(b: flatbuffers.Builder, tensor: TensorSpec, buffer: int) -> int:
    name = b.CreateString(tensor.name)
    b.StartVector(4, 1, 4)
    b.PrependInt32(tensor.size)
    shape = b.EndVector()
    tflite.TensorStart(b)
    tflite.TensorAddShape(b, shape)
    tflite.TensorAddType(b, tensor.type)
    tflite.TensorAddBuffer(b, buffer)
    tflite.TensorAddName(b, name)
    return int(tflite.TensorEnd(b))


def _metadata(b: flatbuffers.Builder, name: str, buffer: int) -> int:
    text = b.CreateString(name)
    tflite.MetadataStart(b)
    tflite.MetadataAddName(b, text)
    tflite.MetadataAddBuffer(b, buffer)
    return int(tflite.MetadataEnd(b))
