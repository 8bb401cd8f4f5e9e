"""The figures of docs/bench.md on the gate, with fewer trials: `python -m tests.benchmarks.gate_power` prints them all."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.gate_power import Design, World, share_of_regressions

APART, IN_TURN = Design("", 5), Design("", 3, 10)


@pytest.mark.parametrize(
    ("design", "world", "slower", "least", "most"),
    [
        (APART, World(0.03, 0), 1.0, 0, 0.01),
        (APART, World(0.03, 0), 1.1, 0.35, 0.55),
        (APART, World(0.03, 0.1), 1.0, 0.15, 0.3),  # what two runs of a machine that drifts are worth
        (IN_TURN, World(0.03, 0), 1.1, 0.95, 1),
        (IN_TURN, World(0.03, 0.1), 1.0, 0, 0.01),
        (IN_TURN, World(0.03, 0.1), 1.1, 0.95, 1),
    ],
)
def test_false_alarms_and_power(design: Design, world: World, slower: float, least: float, most: float) -> None:
    assert least <= share_of_regressions(design, world, slower, 400, np.random.default_rng(1)) <= most
