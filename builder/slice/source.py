"""Whatever is sliced: a checkpoint's folder, or a web file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from builder.formats.sniff import is_gguf
from builder.slice import web_file, write
from builder.slice.plan import Slice, Sliceable
from builder.slice.write import WrittenSlice

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class SliceSource:
    """A Gemma 3n that is here."""

    path: Path
    whole: Sliceable
    is_web_file: bool

    @classmethod
    def open(cls, path: Path) -> SliceSource:
        """Reads config.json or a header; UnsupportedModel where it is no Gemma 3n, ModelFileError or CheckpointError where it is damaged."""
        if path.is_file() and not is_gguf(path):
            return cls(path, web_file.open_sliceable(path)[1], True)
        return cls(path, write.open_sliceable(path), False)

    def write(self, output: Path, kept: Slice, progress: Progress | None = None) -> WrittenSlice:
        """A folder of a folder, a web file of a web file; OutputError where it cannot be put at `output`."""
        return (web_file.slice_web_file if self.is_web_file else write.write_slice)(self.path, output, kept, progress)
