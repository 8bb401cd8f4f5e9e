"""`onpage evaluate-posts`."""

from __future__ import annotations

from pathlib import Path

import click

from onpage.command.console import FILE, print_json
from onpage.command.convert import json_option
from onpage.command.posts import check_sampling, demo_model, need_a_checkout, sampling_options, say_posts
from onpage.extras import requires


@click.command("evaluate-posts")
@click.argument("file", required=False, type=FILE)
@click.option(
    "--texts",
    type=click.IntRange(0, 10_000),
    default=60,
    show_default=True,
    metavar="N",
    help="Number of generated texts.",
)
@click.option(
    "--blind",
    type=click.IntRange(0, 60),
    metavar="N",
    help="Number of the texts written by hand.  [default: all sixty]",
)
@click.option(
    "--draws",
    type=click.IntRange(1, 10),
    metavar="N",
    help="Write a post up to N times where the page's check finds fault with it, and keep the best.  "
    "[default: 3 with --temperature, as the page does; else 1]",
)
@sampling_options
@json_option
def evaluate_posts(
    file: Path | None,
    texts: int,
    blind: int | None,
    draws: int | None,
    temperature: float | None,
    top_k: int | None,
    as_json: bool,
) -> None:
    """Score the social posts that a model writes.

    Runs the web FILE, or the demo model, at both lengths of the page, on generated news and on sixty texts written by hand
    before any training. Looks for lost and changed facts, cheer over bad news, cut and repeated sentences, and hashtags off
    the subject. Runs in numpy, without a browser.

    With --temperature it writes as the page does, which checks each post and draws again; --draws 1 measures the model alone.
    A FILE is drawn as a model other than the demo, whose posts the page begins with a name later.
    The check looks for much of what the score is made of, so the score of chosen posts is kind to them.

    \b
    Example:
      onpage evaluate-posts my-gemma-web.task
      onpage evaluate-posts my-gemma-web.task --temperature 0.3 --draws 1
      onpage evaluate-posts my-gemma-web.task --texts 20 --temperature 0.3 --json
    """
    check_sampling(temperature, top_k)
    if draws and draws > 1 and not temperature:
        raise click.UsageError("--draws needs --temperature: without it, the same post is written each time.")
    need_a_checkout("evaluate-posts")
    with requires("build"):
        from builder.demo.check import DRAWS
        from builder.demo.evaluate import Sampling
        from builder.demo.publish import evaluate_posts
    sampling = Sampling(temperature, top_k or 8) if temperature else None
    report = evaluate_posts(
        file or demo_model(),
        generated=texts,
        blind=blind,
        sampling=sampling,
        draws=draws or (DRAWS if sampling else 1),
        demo=file is None,
        progress=say_posts,
    )
    if as_json:
        print_json(report.to_json())
    else:
        click.echo(report.table())
