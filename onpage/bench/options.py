"""What is to be measured and where, and who is told meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import BenchError
from onpage.bench.measures import RUN_MILLISECONDS

if TYPE_CHECKING:
    from onpage.bench.record import Record

LENGTHS = (2, 999_999)
"""Tokens of a prompt, from and to."""
RANGES: dict[str, tuple[float, float]] = {
    "decode": (1, 100_000),
    "context": (64, 1_000_000),
    "runs": (1, 1000),
    "warmup": (0, 100),
    "cold": (0, 100),
    "warm": (0, 100),
    "agreement": (0, 100_000),
    "port": (0, 65_535),
    "timeout": (1.0, 86_400.0),
}
"""What each may be, from and to; whole where the bounds are."""


PRECISIONS = ("auto", "float16", "float32")


def refuse_out_of_range(name: str, value: object, bounds: tuple[float, float]) -> None:
    """BenchError where a setting is no number between its bounds, which are included; of whole bounds, no whole number."""
    low, high = bounds
    kinds = (int,) if isinstance(low, int) else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        kind = "a whole number" if isinstance(low, int) else "a number"
        raise BenchError(f"{name} is {value!r}: expected {kind} from {low:g} to {high:,.0f}.", subject=name)


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
    agreement: int = 0
    """Positions, about, on which the engine's choices are compared with the reference's."""
    precision: str = "auto"
    """In which the engine computes, where it has a choice: auto, float16 or float32."""
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

    def __post_init__(self) -> None:
        """BenchError where something is out of its range, or would have no effect."""
        if not self.prefill:
            raise BenchError(
                "prefill has no length: expected numbers of tokens, such as 32 and 128.", subject="prefill"
            )
        for length in self.prefill:
            refuse_out_of_range("prefill", length, LENGTHS)
        for name, bounds in RANGES.items():
            refuse_out_of_range(name, getattr(self, name), bounds)
        if self.precision not in PRECISIONS:
            raise BenchError(f"precision is {self.precision!r}: expected {', '.join(PRECISIONS)}.", subject="precision")
        starts = {
            "browser": self.browser,
            "flags": self.flags,
            "gpu": self.gpu is not None,
            "headless": not self.headless,
        }
        if self.cdp and not (self.connect or self.selenium) and any(starts.values()):
            given = " and ".join(name for name, value in starts.items() if value)
            raise BenchError(
                f"{given} applies to a browser that onpage starts: the browser of cdp runs already.", subject=given
            )


IN_TURN = Options(prefill=(32, 128), decode=64, context=512, warm=1)
"""What is usual where two configurations take turns, round after round."""


@dataclass
class Listener:
    """Who watches a run. Each may be replaced."""

    say: Callable[[str], None] = lambda sentence: None
    """What the user should know, a sentence."""
    progress: Callable[[str, dict[str, Any]], None] = lambda place, progress: None
    """A step of the page; `place` is the model, the engine and the browser."""
    record: Callable[[Record], None] = lambda record: None
    """One is finished, and in the file."""
