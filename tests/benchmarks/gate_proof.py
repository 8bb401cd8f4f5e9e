"""Whether the gate sees slowdowns that are really there, on a machine that is busy: `python -m tests.benchmarks.gate_proof`.

`collect` measures rounds as `onpage bench compare --interleave` does, of the demo model on the CPU engine, with a worker that is
slower by known shares (`seeded_slowdown`), while other processes keep the processor busy. All shares are measured in turn, so
that each meets the same machine, and each has its own results file, whole after every round.

`compare` reads these files. It says what the gate says of rounds one after the other that fit a budget together (real
comparisons, each round in one of them), and then draws comparisons from all rounds, with replacement and seeded: each stops as
`goal` would, by the width of its interval, or after `--most` rounds.
"""

from __future__ import annotations

import asyncio
import math
import multiprocessing
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
from playwright.async_api import async_playwright

from onpage.bench.compare import rows_by_round
from onpage.bench.configuration import Configuration
from onpage.bench.goal import MIN_ROUNDS, SHARE_OF_LIMIT
from onpage.bench.interleave import measure_round
from onpage.bench.matching import groups_of
from onpage.bench.measures import MEASURES, Key
from onpage.bench.options import Listener, Options
from onpage.bench.record import load_results
from onpage.bench.results import Results
from onpage.bench.sides import Side, prepared, side_of
from onpage.bench.statistics import CONFIDENCE, paired_ratio
from onpage.bench.verdict import Word, half_width, judge
from tests.benchmarks import seeded_slowdown

SHARES = (0.0, 0.03, 0.12, 0.25)
LIMIT = 0.05
ENGINE = "litert-lm-cpu"
OPTIONS = Options(prefill=(32,), decode=64, context=512, warm=1, gpu=False)

Values = Sequence[float]


@click.group()
def main() -> None:
    """Collect rounds of seeded slowdowns, and see what the gate says of them."""


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--minutes", default=30.0, show_default=True, help="No round is begun later.")
@click.option("--busy", default=2, show_default=True, help="Processes that do nothing but compute beside it.")
def collect(folder: Path, minutes: float, busy: int) -> None:
    """Measure rounds of every share in turn, into FOLDER."""
    folder.mkdir(parents=True, exist_ok=True)
    with busy_processes(busy):
        asyncio.run(_collect(folder, time.monotonic() + 60 * minutes))


