"""What a fine-tune leaves while it runs, so that it goes on after a kill: how far it has come, beside weights and optimizer.

All of it is one file, replaced in one piece: a kill at any moment leaves the last one whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from builder.errors import DataError


@dataclass(frozen=True)
class Evaluation:
    """How the model did on the examples set aside."""

    step: int
    loss: float
    """Mean cross-entropy of an answer's token, in nats."""
    right: float
    """Share of the answers' tokens that are the likeliest."""
    training_loss: float | None = None
    """Mean since the evaluation before; None at the beginning."""
    seconds: float = 0.0


@dataclass(frozen=True)
class Progress:
    """How far a run has come."""

    fingerprint: str
    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    evaluations: tuple[Evaluation, ...] = ()

    @property
    def best(self) -> Evaluation | None:
        return min(self.evaluations, key=lambda each: each.loss, default=None)

    def evaluated(self, evaluation: Evaluation) -> Progress:
        return replace(self, evaluations=(*self.evaluations, evaluation))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Progress:
        """DataError where it is none."""
        try:
            evaluations = tuple(Evaluation(**each) for each in value["evaluations"])
            return cls(**{**value, "evaluations": evaluations})
        except (TypeError, KeyError) as error:
            raise DataError(
                f"The state of the run contains no progress ({error}): delete it.", subject="state"
            ) from None


def state_path(output: Path) -> Path:
    """Where the state of the run for `output` lies."""
    return output.with_name(f"{output.name}.tuning.pt")


def check_same_run(progress: Progress, fingerprint: str, path: Path) -> None:
    """DataError where the state is of other data, settings or base."""
    if progress.fingerprint != fingerprint:
        raise DataError(
            f"{path} is of a run with another base, other data or other settings, at step {progress.step:,}: name another output, "
            "or begin anew with --restart.",
            subject=path,
        )
