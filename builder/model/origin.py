"""Where a checkpoint or an adapter came from, for the notes in what is made of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """A repository of the hub (or one file of it), and the commit."""

    name: str
    commit: str

    def __str__(self) -> str:
        return f"{self.name}@{self.commit}"
