"""What the functions of the Python API take, by name."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from builder.quantize.scheme import Quantization

AnyPath = str | PathLike[str]
Progress = Callable[[str, int, int], None]
"""Called with the step ("write", "verify", "download" …), the bytes done and the bytes in all; of a measurement, with what is
measured and where, the steps done and the steps in all."""
Say = Callable[[str], None]
"""Called with a sentence for people, while the work goes on."""

Bits = Literal["8", "4", "q4_0"]
"""Bits per weight. "q4_0" is 4 bits with one scale per 32 inputs; "8" and "4" have one scale per output."""
Scale = Literal["max", "mse", "weighted"]
"""How a scale is chosen: by the largest weight, by the smallest squared error of the weights, or by that of the outputs on a text."""


def silent(sentence: str) -> None:
    """Says nothing."""


def quantization_of(
    bits: Bits,
    embedding: Bits | None = None,
    attention: Bits | None = None,
    feedforward: Bits | None = None,
    scale: Scale = "max",
) -> Quantization:
    """The quantization of these bits; what is None has those of `bits`."""
    from builder.quantize.scheme import Quantization

    return Quantization.of(bits, embedding=embedding, attention=attention, feedforward=feedforward, scale=scale)
