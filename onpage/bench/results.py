"""The results of a run: what a results file holds, and the file itself, which is whole at any time."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onpage.bench import machine
from onpage.bench.measures import VERSION
from onpage.bench.record import Record, load_results, now, refuse_unsound, write_results, write_sound


def _without_records() -> dict[str, Any]:
    return {
        "schema": VERSION,
        "created": now(),
        "onpage": machine.onpage(),
        "machine": machine.machine(),
        "records": [],
    }


@dataclass
class Results:
    """Every finished record, with what says where and by which onpage it was measured."""

    path: Path | None = None
    """The file, which holds every finished record at any time; None: they are in memory only."""
    content: dict[str, Any] = field(default_factory=_without_records)
    """As `results.schema.json` has it."""

    @classmethod
    def load(cls, path: Path) -> Results:
        """Those of a file; ResultsError says in a sentence why it is none."""
        return cls(path, load_results(path))

    @property
    def name(self) -> str:
        """In a sentence."""
        return str(self.path or "these results")

    @property
    def records(self) -> list[Record]:
        """One for each model, engine and browser, in the order in which they were measured."""
        records: list[Record] = self.content["records"]
        return records

    @property
    def problem(self) -> str | None:
        """A sentence where a text was wrong or a record is not complete; None where every figure means what it says."""
        wrong = [record["label"] for record in self.records if record["correctness"]["ok"] is False]
        if wrong:
            return f"The text was wrong, so the speed means nothing: {', '.join(wrong)}."
        partial = [record["label"] for record in self.records if record["status"] != "complete"]
        return f"Not measured completely: {', '.join(partial)}." if partial else None

    def add(self, record: Record) -> None:
        """Writes the file with one record more; only that one is checked, for the others were."""
        refuse_unsound(self.path, record, "record")
        self.records.append(record)
        self.write()

    def write(self) -> None:
        """As it is; OutputError where it cannot be written."""
        if self.path is not None:
            write_sound(self.path, self.content)

    def save(self, path: Path) -> None:
        """Writes a file of them all; OutputError where it cannot be written."""
        write_results(path, self.content)

    def to_json(self) -> dict[str, Any]:
        """What the file holds."""
        return self.content
