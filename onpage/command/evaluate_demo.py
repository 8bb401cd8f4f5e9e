"""`onpage evaluate-demo`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from builder.errors import OnpageError
from onpage.command.console import FILE, print_json
from onpage.command.convert import json_option
from onpage.extras import requires


@click.command("evaluate-demo")
@click.argument("file", required=False, type=FILE)
@click.option(
    "--texts", type=click.IntRange(1, 10_000), default=300, show_default=True, help="Number of generated texts."
)
@click.option("--float16", is_flag=True, help="Also compare with activations rounded to float16, as GPUs keep them.")
@click.option("--temperature", type=click.FloatRange(0.01, 10), help="Draw each token as the page does, not greedily.")
@click.option("--top-k", type=click.IntRange(1, 4096), help="With --temperature: of so many tokens.  [default: 8]")
@json_option
def evaluate_demo(
    file: Path | None, texts: int, float16: bool, temperature: float | None, top_k: int | None, as_json: bool
) -> None:
    """Measure how well the demo model (or FILE) writes posts about texts that it has never seen.

    Counts the posts that keep the main name and the date or number exactly, stay within 50 words, carry a hashtag and
    end by themselves, on generated texts and on texts written by hand. Runs in numpy, without a browser.

    \b
    Example:
      onpage evaluate-demo
      onpage evaluate-demo --temperature 0.3 --top-k 8
      onpage evaluate-demo my-demo-web.task --texts 50 --float16
    """
    if top_k and not temperature:
        raise click.UsageError("--top-k needs --temperature: without it the posts are greedy.")
    if temperature and float16:
        raise click.UsageError("--float16 compares greedy posts: leave --temperature out.")
    if find_spec("builder.demo") is None:
        raise OnpageError(
            "evaluate-demo needs the texts that the demo model is measured on, which are not in the installed package: "
            "run it in a checkout of onpage's repository, after pip install -e '.[build]'."
        )
    with requires("build"):
        from builder.demo.evaluate import Sampling, evaluate
    sampling = Sampling(temperature, top_k or 8) if temperature else None
    report = evaluate(file or _demo_model(), generated=texts, float16=float16, sampling=sampling, progress=_say)
    if as_json:
        print_json(report.to_json())
    else:
        click.echo(report.table())


def _demo_model() -> Path:
    from webapp.paths import DEMO_MODEL

    return DEMO_MODEL


def _say(done: int, total: int) -> None:
    click.echo(f"\r{done} of {total} posts", nl=done == total, err=True)
