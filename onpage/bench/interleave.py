"""Two configurations measured in turn, so that what drifts meanwhile (heat, neighbours on the machine) meets both alike.

A round is a fresh browser of each side, A first and then B first. Both are loaded and warmed up; then they take turns, one
answer of each prompt length at a time, A B B A, while the other waits: as long as opening them took, and until each has half
a second of answers at least. A round gives one value of each measure for each side; the comparison takes their ratios.
Rounds go on until the intervals are as narrow as is wanted or the time is up (`goal`). Before, A is measured against itself
(`self_test`). The raw records of all rounds are in one results file, which is whole after each of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from playwright.async_api import async_playwright

from builder.errors import BenchError
from onpage.bench.compare import compare_sides
from onpage.bench.comparison import Comparison
from onpage.bench.configuration import Configuration
from onpage.bench.goal import Clock, Goal
from onpage.bench.options import Listener, Options
from onpage.bench.results import Results
from onpage.bench.run import check_output
from onpage.bench.self_test import self_test_of
from onpage.bench.sides import Half, Side, prepared, side_of

MIN_TURNS, MAX_TURNS = 3, 200
SELF_TEST_SHARE = 0.25
"""Of the budget that the self-test may take."""

Announce = Callable[[str, int, str], None]
"""Called before each round with its phase, its number, and how many seconds are left, in words."""


async def interleave(
    a: Configuration,
    b: Configuration,
    goal: Goal,
    options: Options,
    output: Path | None,
    listener: Listener,
    announce: Announce = lambda phase, number, left: None,
    *,
    apart: bool = False,
) -> Results:
    """Measures A and B until `goal` is reached. A record that failed ends it, for its side has failed already.

    `apart`: only one browser at a time, for models of which the machine's memory does not hold two.
    Raises OnpageError where it cannot be begun, or the self-test finds that this machine can tell nothing.
    """
    check_output(output)
    listener = replace(listener, say=_once(listener.say))
    ready = [(one, *prepared(one, options)) for one in (a, b)]
    clock, results = Clock(goal.budget), Results(output)
    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright())
        side_a, side_b = [
            await side_of(stack, playwright, one, model, settings, listener) for one, model, settings in ready
        ]

        async def rounds(phase: str, most: int, sides: Mapping[str, Side], share: float = 1.0) -> None:
            for number in range(1, most + 1):
                if not clock.has_time_for_another(share):
                    return
                announce(phase, number, f"{max(0.0, clock.left):.0f} s left")
                began = time.monotonic()
                failed = await measure_round(phase, number, sides, results, listener, apart=apart)
                clock.rounds.append(time.monotonic() - began)
                if failed or (phase == "comparison" and goal.reached(results.content, number)):
                    return

        await rounds("self-test", goal.self_test, {"A": side_a, "B": side_a}, SELF_TEST_SHARE)
        tested = self_test_of(results.content, min(goal.max_rounds, clock.rounds_left), **goal.comparing)
        if tested:
            listener.say(tested.sentence)
            if tested.is_restless:
                raise BenchError(
                    f"On this machine, A is slower than itself, beyond the limit, so no verdict on B would be reliable. "
                    f"Stop other programs, or use another machine. The records are in {output}."
                )
        await rounds("comparison", goal.max_rounds, {"A": side_a, "B": side_b})
    return results


def comparison_of(results: Results, goal: Goal) -> Comparison:
    """Of an interleaved run; BenchError where it ended before both sides were measured."""
    comparison = compare_sides(results.content, **goal.comparing)
    if comparison is None:
        reasons = [error["sentence"] for record in results.records for error in record["errors"]]
        where = f" The records are in {results.path}." if results.path else ""
        raise BenchError(f"Only one side was measured: {' '.join(reasons) or 'the time was up.'}{where}")
    return comparison


def _once(say: Callable[[str], None]) -> Callable[[str], None]:
    """What every round would say again is said once."""
    said: set[str] = set()

    def once(sentence: str) -> None:
        if sentence not in said:
            said.add(sentence)
            say(sentence)

    return once


async def measure_round(
    phase: str, number: int, sides: Mapping[str, Side], results: Results, listener: Listener, *, apart: bool
) -> bool:
    """One round, whose records are in the file afterwards, however it ends; whether one failed."""
    order = ("A", "B") if number % 2 else ("B", "A")
    halves = {name: sides[name].half() for name in order}
    least = sides["A"].options.run_milliseconds
    failed = False
    try:
        groups = [[half] for half in halves.values()] if apart else [list(halves.values())]
        for group in groups:
            await _take_turns(group, least)
        if number == 1:
            for half in halves.values():
                await half.judge()
    except asyncio.CancelledError:
        for half in halves.values():
            if half.begun and not half.ended:
                half.interrupted()
        raise
    finally:
        for name, half in halves.items():
            await half.close()
            if half.begun:
                place = {"phase": phase, "side": name, "round": number, "configuration": sides[name].configuration.text}
                record = half.finished() | {"interleave": place}
                failed = failed or record["status"] == "failed"
                results.add(record)
                listener.record(record)
    return failed


async def _take_turns(halves: list[Half], least: float) -> None:
    """Opens them one after the other, and lets them take turns until there is enough of each; closes them."""
    began = time.monotonic()
    for half in halves:
        await half.begin()
    opening, began = time.monotonic() - began, time.monotonic()
    for turn in range(MAX_TURNS):
        for half in halves if turn % 2 == 0 else reversed(halves):
            await half.turn(more=True)
        running = [half for half in halves if not half.ended]
        enough = all(spent >= least for half in running for spent in half.measured().values())
        if not running or (turn + 1 >= MIN_TURNS and enough and time.monotonic() - began >= opening):
            break
    for half in halves:
        await half.turn(more=False)
        await half.close()
