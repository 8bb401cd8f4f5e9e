"""`onpage convert`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from builder.command.console import FILE, byte_progress, library, megabytes, print_facts, print_json

bits_option = click.option(
    "--bits", type=click.Choice(["4", "8"]), default="8", show_default=True, help="Bits of the layers' matrices."
)
embedding_bits_option = click.option(
    "--embedding-bits", type=click.Choice(["4", "8"]), help="Bits of the embedding.  [default: as --bits]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
output_option = click.option(
    "-o", "--output", required=True, type=FILE, help="The web file to write (replaced if there)."
)


@click.command()
@click.argument("checkpoint", type=FILE)
@output_option
@bits_option
@embedding_bits_option
@json_option
def convert(checkpoint: Path, output: Path, bits: str, embedding_bits: str | None, as_json: bool) -> None:
    """Convert a Hugging Face CHECKPOINT folder of a Gemma 3 text model to a web file.

    The folder holds config.json, one or several .safetensors (BF16, F16 or F32) and tokenizer.model. 8 bits stay close to
    the checkpoint; 4 bits halve the download and lose some quality.

    \b
    Example:
      onpage convert my-gemma-270m -o my-gemma-270m-web.task --bits 4 --embedding-bits 8
    """
    converter = library("builder.convert", "build")
    with byte_progress() as progress:
        written = converter.convert_checkpoint(
            checkpoint,
            output,
            bits=int(bits),
            embedding_bits=int(embedding_bits) if embedding_bits else None,
            progress=progress,
        )
    show_written(written.to_json(), as_json)


def show_written(facts: dict[str, Any], as_json: bool) -> None:
    """The result of convert and synth: `builder.convert.WrittenModel.to_json()`."""
    if as_json:
        print_json(facts)
        return
    print_facts(
        [
            ("file", facts["path"]),
            ("size", megabytes(facts["size"])),
            ("model", f"{facts['family']} ({facts['model_type']}), {facts['parameters'] / 1e6:,.1f} M parameters"),
            ("bits", f"{facts['bits']}, embedding {facts['embedding_bits']}"),
            ("sha256", facts["sha256"]),
            ("time", f"{facts['seconds']:.1f} s"),
            ("next", f"onpage serve --model {shlex.quote(facts['path'])}"),
        ]
    )
