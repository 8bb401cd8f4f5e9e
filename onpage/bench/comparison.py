"""What a comparison found, in sentences: whether it passed, what failed, what is undecided, and what it could have seen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from onpage.bench.matching import Difference, Group
from onpage.bench.measures import MEASURES
from onpage.bench.statistics import CONFIDENCE
from onpage.bench.verdict import Change, Word
from onpage.bench.words import name_of, percent


@dataclass(frozen=True)
class Pair:
    """Two groups of records that are compared."""

    base: Group
    head: Group
    paired: bool
    """Whether ratios were taken round by round."""
    differences: list[Difference]
    notes: list[str]
    changes: list[Change]
    problems: list[str]
    """What fails besides a slow measure."""

    @property
    def label(self) -> str:
        """Both, where they are not the same."""
        return self.base.label if self.base.label == self.head.label else f"{self.base.label} → {self.head.label}"

    @property
    def regressions(self) -> list[str]:
        """How many measures are, and the worst; nothing where none is."""
        slow = [change for change in self.changes if change.verdict == "regression"]
        if not slow:
            return []
        worst = max(slow, key=lambda change: change.worse or 0)
        if len(slow) == 1:
            return [f"{name_of(worst.key)} is a regression by {worst.worse_text}."]
        return [f"{len(slow)} measures are regressions; the worst is {name_of(worst.key)}, by {worst.worse_text}."]

    @property
    def missing(self) -> list[str]:
        """What A measured and B did not."""
        names = [name_of(change.key) for change in self.changes if change.verdict == "missing"]
        return [f"measured in A and not in B: {'; '.join(names)}."] if names else []


@dataclass(frozen=True)
class Comparison:
    """All of it. It has passed when nothing failed and nothing that must decide is undecided."""

    limit: float
    pairs: list[Pair]
    deciding: tuple[str, ...]
    """Measures without whose verdict it has not passed."""
    verdicts: int
    """How many there are, which the intervals are corrected for."""
    confidence: float
    """Of each interval; together they hold with 95 %."""
    only_base: list[Group] = field(default_factory=list)
    only_head: list[Group] = field(default_factory=list)

    def besides(self, only_base: list[Group], only_head: list[Group]) -> Comparison:
        """With groups that have no partner."""
        return replace(self, only_base=only_base, only_head=only_head)

    @property
    def changes(self) -> list[Change]:
        """Of all pairs."""
        return [change for pair in self.pairs for change in pair.changes]

    @property
    def failures(self) -> list[str]:
        """A sentence for each reason to fail, whatever is undecided."""
        found = [f"{group.label}: A has it, B has not." for group in self.only_base]
        for pair in self.pairs:
            found += [f"{pair.label}: {failure}" for failure in (*pair.problems, *pair.regressions, *pair.missing)]
        measured = {change.key.measure for change in self.changes}
        absent = [MEASURES[name].label for name in self.deciding if name not in measured]
        if absent and len(absent) == len(self.deciding):
            found.append(f"No deciding measure was measured: {'; '.join(absent)}.")
        return found

    @property
    def undecided(self) -> list[str]:
        """Names of what must decide and is undecided."""
        return self._names("undecided", must=True)

    @property
    def outcome(self) -> str:
        """`failed`, `undecided` or `passed`."""
        return "failed" if self.failures else "undecided" if self.undecided else "passed"

    @property
    def verdict(self) -> str:
        """In a sentence."""
        limit = percent(self.limit)
        if self.outcome == "failed":
            return f"FAILED, with a limit of {limit}."
        if self.outcome == "undecided":
            return f"UNDECIDED: a regression beyond {limit} may be hidden in {'; '.join(self.undecided)}."
        decided = [change.key for change in self.changes if change.key.measure in self.deciding and change.ratio]
        return f"Passed: no regression beyond {limit} in {'; '.join(dict.fromkeys(map(name_of, decided)))}."

    @property
    def power(self) -> str | None:
        """What these data could not have shown, and what they could, in sentences."""
        sentences = []
        if others := self._names("undecided", must=False):
            sentences.append(f"Undecided, without effect on the outcome: {'; '.join(others)}.")
        few = any(change.verdict == "undecided" and change.visible is None for change in self.changes)
        if few:
            paired = any(pair.paired for pair in self.pairs)
            sentences.append(f"An interval needs three {'rounds' if paired else 'values of each side'}.")
        seen = [change.visible for change in self.changes if change.visible is not None]
        if seen:
            least, most = percent(min(seen)), percent(max(seen))
            scatter = f" in the steadiest measure to {most} in the most restless" if most != least else ""
            sentences.append(f"With this scatter a regression is seen from {least}{scatter}.")
        if self.verdicts > 1:
            sentences.append(
                f"The {self.verdicts} intervals hold together with {percent(CONFIDENCE)}, each with {100 * self.confidence:.2f} %."
            )
        return " ".join(sentences) or None

    def _names(self, verdict: Word, *, must: bool) -> list[str]:
        found = (
            change.key
            for change in self.changes
            if change.verdict == verdict and (change.key.measure in self.deciding) is must
        )
        return list(dict.fromkeys(map(name_of, found)))

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "max_regression": self.limit,
            "outcome": self.outcome,
            "verdict": self.verdict,
            "failures": self.failures,
            "undecided": self.undecided,
            "must_decide": list(self.deciding),
            "power": self.power,
            "verdicts": self.verdicts,
            "confidence_of_each": self.confidence,
            "comparisons": [
                {
                    "label": pair.label,
                    "a": pair.base.label,
                    "b": pair.head.label,
                    "paired_by_round": pair.paired,
                    "differences": [difference.sentence for difference in pair.differences],
                    "notes": pair.notes,
                    "problems": pair.problems,
                    "measures": [change.to_json() for change in pair.changes],
                }
                for pair in self.pairs
            ],
            "only_in_a": [group.label for group in self.only_base],
            "only_in_b": [group.label for group in self.only_head],
        }
