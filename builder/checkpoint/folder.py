"""A Hugging Face checkpoint folder: config.json and safetensors, one shard or many.

The folder is not trusted: shapes, types and offsets are checked before a byte is used.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from safetensors import SafetensorError, safe_open

from builder.checkpoint.checkpoint import Checkpoint
from builder.checkpoint.other_kinds import (
    REPOSITORY,
    refuse_no_checkpoint,
    refuse_no_folder,
    refuse_other_weights,
    refuse_quantized,
)
from builder.checkpoint.rows import StoredTensor
from builder.checkpoint.torch_file import read_torch_file
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

WRAPPERS = re.compile(r"(?:^module\.|(?<![^.])_orig_mod\.)")
"""Parts of names that torch's DataParallel and torch.compile put there."""

STRAYS = ("._", "optimizer", "scheduler")
"""How files begin that are no part of a model: macOS's notes of a file, and a training's state."""

NUMBERED = re.compile(r".+-\d+-of-\d+\.(?:safetensors|bin)")

KINDS = (("model", ".safetensors"), ("pytorch_model", ".bin"))
"""Files of weights, by stem and suffix; the first that are there are read."""


class CheckpointFolder(Checkpoint):
    """An opened checkpoint folder. `config` is the parsed config.json."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.path = folder
        self.config = config
        self.config_path = folder / "config.json"

    @classmethod
    def open(cls, folder: Path) -> Self:
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
        return self.path.resolve().name

    @property
    def files(self) -> Sequence[Path]:
        """All that lie in the folder."""
        return list(self.path.iterdir())

    @cached_property
    def tensors(self) -> dict[str, StoredTensor]:
        """The tensors of all shards by name; CheckpointError where a shard or the index is missing or broken."""
        tensors: dict[str, StoredTensor] = {}
        for shard in _shards(self.path):
            for stored in read_torch_file(shard) if shard.suffix == ".bin" else read_header(shard):
                tensor = replace(stored, name=WRAPPERS.sub("", stored.name))
                if tensor.name in tensors:
                    raise CheckpointError(
                        f"Tensor {tensor.name} is in both {tensors[tensor.name].file.name} and {shard.name} of {self.path}: "
                        f"remove the shard that does not belong to this model.",
                        subject=tensor.name,
                    )
                tensors[tensor.name] = tensor
        return tensors


def _shards(folder: Path) -> list[Path]:
    """The files of weights: safetensors where there are any, else PyTorch's own."""
    for kind in KINDS:
        found = _shards_of(folder, *kind)
        if found:
            return found
    refuse_other_weights(folder)
    raise CheckpointError(
        f"{folder} holds no .safetensors file: expected model.safetensors or shards with an index.", subject=folder
    )


def _shards_of(folder: Path, stem: str, suffix: str) -> list[Path]:
    index_path = folder / f"{stem}{suffix}.index.json"
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
    whole = folder / f"{stem}{suffix}"
    if whole.exists():
        return [whole]
    there = sorted(path for path in folder.glob(f"*{suffix}") if not path.name.startswith((*STRAYS, ADAPTER_WEIGHTS)))
    numbered = [path for path in there if NUMBERED.fullmatch(path.name)]
    return numbered or (there if suffix == ".safetensors" else [])


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
        raise CheckpointError(f"{shard} is not a valid safetensors file: {reason}.", subject=shard) from None
    header.pop("__metadata__", None)
    return [
        StoredTensor(name, shard, entry["dtype"], tuple(entry["shape"]), 8 + length + entry["data_offsets"][0])
        for name, entry in header.items()
    ]
