"""`onpage evaluate-demo`."""

from __future__ import annotations

from pathlib import Path

import click

from builder.command.console import FILE, library, print_json
from builder.command.convert import json_option


@click.command("evaluate-demo")
@click.argument("file", required=False, type=FILE)
@click.option(
    "--texts", type=click.IntRange(1, 10_000), default=300, show_default=True, help="Number of generated texts."
)
@click.option("--float16", is_flag=True, help="Also compare with activations rounded to float16, as GPUs keep them.")
@json_option
def evaluate_demo(file: Path | None, texts: int, float16: bool, as_json: bool) -> None:
    """Measure how well the demo model (or FILE) writes posts about texts that it has never seen.

    Counts the posts that keep the main name and the date or number exactly, stay within 50 words, carry a hashtag and
    end by themselves, on generated texts and on texts written by hand. Runs in numpy, without a browser.

    \b
    Example:
      onpage evaluate-demo
      onpage evaluate-demo my-demo-web.task --texts 50 --float16
    """
    evaluation = library("builder.demo.evaluate", "build")
    report = evaluation.evaluate(file or _demo_model(), generated=texts, float16=float16, progress=_say)
    if as_json:
        print_json(report.to_json())
    else:
        click.echo(report.table())


def _demo_model() -> Path:
    from webapp.paths import DEMO_MODEL

    return DEMO_MODEL


def _say(done: int, total: int) -> None:
    click.echo(f"\r{done} of {total} posts", nl=done == total, err=True)
