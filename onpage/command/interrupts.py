"""Signals that end the program do what Ctrl-C does: half-written files are removed, and the exit code says interrupted."""

from __future__ import annotations

import signal
from types import FrameType

ENDING = ("SIGTERM", "SIGHUP", "SIGXCPU", "SIGBREAK")
"""The signals, as far as the system has them. Ctrl-C is SIGINT, which Python handles in the same way."""


def handle_ending_signals() -> None:
    """From here on each raises a KeyboardInterrupt."""
    for number in ending_signals():
        signal.signal(number, _interrupt)


def ending_signals() -> list[signal.Signals]:
    """Those that the program listens to. One that is ignored stays so, as SIGHUP is by nohup."""
    found = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]
    return [number for number in found if signal.getsignal(number) is not signal.SIG_IGN]


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
