"""The statistics against values computed by hand, against numpy, and against the JavaScript of the same definition."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onpage.bench import statistics
from onpage.bench.statistics import (
    Key,
    interval,
    is_noisy,
    mulberry32,
    quantile,
    ratio_interval,
    summarize,
    values_of,
)
from tests.onpage.bench.records import record, sample

positive = st.floats(1e-3, 1e9)
samples = st.lists(positive, min_size=1, max_size=9)

MULBERRY32 = """
let a = 1;
const next = () => {
  a |= 0; a = a + 0x6D2B79F5 | 0;
  let t = Math.imul(a ^ a >>> 15, 1 | a);
  t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
  return ((t ^ t >>> 14) >>> 0) / 4294967296;
};
console.log(JSON.stringify(Array.from({ length: 1000 }, next)));
"""


def test_the_generator_is_that_of_javascript() -> None:
    """Bryc's, as everybody copies it."""
    output = subprocess.run(["node", "-e", MULBERRY32], check=True, capture_output=True, text=True).stdout
    assert json.loads(output) == list(itertools.islice(mulberry32(1), 1000))


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([7.0], 0.25, 7.0),
        ([1.0, 2.0], 0.5, 1.5),
        ([4.0, 1.0, 3.0, 2.0], 0.25, 1.75),  # 0.75 of the way from 1 to 2
        ([4.0, 1.0, 3.0, 2.0], 0.75, 3.25),
        ([10.0, 20.0, 30.0, 40.0, 50.0], 0.025, 11.0),
        ([1.0, 2.0, 3.0], 1.0, 3.0),
    ],
)
def test_quantiles_by_hand(values: list[float], share: float, expected: float) -> None:
    assert quantile(values, share) == pytest.approx(expected, rel=1e-12)


@given(samples, st.floats(0, 1))
def test_quantiles_are_numpys(values: list[float], share: float) -> None:
    assert quantile(values, share) == pytest.approx(float(np.quantile(values, share)), rel=1e-9)


def test_the_interval_is_that_of_the_definition_written_out_with_numpy() -> None:
    values, draw = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6], mulberry32(1)
    medians = [float(np.median([values[int(next(draw) * 6)] for _ in range(6)])) for _ in range(2000)]
    assert interval(values) == pytest.approx(tuple(np.quantile(medians, [0.025, 0.975])), rel=1e-12)


def test_the_interval_of_a_ratio_draws_the_base_first() -> None:
    base, head, draw = [3.0, 1.0, 4.0], [10.0, 12.0, 11.0, 15.0], mulberry32(1)
    ratios = []
    for _ in range(2000):
        first = np.median([base[int(next(draw) * 3)] for _ in range(3)])
        ratios.append(float(np.median([head[int(next(draw) * 4)] for _ in range(4)]) / first))
    assert ratio_interval(base, head) == pytest.approx(tuple(np.quantile(ratios, [0.025, 0.975])), rel=1e-12)


@pytest.mark.parametrize("count", [101, 400])
def test_of_many_values_the_interval_is_that_of_resamples(count: int) -> None:
    source = np.random.default_rng(1)
    base, head = (source.lognormal(middle, 0.2, count) for middle in (3, 3.1))
    medians = [np.median(source.choice(each, (20_000, count)), axis=1) for each in (base, head)]
    for ours, theirs in ((interval(base), medians[0]), (ratio_interval(base, head), medians[1] / medians[0])):
        low, high = np.quantile(theirs, [0.025, 0.975])
        assert ours == pytest.approx((low, high), abs=0.1 * (high - low))


def test_a_file_of_many_samples_takes_few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = itertools.count()
    real = mulberry32

    def counted(seed: int) -> Iterator[float]:
        return (next(drawn) * 0 + value for value in real(seed))

    monkeypatch.setattr(statistics, "mulberry32", counted)
    interval([float(value) for value in range(1, 20_001)])
    assert next(drawn) == 2 * statistics.RESAMPLES


def test_of_five_runs_the_interval_of_the_median_goes_from_the_least_to_the_most() -> None:
    """At least three of five draws are the least in 5.8 % of resamples: more than the 2.5 % cut off."""
    assert interval([5.0, 2.0, 4.0, 3.0, 1.0]) == (1.0, 5.0)
    assert interval([2.0]) == (2.0, 2.0)


@given(samples, samples, positive, positive)
@settings(max_examples=30)
def test_units_do_not_matter_to_a_ratio(base: list[float], head: list[float], one: float, other: float) -> None:
    low, high = ratio_interval(base, head)
    scaled = ratio_interval([value * one for value in base], [value * other for value in head])
    assert scaled == pytest.approx((low * other / one, high * other / one), rel=1e-6)


