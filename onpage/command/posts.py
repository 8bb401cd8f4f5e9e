"""What `onpage evaluate-demo` and `onpage evaluate-posts` share: how a post is sampled, the demo model, and progress."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import click

from builder.errors import OnpageError

Command = TypeVar("Command", bound=Callable[..., Any])


def sampling_options(command: Command) -> Command:
    """--temperature and --top-k."""
    top_k = click.option(
        "--top-k",
        type=click.IntRange(1, 4096),
        metavar="N",
        help="With --temperature: sample from the N likeliest tokens.  [default: 8]",
    )
    temperature = click.option(
        "--temperature",
        type=click.FloatRange(0.01, 10),
        metavar="X",
        help="Sample, as the page does, instead of taking the likeliest token.",
    )
    return temperature(top_k(command))


def check_sampling(temperature: float | None, top_k: int | None) -> None:
    """Refuses one that would mean nothing."""
    if top_k and not temperature:
        raise click.UsageError("--top-k needs --temperature: without it, the likeliest token is taken.")


def need_a_checkout(command: str) -> None:
    """OnpageError where the test texts are not."""
    if find_spec("builder.demo") is None:
        raise OnpageError(
            f"{command} needs the demo model's test texts, which the installed package does not contain: "
            "run it in a checkout of onpage's repository, after pip install -e '.[build]'."
        )


def demo_model() -> Path:
    """The web file that ships."""
    from webapp.paths import DEMO_MODEL

    return DEMO_MODEL


def say_posts(done: int, total: int) -> None:
    """How many are written, on one line of stderr."""
    click.echo(f"\r{done} of {total} posts", nl=done == total, err=True)
