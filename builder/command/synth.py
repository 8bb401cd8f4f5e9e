"""`onpage synth`."""

from __future__ import annotations

from pathlib import Path

import click

from builder.command.console import byte_progress, library
from builder.command.convert import json_option, output_option, quantization_options, show_written
from builder.scheme import Quantization


@click.command()
@click.argument("shape")
@output_option
@quantization_options
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of the random weights.")
@json_option
def synth(shape: str, output: Path, quantization: Quantization, seed: int, as_json: bool) -> None:
    """Write a web file of SHAPE with random weights: as fast as the real model, free of its licence.

    SHAPE is a published model (gemma3-270m, gemma3-1b, …) or dimensions: any of hidden, ffn, layers, heads, kv, head,
    vocab, window, context; what is not given is that of a very small model. The same shape, quantization and seed give
    the same file.

    \b
    Example:
      onpage synth gemma3-270m -o synthetic-270m-web.task --bits 4
      onpage synth hidden=256,layers=8,heads=4,kv=2,head=64,ffn=1024 -o small-web.task
    """
    maker = library("builder.synth", "build")
    with byte_progress() as progress:
        written = maker.synthesize(shape, output, quantization=quantization, seed=seed, progress=progress)
    show_written(written, as_json)
