"""`onpage estimate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from builder.quantize.scheme import Quantization
from onpage.command.bits import bits_are_chosen, quantization_options
from onpage.command.console import megabytes, print_facts, print_json
from onpage.command.convert import json_option
from onpage.command.sizes import Bytes
from onpage.extras import requires

if TYPE_CHECKING:
    from builder.estimate import Estimate


@click.command()
@click.argument("model")
@quantization_options
@click.option(
    "--context",
    type=click.IntRange(1),
    metavar="TOKENS",
    help="Tokens of prompt and answer together (maxTokens).  [default: the model's, at most 2048]",
)
@click.option("--gpu-memory", type=Bytes(), help="Check against this much GPU memory, such as 8GB.")
@click.option(
    "--max-buffer-size", type=Bytes(), help="Check against the browser's limit for one buffer, such as 256MiB."
)
@json_option
def estimate(
    model: str,
    quantization: Quantization,
    context: int | None,
    gpu_memory: int | None,
    max_buffer_size: int | None,
    as_json: bool,
) -> None:
    """Estimate a model's download size and GPU memory.

    MODEL is an id of `onpage models`, a shape (gemma3-1b, gemma4-e2b, …), a checkpoint (a folder or a GGUF file), a web file (or a .litertlm
    that contains one), or dimensions as for `onpage synth`. The options for bits apply to a model that is not quantized yet. The
    exit status is 0 whether or not the model fits; --json has the answer in `enough`.

    \b
    Example:
      onpage estimate gemma3-4b --bits 4 --embedding-bits 8 --context 4096 --gpu-memory 6GB
      onpage estimate gemma3-1b-int4 --max-buffer-size 256MiB --json
    """
    with requires("build"):
        from builder.estimate import Limits
        from builder.estimate import estimate as estimate_model
    chosen = quantization if bits_are_chosen() else None
    found = estimate_model(model, chosen, context, Limits(gpu_memory, max_buffer_size))
    if as_json:
        print_json(found.to_json())
        return
    print_facts(_rows(found))
    click.echo()
    click.echo(f"{'at':8}  {'download':>14}  {f'GPU, {found.context:,} tokens':>18}")
    for row in found.table:
        click.echo(f"{row.name:8}  {megabytes(row.download):>14}  {megabytes(row.gpu) if row.gpu else '–':>18}")


def _rows(found: Estimate) -> list[tuple[str, str]]:
    memory = found.memory
    rows = [
        ("model", f"{found.model}, {found.parameters / 1e6:,.1f} M parameters"),
        ("quantization", found.quantization),
        ("context", f"{found.context:,} tokens"),
        ("download", megabytes(found.download)),
        ("GPU memory", megabytes(memory.total)),
        ("of it weights", megabytes(memory.weights)),
        ("of it KV cache", megabytes(memory.kv_cache)),
        ("of it working", megabytes(memory.working)),
        ("largest buffer", f"{megabytes(memory.largest)}: {memory.largest_is}"),
    ]
    if found.enough is not None:
        rows.append(("enough", "yes" if found.enough else f"no: {'; '.join(found.lacking)}"))
    if found.approximate:
        rows.append(("approximate", f"{found.approximate}."))
    return rows
