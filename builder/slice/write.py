"""Writes a slice as a Hugging Face folder: transformers opens it, and `onpage convert` does. Whole or not at all.

Tensors go over in bands of rows, in the type that they are stored in, so nothing whole is held. The folder is built beside its place,
opened as a checkpoint to see that nothing is missing, and renamed.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from builder.checkpoint.checkpoint import BAND_BYTES
from builder.checkpoint.folder import CheckpointFolder
from builder.errors import OutputError, UnsupportedModel
from builder.files.writing import explained, folder_beside, require_room
from builder.formats.sniff import is_gguf
from builder.formats.web_model import transformer_parameters
from builder.model.families import family_of, gemma3n
from builder.model.opened import OpenedCheckpoint
from builder.slice.cut import Cut, cuts
from builder.slice.plan import Slice, Sliceable, all_parameters, effective_parameters

Progress = Callable[[str, int, int], None]

BESIDE = (
    "tokenizer.model",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "generation_config.json",
    "processor_config.json",
    "preprocessor_config.json",
)
"""What goes over as it is, where it is there."""

WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class WrittenSlice:
    """What came of it."""

    path: Path
    size: int
    """Of the weights, in bytes."""
    kept: Slice
    parameters: int
    """Of the text part."""
    effective_parameters: int
    """Of these without the tables of the vocabulary, as E2B and E4B are named."""
    seconds: float
    notes: tuple[str, ...] = ()
    """In words."""
    sha256: str | None = None
    """Of a web file, whose size is that of the file; None for a folder."""

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self) | {"path": str(self.path), "kept": {"layers": self.kept.layers, "ffn": self.kept.widths}}


def open_sliceable(folder: Path) -> Sliceable:
    """A checkpoint folder's config.json; UnsupportedModel where it is no Gemma 3n in a folder."""
    if is_gguf(folder):
        raise UnsupportedModel(
            f"{folder} is a GGUF file: make a web file of it with onpage convert, and slice that.", subject=folder
        )
    checkpoint = CheckpointFolder.open(folder)
    return Sliceable.read(checkpoint.config, checkpoint.config_path)


def write_slice(folder: Path, output: Path, kept: Slice, progress: Progress | None = None) -> WrittenSlice:
    """Writes what `kept` is of the checkpoint `folder` to the folder `output`, which must not be there, or be empty.

    Raises CheckpointError for a checkpoint that is not sound, OutputError where the folder cannot be written.
    """
    started = time.monotonic()
    check_output(output)
    whole = open_sliceable(folder)
    opened = OpenedCheckpoint.open(folder)
    _ = opened.weights  # all of it is there: of turns and sampling a slice takes the files as they are
    naming = family_of(opened.checkpoint.config, opened.checkpoint.config_path).naming_in(opened.checkpoint.tensors)
    model = whole.describe(kept)
    taken = list(cuts(opened.checkpoint.tensors, naming.decoder, model.per_layer_width, kept))
    for cut in taken:
        opened.checkpoint.require(cut.tensor.name, cut.tensor.shape)  # of a type that can be read
    with folder_beside(output) as beside:
        made = beside / "slice"
        try:
            made.mkdir()
            size = _write(made / WEIGHTS, taken, output, progress)
            config = gemma3n.sliced(opened.checkpoint.config, opened.checkpoint.config_path, kept.layers, kept.widths)
            (made / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
            for name in BESIDE:
                if (folder / name).is_file():
                    shutil.copyfile(folder / name, made / name)
        except OSError as error:
            raise explained(error, output) from error
        _ = OpenedCheckpoint.open(made).weights
        _put_in_place(made, output)
    return WrittenSlice(
        path=output,
        size=size,
        kept=kept,
        parameters=all_parameters(model),
        effective_parameters=effective_parameters(model),
        seconds=round(time.monotonic() - started, 3),
        notes=_notes(whole, kept),
    )


def check_output(output: Path) -> None:
    """OutputError where no folder could be put at `output`, known before the work."""
    if os.path.lexists(output) and not (output.is_dir() and not any(output.iterdir())):
        raise OutputError(f"{output} exists: name a new folder, or delete that one first.", subject=output)
    if not output.parent.is_dir():
        raise OutputError(f"{output.parent} does not exist: create the folder first.", subject=output)


def _notes(whole: Sliceable, kept: Slice) -> tuple[str, ...]:
    """What a person should know of the slice."""
    try:
        transformer_parameters(whole.describe(kept))
    except UnsupportedModel as error:
        return (f"for transformers only. {error}",)
    return ()


def _write(path: Path, taken: Sequence[Cut], output: Path, progress: Progress | None) -> int:
    """The tensors as one safetensors file; its size."""
    places: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    position = 0
    for cut in taken:
        size = math.prod(cut.shape) * _item_size(cut)
        places[cut.name] = {
            "dtype": cut.tensor.dtype,
            "shape": list(cut.shape),
            "data_offsets": [position, position + size],
        }
        position += size
    header = json.dumps(places).encode()
    header += b" " * (-len(header) % 8)
    whole = 8 + len(header) + position
    require_room(output, whole, path.parent)
    done = 0
    with path.open("xb") as file:
        file.truncate(whole)  # a limit of the file's size is met before the work
        file.write(len(header).to_bytes(8, "little") + header)
        for cut in taken:
            for count in _copy(cut, file):
                done += count
                if progress:
                    progress("write", done, position)
        os.fsync(file.fileno())
    return whole


def _copy(cut: Cut, file: BinaryIO) -> Iterator[int]:
    """Writes a tensor of the slice; the number of bytes of each band of it, written."""
    tensor, width = cut.tensor, cut.tensor.width
    step = max(1, BAND_BYTES // (_item_size(cut) * max(width, 1)))
    for first, count in cut.rows:
        for start in range(first, first + count, step):
            rows = np.empty((min(step, first + count - start), width), tensor.array_type)
            tensor.read_rows(start, rows)
            if cut.columns != ((0, width),):
                rows = np.concatenate([rows[:, at : at + some] for at, some in cut.columns], axis=1)
            file.write(np.ascontiguousarray(rows).data)
            yield rows.nbytes


def _item_size(cut: Cut) -> int:
    assert cut.tensor.array_type is not None  # as `require` has seen to
    return cut.tensor.array_type.itemsize


def _put_in_place(made: Path, output: Path) -> None:
    try:
        if output.exists():
            output.rmdir()
        made.replace(Path(os.path.realpath(output)))
    except OSError as error:
        raise explained(error, output) from None
