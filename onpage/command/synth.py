"""`onpage synth`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from builder.errors import OutputError
from builder.quantize.scheme import Quantization
from onpage.command.bits import quantization_options
from onpage.command.console import byte_progress
from onpage.command.convert import json_option, output_option, show_written
from onpage.extras import requires

if TYPE_CHECKING:
    from builder.convert.web_file import WrittenModel

FORMATS = ("web", "gguf", "onnx")


@click.command()
@click.argument("shape")
@output_option
@quantization_options
@click.option(
    "--format",
    "file_format",
    type=click.Choice(FORMATS),
    default="web",
    show_default=True,
    help="gguf is for llama.cpp (wllama), onnx is a folder for transformers.js. Both use one scale per 32 inputs.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    metavar="N",
    help="Seed of the random weights.",
)
@json_option
def synth(shape: str, output: Path, quantization: Quantization, file_format: str, seed: int, as_json: bool) -> None:
    """Write a model with random weights in a given shape.

    It runs as fast as the real model and needs no licence. SHAPE is a published model (gemma3-270m, gemma3-1b, …) or
    dimensions: any of hidden, ffn, layers, heads, kv, head, vocab, window and context. Dimensions left out are those of a
    very small model. The same shape, quantization and seed give the same file. --format writes the same weights for other
    engines, to compare them.

    \b
    Example:
      onpage synth gemma3-270m -o synthetic-270m-web.task --bits 4
      onpage synth hidden=256,layers=8,heads=4,kv=2,head=64,ffn=1024 -o small-web.task
      onpage synth gemma3-270m -o synthetic-270m.gguf --format gguf --bits 4
    """
    if file_format == "gguf" and output.suffix.lower() != ".gguf":
        raise OutputError(f"{output}: the name of a GGUF file must end with .gguf.", subject=output)
    synthesize = _writer(file_format)
    with byte_progress() as progress:
        written = synthesize(shape, output, quantization=quantization, seed=seed, progress=progress)
    show_written(written, as_json, served=file_format == "web")


def _writer(file_format: str) -> Callable[..., WrittenModel]:
    if file_format == "gguf":
        with requires("peers"):
            from builder.synth.gguf_file import synthesize as write_gguf
        return write_gguf
    if file_format == "onnx":
        with requires("peers"):
            from builder.synth.onnx_folder import synthesize as write_onnx
        return write_onnx
    with requires("build"):
        from builder.synth.web_file import synthesize as write_web
    return write_web
