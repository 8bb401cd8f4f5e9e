"""`onpage evaluate-demo`."""

from __future__ import annotations

from pathlib import Path

import click

from onpage.command.console import FILE, print_json
from onpage.command.convert import json_option
from onpage.command.posts import check_sampling, demo_model, need_a_checkout, sampling_options, say_posts
from onpage.extras import requires


@click.command("evaluate-demo")
@click.argument("file", required=False, type=FILE)
@click.option(
    "--texts",
    type=click.IntRange(1, 10_000),
    default=300,
    show_default=True,
    metavar="N",
    help="Number of generated texts.",
)
@click.option("--float16", is_flag=True, help="Also measure with activations rounded to float16, as GPUs store them.")
@sampling_options
@json_option
def evaluate_demo(
    file: Path | None, texts: int, float16: bool, temperature: float | None, top_k: int | None, as_json: bool
) -> None:
    """Measure how well the demo model writes posts.

    Runs the demo model, or FILE, on texts that it was not trained on: generated ones and ones written by hand. Counts the
    posts that keep the main name and the date or number exactly, stay within 50 words, have a hashtag and end by themselves.
    Runs in numpy, without a browser.

    \b
    Example:
      onpage evaluate-demo
      onpage evaluate-demo --temperature 0.3 --top-k 8
      onpage evaluate-demo my-demo-web.task --texts 50 --float16
    """
    check_sampling(temperature, top_k)
    if temperature and float16:
        raise click.UsageError("--float16 compares greedy posts: leave out --temperature.")
    need_a_checkout("evaluate-demo")
    with requires("build"):
        from builder.demo.evaluate import Sampling, evaluate
    sampling = Sampling(temperature, top_k or 8) if temperature else None
    report = evaluate(file or demo_model(), generated=texts, float16=float16, sampling=sampling, progress=say_posts)
    if as_json:
        print_json(report.to_json())
    else:
        click.echo(report.table())
