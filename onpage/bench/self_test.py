"""What a machine can see, said before it compares anything: A is measured against itself for a few rounds, and how far the
rounds' ratios scatter says how large a regression must be to be seen in the rounds that there is time for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onpage.bench.compare import compare_sides
from onpage.bench.comparison import Comparison
from onpage.bench.measures import Key
from onpage.bench.statistics import student
from onpage.bench.verdict import half_width
from onpage.bench.words import name_of, percent

POWER_SIGMAS = 0.84
"""Standard errors above which four of five draws of a normal distribution lie, with the sign turned."""


@dataclass(frozen=True)
class Sight:
    """Of one measure that must decide."""

    key: Key
    scatter: float
    """Standard deviation of the logarithm of a round's ratio."""
    visible: float
    """The change for the worse that would be called a regression in four of five comparisons."""


@dataclass(frozen=True)
class SelfTest:
    """Of A with A."""

    comparison: Comparison
    rounds: int
    sights: list[Sight]
    """For `expected` rounds, the steadiest measure first."""
    expected: int

    @property
    def is_restless(self) -> bool:
        """Whether A was called a regression against itself."""
        return any(change.verdict == "regression" for change in self.comparison.changes)

    @property
    def sentence(self) -> str:
        """For people."""
        if not self.sights:
            return f"Self-test, A against itself in {self.rounds} rounds: no deciding measure was measured."
        seen = "; ".join(
            f"{name_of(sight.key)} scatters by {percent(sight.scatter)} a round, so that {percent(sight.visible)} worse would be seen"
            for sight in self.sights
        )
        return f"Self-test, A against itself in {self.rounds} rounds: {seen} (four times of five, in {self.expected} rounds)."


def self_test_of(results: Mapping[str, Any], expected: int | None = None, **options: Any) -> SelfTest | None:
    """From a results file, where it has one; `expected` rounds, else those that were compared. `options` as `compare_sides` has."""
    comparison = compare_sides(results, phase="self-test", **options)
    if comparison is None:
        return None
    places = [record.get("interleave", {}) for record in results["records"]]
    tested = {place["round"] for place in places if place.get("phase") == "self-test"}
    compared = {place["round"] for place in places if place.get("phase", "comparison") == "comparison" and place}
    rounds = max(3, expected if expected is not None else len(compared))
    sights = []
    for change in comparison.changes:
        if change.key.measure not in comparison.deciding or change.ratio is None or change.base is None:
            continue
        n, half = change.base.n, half_width(change.ratio)
        if math.isinf(half):
            continue
        scatter = half * math.sqrt(n) / student(comparison.confidence, n - 1)
        needed = (student(comparison.confidence, rounds - 1) + POWER_SIGMAS) * scatter / math.sqrt(rounds)
        sights.append(Sight(change.key, scatter, (1 + comparison.limit) * math.exp(needed) - 1))
    return SelfTest(comparison, len(tested), sorted(sights, key=lambda sight: sight.visible), rounds)
