"""How often the gate of `onpage bench compare` errs, on simulated runs: `python -m tests.benchmarks.gate_power [--trials N]`.

Times are log-normal with the noise given, about a median that is the same on both sides or larger on B's. The first table
takes two runs that have nothing to do with each other, the second the same while the machine drifts: each run, or each
round of an interleaved one, is slower or faster as a whole by another random factor, which both sides of a round share.

False alarms are `regression` where nothing changed, for one measure and for any of eight; power is `regression` where B
takes longer. Verdicts are those of `onpage.bench.compare.judge` on its own intervals; only the drawing of resamples is numpy's
here, for speed.
"""

from __future__ import annotations

from dataclasses import dataclass

import click
import numpy as np
import numpy.typing as npt

from onpage.bench.compare import DEFAULT_LIMIT, judge
from onpage.bench.statistics import CONFIDENCE, Key

Values = npt.NDArray[np.float64]
KEY = Key("ttft", 128)
RESAMPLES = 500
SLOWER = (1.05, 1.10, 1.15, 1.20)
MEASURES = 8
TAILS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)


@dataclass(frozen=True)
class Design:
    """A way to measure: so many values on each side, or so many rounds of some values each."""

    name: str
    runs: int
    rounds: int = 0


@dataclass(frozen=True)
class World:
    """A machine."""

    noise: float
    """Standard deviation of the logarithm of a time."""
    drift: float
    """The same of the factor of a whole run or round."""


def share_of_regressions(
    design: Design, world: World, slower: float, trials: int, source: np.random.Generator
) -> float:
    """How often the gate says `regression`."""
    count = design.rounds or 1
    shape = (trials, count, design.runs)
    own = np.exp(source.normal(0, world.noise, (2, *shape)))
    if design.rounds:
        shared = np.exp(source.normal(0, world.drift, (1, trials, count, 1)))
    else:
        shared = np.exp(source.normal(0, world.drift, (2, trials, 1, 1)))
    base, head = own * shared * np.array([1, slower])[:, None, None, None]
    if design.rounds:
        ratios = np.median(head, axis=2) / np.median(base, axis=2)
        ratio = np.median(ratios, axis=1)
        drawn = np.median(ratios[:, source.integers(0, count, (RESAMPLES, count))], axis=2)
    else:
        ratio = np.median(head[:, 0], axis=1) / np.median(base[:, 0], axis=1)
        drawn = _medians(head[:, 0], source) / _medians(base[:, 0], source)
    low, high = np.quantile(drawn, TAILS, axis=1)
    verdicts = [
        judge(KEY, float(a), float(b), float(c), DEFAULT_LIMIT)[0] for a, b, c in zip(ratio, low, high, strict=True)
    ]
    return verdicts.count("regression") / trials


def _medians(values: Values, source: np.random.Generator) -> Values:
    runs = values.shape[1]
    medians: Values = np.median(values[:, source.integers(0, runs, (RESAMPLES, runs))], axis=2)
    return medians


def table(title: str, designs: list[Design], worlds: list[World], trials: int) -> list[str]:
    """A row for each design in each world."""
    source = np.random.default_rng(1)
    lines = [
        title,
        f"{'':34}{'noise':>6}{'drift':>7}{'false alarm':>13}{f'of {MEASURES}':>7}"
        + "".join(f"{f'+{slower - 1:.0%}':>7}" for slower in SLOWER),
    ]
    for design in designs:
        for world in worlds:
            false = share_of_regressions(design, world, 1.0, trials, source)
            power = [share_of_regressions(design, world, slower, trials, source) for slower in SLOWER]
            lines.append(
                f"{design.name:34}{world.noise:>6.0%}{world.drift:>7.0%}{false:>13.2%}{1 - (1 - false) ** MEASURES:>7.1%}"
                + "".join(f"{share:>7.0%}" for share in power)
            )
    return lines


@click.command()
@click.option("--trials", default=4000, show_default=True, help="Simulated comparisons behind each figure.")
def main(trials: int) -> None:
    """Print both tables."""
    apart = [Design(f"{runs} runs each", runs) for runs in (5, 10, 20)]
    in_turn = [Design(f"{rounds} rounds of 3, interleaved", 3, rounds) for rounds in (5, 10, 20)]
    steady = [World(noise, 0) for noise in (0.01, 0.03, 0.05)]
    click.echo("\n".join(table(f"Limit {DEFAULT_LIMIT:.0%}, on a steady machine", [*apart, *in_turn], steady, trials)))
    click.echo()
    drifting = [World(0.03, drift) for drift in (0.03, 0.10)]
    click.echo("\n".join(table("The same, while the machine drifts", [*apart[:2], *in_turn[:2]], drifting, trials)))


if __name__ == "__main__":
    main()
