"""What is measured, and what becomes of a record: read from `static/bench/measures.json`, which the page reads too.

The file has the measures in the order of tables (id, label, unit, which way is better, whether there is one for each prompt
length, when a comparison judges it, and whether a comparison cannot pass without it), and the rules of a record's status:
the first rule whose condition holds decides. What the conditions mean is here and in `static/bench/status.js`; a test holds
the two against each other. The file has 3 kB and is read as this module is imported: that takes 20 µs, and its values are constants.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from webapp.paths import static_folder

Record = Mapping[str, Any]
Judged = Literal["always", "between engines", "never"]

_DATA: dict[str, Any] = json.loads((static_folder() / "bench" / "measures.json").read_bytes())

VERSION: str = _DATA["schema"]
READABLE: tuple[str, ...] = tuple(_DATA["readable"])
RUN_MILLISECONDS: float = _DATA["run_milliseconds"]
"""A run of a length lasts at least so long: answers are asked for until it does."""
NOISY_SPREAD: float = _DATA["noisy_spread"]
FEWEST_VALUES: int = _DATA["fewest_values"]
"""With fewer there is no telling how much they vary, and no interval."""
ENGINE_TTFT: tuple[str, ...] = tuple(_DATA["engine_ttft_seconds"])
"""Where engines say their own time to the first token, in seconds."""
UNITS: tuple[str, ...] = tuple(_DATA["units"])


@dataclass(frozen=True)
class Measure:
    """One thing that is measured."""

    id: str
    label: str
    unit: str
    higher_is_better: bool
    judged: Judged
    """Whether a comparison gives a verdict on it unasked."""
    decides: bool
    """Whether a comparison in which it is undecided has not passed, unless other measures are named."""


MEASURES: dict[str, Measure] = {
    one["id"]: Measure(
        one["id"],
        one["label"],
        one["unit"],
        one["better"] == "higher",
        one["judged"],
        one["decides"],
    )
    for one in _DATA["measures"]
}
"""By id, in the order of tables."""


class Key(NamedTuple):
    """One row of a table. `prefill` is the prompt length asked for, None where the measure has none."""

    measure: str
    prefill: int | None


def ordered(keys: Iterable[Key]) -> list[Key]:
    """In the order of tables: by measure, then by length."""
    order = list(MEASURES)
    return sorted(keys, key=lambda key: (order.index(key.measure), key.prefill or 0))


def status_of(record: Record) -> str:
    """`complete`, `partial` or `failed`, from what is in the record alone."""
    return next(str(rule["is"]) for rule in _DATA["status"] if _CONDITIONS[rule["if"]](record))


def fitting(plan: Mapping[str, Any]) -> list[int]:
    """The plan's prompt lengths that leave room for an answer."""
    return [length for length in plan["prefill"] if length + plan["decode"] <= plan["context"]]


def _counted_runs(record: Record) -> set[tuple[int, int]]:
    return {(sample["prefill"], sample["run"]) for sample in record["samples"] if not sample["warmup"]}


def _nothing_measured(record: Record) -> bool:
    return not (record["loads"] or record["first_answer"] or _counted_runs(record))


def _something_missing(record: Record) -> bool:
    plan = record["plan"]
    runs = 1 if plan.get("paced") else plan["runs"]
    counted = [length for length, _ in _counted_runs(record)]
    return not counted or any(counted.count(length) < runs for length in fitting(plan))


_CONDITIONS: dict[str, Callable[[Record], bool]] = {
    "wrong_answer": lambda record: record["correctness"]["ok"] is False,
    "nothing_measured": _nothing_measured,
    "error": lambda record: bool(record["errors"]),
    "something_missing": _something_missing,
    "otherwise": lambda record: True,
}
