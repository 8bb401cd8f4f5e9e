"""How measures and values are written in tables, and in any text that came from a file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from onpage.bench.measures import FEWEST_VALUES, MEASURES, NOISY_SPREAD, Key

Z = 1.96
"""Standard deviations of a 95 % interval."""
NOISY = f"~ fewer than {FEWEST_VALUES} values, or quartiles more than {NOISY_SPREAD:.0%} of the median apart".replace(
    "%", " %"
)


def name_of(key: Key) -> str:
    """A measure in a table."""
    label = MEASURES[key.measure].label
    return label if key.prefill is None else f"{label}, {key.prefill} tokens"


def percent(share: float) -> str:
    """With one digit, and none where it would be 0; what is less than one, with two that count."""
    percents = share * 100
    return (f"{percents:.1f}".removesuffix(".0") if abs(percents) >= 1 else f"{percents:.2g}") + " %"


def quantity(measure: str, value: float) -> str:
    """A value with its unit: three digits that count, whole milliseconds and megabytes from a hundred on."""
    unit = MEASURES[measure].unit
    if unit == "bytes":
        return f"{number(value / 1e6)} MB"
    return percent(value) if unit == "share" else f"{number(value)} {unit}"


def number(value: float) -> str:
    """Three digits that count, more before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def adapter_text(adapter: Mapping[str, Any]) -> str:
    """What an adapter says of itself, each word once: browsers put the same ones into several fields."""
    fields = (adapter.get(part) or "" for part in ("vendor", "architecture", "device", "description"))
    return " ".join(dict.fromkeys(" ".join(fields).split()))


def printable(text: str) -> str:
    """Without what a terminal would obey: names in results files may hold anything."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def onpage_text(results: Mapping[str, Any]) -> str:
    """Which onpage measured."""
    onpage = results["onpage"]
    commit = f" {onpage['commit'][:12]}" if onpage["commit"] else ""
    return f"{onpage['version']}{commit}{' with changes' if onpage['modified'] else ''}"


def machine_text(results: Mapping[str, Any]) -> str | None:
    """Where the command ran; None from a page, which cannot know."""
    machine = results["machine"]
    if machine is None:
        return None
    memory = f"{machine['memory_bytes'] / 2**30:.0f} GiB"
    return ", ".join((machine["system"], machine["processor"], f"{machine['cores']} cores", memory, *machine["gpus"]))


def short_id(record: Mapping[str, Any]) -> str:
    """Which record it is, for people: enough of its id to find it."""
    return str(record["id"])[:8]


def agreement_text(positions: int, same: int) -> str:
    """ "98.1% (96.4%–99.0%) of 541 positions": on how many an engine took the reference's likeliest token, with Wilson's interval."""
    share = same / positions
    middle = (share + Z**2 / (2 * positions)) / (1 + Z**2 / positions)
    half = Z / (1 + Z**2 / positions) * math.sqrt(share * (1 - share) / positions + (Z / (2 * positions)) ** 2)
    return f"{share:.1%} ({max(0.0, middle - half):.1%}–{min(1.0, middle + half):.1%}) of {positions:,} positions"
