"""How often the gate of `onpage bench compare --interleave` errs, on simulated rounds: `python -m tests.benchmarks.gate_power`.

The logarithm of a round's ratio is normal with the scatter given, about what B really takes longer; some rounds go astray, with
five times the scatter. A comparison stops by the width of its interval, or after the most rounds that fit its budget, and is
corrected for the number of verdicts, as `goal` and `compare` do it. A second table takes two files of single runs while the
machine drifts between them: what no interval can know.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import click
import numpy as np
import numpy.typing as npt

from onpage.bench.compare import DEFAULT_LIMIT
from onpage.bench.goal import MIN_ROUNDS, SHARE_OF_LIMIT
from onpage.bench.measures import Key
from onpage.bench.statistics import CONFIDENCE, Ratio, student, unpaired_ratio
from onpage.bench.verdict import Word, judge

Values = npt.NDArray[np.float64]
KEY = Key("gap_p50", 32)
SLOWER = (0.0, 0.03, 0.12, 0.25)
VERDICTS = 7
"""Of a comparison at one prompt length."""
ASTRAY = 5.0
WORDS: tuple[Word, ...] = ("regression", "slower", "no change", "faster", "undecided")


@dataclass(frozen=True)
class World:
    """A machine, and how long it may be measured."""

    scatter: float
    """Standard deviation of the logarithm of a round's ratio."""
    most: int
    """Rounds."""
    astray: float = 0.1
    """Share of the rounds that go astray."""


def verdicts(world: World, slower: float, trials: int, source: np.random.Generator) -> tuple[dict[Word, float], float]:
    """The share of comparisons with each verdict, and how many rounds they took on average."""
    confidence = 1 - (1 - CONFIDENCE) / VERDICTS
    shape = (trials, world.most)
    wide = np.where(source.random(shape) < world.astray, ASTRAY, 1.0)
    logs = math.log1p(slower) + world.scatter * wide * source.normal(size=shape)
    wanted = math.log1p(DEFAULT_LIMIT * SHARE_OF_LIMIT)
    running = np.ones(trials, dtype=bool)
    middle, half, rounds = np.zeros(trials), np.zeros(trials), np.full(trials, world.most)
    for count in range(min(MIN_ROUNDS, world.most), world.most + 1):
        some = logs[:, :count]
        width = student(confidence, count - 1) * some.std(axis=1, ddof=1) / math.sqrt(count)
        ends = running & ((width <= wanted) | (count == world.most))
        middle[ends], half[ends], rounds[ends] = some.mean(axis=1)[ends], width[ends], count
        running &= ~ends
    words = [
        judge(KEY, Ratio(math.exp(m), (math.exp(m - h), math.exp(m + h))), DEFAULT_LIMIT)
        for m, h in zip(middle, half, strict=True)
    ]
    return {word: words.count(word) / trials for word in WORDS}, float(rounds.mean())


def false_alarms_of_files(runs: int, noise: float, drift: float, trials: int, source: np.random.Generator) -> float:
    """How often two files of the same are called a regression where each run as a whole is faster or slower by `drift`."""
    confidence = 1 - (1 - CONFIDENCE) / VERDICTS
    found = 0
    for _ in range(trials):
        a, b = np.exp(source.normal(0, noise, (2, runs)) + source.normal(0, drift, (2, 1)))
        found += judge(KEY, unpaired_ratio(list(a), list(b), confidence), DEFAULT_LIMIT) == "regression"
    return found / trials


def _cell(words: dict[Word, float]) -> str:
    text = f"{words['regression']:.1%} ({words['faster']:.1%})"
    return f"{text:>16}"


@click.command()
@click.option("--trials", default=4000, show_default=True, help="Simulated comparisons behind each figure.")
@click.option("--seed", default=1, show_default=True)
def main(trials: int, seed: int) -> None:
    """Print both tables."""
    source = np.random.default_rng(seed)
    click.echo(
        f"Limit {DEFAULT_LIMIT:.0%}, {VERDICTS} verdicts, one round in ten astray: share called a regression (faster)"
    )
    heads = "".join(f"{f'+{slower:.0%}':>16}" for slower in SLOWER)
    click.echo(f"{'scatter':>8}{'most rounds':>13}{heads}{'undecided at 0':>16}{'rounds at 0':>13}")
    for scatter in (0.01, 0.02, 0.03, 0.05, 0.10):
        for most in (8, 14, 30):
            told = [verdicts(World(scatter, most), slower, trials, source) for slower in SLOWER]
            cells = "".join(_cell(words) for words, _ in told)
            words, rounds = told[0]
            click.echo(f"{scatter:>8.0%}{most:>13}{cells}{words['undecided']:>16.0%}{rounds:>13.1f}")
    click.echo(
        "\nTwo files of 5 runs with 3 % of noise, of the same, where whole runs drift apart: share called a regression"
    )
    for drift in (0.0, 0.03, 0.10):
        click.echo(f"{drift:>8.0%}{false_alarms_of_files(5, 0.03, drift, trials, source):>10.1%}")


if __name__ == "__main__":
    main()
