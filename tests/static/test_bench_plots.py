"""What the report's plots show, against figures computed here from the raw samples by other means (numpy, one answer at a time)."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import numpy as np
import pytest

from onpage.bench.report import shown_records
from tests.onpage.bench.records import record, results
from tests.static.node import evaluate

SERIES = """
import { alongSeries, edgesOf } from "./static/bench/report/along.js";
import { loadBars } from "./static/bench/report/loads.js";
import { besideBars } from "./static/bench/report/published.js";
import { throughputSeries } from "./static/bench/report/throughput.js";
let text = "";
for await (const chunk of process.stdin) text += chunk;
const { records, published } = JSON.parse(text);
console.log(JSON.stringify({
  edges: edgesOf(records.flatMap(({ samples }) => samples)),
  along: alongSeries(records),
  prefill: throughputSeries(records, "prefill"),
  decode: throughputSeries(records, "decode", records.slice(0, 1)),
  loads: loadBars(records),
  beside: besideBars(records, published, "decode"),
}));
"""
PUBLISHED = {"model": "Gemma", "quantization": "int4", "parameters": 268_000_000, "engine": "MediaPipe", "device": "a phone",
             "context": None, "prefill": 1000, "decode": 50, "ttft": 0.3}  # fmt: skip


def answer(prefill: int, run: int, speed: float, tokens: int, source: random.Random) -> dict[str, Any]:
    """Pieces of one word of six letters each, after gaps that vary; `speed` in tokens a millisecond."""
    ttft = prefill / 10 * source.uniform(0.8, 1.2)
    gaps = (source.uniform(0.5, 1.5) / speed for _ in range(tokens - 1))
    times = list(itertools.accumulate(gaps, initial=ttft))
    return {
        "prefill": prefill,
        "run": run,
        "warmup": False,
        "prompt_tokens": prefill,
        "tokens": tokens,
        "first_tokens": 1,
        "counted": "construction",
        "checked_tokens": tokens,
        "ttft": ttft,
        "pieces": [[time, 7] for time in times],
        "engine_figures": None,
    }


def made(speed: float, tokens: int, label: str, seed: int) -> dict[str, Any]:
    """Three runs of four answers at two lengths, in which every other answer is five times as fast."""
    source = random.Random(seed)
    samples = [
        answer(prefill, run, speed * (5 if number % 2 else 1), tokens, source)
        for run, prefill, number in itertools.product((1, 2, 3), (32, 128), range(4))
    ]
    warmup = answer(128, 1, speed / 50, tokens, source) | {"warmup": True}
    loads = [
        {
            "kind": kind,
            "milliseconds": {"bytes": source.uniform(100, 900), "engine": source.uniform(500, 1500)},
            "from_cache": None,
        }
        for kind in ("cold", "warm", "warm", "warm")
    ]
    return record(prefill=(32, 128), samples=[warmup, *samples], loads=loads, label=label)


@pytest.fixture(scope="module")
def drawn() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    records = shown_records(results(made(1.0, 65, "m · one", 1), made(0.5, 40, "m · other", 2)))
    return records, evaluate(SERIES, json.dumps({"records": records, "published": [PUBLISHED]}))


def counted(one: dict[str, Any], prefill: int) -> list[dict[str, Any]]:
    return [sample for sample in one["samples"] if not sample["warmup"] and sample["prefill"] == prefill]


def geometric(values: list[float]) -> float:
    return float(np.exp(np.mean(np.log(values))))


def test_throughput(drawn: Any) -> None:
    records, shown = drawn
    for name in ("prefill", "decode"):
        assert shown[name]["lengths"] == [32, 128]
        for one, series in zip(records, shown[name]["series"], strict=False):
            for place, prefill in enumerate((32, 128)):
                runs = []
                for run in (1, 2, 3):
                    answers = [sample for sample in counted(one, prefill) if sample["run"] == run]
                    if name == "prefill":
                        runs.append(prefill / float(np.median([sample["ttft"] for sample in answers])) * 1000)
                    else:
                        spans = [sample["pieces"][-1][0] - sample["pieces"][0][0] for sample in answers]
                        runs.append(sum(sample["tokens"] - 1 for sample in answers) / sum(spans) * 1000)
                assert series["line"][place] == [place, pytest.approx(geometric(runs))]
                assert series["band"][place] == [
                    place,
                    *(pytest.approx(float(np.quantile(runs, q))) for q in (0.25, 0.75)),
                ]
                assert [value for x, value in series["dots"] if x == place] == [pytest.approx(value) for value in runs]
    past = shown["decode"]["series"][-1]
    assert past["past"] and past["line"] == shown["decode"]["series"][0]["line"] and past["dots"] == []


def test_decode_along_the_answer(drawn: Any) -> None:
    """The same parts for all, every answer in them, the fast ones too: all tokens of a part over all of its time."""
    records, shown = drawn
    edges = shown["edges"]
    assert len(set(np.diff(edges))) == 1 and edges[0] == 0 and edges[-1] == 65, "thirteen parts of five tokens"
    for one, series in zip(records, shown["along"], strict=True):
        answers = counted(one, 128)
        assert len(answers) == 12
        longest = answers[0]["tokens"]
        parts = [(low, high) for low, high in itertools.pairwise(edges) if high <= longest]
        assert [x for x, _ in series["line"]] == [(low + high) / 2 for low, high in parts]
        for (low, high), (_, rate), (_, p25, p75) in zip(parts, series["line"], series["band"], strict=True):
            begin = max(low, 1)  # the first token is the prompt's
            spans = [sample["pieces"][high - 1][0] - sample["pieces"][begin - 1][0] for sample in answers]
            single = [(high - begin) / span * 1000 for span in spans]
            assert rate == pytest.approx(12 * (high - begin) / sum(spans) * 1000)
            assert (p25, p75) == tuple(pytest.approx(float(np.quantile(single, q))) for q in (0.25, 0.75))
    assert all(
        fast[1] > slow[1] for fast, slow in zip(shown["along"][0]["line"], shown["along"][1]["line"], strict=False)
    ), "the slower side is shown as the slower"


def test_loads(drawn: Any) -> None:
    records, shown = drawn
    bars = iter(shown["loads"])
    for one in records:
        for kind in ("cold", "warm"):
            loads = [load["milliseconds"] for load in one["loads"] if load["kind"] == kind]
            total = geometric([load["bytes"] + load["engine"] for load in loads])
            share = sum(load["bytes"] for load in loads) / sum(load["bytes"] + load["engine"] for load in loads)
            values = [part["value"] for part in next(bars)["parts"]]
            assert values == [pytest.approx(total * share), pytest.approx(total * (1 - share)), pytest.approx(5000)]


def test_beside_published_figures(drawn: Any) -> None:
    records, shown = drawn
    typical = [
        next(s["typical"] for s in one["summary"] if s["measure"] == "decode" and s["prefill"] == 128)
        for one in records
    ]
    assert [bar["parts"][0]["value"] for bar in shown["beside"]] == [*map(pytest.approx, typical), 50]


PIECES = """
import { timeline } from "./static/bench/report/along.js";
const at = timeline({ tokens: 10, first_tokens: 2, pieces: [[100, 14], [140, 28], [200, 28]] });
console.log(JSON.stringify([1, 2, 4, 6, 8, 10, 11].map(at)));
"""


def test_a_piece_of_several_tokens_is_divided_evenly() -> None:
    """Two tokens at first, then four in 40 ms and four in 60: what lies between is on the line."""
    assert evaluate(PIECES) == [None, 100, 120, 140, 170, 200, None]
