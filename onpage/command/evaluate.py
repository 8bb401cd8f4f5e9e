"""`onpage evaluate`."""

from __future__ import annotations

from pathlib import Path

import click

from onpage.command.console import FILE, print_json, step_progress
from onpage.command.convert import json_option
from onpage.command.evaluation_rows import show_evaluation
from onpage.extras import requires

PRECISIONS = ("float32", "float16")


@click.command()
@click.argument("model", type=FILE)
@click.option(
    "--text",
    "texts",
    type=FILE,
    multiple=True,
    help="A text to judge by, in UTF-8. May be repeated.  [default: two of ours, of several kinds]",
)
@click.option(
    "--against", type=FILE, metavar="MODEL", help="Compare with this model: a checkpoint, or another web file."
)
@click.option(
    "--tokens",
    type=click.IntRange(1, 1_000_000),
    default=1024,
    show_default=True,
    metavar="N",
    help="Tokens of each text, at most.",
)
@click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    default="float32",
    show_default=True,
    help="Round every activation of MODEL to float16, as a GPU does.",
)
@click.option("--lora", type=FILE, metavar="ADAPTER", help="Put this adapter file on MODEL.")
@json_option
def evaluate(
    model: Path,
    texts: tuple[Path, ...],
    against: Path | None,
    tokens: int,
    precision: str,
    lora: Path | None,
    as_json: bool,
) -> None:
    """Measure how well MODEL predicts texts, and how near it is to another.

    Prints the perplexity and whether float16 holds the residual stream; with --against also the Kullback-Leibler divergence in
    nats a token and how often both find the same next token likeliest, each with its 95 % interval. Runs in numpy, without a
    browser. MODEL is a web file (.task, .bin or in a .litertlm) or a checkpoint.

    \b
    Example:
      onpage evaluate my-gemma-web.task
      onpage evaluate my-gemma-4bit-web.task --against my-gemma
      onpage evaluate my-gemma-web.task --against my-gemma --text letters.txt --json
    """
    with requires("build"):
        from builder.reference.evaluated import evaluate_model
    with step_progress() as progress:
        found = evaluate_model(
            model,
            against=against,
            texts=texts,
            tokens=tokens,
            precision="float16" if precision == "float16" else "float32",
            adapter=lora,
            progress=progress,
        )
    if as_json:
        print_json(found.to_json())
    else:
        show_evaluation(found)
