"""What a ratio and its interval say of one measure, at a limit.

    regression   all of the interval is beyond the limit
    slower       all of it is worse than no change, and nothing of it beyond the limit (memory: more)
    no change    it holds no change, and nothing beyond the limit
    faster       all of it is better than no change (memory: less)
    undecided    it holds the limit, or there are too few values for one: a regression may be hidden
    missing      measured in A, and not in B
    new          measured in B only

"Worse by 5 %" is a time × 1.05 and a rate / 1.05, so that prefill and its time to first text always say the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from onpage.bench.measures import MEASURES, Key
from onpage.bench.statistics import Ratio, Summary
from onpage.bench.words import name_of, percent, quantity

Word = Literal["regression", "slower", "no change", "faster", "undecided", "missing", "new"]
HEADS = ("", "verdict", "B / A", "interval", "A", "B")


@dataclass(frozen=True)
class Change:
    """One measure on both sides: of the rounds that have it on both, or of all runs of two files."""

    key: Key
    base: Summary | None
    head: Summary | None
    ratio: Ratio | None
    verdict: Word
    limit: float

    @property
    def word(self) -> str:
        """The verdict in a table."""
        words = {"slower": "more", "faster": "less"} if self.key.measure == "memory" else {}
        return words.get(self.verdict, self.verdict)

    @property
    def cells(self) -> tuple[str, str, str, str, str, str]:
        """The row of a table under HEADS: A × (B / A) is B."""
        a, b = (
            quantity(side.measure, side.typical) + (" ~" if side.noisy else "") if side else "–"
            for side in (self.base, self.head)
        )
        ratio = f"{self.ratio.value:.3f}" if self.ratio else "–"
        between = "{:.3f} to {:.3f}".format(*self.ratio.interval) if self.ratio and self.ratio.interval else "–"
        return name_of(self.key), self.word, ratio, between, a, b

    @property
    def worse(self) -> float | None:
        """The share by which B takes longer, or more; negative where it is better."""
        return None if self.ratio is None else worse_by(self.key, self.ratio.value)

    @property
    def worse_text(self) -> str:
        """The same with its interval, in words."""
        if self.ratio is None or self.ratio.interval is None:
            return percent(self.worse or 0)
        least, most = sorted(worse_by(self.key, bound) for bound in self.ratio.interval)
        return f"{percent(self.worse or 0)} ({percent(least)} to {percent(most)})"

    @property
    def visible(self) -> float | None:
        """The least change for the worse that would have been a regression, as widely as these values scatter."""
        if self.ratio is None or self.ratio.interval is None:
            return None
        return (1 + self.limit) * math.exp(half_width(self.ratio)) - 1

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "measure": self.key.measure,
            "prefill": self.key.prefill,
            "unit": MEASURES[self.key.measure].unit,
            "a": self.base and self.base.to_json(),
            "b": self.head and self.head.to_json(),
            "ratio": self.ratio and self.ratio.value,
            "interval": self.ratio and self.ratio.interval and list(self.ratio.interval),
            "verdict": self.verdict,
            "smallest_visible_regression": self.visible,
        }


def judge(key: Key, ratio: Ratio, limit: float) -> Word:
    """The verdict of a ratio that has an interval or none."""
    if ratio.interval is None:
        return "undecided"
    least, most = sorted(worse_by(key, bound) for bound in ratio.interval)
    if least > limit:
        return "regression"
    if most > limit:
        return "undecided"
    if least > 0:
        return "slower"
    return "faster" if most < 0 else "no change"


def worse_by(key: Key, ratio: float) -> float:
    """The share by which a ratio B to A is worse."""
    return (1 / ratio if MEASURES[key.measure].higher_is_better else ratio) - 1


def half_width(ratio: Ratio) -> float:
    """Of the interval, as a logarithm; infinite where there is none."""
    if ratio.interval is None:
        return math.inf
    low, high = ratio.interval
    return (math.log(high) - math.log(low)) / 2
