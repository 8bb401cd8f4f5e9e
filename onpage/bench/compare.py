"""Two results files against each other: who is compared with whom, whether that is fair, and a verdict for each measure.

Records are matched by model, engine, browser, adapter, plan and machine. What differs in one of these makes the comparison
one of something else, so it is refused until it is allowed by name. Records that agree in all are pooled; those of an
interleaved run are paired by round, which takes out whatever drifted in between.

Every verdict rests on the 95 % interval of the ratio of medians, B to A:

    regression        all of the interval is worse than the limit
    slower, faster    all of it is on one side of no change (memory: more, less)
    no change         it holds no change, and nothing beyond the limit
    too noisy to say  it holds both, or there are fewer than five values: a regression as large as the limit may be hidden

A measure or record that A has and B lacks, a wrong answer and a failed run of B are failures: what was not measured cannot
pass. Only the raw samples count; summaries in the files are not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from builder.errors import ResultsError
from onpage.bench.matching import (
    FACTS,
    Difference,
    Group,
    differences_of,
    groups_of,
    notes_on,
    partners,
    pooled,
    problems_of,
)
from onpage.bench.statistics import (
    MEASURES,
    Key,
    Summary,
    interval,
    median,
    ordered,
    ratio_interval,
    summary_of,
)
from onpage.bench.words import name_of, percent, quantity

Verdict = Literal["regression", "slower", "faster", "no change", "too noisy to say", "missing", "new"]
DEFAULT_LIMIT = 0.05
ENOUGH = 5
"""Values of a side, or rounds. The widest interval that fewer can give holds the median in less than nine of ten cases: with
three rounds, one comparison in four of what had not changed would have been called slower or faster."""
HEADS = ("", "A", "B", "B / A", "95 % interval", "")
NOISY = "~ too few values, or quartiles more than 10 % of the median apart"


@dataclass(frozen=True)
class Change:
    """One measure on both sides. `interval` is that of `ratio`, B to A."""

    key: Key
    base: Summary | None
    head: Summary | None
    verdict: Verdict
    ratio: float | None = None
    interval: tuple[float, float] | None = None
    visible: float | None = None
    """The least change for the worse that would have been a regression, spread as these values are."""

    @property
    def word(self) -> str:
        """The verdict in a table."""
        words = {"slower": "more", "faster": "less"} if self.key.measure == "memory" else {}
        return words.get(self.verdict, self.verdict)

    @property
    def cells(self) -> tuple[str, str, str, str, str, str]:
        """The row of a table under HEADS."""
        a, b = (
            quantity(side.measure, side.median) + (" ~" if side.noisy else "") if side else "–"
            for side in (self.base, self.head)
        )
        ratio = f"{self.ratio:.3f}" if self.ratio is not None else "–"
        between = "{:.3f} to {:.3f}".format(*self.interval) if self.interval else "–"
        return name_of(self.key), a, b, ratio, between, self.word

    @property
    def worse(self) -> float | None:
        """The share by which B is worse; negative where it is better."""
        return None if self.ratio is None else _worse(self.key, self.ratio)

    @property
    def worse_by(self) -> str:
        """The same with its interval, in words."""
        bounds = sorted(_worse(self.key, bound) for bound in self.interval or ())
        between = f" ({percent(bounds[0])} to {percent(bounds[1])})" if bounds else ""
        return f"{percent(self.worse or 0)}{between}"

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "measure": self.key.measure,
            "prefill": self.key.prefill,
            "unit": MEASURES[self.key.measure].unit,
            "a": self.base and self.base.to_json(),
            "b": self.head and self.head.to_json(),
            "ratio": self.ratio,
            "interval": self.interval and list(self.interval),
            "verdict": self.verdict,
            "smallest_visible_regression": self.visible,
        }


@dataclass(frozen=True)
class Pair:
    """Two groups that are compared."""

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
            return [f"{name_of(worst.key)} is a regression by {worst.worse_by}."]
        return [f"{len(slow)} measures are regressions; the worst is {name_of(worst.key)}, by {worst.worse_by}."]

    @property
    def missing(self) -> list[str]:
        """What A measured and B did not."""
        names = [name_of(change.key) for change in self.changes if change.verdict == "missing"]
        return [f"measured in A and not in B: {'; '.join(names)}."] if names else []


@dataclass(frozen=True)
class Comparison:
    """All of it."""

    limit: float
    pairs: list[Pair]
    only_base: list[Group] = field(default_factory=list)
    only_head: list[Group] = field(default_factory=list)

    @property
    def failures(self) -> list[str]:
        """A sentence for each reason to fail; none where the gate is open."""
        found = [f"{group.label}: A has it, B has not." for group in self.only_base]
        for pair in self.pairs:
            found += [f"{pair.label}: {failure}" for failure in (*pair.problems, *pair.regressions, *pair.missing)]
        return found

    @property
    def verdict(self) -> str:
        """Whether the gate is open, in a sentence."""
        if self.failures:
            return f"FAILED, with a limit of {percent(self.limit)}."
        if len(self.undecided) == self._measures:
            return f"Undecided: there may or may not be a regression beyond {percent(self.limit)}."
        decided = self._measures - len(self.undecided)
        where = f" in {decided} of {self._measures} measures" if self.undecided else ""
        return f"Passed{where}: no regression beyond {percent(self.limit)} can be seen."

    @property
    def undecided(self) -> list[Change]:
        """Measures in which a regression as large as the limit may be hidden."""
        return [change for pair in self.pairs for change in pair.changes if change.verdict == "too noisy to say"]

    @property
    def power(self) -> str | None:
        """What this data could not have shown, in a sentence."""
        measured = [change.visible for pair in self.pairs for change in pair.changes if change.visible is not None]
        if not measured and not self.undecided:
            return None
        sentences = []
        if undecided := self.undecided:
            names = "; ".join(dict.fromkeys(name_of(change.key) for change in undecided))
            some = f"{len(undecided)} of {self._measures} measures ({names})"
            which = "any measure" if len(undecided) == self._measures else some
            sentences.append(
                f"The data could not have shown a regression of {percent(self.limit)} in {which}: {self._advice}."
            )
        if measured:
            least, most = percent(min(measured)), percent(max(measured))
            sentences.append(
                f"With this spread the gate fails from {least} worse"
                + (f" in the steadiest measure to {most} in the most restless." if most != least else " on.")
            )
        return " ".join(sentences)

    @property
    def _measures(self) -> int:
        return sum(len(pair.changes) for pair in self.pairs)

    @property
    def _advice(self) -> str:
        few = [change for change in self.undecided if change.interval is None]
        advice = []
        if len(few) < len(self.undecided):
            advice.append("take more runs, or a quieter machine")
        if any(pair.paired for pair in self.pairs) and few:
            advice.append(f"an interval takes {ENOUGH} rounds")
        elif few:
            single = all(change.key.prefill is None for change in few)
            advice.append(f"an interval takes {ENOUGH} values{', which --interleave gives' if single else ''}")
        return ", and ".join(advice)

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "max_regression": self.limit,
            "failed": bool(self.failures),
            "verdict": self.verdict,
            "failures": self.failures,
            "power": self.power,
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


def compare_results(
    base: Mapping[str, Any],
    head: Mapping[str, Any],
    *,
    limit: float = DEFAULT_LIMIT,
    allowed: Iterable[str] = (),
    measures: Iterable[str] = (),
    by_round: bool = False,
) -> Comparison:
    """Two results files; `allowed` are keys of FACTS, `measures` ids (all, if there are none). `by_round`: taken in turn.

    Raises ResultsError where there is nothing to compare, or what there is differs in something that is not allowed.
    """
    allowed, measures = set(allowed), set(measures)
    bases, heads = groups_of(base), groups_of(head)
    if not bases or not heads:
        raise ResultsError(f"There is nothing to compare: {'B' if bases else 'A'} has no records.")
    partner = partners(bases, heads, allowed)
    for i, j in sorted(partner.items()):
        refused = [found for found in differences_of(bases[i], heads[j]) if found.what not in allowed]
        if refused:
            options = " ".join(f"--allow-different {difference.what}" for difference in refused)
            raise ResultsError(
                f"{bases[i].label} cannot fairly be compared with {heads[j].label}; "
                f"{'; '.join(difference.sentence for difference in refused)}. Measure the same on both sides, or say {options}."
            )
    pairs = [_pair(bases[i], heads[j], limit, measures, by_round) for i, j in sorted(partner.items())]
    if not any(pair.changes or pair.problems for pair in pairs):
        raise ResultsError("There is nothing to compare: no such measure was taken on either side.")
    return Comparison(
        limit,
        pairs,
        [group for i, group in enumerate(bases) if i not in partner],
        [group for j, group in enumerate(heads) if j not in partner.values()],
    )


def compare_alike(base: Mapping[str, Any], heads: Iterable[Mapping[str, Any]]) -> Comparison | None:
    """A baseline with what is like it in any of the files, for a report; None where nothing is."""
    bases, others = groups_of(base), [group for head in heads for group in groups_of(head)]
    pairs = [
        _pair(bases[i], others[j], DEFAULT_LIMIT, set(), False)
        for i, j in sorted(partners(bases, others, set()).items())
        if not differences_of(bases[i], others[j])
    ]
    return Comparison(DEFAULT_LIMIT, pairs) if pairs else None


def compare_sides(
    results: Mapping[str, Any], *, limit: float = DEFAULT_LIMIT, measures: Iterable[str] = ()
) -> Comparison | None:
    """The two sides of an interleaved run, which may differ in anything; None of another run."""
    a, b = (
        {**results, "records": [one for one in results["records"] if one.get("interleave", {}).get("side") == side]}
        for side in ("A", "B")
    )
    if not a["records"] or not b["records"]:
        return None
    return compare_results(a, b, limit=limit, allowed=FACTS, measures=measures, by_round=True)


def judge(key: Key, ratio: float, low: float, high: float, limit: float) -> tuple[Verdict, float]:
    """The verdict of an interval, and the least change for the worse that would have been a regression."""
    least, most = sorted((_worse(key, low), _worse(key, high)))
    if MEASURES[key.measure].higher_is_better:
        visible = 1 - (1 - limit) * ratio / high
    else:
        visible = (1 + limit) * ratio / low - 1
    if least > limit:
        return "regression", visible
    if least > 0:
        return "slower", visible
    if most < 0:
        return "faster", visible
    return ("no change" if most <= limit else "too noisy to say"), visible


def _worse(key: Key, ratio: float) -> float:
    return 1 - ratio if MEASURES[key.measure].higher_is_better else ratio - 1


def change_of(key: Key, base: Sequence[float], head: Sequence[float], limit: float) -> Change:
    """Of two samples that have nothing to do with each other."""
    enough = min(len(base), len(head)) >= ENOUGH
    ratio = median(head) / median(base) if base and head else None
    return _change(key, base, head, ratio, ratio_interval(base, head) if enough else None, limit)


def change_by_round(
    key: Key, base: Mapping[int, Sequence[float]], head: Mapping[int, Sequence[float]], limit: float
) -> Change:
    """Of two samples taken in turn: the ratio is the median of those of the rounds that have both."""
    ratios = [median(head[i]) / median(base[i]) for i in sorted(base) if base[i] and head.get(i)]
    flat_base, flat_head = ([value for i in sorted(side) for value in side[i]] for side in (base, head))
    between = interval(ratios) if len(ratios) >= ENOUGH else None
    return _change(key, flat_base, flat_head, median(ratios) if ratios else None, between, limit)


def _change(
    key: Key,
    base: Sequence[float],
    head: Sequence[float],
    ratio: float | None,
    between: tuple[float, float] | None,
    limit: float,
) -> Change:
    a, b = (summary_of(key, values) if values else None for values in (base, head))
    if a is None or b is None:
        return Change(key, a, b, "new" if a is None else "missing")
    if ratio is None or between is None:
        return Change(key, a, b, "too noisy to say", ratio)
    verdict, visible = judge(key, ratio, *between, limit)
    return Change(key, a, b, verdict, ratio, between, visible)


def _pair(base: Group, head: Group, limit: float, measures: set[str], by_round: bool) -> Pair:
    differences = differences_of(base, head)
    what = {difference.what for difference in differences}
    changes = [
        change
        for change in (_changes_by_round if by_round else _changes)(base, head, limit)
        if _wanted(change, measures, what)
    ]
    return Pair(base, head, by_round, differences, notes_on(base, head), changes, problems_of(head))


def _wanted(change: Change, measures: set[str], different: set[str]) -> bool:
    if measures:
        return change.key.measure in measures
    if change.key.measure == "ttft_one_token":
        return "engine" in different  # else it says the same as ttft
    if change.key.measure == "roofline":
        return False  # decode says the same, and more steadily
    asked_for_on_one_side = change.key.prefill is not None and "plan" in different
    return not (asked_for_on_one_side and change.verdict in ("missing", "new"))


def _changes(base: Group, head: Group, limit: float) -> list[Change]:
    a, b = base.values, head.values
    return [change_of(key, a.get(key, ()), b.get(key, ()), limit) for key in ordered({**a, **b})]


def _changes_by_round(base: Group, head: Group, limit: float) -> list[Change]:
    a, b = ({i: pooled(records) for i, records in group.rounds.items()} for group in (base, head))
    keys = ordered({key for values in (*a.values(), *b.values()) for key in values})
    return [change_by_round(key, _of(key, a), _of(key, b), limit) for key in keys]


def _of(key: Key, rounds: Mapping[int, Mapping[Key, Sequence[float]]]) -> dict[int, Sequence[float]]:
    return {number: values.get(key, ()) for number, values in rounds.items()}
