"""The figures of docs/bench.md on the gate, with fewer trials: `python -m tests.benchmarks.gate_power` prints them all."""

from __future__ import annotations

import random

import numpy as np
import pytest

from onpage.bench.measures import Key
from tests.benchmarks.gate_power import World, false_alarms_of_files, verdicts
from tests.benchmarks.gate_proof import drawn, real_comparisons


@pytest.mark.parametrize(
    ("world", "slower", "word", "least", "most"),
    [
        (World(0.02, 14), 0.0, "regression", 0, 0.002),
        (World(0.02, 14), 0.03, "regression", 0, 0.002),
        (World(0.02, 14), 0.03, "faster", 0, 0.002),
        (World(0.02, 14), 0.12, "regression", 0.85, 1),
        (World(0.02, 14), 0.25, "regression", 0.99, 1),
        (World(0.10, 14), 0.0, "regression", 0, 0.01),  # a restless machine is undecided, not wrong
        (World(0.10, 14), 0.0, "undecided", 0.9, 1),
        (World(0.01, 14, astray=0), 0.0, "undecided", 0, 0.01),
    ],
)
def test_false_alarms_and_power(world: World, slower: float, word: str, least: float, most: float) -> None:
    found, _ = verdicts(world, slower, 1000, np.random.default_rng(1))
    assert least <= found[word] <= most, found


def test_a_steady_machine_is_done_sooner() -> None:
    rounds = [verdicts(World(scatter, 30), 0.0, 200, np.random.default_rng(1))[1] for scatter in (0.01, 0.03)]
    assert rounds[0] < 10 < rounds[1]


def test_files_of_a_machine_that_drifts_are_for_a_look() -> None:
    steady, drifting = (false_alarms_of_files(5, 0.03, drift, 400, np.random.default_rng(1)) for drift in (0, 0.1))
    assert steady <= 0.01
    assert drifting > 0.1


def test_comparisons_drawn_from_rounds() -> None:
    source, gap, decode = random.Random(1), Key("gap_p50", 32), Key("decode", 32)
    steady = {gap: [1.2 * source.lognormvariate(0, 0.01) for _ in range(10)]}
    assert drawn(steady, 14, random.Random(1)) == ("regression", 6)
    restless = {gap: [source.lognormvariate(0, 0.3) for _ in range(10)]}
    assert drawn(restless, 14, random.Random(1)) == ("undecided", 14)
    both = {gap: [1.0] * 10, decode: [1.3 * source.lognormvariate(0, 0.01) for _ in range(10)]}
    assert drawn(both, 14, random.Random(1))[0] == "no change", "of what decides"
    assert {drawn(both, 14, random.Random(i), flip=True)[0] for i in range(5)} == {"no change"}, (
        "sides that are the same"
    )


def test_real_comparisons_have_each_round_once_and_keep_to_the_budget() -> None:
    assert list(real_comparisons([50.0] * 20, 360)) == [(0, 7), (7, 14), (14, 20)]
    assert list(real_comparisons([70.0] * 20, 360)) == []
    assert list(real_comparisons([400.0, *[60.0] * 6], 360)) == [(1, 7)]
