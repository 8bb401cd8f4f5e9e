"""The bench's one estimator: geometric means, their ratio, and Student's interval of both. No I/O, no numpy.

Times and rates are compared as factors, so everything is done on logarithms. The typical value of runs is their geometric
mean. The ratio of two sides is that of their geometric means; where both were measured in the same rounds it is the geometric
mean of the rounds' ratios, which is the same number, so that in every table A × (B / A) = B. Intervals are Student's on the
logarithms: of the rounds' differences where there are rounds, else Welch's of two samples.

`static/bench/statistics.js` has the same definitions for one sample; a test holds the two against each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from onpage.bench.measures import FEWEST_VALUES, MEASURES, NOISY_SPREAD, Key

CONFIDENCE = 0.95
MAX_DEGREES = 200
"""Of freedom; beyond, Student's distribution is taken with so many, which errs towards wider intervals by half a percent."""


class Ratio(NamedTuple):
    """B to A. `interval` is None of fewer values than `FEWEST_VALUES`."""

    value: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Summary:
    """Of the values of one measure: `typical` is what is shown and compared, the quartiles say how they scatter."""

    measure: str
    prefill: int | None
    unit: str
    n: int
    typical: float
    p25: float
    median: float
    p75: float
    interval: tuple[float, float] | None
    """Of `typical`, 95 %."""
    noisy: bool

    def to_json(self) -> dict[str, Any]:
        """As in a results file."""
        return asdict(self) | {"interval": self.interval and list(self.interval)}


def quantile(values: Sequence[float], share: float) -> float:
    """By linear interpolation between order statistics (type 7, numpy's default); `values` in any order, at least one."""
    ascending = sorted(values)
    position = (len(ascending) - 1) * share
    below = math.floor(position)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (position - below) * (ascending[above] - ascending[below])


def median(values: Sequence[float]) -> float:
    """The middle, or the mean of the two in the middle."""
    return quantile(values, 0.5)


def typical(values: Sequence[float]) -> float:
    """The geometric mean of positive values, at least one."""
    return math.exp(math.fsum(map(math.log, values)) / len(values))


@lru_cache(maxsize=256)
def student(confidence: float, degrees: int) -> float:
    """The t with P(|T| ≤ t) = confidence, for whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    degrees = min(degrees, MAX_DEGREES)
    low, high = 0.0, math.pi / 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _inside(middle, degrees) < confidence else (low, middle)
    return math.tan((low + high) / 2) * math.sqrt(degrees)


def _inside(angle: float, degrees: int) -> float:
    """P(|T| ≤ √degrees · tan angle)."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees % 2
    term, total = (cosine if odd else 1.0), 0.0
    for power in range(1 + odd, degrees, 2):  # of the next cosine but one
        total += term
        term *= cosine * cosine * power / (power + 1)
    if odd:
        return 2 / math.pi * (angle + sine * total)
    return sine * total


def interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """Of the typical value; None of too few."""
    if len(values) < FEWEST_VALUES:
        return None
    mean, error = _mean_and_error([math.log(value) for value in values])
    return _around(mean, student(confidence, len(values) - 1) * error)


def paired_ratio(base: Sequence[float], head: Sequence[float], confidence: float = CONFIDENCE) -> Ratio:
    """Of values that were taken in turn, one of each side for each round; at least one round."""
    ratios = [b / a for a, b in zip(base, head, strict=True)]
    return Ratio(typical(ratios), interval(ratios, confidence))


def unpaired_ratio(base: Sequence[float], head: Sequence[float], confidence: float = CONFIDENCE) -> Ratio:
    """Of two samples that have nothing to do with each other, by Welch; each with a value at least."""
    ratio = typical(head) / typical(base)
    if min(len(base), len(head)) < FEWEST_VALUES:
        return Ratio(ratio, None)
    errors = [_mean_and_error([math.log(value) for value in side])[1] ** 2 for side in (base, head)]
    parts = [error**2 / (len(side) - 1) for error, side in zip(errors, (base, head), strict=True)]
    total, spread = math.fsum(errors), math.fsum(parts)
    # rounded down, but for what the last digit of a double would take off a whole number
    degrees = int(total * total / spread * (1 + 1e-9)) if spread > 0 else len(base) + len(head) - 2
    return Ratio(ratio, _around(math.log(ratio), student(confidence, max(1, degrees)) * math.sqrt(total)))


def _mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """The mean, and its standard error."""
    mean = math.fsum(values) / len(values)
    squares = math.fsum((value - mean) ** 2 for value in values)
    return mean, math.sqrt(squares / (len(values) - 1) / len(values))


def _around(middle: float, half: float) -> tuple[float, float]:
    return math.exp(middle - half), math.exp(middle + half)


def is_noisy(values: Sequence[float]) -> bool:
    """Whether the values are too few, or too far apart, for their middle to mean much."""
    spread = quantile(values, 0.75) - quantile(values, 0.25)
    return len(values) < FEWEST_VALUES or spread > NOISY_SPREAD * median(values)


def summary_of(key: Key, values: Sequence[float]) -> Summary:
    """Of at least one value."""
    return Summary(
        key.measure,
        key.prefill,
        MEASURES[key.measure].unit,
        len(values),
        typical(values),
        quantile(values, 0.25),
        median(values),
        quantile(values, 0.75),
        interval(values),
        is_noisy(values),
    )