@given(samples)
@settings(max_examples=50)
def test_a_sample_against_itself_shows_no_difference(values: list[float]) -> None:
    low, high = ratio_interval(values, values)
    assert low <= 1 <= high


def test_the_interval_covers_the_true_median_as_often_as_theory_says() -> None:
    """Least to most of five hold it but for 2 · 2⁻⁵ of the time."""
    source = random.Random(1)
    held = 0
    for _ in range(300):
        low, high = interval([source.gauss(100, 3) for _ in range(5)])
        held += low <= 100 <= high
    assert 0.90 <= held / 300 <= 0.97


@pytest.mark.parametrize(
    ("values", "noisy"),
    [
        ([100.0, 101.0, 99.0], False),
        ([100.0, 100.0], True),
        ([90.0, 100.0, 111.0], True),
        ([95.0, 100.0, 105.0], False),
    ],
)
def test_noise(values: list[float], noisy: bool) -> None:
    """The quartiles of 90, 100, 111 are 10.5 % apart; those of 95, 100, 105 are 5 %."""
    assert is_noisy(values) is noisy


def test_measures_come_from_the_raw_samples() -> None:
    one = sample(128, 0, ttft=500, step=20, tokens=9)
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
    assert values_of(made) == {
        Key("prefill", 32): [pytest.approx(32 / 0.3)],
        Key("prefill", 128): [pytest.approx(256)],
        Key("decode", 32): [pytest.approx(9 / 0.150)],  # three more pieces, nine more tokens
        Key("decode", 128): [pytest.approx(50)],
        Key("ttft", 32): [300],
        Key("ttft", 128): [500],
        Key("ttft_one_token", 128): [500],
        Key("ttft_one_token", 32): [pytest.approx(300 - 2 / 60 * 1000)],
        Key("load_cold", None): [3200],
        Key("load_warm", None): [1450],
        Key("engine_creation", None): [1400],
        Key("first_answer", None): [6000],
        Key("memory", None): [5],
    }


def test_what_has_no_figure_is_left_out() -> None:
    single = sample(32, 0, ttft=300, tokens=1)
    instant = sample(128, 0, ttft=0, step=0)
    made = record(samples=[single, instant], loads=[], first_answer=None, memory=None)
    assert set(values_of(made)) == {Key("prefill", 32), Key("ttft", 32)}


def test_a_summary_has_every_statistic() -> None:
    made = record(samples=[sample(32, run, ttft=ttft) for run, ttft in enumerate([100, 130, 110, 140, 120])])
    ttft = next(summary for summary in summarize(made) if summary.measure == "ttft")
    assert ttft.to_json() == {
        "measure": "ttft",
        "prefill": 32,
        "unit": "ms",
        "n": 5,
        "median": 120,
        "p25": 110,
        "p75": 130,
        "interval": [100, 140],
        "noisy": True,
    }


SUMMARIES = """
import { summaryOf } from "./static/bench/record.js";
let text = "";
for await (const chunk of process.stdin) text += chunk;
console.log(JSON.stringify(JSON.parse(text).map(summaryOf)));
"""


def test_the_page_computes_the_same_summaries() -> None:
    """Of every measure, from one value to eight, even and odd, steady and restless, and of many."""
    source = random.Random(2)
    records = [
        record(noise=[source.uniform(-spread, spread) for _ in range(count)])
        for count, spread in [*itertools.product((1, 2, 3, 5, 8), (0.0, 0.03, 0.3)), (100, 0.1), (101, 0.1)]
    ]
    for number, made in enumerate(records):
        for one in made["samples"]:
            one["first_tokens"] = 1 + number % 3
        made["loads"][0]["kind"] = "cold"
        made["bandwidth"] = {"bytes_per_second": 5e10}
        made["model"]["weight_bytes"] = 140_000_000
    output = subprocess.run(
        ["node", "--input-type=module", "-e", SUMMARIES],
        input=json.dumps(records),
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    ).stdout
    for made, theirs in zip(records, json.loads(output), strict=True):
        ours = {(one.measure, one.prefill): one.to_json() for one in summarize(made)}
        assert ours.keys() == {(one["measure"], one["prefill"]) for one in theirs}
        for one in theirs:
            mine = ours[one["measure"], one["prefill"]]
            for name in ("median", "p25", "p75", "interval"):
                assert mine.pop(name) == pytest.approx(one.pop(name), rel=1e-9)
            assert mine == one
