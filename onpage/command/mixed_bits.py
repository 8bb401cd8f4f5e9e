"""What a text decides in `onpage convert`: the options of `--calibrate` and `--bits auto`, and what is said of a mix of bits."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from onpage.command.console import megabytes
from onpage.command.sizes import Bytes

if TYPE_CHECKING:
    from builder.calibrate.choose import Mix
    from builder.calibrate.prepare import CalibrationText
    from builder.model.opened import OpenedCheckpoint

AUTO = "auto"

SELF = "self"
"""In place of a text: the model writes one."""

ROWS = 12
"""Of the table, about: --json has all candidates."""


@dataclass(frozen=True)
class TextOptions:
    """As they were given."""

    calibrate: str | None
    """"": with the built-in text; SELF; else a text's path; None: not at all."""
    target_size: int | None
    max_divergence: float | None

    def refuse_a_folder(self) -> None:
        """UsageError where the option took the argument behind it."""
        if self.calibrate and Path(self.calibrate).is_dir():
            raise wrong(f"--calibrate takes a text, and {self.calibrate} is a folder: put --calibrate at the end.")

    def calibration(self, opened: OpenedCheckpoint, automatic: bool) -> CalibrationText | None:
        """The text to calibrate `opened` on; `automatic` bits always have one."""
        from builder.calibrate.own_text import OwnText
        from builder.calibrate.prepare import Calibration

        if self.calibrate is None:
            return Calibration() if automatic else None
        if not self.calibrate:
            return Calibration()
        return OwnText(opened) if self.calibrate == SELF else Calibration(Path(self.calibrate))


def text_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options, which it gets as `by_text`."""

    @click.option(
        "--calibrate",
        is_flag=False,
        flag_value="",
        metavar="[FILE|self]",
        help="Quantize layer by layer with a text that runs through the model: closer to the checkpoint, and slower. FILE is a text "
        "of yours in UTF-8; its first 4,096 tokens are used. self: the model first writes the text itself, which takes twice as "
        "long and suits a model whose texts are unlike the built-in one.  [default: a built-in text]",
    )
    @click.option(
        "--target-size",
        type=Bytes(),
        metavar="SIZE",
        help="With --bits auto: the largest file to make, such as 245MB. The best mix of bits that fits is chosen.",
    )
    @click.option(
        "--max-divergence",
        type=click.FloatRange(min=0, min_open=True),
        metavar="NATS",
        help="With --bits auto: how far predictions may be from the checkpoint's, in nats per token. The smallest mix that is "
        "predicted to stay within it is chosen.  [default: 0.1 without --target-size]",
    )
    @functools.wraps(command)
    def with_text(
        *, calibrate: str | None, target_size: int | None, max_divergence: float | None, **others: Any
    ) -> None:
        if target_size is not None and max_divergence is not None:
            raise wrong("--target-size and --max-divergence both choose the bits: leave one of them out.")
        command(by_text=TextOptions(calibrate, target_size, max_divergence), **others)

    return with_text


def refuse_without_auto() -> None:
    """UsageError where an option of --bits auto is given; for other bits."""
    for name in ("target_size", "max_divergence"):
        if said(name):
            raise wrong(f"--{name.replace('_', '-')} needs --bits auto.")


def refuse_for_a_graph(automatic: bool) -> None:
    """UsageError where an option is given that a graph has not."""
    if automatic:
        raise wrong("--bits auto needs --target web: make a graph of the web file that it writes.")
    if said("calibrate"):
        raise wrong("--calibrate is for --target web only.")


def show_mix(mix: Mix) -> None:
    """The candidates, spread over the sizes, and the chosen one marked."""
    step = -(-len(mix.candidates) // ROWS)
    shown = {*mix.candidates[::step], mix.candidates[-1], mix.chosen}
    click.echo("        size  divergence  q4_0 (8 bits elsewhere)")
    for one in sorted(shown, key=lambda one: one.size):
        mark = "*" if one == mix.chosen else " "
        parts = ", ".join(one.at_4) or "nothing"
        click.echo(f"{mark} {megabytes(one.size):>10}  {one.divergence:10.3f}  {parts}")
    click.echo("* chosen. The divergence is predicted, in nats per token; --report measures it.\n")


def said(option: str) -> bool:
    """Whether the user gave it."""
    return click.get_current_context().get_parameter_source(option) is ParameterSource.COMMANDLINE


def wrong(sentence: str) -> click.UsageError:
    """For options that do not go together."""
    return click.UsageError(sentence, click.get_current_context())
