"""The values of each measure in a record, one for each run, from its raw samples. Summaries in files are never read.

A run of a prompt length is as many answers as last half a second together; what it gives:

    ttft, ttft_engine     the median of its answers
    prefill               prompt tokens / ttft
    decode                tokens after the first pieces / time from first pieces to last ones, over all its answers
    gap_p50, p95, p99     quantiles of the times between pieces of all its answers, divided by the tokens of a piece
    ttft_one_token        ttft less the steps of the further tokens in the first piece
    roofline              decode × bytes of weights that a token reads / bandwidth of the memory

`static/bench/values.js` has the same; a test holds the two against each other.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from onpage.bench.measures import ENGINE_TTFT, Key, Record, ordered
from onpage.bench.statistics import Summary, median, quantile, summary_of

Answer = Mapping[str, Any]
"""One of `samples` in the schema."""

GAPS = {"gap_p50": 0.5, "gap_p95": 0.95, "gap_p99": 0.99}


def values_of(record: Record) -> dict[Key, list[float]]:
    """The positive, finite values of each measure, in order of time, without the warm-up.

    A load counts whole, bytes and engine; engine creation is that of warm loads, where the wasm is compiled already, or
    of cold ones where there are no others.
    """
    values: dict[Key, list[float]] = {}

    def note(measure: str, prefill: int | None, value: float | None) -> None:
        if value is not None and math.isfinite(value) and value > 0:
            values.setdefault(Key(measure, prefill), []).append(value)

    for (length, _), answers in runs_of(record).items():
        for measure, value in _of_run(record, answers).items():
            note(measure, length, value)
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


def runs_of(record: Record) -> dict[tuple[int, int], list[Answer]]:
    """The answers of each run that counts, by prompt length and number."""
    runs: dict[tuple[int, int], list[Answer]] = {}
    for sample in record.get("samples") or ():
        if not sample["warmup"]:
            runs.setdefault((sample["prefill"], sample["run"]), []).append(sample)
    return runs


def pooled(records: Iterable[Record]) -> dict[Key, list[float]]:
    """The values of several records of the same, by measure."""
    values: dict[Key, list[float]] = {}
    for record in records:
        for key, some in values_of(record).items():
            values.setdefault(key, []).extend(some)
    return values


def summarize(record: Record) -> list[Summary]:
    """Every measure of a record, in the order of tables."""
    return [summary_of(key, values) for key, values in values_of(record).items()]


def _of_run(record: Record, answers: Sequence[Answer]) -> dict[str, float | None]:
    ttft = median([answer["ttft"] for answer in answers])
    prompt = sum(answer["prompt_tokens"] for answer in answers) / len(answers)
    first = sum(answer["first_tokens"] for answer in answers) / len(answers)
    rate = decode_rate(answers)
    gaps = gaps_of(answers)
    engine = [said for answer in answers if (said := _engine_ttft(answer)) is not None]
    bandwidth, weights = record.get("bandwidth"), record["model"].get("weight_bytes")
    roof = bandwidth["bytes_per_second"] / weights if bandwidth and weights else None
    return {
        "prefill": prompt / ttft * 1000 if ttft > 0 else None,
        "decode": rate,
        "ttft": ttft,
        "ttft_engine": median(engine) if engine else None,
        "ttft_one_token": ttft - (first - 1) / rate * 1000 if rate else None,
        **{measure: quantile(gaps, share) if gaps else None for measure, share in GAPS.items()},
        "roofline": rate / roof if rate and roof else None,
    }


def decode_rate(answers: Iterable[Answer]) -> float | None:
    """Tokens a second after the first pieces; None where every answer came in one piece."""
    tokens = milliseconds = 0.0
    for answer in answers:
        pieces = answer["pieces"]
        if len(pieces) > 1 and answer["tokens"] > answer["first_tokens"]:
            tokens += answer["tokens"] - answer["first_tokens"]
            milliseconds += pieces[-1][0] - pieces[0][0]
    return tokens / milliseconds * 1000 if milliseconds > 0 else None


def gaps_of(answers: Iterable[Answer]) -> list[float]:
    """Milliseconds between pieces, for each token of a piece: pieces of an answer are taken to hold the same number."""
    gaps = []
    for answer in answers:
        pieces, tokens = answer["pieces"], answer["tokens"] - answer["first_tokens"]
        if tokens > 0:
            share = (len(pieces) - 1) / tokens
            gaps += [(after[0] - before[0]) * share for before, after in itertools.pairwise(pieces)]
    return gaps


def _engine_ttft(answer: Answer) -> float | None:
    figures = answer["engine_figures"] or {}
    said = next((figures[name] for name in ENGINE_TTFT if name in figures), None)
    return said * 1000 if isinstance(said, int | float) and not isinstance(said, bool) else None
