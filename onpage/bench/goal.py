"""When an interleaved comparison has measured enough: its intervals are as narrow as was wanted, or its time is up.

It stops by the *width* of the intervals and never by what they say, so that looking after every round does not make chance
into a verdict.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from onpage.bench.compare import DEFAULT_LIMIT, compare_sides
from onpage.bench.options import refuse_out_of_range
from onpage.bench.verdict import half_width

MIN_ROUNDS = 6
"""Before the width is looked at: of fewer, the scatter itself is not known well enough to stop by it."""
SHARE_OF_LIMIT = 2 / 3
"""The width that is wanted unless one says: then what has not changed can pass, and twice the limit is seen."""

GOAL_RANGES: dict[str, tuple[float, float]] = {
    "budget": (10.0, 86_400.0),
    "max_rounds": (1, 1000),
    "self_test": (0, 100),
}
"""What each may be, from and to."""


@dataclass(frozen=True)
class Goal:
    """What is wanted of a comparison."""

    limit: float = DEFAULT_LIMIT
    width: float | None = None
    """Half of the interval, as a share: 0.03 is ± 3 %. None: two thirds of the limit."""
    budget: float = 360.0
    """Seconds for all of it, the self-test too."""
    max_rounds: int = 100
    self_test: int = 4
    """Rounds in which A is measured against itself before."""
    measures: tuple[str, ...] = ()
    must_decide: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """BenchError where something is out of its range."""
        for name, bounds in GOAL_RANGES.items():
            refuse_out_of_range(name, getattr(self, name), bounds)

    @property
    def comparing(self) -> dict[str, Any]:
        """For `compare_sides`."""
        return {"limit": self.limit, "measures": self.measures, "must_decide": self.must_decide}

    def reached(self, results: Mapping[str, Any], rounds: int) -> bool:
        """Whether everything that must decide is known as narrowly as is wanted."""
        if rounds < MIN_ROUNDS:
            return False
        comparison = compare_sides(results, **self.comparing)
        if comparison is None:
            return False
        wanted = math.log1p(self.width if self.width is not None else self.limit * SHARE_OF_LIMIT)
        widths = [
            half_width(change.ratio)
            for change in comparison.changes
            if change.key.measure in comparison.deciding and change.ratio is not None
        ]
        return bool(widths) and max(widths) <= wanted


@dataclass
class Clock:
    """How much of a budget is left, and whether another round fits."""

    budget: float
    began: float = field(default_factory=lambda: time.monotonic())  # noqa: PLW0108 (a test sets the clock)
    rounds: list[float] = field(default_factory=list)
    """Seconds that each took."""

    @property
    def left(self) -> float:
        """Seconds."""
        return self.budget - (time.monotonic() - self.began)

    @property
    def rounds_left(self) -> int:
        """That fit, as long as those so far took on average."""
        return max(0, int(self.left * len(self.rounds) / sum(self.rounds))) if self.rounds else 1

    def has_time_for_another(self, share: float = 1.0) -> bool:
        """Whether a round as long as the longest so far fits into that share of the budget; the first is always begun."""
        return not self.rounds or self.left - (1 - share) * self.budget >= max(self.rounds)
