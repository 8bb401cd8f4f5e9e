"""What a fine-tune gave, and the folder it is put in."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from builder.errors import OutputError
from builder.files.systems import give_usual_permissions
from builder.files.writing import explained
from builder.lora.adapter import is_adapter
from builder.tune.plan import duration
from builder.tune.state import Evaluation, Progress


@dataclass(frozen=True)
class Written:
    """An answer to an example that was set aside."""

    prompt: str
    wanted: str
    written: str


@dataclass(frozen=True)
class TunedAdapter:
    """What came of it."""

    path: Path
    size: int
    """Of adapter_model.safetensors, in bytes."""
    steps: int
    seconds: float
    tokens: int
    learned_from: int
    judged_by: int
    evaluations: tuple[Evaluation, ...]
    answers: tuple[Written, ...] = ()

    @classmethod
    def of(
        cls, path: Path, size: int, progress: Progress, learned_from: int, judged_by: int, answers: tuple[Written, ...]
    ) -> TunedAdapter:
        return cls(
            path,
            size,
            progress.step,
            progress.seconds,
            progress.tokens,
            learned_from,
            judged_by,
            progress.evaluations,
            answers,
        )

    @property
    def before(self) -> Evaluation:
        """The base's own evaluation."""
        return self.evaluations[0]

    @property
    def best(self) -> Evaluation:
        """That of the adapter written."""
        return min(self.evaluations, key=lambda each: each.loss)

    def rows(self) -> list[tuple[str, str]]:
        """For people."""
        return [
            ("adapter", str(self.path)),
            ("size", f"{self.size / 1e6:.1f} MB"),
            ("examples", f"{self.learned_from:,} learned, {self.judged_by:,} set aside"),
            (
                "time",
                f"{duration(self.seconds)}, {self.steps:,} steps, {self.tokens / max(self.seconds, 1e-9):,.0f} tokens/s",
            ),
            (
                "loss on those set aside",
                f"{self.before.loss:.3f} before, {self.best.loss:.3f} after step {self.best.step:,}",
            ),
            ("likeliest token right", f"{self.before.right:.1%} before, {self.best.right:.1%} after"),
        ]

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self) | {"path": str(self.path)}


def check_output(output: Path) -> None:
    """OutputError where no adapter could be put at `output`, known before the work."""
    if output.exists() and not (output.is_dir() and (is_adapter(output) or not any(output.iterdir()))):
        raise OutputError(
            f"{output} exists and is not an adapter: name a new folder or an adapter's folder.", subject=output
        )
    if not output.parent.is_dir():
        raise OutputError(f"{output.parent} is not a folder: create it first.", subject=output)
    if not os.access(output.parent, os.W_OK):
        raise OutputError(f"{output} cannot be written: {output.parent} allows no writing.", subject=output)


def put_in_place(made: Path, output: Path) -> int:
    """Moves the finished folder to `output`, whose old adapter goes first; the size of its weights."""
    size = (made / "adapter_model.safetensors").stat().st_size
    (made / "README.md").unlink(missing_ok=True)  # peft's empty form of a model card
    for file in made.iterdir():
        give_usual_permissions(file)  # safetensors writes for the owner alone
    try:
        if output.exists():
            shutil.rmtree(output)
        made.replace(output)
    except OSError as error:
        raise explained(error, output) from None
    return size
