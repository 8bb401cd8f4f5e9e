"""What a fine-tune does step by step: settings, batches, learning rate, when to stop, how long it takes yet. Pure."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Literal

from builder.tune.examples import Example

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "bfloat16", "float32"]
"""Of the base; the adapter is float32."""
Modules = Literal["attention", "all"]
MODULES: dict[Modules, tuple[str, ...]] = {
    "attention": ("q_proj", "k_proj", "v_proj", "o_proj"),
    "all": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
}
"""Which matrices get an adapter. The engine switches adapters of the attention on and off; others have to be merged."""

LAST_RATE = 0.1
"""The learning rate falls in a straight line to this share of its peak."""


@dataclass(frozen=True)
class Settings:
    """How to tune; two runs with the same settings, data and machine do the same."""

    rank: int = 16
    alpha: float = 32.0
    modules: Modules = "attention"
    dropout: float = 0.0
    learning_rate: float = 5e-4
    warm_up: float = 0.05
    """Share of the steps in which the learning rate rises."""
    epochs: float = 3.0
    batch_tokens: int = 2048
    """Tokens of one step, padding included."""
    max_tokens: int = 1024
    """Longer examples are left out."""
    evaluation_share: float = 0.1
    patience: int = 3
    """Evaluations without a better loss after which it stops; 0 goes on to the end."""
    seed: int = 0

    def fingerprint(self, data: Sequence[Example], base: str) -> str:
        """Of what decides a run: settings, examples and base. A state with another one is not gone on with."""
        digest = hashlib.sha256(json.dumps([asdict(self), base], sort_keys=True).encode())
        for example in data:
            digest.update(repr((example.ids, example.learned)).encode())
        return digest.hexdigest()[:16]


def batches(examples: Sequence[Example], tokens: int, shuffle: str | None = None) -> list[list[Example]]:
    """Batches of examples of similar length, each padded to at most `tokens` tokens (or one example); `shuffle` seeds the order."""
    rng = Random(shuffle)
    order = list(examples)
    if shuffle is not None:
        rng.shuffle(order)  # so that examples of one length meet others in each epoch
    order.sort(key=lambda example: -len(example.ids))
    found: list[list[Example]] = []
    for example in order:
        if not found or (len(found[-1]) + 1) * len(found[-1][0].ids) > tokens:
            found.append([])
        found[-1].append(example)
    if shuffle is not None:
        rng.shuffle(found)
    return found


@dataclass(frozen=True)
class Plan:
    """The steps of a run."""

    examples: tuple[Example, ...]
    settings: Settings

    @property
    def steps_an_epoch(self) -> int:
        return len(batches(self.examples, self.settings.batch_tokens))

    @property
    def steps(self) -> int:
        """All of them."""
        return max(1, math.ceil(self.steps_an_epoch * self.settings.epochs))

    @property
    def evaluation_interval(self) -> int:
        """Steps from one evaluation to the next: twice an epoch, and at least five times in all."""
        return max(1, min(self.steps_an_epoch // 2, self.steps // 5))

    def epoch(self, number: int) -> list[list[Example]]:
        """The batches of an epoch, in its order."""
        return batches(self.examples, self.settings.batch_tokens, f"{self.settings.seed} {number}")

    def rate(self, step: int) -> float:
        """Learning rate of a step, from 0 on."""
        warm = max(1, round(self.settings.warm_up * self.steps))
        if step < warm:
            return self.settings.learning_rate * (step + 1) / warm
        done = (step - warm) / max(1, self.steps - warm)
        return self.settings.learning_rate * (1 - (1 - LAST_RATE) * min(1.0, done))


def should_stop(losses: Sequence[float], patience: int) -> bool:
    """Whether the last `patience` evaluations brought nothing better than what was before them."""
    return 0 < patience < len(losses) and min(losses[-patience:]) >= min(losses[:-patience])


def seconds_left(done: int, steps: int, seconds: float) -> float | None:
    """What the rest takes at the speed so far; None where nothing was done yet."""
    return (steps - done) * seconds / done if done else None


def duration(seconds: float) -> str:
    """1:02:03, or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
