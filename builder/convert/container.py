"""The container that a web file's name says: the web file itself, or a `.litertlm` around it; names of other formats are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from builder.bundle import largest_litertlm, web_source, write_litertlm
from builder.errors import OutputError
from builder.files.writing import folder_beside

LITERTLM = ".litertlm"
MADE_OTHERWISE = {
    ".tflite": "a LiteRT graph, which onpage convert --target graph makes",
    ".gguf": "a model for llama.cpp, which onpage synth --format gguf makes of random weights only",
    ".onnx": "a model for ONNX Runtime, which onpage synth --format onnx makes of random weights only",
    ".safetensors": "a part of a checkpoint",
    ".zip": "an archive",
    ".json": "JSON",
}
"""What a name's end says that a web file is not; all other ends say nothing."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Contained:
    """The file that was written under the name."""

    size: int
    sha256: str


def refuse_another_format(output: Path, *, bundle: bool) -> None:
    """OutputError where the name of a web file says that it is something else; `bundle`: whether it may be a `.litertlm`."""
    end = output.suffix.lower()
    reason = MADE_OTHERWISE.get(end)
    if end == LITERTLM and not bundle:
        reason = "a bundle, which holds a whole model"
    if reason:
        raise OutputError(
            f"{output} has the suffix of {reason}: choose a name that ends with .task"
            f"{' or .litertlm' if bundle else ' or .bin'}.",
            subject=output,
        )


def largest_size(output: Path, web_file: int, tokenizer: int) -> int:
    """Bytes that `output` has at most, for a web file of that size and its tokenizer's."""
    if output.suffix.lower() != LITERTLM:
        return web_file
    return largest_litertlm(web_file, tokenizer)


def write_contained(output: Path, write: Callable[[Path], object], progress: Progress | None) -> Contained:
    """Has `write` write a web file, and puts that into the `.litertlm` that `output` says it is."""

    def bundling(phase: str, done: int, total: int) -> None:
        if progress:
            progress({"write": "copy", "verify": "check"}[phase], done, total)

    with folder_beside(output) as work:
        model = work / "model.task"
        write(model)
        written = write_litertlm(output, web_source(model), bundling)
    return Contained(written.size, written.sha256)
