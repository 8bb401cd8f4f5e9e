"""A Hugging Face checkpoint folder: config.json and safetensors, one shard or many.

Tensors are read in bands of rows as float32. Nothing is memory-mapped for long and nothing whole is held: a model larger
than the memory passes through. The folder is not trusted: shapes, types and offsets are checked before a byte is used.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from builder.checkpoint.other_kinds import (
    REPOSITORY,
    refuse_no_checkpoint,
    refuse_no_folder,
    refuse_other_weights,
    refuse_quantized,
)
from builder.checkpoint.rows import Piece, StoredRows, StoredTensor, parts_of, row_count
from builder.checkpoint.stored_types import NUMPY_TYPES, Rows, to_float32
from builder.errors import CheckpointError
from builder.files.reading import (
    IS_POINTER,
    POINTER,
    NotReadableError,
    check_regular,
    read_json_object,
    shortened,
    shown,
)

ADAPTER_WEIGHTS = "adapter_model.safetensors"
"""What peft saves, perhaps beside a checkpoint: no part of it."""

MAX_HEADER = 16 << 20
"""Bytes of a shard's header; that of 1,500 tensors has 0.2 MB."""

BAND_BYTES = 32 << 20
"""Target size of a band as float32: small enough for memory, large enough for long strips in the file."""

WRAPPERS = re.compile(r"(?:^module\.|(?<![^.])_orig_mod\.)")
"""Parts of names that torch's DataParallel and torch.compile put there."""

STRAYS = ("._", "optimizer", "scheduler")
"""How files begin that are no part of a model: macOS's notes of a file, and a training's state."""

NUMBERED = re.compile(r".+-\d+-of-\d+\.safetensors")


