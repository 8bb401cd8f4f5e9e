"""`onpage evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from onpage.command.console import FILE, byte_progress, print_json, say, step_progress
from onpage.command.convert import json_option
from onpage.command.evaluation_rows import show_evaluation
from onpage.extras import requires

if TYPE_CHECKING:
    from builder.reference.arithmetic import Precision

PRECISIONS = ("float32", "float16", "int8")


@click.command()
@click.argument("model")
@click.option(
    "--text",
    "texts",
    type=FILE,
    multiple=True,
    help="A text to evaluate on, in UTF-8. May be repeated.  [default: two built-in texts]",
)
@click.option("--against", metavar="MODEL", help="Compare with this model, computed in float32.")
@click.option(
    "--tokens",
    type=click.IntRange(1, 1_000_000),
    default=1024,
    show_default=True,
    metavar="N",
    help="Use at most N tokens of each text.",
)
@click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    help="How to compute MODEL. float16: every activation rounded as on a GPU. int8: the inputs of matrices rounded to 8 bits, as "
    "engines do for a graph on a CPU.  [default: as a graph asks for, else float32]",
)
@click.option("--lora", type=FILE, metavar="ADAPTER", help="Apply this adapter file to MODEL.")
@json_option
def evaluate(
    model: str,
    texts: tuple[Path, ...],
    against: str | None,
    tokens: int,
    precision: Precision | None,
    lora: Path | None,
    as_json: bool,
) -> None:
    """Measure perplexity, and the distance to another model.

    Prints the perplexity, and whether the residual stream fits into float16. With --against, also prints the Kullback-Leibler
    divergence in nats per token and how often both models have the same likeliest next token, each with its 95 % interval. MODEL
    is a web file (.task, .bin or in a .litertlm), a LiteRT graph that onpage made (.litertlm or .task), a checkpoint folder, a
    GGUF file, or the name of a repository of the Hugging Face hub. Runs in numpy, without a browser.

    \b
    Example:
      onpage evaluate my-gemma-web.task
      onpage evaluate my-gemma-4bit-web.task --against my-gemma
      onpage evaluate my-gemma-web.task --against my-gemma --text letters.txt --json
    """
    with requires("build"):
        from builder.fetch.located import locate
        from builder.reference.evaluated import evaluate_model
    with byte_progress() as progress:
        path = locate(model, say, progress=progress).path
        other = None if against is None else locate(against, say, progress=progress).path
    with step_progress() as progress:
        found = evaluate_model(
            path,
            against=other,
            texts=texts,
            tokens=tokens,
            precision=precision,
            adapter=lora,
            progress=progress,
        )
    if as_json:
        print_json(found.to_json())
    else:
        show_evaluation(found)
