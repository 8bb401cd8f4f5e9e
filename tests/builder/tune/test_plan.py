"""Batches, learning rate, early stop and time left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builder.tune.examples import Example
from builder.tune.plan import LAST_RATE, Plan, Settings, batches, duration, seconds_left, should_stop

EXAMPLES = [Example((index,) * (5 + index % 7), (True,) * (5 + index % 7)) for index in range(50)]


def test_batches_hold_every_example_once_within_the_tokens() -> None:
    made = batches(EXAMPLES, 40, "1")
    assert sorted(example.ids for batch in made for example in batch) == sorted(example.ids for example in EXAMPLES)
    assert all(len(batch) * max(len(example.ids) for example in batch) <= 40 for batch in made)
    assert made == batches(EXAMPLES, 40, "1") != batches(EXAMPLES, 40, "2")


def test_an_example_longer_than_a_batch_stands_alone() -> None:
    assert [len(batch) for batch in batches(EXAMPLES[:3], 1)] == [1, 1, 1]


def test_every_epoch_has_its_own_order_and_the_same_number_of_steps() -> None:
    plan = Plan(tuple(EXAMPLES), Settings(batch_tokens=40, epochs=2.5))
    assert plan.epoch(0) != plan.epoch(1)
    assert len(plan.epoch(0)) == len(plan.epoch(1)) == plan.steps_an_epoch
    assert plan.steps == -(-5 * plan.steps_an_epoch // 2)


def test_the_learning_rate_rises_then_falls() -> None:
    plan = Plan(tuple(EXAMPLES), Settings(batch_tokens=40, epochs=20, learning_rate=1.0, warm_up=0.1))
    rates = [plan.rate(step) for step in range(plan.steps)]
    peak = rates.index(max(rates))
    assert max(rates) == 1.0 and peak == round(0.1 * plan.steps) - 1
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak + 1 :] == sorted(rates[peak + 1 :], reverse=True)
    assert LAST_RATE < rates[-1] < LAST_RATE + 0.02


def test_evaluations_are_at_least_five_even_in_a_short_run() -> None:
    plan = Plan(tuple(EXAMPLES), Settings(batch_tokens=40, epochs=1))
    assert plan.steps // plan.evaluation_interval >= 5
    assert Plan(tuple(EXAMPLES[:1]), Settings()).evaluation_interval == 1


@pytest.mark.parametrize(
    ("losses", "patience", "stops"),
    [
        ([], 2, False),
        ([3, 2, 1], 2, False),
        ([3, 1, 2], 2, False),
        ([3, 1, 2, 1.5], 2, True),
        ([3, 1, 2, 1], 2, True),
        ([3, 1, 2, 0.9], 2, False),
        ([3, 4], 2, False),
        ([3, 4, 5], 2, True),
        ([3, 4, 5], 0, False),
    ],
)
def test_it_stops_when_nothing_gets_better(losses: list[float], patience: int, stops: bool) -> None:
    assert should_stop(losses, patience) is stops


def test_the_time_left() -> None:
    assert seconds_left(10, 110, 20.0) == 200.0
    assert seconds_left(110, 110, 20.0) == 0
    assert seconds_left(0, 110, 20.0) is None


@pytest.mark.parametrize(("seconds", "said"), [(0, "0:00"), (61.4, "1:01"), (3723, "1:02:03")])
def test_a_duration(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_a_fingerprint_changes_with_settings_data_and_base() -> None:
    settings = Settings()
    prints = {
        settings.fingerprint(EXAMPLES, "base"),
        replace(settings, rank=8).fingerprint(EXAMPLES, "base"),
        settings.fingerprint(EXAMPLES[1:], "base"),
        settings.fingerprint([replace(EXAMPLES[0], learned=(False,) * 5), *EXAMPLES[1:]], "base"),
        settings.fingerprint(EXAMPLES, "other"),
    }
    assert len(prints) == 5
    assert settings.fingerprint(EXAMPLES, "base") in prints
