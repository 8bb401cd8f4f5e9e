"""The results file of a run, which is whole at any time."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onpage.bench import machine
from onpage.bench.measures import VERSION
from onpage.bench.record import Record, now, refuse_unsound, write_sound


@dataclass
class Results:
    """The file, which holds every finished record at any time."""

    path: Path
    content: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.content = {
            "schema": VERSION,
            "created": now(),
            "onpage": machine.onpage(),
            "machine": machine.machine(),
            "records": [],
        }

    @property
    def records(self) -> list[Record]:
        records: list[Record] = self.content["records"]
        return records

    def add(self, record: Record) -> None:
        """Writes the file with one record more; only that one is checked, for the others were."""
        refuse_unsound(self.path, record, "record")
        self.records.append(record)
        self.write()

    def write(self) -> None:
        """As it is; OutputError where it cannot be written."""
        write_sound(self.path, self.content)