async def _collect(folder: Path, deadline: float) -> None:
    listener = Listener()
    async with AsyncExitStack() as stack:
        programs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="onpage-proof-")))
        playwright = await stack.enter_async_context(async_playwright())

        async def side(share: float) -> Side:
            program = seeded_slowdown.command(share, programs)
            configuration = Configuration.parse(f"engine={ENGINE},onpage={program}")
            model, options = prepared(configuration, OPTIONS)
            return await side_of(stack, playwright, configuration, model, options, listener)

        base = await side(0.0)
        heads = {share: await side(share) for share in SHARES}
        results = {share: Results(folder / f"{share:g}.json") for share in SHARES}
        for number in range(1, 1000):
            for share, head in heads.items():
                if time.monotonic() > deadline:
                    return
                began = time.monotonic()
                await measure_round("comparison", number, {"A": base, "B": head}, results[share], listener, apart=False)
                click.echo(f"round {number} of {share:.0%}: {time.monotonic() - began:.0f} s")


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """That compute for nothing as long as the block lasts."""
    processes = [multiprocessing.get_context("spawn").Process(target=_compute, daemon=True) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.terminate()


def _compute() -> None:
    while True:
        sum(range(100_000))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--seconds", default=360.0, show_default=True, help="Budget of a comparison.")
@click.option("--most", default=14, show_default=True, help="Rounds of a drawn comparison: those that fit a budget.")
@click.option("--draws", default=1000, show_default=True, help="Comparisons that are drawn for each share.")
@click.option("--seed", default=1, show_default=True)
def compare(folder: Path, seconds: float, most: int, draws: int, seed: int) -> None:
    """What the gate says of the rounds in FOLDER."""
    for path in sorted(folder.glob("*.json"), key=lambda path: float(path.stem)):
        share = float(path.stem)
        rows, took, others = rounds_of(load_results(path))
        click.echo(
            f"{share:.0%} slower: {len(took)} rounds of {sum(took) / len(took):.0f} s, others {others:.0%} of the processor"
        )
        for first, end in real_comparisons(took, seconds):
            words = judged({key: ratios[first:end] for key, ratios in rows.items()})
            told = ", ".join(f"{key.measure} {word}" for key, (word, _) in words.items() if word != "undecided")
            gap = next(text for key, (_, text) in words.items() if MEASURES[key.measure].decides)
            click.echo(
                f"  real, rounds {first + 1} to {end}, {sum(took[first:end]):.0f} s: {gap}; {told or 'all undecided'}"
            )
        found = Counter(
            drawn(rows, most, random.Random(f"{seed} {share} {i}"), flip=share == 0)[0] for i in range(draws)
        )
        told = ", ".join(f"{word} {count / draws:.1%}" for word, count in found.most_common())
        click.echo(
            f"  drawn, {draws} of {MIN_ROUNDS} to {most} rounds{', sides swapped at random' if share == 0 else ''}: {told}"
        )


def rounds_of(results: Mapping[str, Any]) -> tuple[dict[Key, list[float]], list[float], float]:
    """The ratio B to A of each measure that is judged, by round; seconds of each round; the processor's share of others."""
    a, b = groups_of(results)
    rows = {
        key: [y / x for x, y in zip(base, head, strict=True)]
        for key, base, head in rows_by_round(a, b)
        if MEASURES[key.measure].judged == "always"
    }
    loads = [
        [record["load"] for group in (a, b) for record in group.rounds[number]]
        for number in sorted(a.rounds)
        if number in b.rounds
    ]
    others = [load["others"] for both in loads for load in both]
    return rows, [max(load["seconds"] for load in both) for both in loads], sum(others) / len(others)


def real_comparisons(took: Values, seconds: float) -> Iterator[tuple[int, int]]:
    """Rounds one after the other that fit a budget together; each round in one comparison only."""
    first = 0
    while first < len(took):
        end = first
        while end < len(took) and sum(took[first : end + 1]) <= seconds:
            end += 1
        if end - first >= MIN_ROUNDS:
            yield first, end
        first = max(end, first + 1)


def judged(rows: Mapping[Key, Values]) -> dict[Key, tuple[Word, str]]:
    """The verdict on each measure, corrected for how many there are, and its interval in words."""
    confidence = 1 - (1 - CONFIDENCE) / len(rows)
    words: dict[Key, tuple[Word, str]] = {}
    for key, ratios in rows.items():
        ratio = paired_ratio([1.0] * len(ratios), ratios, confidence)
        low, high = ratio.interval or (0, 0)
        words[key] = judge(key, ratio, LIMIT), f"{key.measure} {ratio.value:.3f} ({low:.3f} to {high:.3f})"
    return words


def drawn(rows: Mapping[Key, Values], most: int, source: random.Random, *, flip: bool = False) -> tuple[str, int]:
    """What a comparison of rounds drawn with replacement says of what decides, and how many rounds it took.

    `flip` swaps the sides of each round at random, as is right where both sides are the same: then of all measures, the worst.
    (Without it, the drawn ratios of a measure that scatters lie about their own mean, which is not 1.)
    """
    count = len(next(iter(rows.values())))
    picks = [(source.randrange(count), -1 if flip and source.random() < 0.5 else 1) for _ in range(most)]
    told = {key: [ratios[i] ** sign for i, sign in picks] for key, ratios in rows.items()}
    deciding = [key for key in rows if MEASURES[key.measure].decides]
    confidence = 1 - (1 - CONFIDENCE) / len(rows)

    def is_narrow(rounds: int) -> bool:
        ratios = (paired_ratio([1.0] * rounds, told[key][:rounds], confidence) for key in deciding)
        return all(half_width(ratio) <= math.log1p(LIMIT * SHARE_OF_LIMIT) for ratio in ratios)

    rounds = next((count for count in range(MIN_ROUNDS, most) if is_narrow(count)), most)
    words = {key: word for key, (word, _) in judged({key: ratios[:rounds] for key, ratios in told.items()}).items()}
    if flip:
        for word in ("regression", "faster"):
            if word in words.values():
                return word, rounds
    return words[deciding[0]], rounds


if __name__ == "__main__":
    main()
