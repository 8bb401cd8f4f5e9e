"""The options that `onpage bench run` and `onpage bench compare --interleave` share: what is asked of a model, and on what."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from builder.files.reading import shown
from onpage.bench.goal import GOAL_RANGES
from onpage.bench.options import LENGTHS, PRECISIONS, RANGES, Options

Command = TypeVar("Command", bound=Callable[..., Any])


class Lengths(click.ParamType[tuple[int, ...]]):
    """Numbers of tokens, with commas."""

    name = "tokens"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """As click has it."""
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).split(",")]
        low, high = LENGTHS
        if not all(re.fullmatch("[0-9]{1,6}", part, re.ASCII) and low <= int(part) <= high for part in parts):
            self.fail(
                f"{shown(value)}: expected numbers from {low} to {high}, separated by commas, such as 32,128,512.",
                param,
                ctx,
            )
        return tuple(dict.fromkeys(map(int, parts)))


def range_of(name: str) -> click.IntRange:
    """What a setting of Options or Goal may be."""
    low, high = (RANGES | GOAL_RANGES)[name]
    return click.IntRange(int(low), int(high))


def plan_options(usual: Options, *, warmup: str) -> Callable[[Command], Command]:
    """Of the prompts and answers, with the defaults of `usual`; `warmup` says what is warmed up by how much."""
    return _all(
        click.option(
            "--prefill",
            type=Lengths(),
            default=",".join(map(str, usual.prefill)),
            show_default=True,
            help="Prompt lengths in tokens, separated by commas.",
        ),
        click.option(
            "--decode",
            type=range_of("decode"),
            default=usual.decode,
            show_default=True,
            metavar="TOKENS",
            help="Length of an answer.",
        ),
        click.option(
            "--context",
            type=range_of("context"),
            default=usual.context,
            show_default=True,
            metavar="TOKENS",
            help="Tokens of prompt and answer together.",
        ),
        click.option(
            "--warmup", type=range_of("warmup"), default=usual.warmup, show_default=True, metavar="N", help=warmup
        ),
        click.option(
            "--precision",
            type=click.Choice(PRECISIONS),
            default=usual.precision,
            show_default=True,
            help="Precision of MediaPipe. auto: float16 if the model's file says that its numbers fit, else float32, as in the page.",
        ),
    )


def place_options(usual: Options, *, gives_up: str) -> Callable[[Command], Command]:
    """Of where it runs and how long that may be silent; `gives_up` says what is given up then."""
    return _all(
        click.option(
            "--gpu/--software",
            "gpu",
            default=None,
            help="Run WebGPU on the graphics card or in software.  [default: the graphics card, if there is one]",
        ),
        click.option("--require-gpu", is_flag=True, help="Fail at once if there is no graphics card for WebGPU."),
        click.option(
            "--timeout",
            type=range_of("timeout"),
            default=int(usual.timeout),
            show_default=True,
            metavar="SECONDS",
            help=f"Give {gives_up} up after this long without a sign of life.",
        ),
    )


def _all(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """In the order given."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
