"""The options of a quantization, for every command that takes one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, get_args

import click
from click.core import ParameterSource

from builder.quantize.scheme import ROLES, SCHEMES, Quantization, ScaleChoice
from onpage.command.mixed_bits import AUTO, wrong


def quantization_options(command: Callable[..., None], automatic: bool = False) -> Callable[..., None]:
    """Gives a command the options of a quantization, which it gets as `quantization`.

    `automatic`: whether --bits may be auto, for which `quantization` is None.
    """
    of_auto = " auto: 8 and q4_0 mixed, for --target-size or --max-divergence; always calibrated." if automatic else ""

    @click.option(
        "--bits",
        type=click.Choice([*SCHEMES, AUTO] if automatic else list(SCHEMES)),
        default="8",
        show_default=True,
        help="Bits per weight. q4_0 is 4 bits with one scale per 32 inputs instead of one per output. A GGUF file's Q4_0 stays q4_0 by "
        "default." + of_auto,
    )
    @click.option(
        "--embedding-bits", type=click.Choice(list(SCHEMES)), help="Bits of the embedding.  [default: as --bits]"
    )
    @click.option(
        "--attention-bits", type=click.Choice(list(SCHEMES)), help="Bits of q, k, v and o.  [default: as --bits]"
    )
    @click.option(
        "--feedforward-bits", type=click.Choice(list(SCHEMES)), help="Bits of gate, up and down.  [default: as --bits]"
    )
    @click.option(
        "--scale",
        type=click.Choice(get_args(ScaleChoice)),
        help="How a scale is chosen. max: the largest weight sets it. mse: the smallest squared error of the weights. weighted: the "
        "smallest error of the outputs on a text.  [default: weighted where a model is converted to 4 bits, else max]",
    )
    @functools.wraps(command)
    def with_quantization(*, bits: str, scale: ScaleChoice | None, **others: Any) -> None:
        roles = {role: others.pop(f"{role}_bits") for role in ROLES}
        if bits == AUTO:
            given = [f"--{role}-bits" for role in ROLES if roles[role]] + (["--scale"] if scale else [])
            if given:
                raise wrong(f"--bits auto chooses for itself: leave {given[0]} out.")
            command(quantization=None, **others)
            return
        command(quantization=Quantization.of(bits, **roles, scale=scale or "max"), **others)

    return with_quantization


def bits_are_chosen() -> bool:
    """Whether the user said any of the options for bits."""
    context = click.get_current_context()
    names = [name for name in context.params if name == "bits" or name.endswith("_bits")]
    return any(context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in names)
