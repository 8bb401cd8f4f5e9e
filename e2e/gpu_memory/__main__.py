"""`python -m e2e.gpu_memory gemma3-270m --bits 4 --context 1280`: measured and estimated, a line each."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from builder.estimate import estimate
from builder.quantize.scheme import Quantization
from builder.synth.web_file import synthesize
from e2e.bare import served
from e2e.gpu_memory import taken
from onpage.bench.browser import launched
from onpage.command.bits import quantization_options
from onpage.command.console import megabytes


@click.command()
@click.argument("shapes", nargs=-1, required=True)
@quantization_options
@click.option("--context", type=click.IntRange(300), multiple=True, default=[1280], show_default=True)
def main(shapes: tuple[str, ...], quantization: Quantization, context: tuple[int, ...]) -> None:
    """Load SHAPES with random weights and print what the GPU had to hold."""
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as address, launched() as browser:
        for shape in shapes:
            path = Path(name) / "model.task"
            synthesize(shape, path, quantization=quantization)
            for tokens in context:
                measured = taken(browser, address, path.name, tokens)
                memory = estimate(str(path), context=tokens).memory
                click.echo(
                    f"{shape}, {quantization}, {tokens} tokens: measured {megabytes(measured.total)}, estimated "
                    f"{megabytes(memory.total)} ({memory.total / measured.total:.3f}); largest {megabytes(measured.largest)} "
                    f"and {megabytes(memory.largest)}"
                )


if __name__ == "__main__":
    main()
