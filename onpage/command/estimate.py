"""`onpage estimate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import click
from click.core import ParameterSource

from builder.formats.tflite_schema import Activations
from builder.quantize.scheme import Quantization
from onpage.command.bits import bits_are_chosen, quantization_options
from onpage.command.console import megabytes, print_facts, print_json
from onpage.command.convert import json_option
from onpage.command.per_layer import on_demand_row
from onpage.command.sizes import Bytes
from onpage.extras import requires

if TYPE_CHECKING:
    from builder.estimate import Estimate
    from builder.estimate.graph import GraphEstimate


@click.command()
@click.argument("model")
@quantization_options
@click.option(
    "--context",
    type=click.IntRange(1),
    metavar="TOKENS",
    help="Tokens of prompt and answer together (maxTokens).  [default: the model's, at most 2048]",
)
@click.option(
    "--target",
    type=click.Choice(["web", "graph"]),
    default="web",
    show_default=True,
    help="web: a file for WebGPU. graph: a LiteRT graph, for the processor.",
)
@click.option(
    "--activations",
    type=click.Choice(get_args(Activations)),
    default="int8",
    show_default=True,
    help="Activations of a graph.",
)
@click.option(
    "--prefill",
    type=int,
    multiple=True,
    metavar="TOKENS",
    help="Tokens of a prompt that a graph reads at once. May be repeated.  [default: 32 and 128]",
)
@click.option("--pictures", is_flag=True, help="Count what sees, too, as convert --pictures would write it.")
@click.option("--gpu-memory", type=Bytes(), help="Check against this much GPU memory, such as 8GB.")
@click.option(
    "--max-buffer-size", type=Bytes(), help="Check against the browser's limit for one buffer, such as 256MiB."
)
@json_option
def estimate(
    model: str,
    quantization: Quantization,
    context: int | None,
    target: str,
    activations: Activations,
    prefill: tuple[int, ...],
    pictures: bool,
    gpu_memory: int | None,
    max_buffer_size: int | None,
    as_json: bool,
) -> None:
    """Estimate a model's download size and memory.

    MODEL is an id of `onpage models`, a shape (gemma3-1b, gemma4-e2b, …), a checkpoint (a folder or a GGUF file), a web file (or a .litertlm
    that contains one), or dimensions as for `onpage synth`. With --target graph it is a checkpoint, a shape, dimensions, or a graph, and the
    memory is that of the processor's engine in a page. The options for bits apply to a model that is not quantized yet. The
    exit status is 0 whether or not the model fits; --json has the answer in `enough`.

    \b
    Example:
      onpage estimate gemma3-4b --bits 4 --embedding-bits 8 --context 4096 --gpu-memory 6GB
      onpage estimate my-smollm2 --target graph
      onpage estimate gemma3-1b-int4 --max-buffer-size 256MiB --json
    """
    with requires("build"):
        from builder.estimate import Limits
        from builder.estimate import estimate as estimate_model
    chosen = quantization if bits_are_chosen() else None
    if target == "graph":
        _refuse(("gpu_memory", "max_buffer_size", "pictures"), "is for --target web: a graph runs on the processor.")
        from builder.estimate.graph import estimate_graph

        _show_graph(estimate_graph(model, chosen, activations=activations, context=context, prefill=prefill), as_json)
        return
    _refuse(("activations", "prefill"), "needs --target graph.")
    found = estimate_model(model, chosen, context, Limits(gpu_memory, max_buffer_size), pictures=pictures)
    if as_json:
        print_json(found.to_json())
        return
    print_facts(_rows(found))
    click.echo()
    click.echo(f"{'at':8}  {'download':>14}  {f'GPU, {found.context:,} tokens':>18}")
    for row in found.table:
        click.echo(f"{row.name:8}  {megabytes(row.download):>14}  {megabytes(row.gpu) if row.gpu else '–':>18}")


def _refuse(options: tuple[str, ...], why: str) -> None:
    """UsageError for one of these that was given."""
    asked = click.get_current_context()
    for name in options:
        if asked.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name.replace('_', '-')} {why}", asked)


def _show_graph(found: GraphEstimate, as_json: bool) -> None:
    if as_json:
        print_json(found.to_json())
        return
    memory = found.memory
    print_facts(
        [
            ("model", f"{found.model}, {found.parameters / 1e6:,.1f} M parameters"),
            ("quantization", f"{found.quantization}, activations {found.activations}"),
            ("context", f"{found.context:,} tokens"),
            ("prefill", f"{', '.join(map(str, found.prefill))} tokens at once"),
            ("download", megabytes(found.download)),
            ("memory", f"about {megabytes(memory.total)} of the engine, in a page"),
            ("of it file", megabytes(memory.file)),
            ("of it packed", megabytes(memory.packed)),
            ("of it KV cache", megabytes(memory.kv_cache)),
            ("of it engine", megabytes(memory.engine)),
        ]
    )


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
        *([("per-layer embeddings", on_demand_row(memory.on_demand))] if memory.on_demand else []),
        ("largest buffer", f"{megabytes(memory.largest)}: {memory.largest_is}"),
    ]
    if found.enough is not None:
        rows.append(("enough", "yes" if found.enough else f"no: {'; '.join(found.lacking)}"))
    if found.approximate:
        rows.append(("approximate", f"{found.approximate}."))
    return rows
