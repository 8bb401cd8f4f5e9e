"""Results as a report: a page that needs nothing else, a CSV for a spreadsheet, Markdown for a pull request.

Results files come from anywhere, so all that they say is text here, whatever it looks like. Figures are computed anew from
the raw samples, and the records of one side of an interleaved run are shown as one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from builder.files.writing import write_beside
from onpage.bench.statistics import summary_of
from onpage.bench.values import pooled

Content = Mapping[str, Any]
"""Of a results file."""


def shown_records(results: Content) -> list[dict[str, Any]]:
    """The records of a results file, in its order, as a report shows them; without a self-test, which is told in a sentence."""
    sides: dict[str, list[Mapping[str, Any]]] = {}
    for number, record in enumerate(results["records"]):
        place = record.get("interleave")
        if place and place.get("phase") == "self-test":
            continue
        side = json.dumps([place["side"], record["label"]]) if place else str(number)
        sides.setdefault(side, []).append(record)
    return [_as_one(records) for records in sides.values()]


def _as_one(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A record, or the rounds of a side as the runs of one."""
    one = dict(records[0])
    if place := one.get("interleave"):
        one["label"] = f"{place['side']} · {one['label']}"
        one["samples"] = _renumbered(records)
        one["loads"] = [load for record in records for load in record["loads"]]
        one["plan"] = one["plan"] | {"runs": len(records), "paced": False}
        for name in ("errors", "notes"):
            one[name] = list({json.dumps(each): each for record in records for each in record[name]}.values())
        one["status"] = max((record["status"] for record in records), key=("complete", "partial", "failed").index)
    one["summary"] = [summary_of(key, values).to_json() for key, values in pooled(records).items()]
    return one


def _renumbered(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The answers of all rounds, numbered so that runs of different rounds stay apart."""
    renumbered: list[dict[str, Any]] = []
    numbers: dict[tuple[int, int, bool], int] = {}
    for index, record in enumerate(records):
        for sample in record["samples"]:
            key = index, sample["run"], sample["warmup"]
            number = numbers.setdefault(key, 1 + sum(known[2] == key[2] for known in numbers))
            renumbered.append({**sample, "run": number})
    return renumbered


def write_text(path: Path, text: str) -> None:
    """Whole or not at all; OutputError where it cannot be written."""
    data = text.encode()
    with write_beside(path, len(data)) as part:
        part.write_at(0, data)