class Checkpoint:
    """An opened checkpoint folder. `config` is the parsed config.json."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.folder = folder
        self.config = config

    @classmethod
    def open(cls, folder: Path) -> Checkpoint:
        """Reads config.json; CheckpointError where the folder or the file is missing or broken."""
        try:
            is_folder = folder.is_dir()
        except OSError as error:
            raise CheckpointError(f"{folder} cannot be read: {error.strerror}.", subject=folder) from None
        if not is_folder:
            raise refuse_no_folder(folder)
        refuse_no_checkpoint(folder)
        config = read_json_object(folder / "config.json")
        refuse_quantized(config, folder / "config.json")
        return cls(folder, config)

    @property
    def name(self) -> str:
        """The repository that it came from, where config.json says one; else the folder's name, without the path."""
        said = self.config.get("_name_or_path")
        if isinstance(said, str) and REPOSITORY.fullmatch(said):
            return said
        return self.folder.resolve().name

    @cached_property
    def tensors(self) -> dict[str, StoredTensor]:
        """The tensors of all shards by name; CheckpointError where a shard or the index is missing or broken."""
        tensors: dict[str, StoredTensor] = {}
        for shard in _shards(self.folder):
            for stored in read_header(shard):
                tensor = replace(stored, name=WRAPPERS.sub("", stored.name))
                if tensor.name in tensors:
                    raise CheckpointError(
                        f"Tensor {tensor.name} is in both {tensors[tensor.name].file.name} and {shard.name} of {self.folder}: "
                        f"remove the shard that does not belong to this model.",
                        subject=tensor.name,
                    )
                tensors[tensor.name] = tensor
        return tensors

    def require(self, name: str, shape: tuple[int, ...]) -> StoredTensor:
        """The tensor of that name, of that shape and of a type that can be read; CheckpointError otherwise."""
        tensor = self.tensors.get(name)
        if tensor is None:
            raise CheckpointError(
                f"Tensor {name} is missing from {self.folder}: expected shape {list(shape)}; "
                f"is the download complete, and is it a full checkpoint (not an adapter)?",
                subject=name,
            )
        if tensor.shape != shape:
            raise CheckpointError(
                f"Tensor {name} in {tensor.file} has shape {list(tensor.shape)}, but config.json makes it {list(shape)}.",
                subject=name,
            )
        if tensor.dtype not in NUMPY_TYPES:
            raise CheckpointError(
                f"Tensor {name} in {tensor.file} is of type {tensor.dtype}: expected one of {', '.join(NUMPY_TYPES)}; "
                f"save the checkpoint unquantized first.",
                subject=name,
            )
        return tensor

    def bands(self, tensor: StoredTensor, multiple: int = 4) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """As `stored_bands`, in float32 and checked to be finite."""
        for first, rows in self.stored_bands(tensor, multiple):
            check_finite(tensor.name, first, rows)
            yield first, to_float32(rows[:])

    def stored_bands(self, tensor: StoredTensor, multiple: int = 4) -> Iterator[tuple[int, StoredRows]]:
        """(first row, rows) over a matrix (or a vector, as one band), still to be read."""
        return self.bands_of([Piece(tensor, 0, row_count(tensor.shape))], tensor.shape, multiple)

    def bands_of(
        self, pieces: Sequence[Piece], shape: tuple[int, ...], multiple: int = 4
    ) -> Iterator[tuple[int, StoredRows]]:
        """(first row, rows) over what was found, still to be read.

        Bands have about BAND_BYTES as float32 and a multiple of `multiple` rows (the last one what is left).
        """
        rows = row_count(shape)
        width = math.prod(shape) // rows
        step = max(multiple, BAND_BYTES // (4 * width) // multiple * multiple)
        for first in range(0, rows, step):
            yield first, StoredRows(parts_of(pieces, first, min(first + step, rows)), width)


def check_finite(name: str, first: int, rows: Rows) -> None:
    """CheckpointError where a value of a band is infinite or no number."""
    values = to_float32(rows[:])
    finite = np.isfinite(values)
    if finite.all():
        return
    row, column = np.argwhere(~finite)[0].tolist()
    raise CheckpointError(
        f"Tensor {name} holds {values[row, column]} at row {first + row}, column {column}: expected finite weights; the "
        f"training run or the download went wrong.",
        subject=name,
    )


def _shards(folder: Path) -> list[Path]:
    index_path = folder / "model.safetensors.index.json"
    if index_path.exists():
        names = read_json_object(index_path).get("weight_map")
        if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
            raise CheckpointError(f"{index_path} has no weight_map of file names.", subject=index_path)
        shards = [folder / name for name in sorted(set(names.values()))]
        present = {path.name for path in folder.iterdir()}
        for shard in shards:
            if shard.name not in present or shard.parent != folder:
                raise CheckpointError(
                    f"Shard {shown(shard.name)}, named in {index_path}, is not in {folder}: download it again.",
                    subject=shard,
                )
        return shards
    whole = folder / "model.safetensors"
    if whole.exists():
        return [whole]
    there = sorted(
        path for path in folder.glob("*.safetensors") if not path.name.startswith((*STRAYS, ADAPTER_WEIGHTS))
    )
    shards = [path for path in there if NUMBERED.fullmatch(path.name)] or there
    if not shards:
        refuse_other_weights(folder)
        raise CheckpointError(
            f"{folder} holds no .safetensors file: expected model.safetensors or shards with an index.", subject=folder
        )
    return shards


def read_header(shard: Path) -> list[StoredTensor]:
    """The tensors of one safetensors file; CheckpointError where it is not a sound one."""
    try:
        check_regular(shard)
        with shard.open("rb") as file:
            start = file.read(len(POINTER))
            if start == POINTER:
                raise NotReadableError(IS_POINTER)
            (length,) = struct.unpack("<Q", start[:8])
            file.seek(8)
            if length > MAX_HEADER:
                raise ValueError(f"its header should have {length:,} bytes: expected at most {MAX_HEADER:,}")
            with safe_open(shard, framework="numpy"):  # checks the header against the file: lengths, overlaps, gaps
                pass
            # numpy has no bfloat16, so safe_open cannot hand such tensors over; only their places are taken from the header
            header = json.loads(file.read(length))
    except NotReadableError as error:
        raise CheckpointError(f"{shard} {error}.", subject=shard) from None
    except (SafetensorError, OSError, ValueError, struct.error) as error:
        reason = shortened(str(getattr(error, "strerror", None) or error), 300)  # it may quote the header
        raise CheckpointError(f"{shard} is not a sound safetensors file: {reason}.", subject=shard) from None
    header.pop("__metadata__", None)
    return [
        StoredTensor(name, shard, entry["dtype"], tuple(entry["shape"]), 8 + length + entry["data_offsets"][0])
        for name, entry in header.items()
    ]
