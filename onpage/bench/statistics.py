"""Median, quartiles, bootstrap intervals, and what is measured in a record. No I/O, no numpy; the same on every machine.

`static/bench/statistics.js` has the same definitions, tested against these through node:

- quantiles by linear interpolation between order statistics (type 7 of Hyndman and Fan, numpy's default);
- intervals by the percentile bootstrap, 95 %, of 2,000 resamples. Index = floor(u · n) with u from mulberry32 seeded with 1,
  drawn one resample after the other; for two samples each resample draws all of the first and then all of the second.
  Of a sample of more than 100 values, the median of a resample is drawn itself, with two draws instead of all: the quantile
  at 1/2 + z / (2 √n), the distribution that it has in the limit; z = √(−2 ln(1 − u)) · cos(2 π v);
- noisy: the quartiles are more than 10 % of the median apart, or there are fewer than three values.

Values are taken from the raw samples (`values_of`), never from a summary that somebody else computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, NamedTuple

Record = Mapping[str, Any]

RESAMPLES = 2000
CONFIDENCE = 0.95
SEED = 1
NOISY_SPREAD = 0.10
FEW = 3
"""With fewer values there is no telling how much they vary."""
MANY = 100
"""Values of which a resample is still drawn one by one, so that a file of many samples takes no minutes."""


@dataclass(frozen=True)
class Measure:
    """What is measured, in which unit, and which way is better."""

    id: str
    title: str
    unit: str
    higher_is_better: bool = False


MEASURES = {
    measure.id: measure
    for measure in (
        Measure("prefill", "Prefill", "tok/s", higher_is_better=True),
        Measure("decode", "Decode", "tok/s", higher_is_better=True),
        Measure("ttft", "Time to first text", "ms"),
        Measure("ttft_one_token", "Time to first token", "ms"),
        Measure("roofline", "Share of bandwidth", "share", higher_is_better=True),
        Measure("load_cold", "Cold load", "ms"),
        Measure("load_warm", "Warm load", "ms"),
        Measure("engine_creation", "Engine creation", "ms"),
        Measure("first_answer", "First answer", "ms"),
        Measure("memory", "Peak memory", "bytes"),
    )
}
"""By id, in the order of tables. `ttft_one_token` is derived: as if the first piece had carried one token, which is what
engines that deliver differently can be compared by; `roofline` is decode × the bytes of weights that a token reads / the
bandwidth of the GPU's memory, which the page measured."""


class Key(NamedTuple):
    """One row of a summary. `prefill` is the length asked for, None where the measure has none."""

    measure: str
    prefill: int | None


@dataclass(frozen=True)
class Summary:
    """Of the values of one measure."""

    measure: str
    prefill: int | None
    unit: str
    n: int
    median: float
    p25: float
    p75: float
    interval: tuple[float, float]
    noisy: bool

    def to_json(self) -> dict[str, Any]:
        """As in a results file."""
        return asdict(self) | {"interval": list(self.interval)}


def quantile(values: Sequence[float], share: float) -> float:
    """Type 7; `values` in any order, at least one."""
    return _quantile(sorted(values), share)


def _quantile(ordered: Sequence[float], share: float) -> float:
    position = (len(ordered) - 1) * share
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def median(values: Sequence[float]) -> float:
    """The middle, or the mean of the two in the middle."""
    return quantile(values, 0.5)


def mulberry32(seed: int) -> Iterator[float]:
    """Uniform in [0, 1), as the JavaScript of that name gives them."""
    state = seed & 0xFFFFFFFF
    while True:
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        mixed = ((state ^ state >> 15) * (1 | state)) & 0xFFFFFFFF
        mixed = ((mixed + (mixed ^ mixed >> 7) * (61 | mixed)) ^ mixed) & 0xFFFFFFFF
        yield (mixed ^ mixed >> 14) / 4294967296


@lru_cache(maxsize=16)
def _resamples(sizes: tuple[int, ...]) -> list[list[list[int] | float]]:
    """What is drawn of samples of these sizes: indices, or of many values the share at which the median is.

    Kept for the next measure: drawing takes most of the time, and samples are alike.
    """
    draw = mulberry32(SEED)
    return [
        [_share(draw, size) if size > MANY else [math.floor(next(draw) * size) for _ in range(size)] for size in sizes]
        for _ in range(RESAMPLES)
    ]


