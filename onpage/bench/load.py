"""How busy this machine is while something is measured, and with what else: the reason why figures scatter."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import Any

import psutil


class LoadWatch:
    """From when it is made: processor time of the machine, of this process and of all that it started."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._machine = _machine_seconds()
        self._own = _own_seconds()

    def to_json(self) -> dict[str, Any]:
        """As in the schema: shares of all cores' time since the beginning. Asked for before the browser is closed."""
        seconds = time.monotonic() - self._began
        busy, total = (now - then for now, then in zip(_machine_seconds(), self._machine, strict=True))
        own = _own_seconds() - self._own
        share = _within(busy / total) if total > 0 else 0.0
        return {
            "cores": os.cpu_count() or 1,
            "busy": round(share, 4),
            "others": round(_within(share - own / total), 4) if total > 0 else 0.0,
            "seconds": round(seconds, 3),
        }


def _machine_seconds() -> tuple[float, float]:
    """Busy, and in all."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # Linux counts them in user, too
    total = sum(times) - guests
    return total - idle, total


def _own_seconds() -> float:
    me, total = psutil.Process(), 0.0
    for process in (me, *me.children(recursive=True)):
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def _within(share: float) -> float:
    return min(1.0, max(0.0, share))
