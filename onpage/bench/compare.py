"""Two results files, or the two sides of an interleaved run, measure by measure.

Records are matched by model, engine, browser, adapter, plan and machine. What differs in one of these makes the comparison
one of something else, so it is refused until it is allowed by name. Records of one side that agree in all are taken
together; those of an interleaved run are paired by round, which takes out whatever drifted in between.

The intervals of one comparison hold *together* with 95 % (Bonferroni: each with 1 − 5 % / the number of verdicts). Holm's
procedure would decide a little more, but has no intervals, and then the one shown would not be the one that decided.

Only raw samples count; summaries in the files are not read. A record that is given twice is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from builder.errors import ResultsError
from onpage.bench.comparison import Comparison, Pair
from onpage.bench.matching import (
    FACTS,
    Group,
    differences_of,
    groups_of,
    notes_on,
    partners,
    problems_of,
)
from onpage.bench.measures import MEASURES, Key, ordered
from onpage.bench.statistics import CONFIDENCE, Ratio, paired_ratio, summary_of, typical, unpaired_ratio
from onpage.bench.values import pooled
from onpage.bench.verdict import Change, judge
from onpage.bench.words import short_id

if TYPE_CHECKING:
    from onpage.bench.results import Results

DEFAULT_LIMIT = 0.05

Values = Sequence[float]
Row = tuple[Key, Values, Values]
"""A measure with its values on both sides; of as many where they are paired."""


def compare(base: Results, head: Results | None = None, *, allowed: Iterable[str] = (), **options: Any) -> Comparison:
    """Two results, or the sides of one that is of an interleaved run. `allowed` and `options` are those of `compare_results`."""
    if head is not None:
        return compare_results(base.content, head.content, allowed=allowed, **options)
    if allowed:
        raise ResultsError("Two sides of one run may differ in anything: nothing has to be allowed.")
    comparison = compare_sides(base.content, **options)
    if comparison is None:
        raise ResultsError(
            f"{base.name} is not the result of an interleaved run: name a second results file to compare it with.",
            subject=base.path,
        )
    return comparison


def compare_results(
    base: Mapping[str, Any],
    head: Mapping[str, Any],
    *,
    limit: float = DEFAULT_LIMIT,
    allowed: Iterable[str] = (),
    measures: Iterable[str] = (),
    must_decide: Iterable[str] = (),
    by_round: bool = False,
) -> Comparison:
    """Two results files; `allowed` are keys of FACTS, `measures` ids (all, if there are none). `by_round`: taken in turn.

    Raises ResultsError where there is nothing to compare, or what there is differs in something that is not allowed.
    """
    allowed, measures, must_decide = set(allowed), tuple(measures), tuple(must_decide)
    _refuse_unknown("measure", (*measures, *must_decide), MEASURES)
    _refuse_unknown("difference to allow", allowed, FACTS)
    if not 0 <= limit < 1:
        raise ResultsError(f"A limit of {limit} is not a share: expected 0 to below 1, such as 0.05 for 5 %.")
    refuse_duplicates([*base["records"], *head["records"]])
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
                f"{'; '.join(difference.sentence for difference in refused)}. Measure the same on both sides, or add {options}."
            )
    matched = [(bases[i], heads[j]) for i, j in sorted(partner.items())]
    comparison = _comparison(matched, limit, measures, must_decide, by_round)
    if not any(pair.changes or pair.problems for pair in comparison.pairs):
        raise ResultsError("There is nothing to compare: no such measure was taken on either side.")
    return comparison.besides(
        [group for i, group in enumerate(bases) if i not in partner],
        [group for j, group in enumerate(heads) if j not in partner.values()],
    )


def compare_alike(base: Mapping[str, Any], heads: Iterable[Mapping[str, Any]]) -> Comparison | None:
    """A baseline with what is like it in any of the files, for a report; None where nothing is."""
    heads = list(heads)
    refuse_duplicates([*base["records"], *(record for head in heads for record in head["records"])])
    bases, others = groups_of(base), [group for head in heads for group in groups_of(head)]
    matched = [
        (bases[i], others[j])
        for i, j in sorted(partners(bases, others, set()).items())
        if not differences_of(bases[i], others[j])
    ]
    return _comparison(matched, DEFAULT_LIMIT, (), (), by_round=False) if matched else None


def compare_sides(results: Mapping[str, Any], *, phase: str = "comparison", **options: Any) -> Comparison | None:
    """The two sides of an interleaved run, which may differ in anything; None of another run.

    `phase` "self-test" is the part in which A was measured against itself. `options` are those of `compare_results`.
    """
    a, b = (
        {**results, "records": [one for one in results["records"] if _place(one) == (phase, side)]} for side in "AB"
    )
    if not a["records"] or not b["records"]:
        return None
    return compare_results(a, b, allowed=FACTS, by_round=True, **options)


def _place(record: Mapping[str, Any]) -> tuple[str, str] | None:
    place = record.get("interleave")
    return (place.get("phase", "comparison"), place["side"]) if place else None


def refuse_duplicates(records: Iterable[Mapping[str, Any]]) -> None:
    """ResultsError where a record is there twice: it would count as new data."""
    seen: set[str] = set()
    for record in records:
        if record["id"] in seen:
            raise ResultsError(
                f"The record {short_id(record)} ({record['label']}) was given twice: the same measurement counts once. "
                f"Leave one of its files out, or measure again."
            )
        seen.add(record["id"])


def _refuse_unknown(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise ResultsError(f"There is no {what} {name!r}: expected {', '.join(known)}.", subject=name)


def _comparison(
    matched: Sequence[tuple[Group, Group]], limit: float, measures: Sequence[str], must: Sequence[str], by_round: bool
) -> Comparison:
    rows = [_wanted(base, head, (rows_by_round if by_round else _rows)(base, head), measures) for base, head in matched]
    verdicts = sum(bool(a and b) for some in rows for _, a, b in some)
    confidence = 1 - (1 - CONFIDENCE) / max(1, verdicts)
    pairs = [
        Pair(
            base,
            head,
            by_round,
            differences_of(base, head),
            notes_on(base, head),
            [change_of(row, limit, confidence, paired=by_round) for row in some],
            problems_of(head),
        )
        for (base, head), some in zip(matched, rows, strict=True)
    ]
    return Comparison(limit, pairs, _deciding(must, measures), verdicts, confidence)


def _deciding(must: Sequence[str], measures: Sequence[str]) -> tuple[str, ...]:
    """What a comparison that has passed must have decided: what was named for it, else what was named at all, else the usual."""
    return tuple(must or measures or (measure.id for measure in MEASURES.values() if measure.decides))


def change_of(row: Row, limit: float, confidence: float = CONFIDENCE, *, paired: bool) -> Change:
    """The verdict on one row."""
    key, base, head = row
    if not base or not head:
        a, b = (summary_of(key, side) if side else None for side in (base, head))
        return Change(key, a, b, None, "missing" if base else "new", limit)
    ratio: Ratio = (paired_ratio if paired else unpaired_ratio)(base, head, confidence)
    return Change(key, summary_of(key, base), summary_of(key, head), ratio, judge(key, ratio, limit), limit)


def _rows(base: Group, head: Group) -> list[Row]:
    a, b = base.values, head.values
    return [(key, a.get(key, ()), b.get(key, ())) for key in ordered({**a, **b})]


def rows_by_round(base: Group, head: Group) -> list[Row]:
    """A value of each side for each round that has both."""
    a, b = ({i: pooled(records) for i, records in group.rounds.items()} for group in (base, head))
    rows: list[Row] = []
    for key in ordered({key for values in (*a.values(), *b.values()) for key in values}):
        of_a, of_b = ({i: typical(values[key]) for i, values in side.items() if key in values} for side in (a, b))
        both = sorted(of_a.keys() & of_b.keys())
        if both:
            rows.append((key, [of_a[i] for i in both], [of_b[i] for i in both]))
        else:
            rows.append((key, list(of_a.values()), list(of_b.values()) if not of_a else []))
    return rows


def _wanted(base: Group, head: Group, rows: Sequence[Row], measures: Sequence[str]) -> list[Row]:
    different = {difference.what for difference in differences_of(base, head)}

    def is_wanted(row: Row) -> bool:
        key, a, b = row
        judged = MEASURES[key.measure].judged
        if measures:
            return key.measure in measures
        if judged == "never" or (judged == "between engines" and "engine" not in different):
            return False
        asked_for_on_one_side = key.prefill is not None and "plan" in different
        return not (asked_for_on_one_side and not (a and b))

    return [row for row in rows if is_wanted(row)]
