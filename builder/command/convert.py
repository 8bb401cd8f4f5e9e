"""`onpage convert`."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from builder.command.console import FILE, byte_progress, library, megabytes, print_facts, print_json
from builder.scheme import ROLES, SCHEMES, Quantization

if TYPE_CHECKING:
    from builder.convert import WrittenModel

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
output_option = click.option(
    "-o", "--output", required=True, type=FILE, help="The web file to write (replaced if there)."
)


def quantization_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of a quantization, which it gets as `quantization`."""

    @click.option(
        "--bits",
        type=click.Choice(list(SCHEMES)),
        default="8",
        show_default=True,
        help="Bits of a weight. q4_0: 4 bits, with a scale for each 32 inputs instead of one for all.",
    )
    @click.option("--embedding-bits", type=click.Choice(list(SCHEMES)), help="Of the embedding.  [default: as --bits]")
    @click.option("--attention-bits", type=click.Choice(list(SCHEMES)), help="Of q, k, v, o.  [default: as --bits]")
    @click.option(
        "--feedforward-bits", type=click.Choice(list(SCHEMES)), help="Of gate, up, down.  [default: as --bits]"
    )
    @functools.wraps(command)
    def with_quantization(*, bits: str, **others: Any) -> None:
        roles = {role: others.pop(f"{role}_bits") for role in ROLES}
        command(quantization=Quantization.of(bits, **roles), **others)

    return with_quantization


@click.command()
@click.argument("checkpoint", type=FILE)
@output_option
@quantization_options
@json_option
def convert(checkpoint: Path, output: Path, quantization: Quantization, as_json: bool) -> None:
    """Convert a Hugging Face CHECKPOINT folder of a Gemma 3 text model to a web file.

    The folder holds config.json, one or several .safetensors (BF16, F16 or F32) and tokenizer.model. 8 bits stay close to
    the checkpoint; 4 bits halve the download and lose some quality.

    \b
    Example:
      onpage convert my-gemma-270m -o my-gemma-270m-web.task --bits 4 --embedding-bits 8
    """
    converter = library("builder.convert", "build")
    with byte_progress() as progress:
        written = converter.convert_checkpoint(checkpoint, output, quantization=quantization, progress=progress)
    show_written(written, as_json)


def show_written(written: WrittenModel, as_json: bool) -> None:
    """The result of convert and synth."""
    if as_json:
        print_json(written.to_json())
        return
    print_facts(
        [
            ("file", str(written.path)),
            ("size", megabytes(written.size)),
            ("model", f"{written.family} ({written.model_type}), {written.parameters / 1e6:,.1f} M parameters"),
            ("quantization", str(written.quantization)),
            ("sha256", written.sha256),
            ("time", f"{written.seconds:.1f} s"),
            ("next", f"onpage serve --model {shlex.quote(str(written.path))}"),
        ]
    )
