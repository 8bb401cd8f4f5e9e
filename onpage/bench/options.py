"""What is to be measured and where, and who is told meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onpage.bench.measures import RUN_MILLISECONDS
from onpage.bench.record import Record


@dataclass(frozen=True)
class Options:
    """What is measured, and where."""

    prefill: tuple[int, ...] = (32, 128, 512, 1024)
    decode: int = 256
    context: int = 2048
    runs: int = 5
    run_milliseconds: float = RUN_MILLISECONDS
    """A run of a length has as many answers as last so long."""
    warmup: int = 1
    cold: int = 1
    """Loads from the network."""
    warm: int = 2
    """Loads from the browser's storage."""
    browser: Path | None = None
    flags: tuple[str, ...] = ()
    """On top of those of `gpu`."""
    gpu: bool | None = None
    """Flags for a GPU, or for the software adapter; None: for what the machine has."""
    headless: bool = True
    require_gpu: bool = False
    connect: tuple[str, ...] = ()
    """Playwright servers."""
    cdp: tuple[str, ...] = ()
    """Chromes with remote debugging."""
    selenium: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 0
    public_url: str | None = None
    """Where the browsers find the page, if not at `host`."""
    timeout: float = 900.0
    """Seconds without an event."""
    onpage: Path | None = None
    """The command that serves the page, if not this one."""


@dataclass
class Listener:
    """Who watches a run. Each may be replaced."""

    say: Callable[[str], None] = lambda sentence: None
    """What the user should know, a sentence."""
    progress: Callable[[str, dict[str, Any]], None] = lambda place, progress: None
    """A step of the page; `place` is the model, the engine and the browser."""
    record: Callable[[Record], None] = lambda record: None
    """One is finished, and in the file."""
