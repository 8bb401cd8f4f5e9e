"""What a record's samples give, worked out by hand, and that the page computes the same."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import numpy as np
import pytest

from onpage.bench.measures import MEASURES, Key
from onpage.bench.values import gaps_of, summarize, values_of
from tests.onpage.bench.records import record, sample
from tests.static.node import evaluate


def test_values_come_from_the_raw_samples() -> None:
    one = sample(128, 0, ttft=500, step=20, tokens=9) | {"engine_figures": {"timeToFirstTokenInSecond": 0.494}}
    bundled = sample(32, 0, ttft=300, step=50, tokens=4) | {"tokens": 12, "first_tokens": 3}
    made = record(
        samples=[sample(128, 0, ttft=9e9, warmup=True), one, bundled],
        loads=[
            {"kind": "cold", "milliseconds": {"bytes": 700, "engine": 2500}, "from_cache": False},
            {"kind": "warm", "milliseconds": {"bytes": 50, "engine": 1400}, "from_cache": True},
        ],
        first_answer={"milliseconds": 6000, "tokens": 8},
        memory={"peak_bytes": 5, "how": "PSS"},
    )
    gaps = {Key(f"gap_{share}", 32): [pytest.approx(50 / 3)] for share in ("p50", "p95", "p99")}
    gaps |= {Key(f"gap_{share}", 128): [pytest.approx(20)] for share in ("p50", "p95", "p99")}
    assert values_of(made) == gaps | {
        Key("prefill", 32): [pytest.approx(32 / 0.3)],
        Key("prefill", 128): [pytest.approx(256)],
        Key("decode", 32): [pytest.approx(9 / 0.150)],  # three more pieces, nine more tokens
        Key("decode", 128): [pytest.approx(50)],
        Key("ttft", 32): [300],
        Key("ttft", 128): [500],
        Key("ttft_engine", 128): [pytest.approx(494)],
        Key("ttft_one_token", 128): [500],
        Key("ttft_one_token", 32): [pytest.approx(300 - 2 / 60 * 1000)],
        Key("load_cold", None): [3200],
        Key("load_warm", None): [1450],
        Key("engine_creation", None): [1400],
        Key("first_answer", None): [6000],
        Key("memory", None): [5],
    }


def test_the_answers_of_a_run_are_one_value() -> None:
    fast, slow = sample(32, 1, ttft=10, step=1, tokens=11), sample(32, 1, ttft=30, step=3, tokens=11)
    values = values_of(record(samples=[fast, slow, fast, sample(32, 2, ttft=40, step=2, tokens=11)]))
    assert values[Key("ttft", 32)] == [10, 40]
    assert values[Key("prefill", 32)] == [pytest.approx(3200), pytest.approx(800)]
    assert values[Key("decode", 32)] == [pytest.approx(30 / 0.050), pytest.approx(500)], "all tokens over all time"
    assert values[Key("gap_p50", 32)] == [pytest.approx(1), pytest.approx(2)]
    assert values[Key("gap_p95", 32)] == [pytest.approx(3), pytest.approx(2)]


def test_the_quantiles_of_gaps_are_numpys() -> None:
    source = random.Random(1)
    times = list(itertools.accumulate(source.expovariate(0.1) for _ in range(200)))
    one = sample(32, 1, ttft=times[0], tokens=200) | {"pieces": [[time, 7] for time in times]}
    values = values_of(record(samples=[one]))
    for share, name in ((0.5, "gap_p50"), (0.95, "gap_p95"), (0.99, "gap_p99")):
        assert values[Key(name, 32)] == [pytest.approx(float(np.quantile(np.diff(times), share)))]
    assert len(gaps_of([one])) == 199


def test_what_has_no_figure_is_left_out() -> None:
    single = sample(32, 0, ttft=300, tokens=1)
    instant = sample(128, 0, ttft=0, step=0)
    made = record(samples=[single, instant], loads=[], first_answer=None, memory=None)
    assert set(values_of(made)) == {Key("prefill", 32), Key("ttft", 32)}


def test_a_summary_has_every_statistic() -> None:
    made = record(samples=[sample(32, run, ttft=ttft) for run, ttft in enumerate([100, 130, 110, 140, 120])])
    ttft = next(summary for summary in summarize(made) if summary.measure == "ttft").to_json()
    assert ttft.pop("typical") == pytest.approx((100 * 130 * 110 * 140 * 120) ** 0.2)
    assert ttft.pop("interval") == pytest.approx([101.2, 139.6], abs=1)
    assert ttft == {"measure": "ttft", "prefill": 32, "unit": "ms", "n": 5, "p25": 110, "median": 120, "p75": 130, "noisy": True}  # fmt: skip


SUMMARIES = """
import { summaryOf } from "./static/bench/values.js";
let text = "";
for await (const chunk of process.stdin) text += chunk;
console.log(JSON.stringify(JSON.parse(text).map(summaryOf)));
"""


def test_the_page_computes_the_same_summaries() -> None:
    """Of every measure, from one run to eight, of one answer and of several, steady and restless, and of many."""
    source = random.Random(2)
    records: list[dict[str, Any]] = [
        record(noise=[source.uniform(-spread, spread) for _ in range(count)])
        for count, spread in [*itertools.product((1, 2, 3, 5, 8), (0.0, 0.03, 0.3)), (101, 0.1)]
    ]
    for number, made in enumerate(records):
        for index, one in enumerate(made["samples"]):
            one["first_tokens"] = 1 + number % 3
            one["engine_figures"] = {"time_to_first_token_in_second": one["ttft"] / 1100}
            if number % 2:
                one["run"] = index // 2
        made["loads"][0]["kind"] = "cold"
        made["bandwidth"] = {"bytes_per_second": 5e10}
        made["model"]["weight_bytes"] = 140_000_000
    seen = set()
    for made, theirs in zip(records, evaluate(SUMMARIES, json.dumps(records)), strict=True):
        ours = [one.to_json() for one in summarize(made)]
        assert [(one["measure"], one["prefill"]) for one in ours] == [
            (one["measure"], one["prefill"]) for one in theirs
        ]
        seen |= {one["measure"] for one in ours}
        for mine, one in zip(ours, theirs, strict=True):
            for name in ("typical", "p25", "median", "p75", "interval"):
                here, there = mine.pop(name), one.pop(name)
                assert here == (there if there is None else pytest.approx(there, rel=1e-9))
            assert mine == one
    assert seen == set(MEASURES)
