"""What the functions of the Python API take, by name."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike

AnyPath = str | PathLike[str]
Progress = Callable[[str, int, int], None]
"""Called with the step ("write", "verify", "download" …), the bytes done and the bytes in all; of a measurement, with what is
measured and where, the steps done and the steps in all."""
Say = Callable[[str], None]
"""Called with a sentence for people, while the work goes on."""


def silent(sentence: str) -> None:
    """Says nothing."""
