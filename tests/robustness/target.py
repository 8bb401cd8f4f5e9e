"""A kind of file that is damaged, and who gets to read it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from random import Random

from builder.synth.web_file import SMALLEST_VOCABULARY

VOCABULARY = SMALLEST_VOCABULARY + 7  # a multiple of 4


class Target(ABC):
    """A kind of file. `folder` is the target's own, empty at first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def damage(self, chance: Random) -> None:
        """Writes the case's files."""

    @abstractmethod
    def read(self) -> None:
        """Lets our code read them. An OnpageError is a refusal; whatever else is raised is a fault of ours."""