def _share(draw: Iterator[float], size: int) -> float:
    normal = math.sqrt(-2 * math.log(1 - next(draw))) * math.cos(2 * math.pi * next(draw))
    return 0.5 + normal / (2 * math.sqrt(size))


def bootstrap(statistic: Callable[..., float], *samples: Sequence[float]) -> tuple[float, float]:
    """The 95 % percentile interval of a statistic of the medians of independent samples, each with a value at least."""
    ordered = [sorted(sample) for sample in samples]
    drawn = [
        statistic(
            *(
                _quantile(ascending, what) if isinstance(what, float) else median([sample[i] for i in what])
                for sample, ascending, what in zip(samples, ordered, resample, strict=True)
            )
        )
        for resample in _resamples(tuple(map(len, samples)))
    ]
    tail = (1 - CONFIDENCE) / 2
    return quantile(drawn, tail), quantile(drawn, 1 - tail)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Of the median."""
    return bootstrap(lambda middle: middle, values)


def ratio_interval(base: Sequence[float], head: Sequence[float]) -> tuple[float, float]:
    """Of median(head) / median(base), for two samples that have nothing to do with each other; values are positive."""
    return bootstrap(lambda a, b: b / a, base, head)


def is_noisy(values: Sequence[float]) -> bool:
    """Whether the machine was too restless for the median to mean much, or the values too few to tell."""
    middle = median(values)
    return len(values) < FEW or middle <= 0 or (quantile(values, 0.75) - quantile(values, 0.25)) / middle > NOISY_SPREAD


def decode_rate(sample: Mapping[str, Any]) -> float | None:
    """(tokens − those of the first piece) / (last − first piece), per second; None where there was one piece only."""
    pieces = sample["pieces"]
    if len(pieces) < 2:
        return None
    span = pieces[-1][0] - pieces[0][0]
    tokens = sample["tokens"] - sample["first_tokens"]
    return tokens / span * 1000 if span > 0 and tokens > 0 else None


def values_of(record: Record) -> dict[Key, list[float]]:
    """The values of each measure that the record has, from its raw samples without the warm-up, in order of time.

    A load counts whole, bytes and engine; engine creation is that of warm loads, where the wasm is compiled already, or
    of cold ones where there are no others.
    """
    values: dict[Key, list[float]] = {}

    def note(measure: str, prefill: int | None, value: float | None) -> None:
        if value is not None and math.isfinite(value) and value > 0:
            values.setdefault(Key(measure, prefill), []).append(value)

    bandwidth, weight_bytes = record.get("bandwidth"), record["model"].get("weight_bytes")
    for sample in record.get("samples") or ():
        if sample["warmup"]:
            continue
        length, ttft, rate = sample["prefill"], sample["ttft"], decode_rate(sample)
        note("prefill", length, sample["prompt_tokens"] / ttft * 1000 if ttft > 0 else None)
        note("decode", length, rate)
        note("ttft", length, ttft)
        if rate and bandwidth and weight_bytes:
            note("roofline", length, rate * weight_bytes / bandwidth["bytes_per_second"])
        if rate:
            note("ttft_one_token", length, ttft - (sample["first_tokens"] - 1) / rate * 1000)
    loads = record.get("loads") or ()
    for load in loads:
        note(f"load_{load['kind']}", None, sum(load["milliseconds"].values()))
    kind = "warm" if any(load["kind"] == "warm" for load in loads) else "cold"
    for load in loads:
        if load["kind"] == kind:
            note("engine_creation", None, load["milliseconds"]["engine"])
    if first := record.get("first_answer"):
        note("first_answer", None, first["milliseconds"])
    if memory := record.get("memory"):
        note("memory", None, memory["peak_bytes"])
    return {key: values[key] for key in ordered(values)}


def ordered(keys: Iterable[Key]) -> list[Key]:
    """In the order of tables: by measure, then by length."""
    order = list(MEASURES)
    return sorted(keys, key=lambda key: (order.index(key.measure), key.prefill or 0))


def summary_of(key: Key, values: Sequence[float]) -> Summary:
    """Of at least one value."""
    return Summary(
        key.measure,
        key.prefill,
        MEASURES[key.measure].unit,
        len(values),
        median(values),
        quantile(values, 0.25),
        quantile(values, 0.75),
        interval(values),
        is_noisy(values),
    )


def summarize(record: Record) -> list[Summary]:
    """Every measure of a record, in the order of tables."""
    return [summary_of(key, values) for key, values in values_of(record).items()]
