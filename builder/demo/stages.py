"""What the demo model learns from: first to copy and to post about one-sentence news, then to post about what people paste.

A stage gives rows for a share of its time, 0 to 1, and the highest learning rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from builder.demo.generator import Row, copy_row, post_row, test_rows
from builder.demo.scenes.write import SceneRow, scene_row, scene_rows


@dataclass(frozen=True)
class Stage:
    """A part of the training."""

    rows: Callable[[Random, float], list[Row]]
    """From a generator of random numbers and the share of the stage's time that is over."""
    held_out: Callable[[int, int], list[Row]]
    """From a seed and a count: rows whose names no training has."""
    peak_rate: float


def first_rows(rng: Random, progress: float) -> list[Row]:
    """First mostly copying and short texts, later mostly full texts."""
    draw = rng.random()
    copying = max(0.12 if progress < 0.8 else 0.03, 0.5 * (1 - progress / 0.2))
    short = max(0.2, 0.7 * (1 - progress / 0.3))
    if draw < copying:
        return [copy_row(rng)]
    if rng.random() < short:
        return [post_row(rng, longest=35)]
    return [post_row(rng, longest=330 if rng.random() < 0.04 else 150)]


def news_rows(rng: Random, progress: float) -> list[Row]:
    """Mostly news in every shape, half of it bad, at both lengths; some of the first stage, so that copying stays exact."""
    draw = rng.random()
    if draw < (0.15 if progress < 0.7 else 0.06):
        return [copy_row(rng)]
    if draw < 0.3:
        return [post_row(rng, longest=330 if rng.random() < 0.05 else 120)]
    return [_row(scene) for scene in scene_rows(rng)]


def news_held_out(seed: int, count: int) -> list[Row]:
    """`count` posts about news, with held-out names."""
    rng = Random(f"news {seed}")
    return [_row(scene_row(rng, held_out=True)) for _ in range(count)]


def _row(scene: SceneRow) -> Row:
    subject = scene.subject
    return Row(
        subject.text, scene.tone, scene.words, scene.post, subject.names[0], next(iter(subject.facts), ""), scene.scene
    )


STAGES = {"first": Stage(first_rows, test_rows, 3e-3), "news": Stage(news_rows, news_held_out, 1.5e-3)}
