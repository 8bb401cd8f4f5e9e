"""Dates, times, prices and numbers, in the many ways people write them."""

# ruff: noqa: SIM905 - lists of words read best as words; dashes and signs as people write them

from __future__ import annotations

from datetime import date, timedelta
from random import Random

MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
FIRST_DAY = date(2024, 1, 1)


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th …"""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def date_text(rng: Random) -> tuple[str, str]:
    """A date as written, and the preposition before it ("on", "" or "in")."""
    day = FIRST_DAY + timedelta(days=rng.randrange(365 * 8))
    number, month, year, week = day.day, MONTHS[day.month - 1], day.year, WEEKDAYS[day.weekday()]
    last = number + rng.randint(1, 4)
    last = last if last <= 28 else 28 if number < 28 else number + 1
    forms = (
        (f"{week}, {number} {month}", "on"),
        (f"{week} {number} {month}", "on"),
        (f"{number} {month}", "on"),
        (f"{number} {month}", "on"),
        (f"{number} {month} {year}", "on"),
        (f"{number} {month} {year}", "on"),
        (f"{month} {number}", "on"),
        (f"{month} {number}", "on"),
        (f"{month} {number}, {year}", "on"),
        (f"{week}, {month} {number}", "on"),
        (f"{week}, {month} {number}, {year}", "on"),
        (f"{week} {number} {month} {year}", "on"),
        (f"{week} {month} {number}", "on"),
        (f"{number:02d}/{day.month:02d}/{year}", "on"),
        (f"{number}/{day.month}", "on"),
        (f"{day.isoformat()}", "on"),
        (f"{number:02d}.{day.month:02d}.{year}", "on"),
        (f"the {ordinal(number)} of {month}", "on"),
        (f"{month} {ordinal(number)}", "on"),
        (f"{ordinal(number)} {month}", "on"),
        (f"{week}, {ordinal(number)} {month}", "on"),
        (f"{week} the {ordinal(number)}", "on"),
        (f"{week[:3]} {number} {month[:3]}", "on"),
        (f"{month[:3]} {number}", "on"),
        (f"next {week}", ""),
        (f"this {week}", ""),
        (f"{week}", "on"),
        (f"{month} {year}", "in"),
        (f"{month}", "in"),
        (f"{rng.choice(('spring', 'summer', 'autumn', 'winter'))} {year}", "in"),
        (f"{number}\u2013{last} {month}", "on"),
        (f"{month} {number}-{last}", "on"),
        (f"{week}s", "on"),
    )
    return rng.choice(forms)


def time_text(rng: Random) -> str:
    """A time of day or a span."""
    hour, minute = rng.randint(1, 12), rng.choice((0, 0, 15, 30, 45))
    clock = f"{hour}:{minute:02d}" if minute else str(hour)
    later = hour % 12 + 1
    return rng.choice(
        (
            f"{clock} pm",
            f"{clock} am",
            f"{clock}pm",
            f"{clock} p.m.",
            f"{rng.randint(7, 22):02d}:{minute:02d}",
            f"{rng.randint(7, 22)}:{minute:02d}",
            f"{clock} o'clock" if not minute else f"{clock} pm",
            "noon",
            f"{hour} to {later} pm",
            f"{rng.randint(8, 12)} am to {rng.randint(1, 6)} pm",
            f"{hour}\u2013{later} pm",
        )
    )


def price_text(rng: Random) -> str:
    """A price with its currency."""
    whole = rng.choice((rng.randint(1, 30), rng.randint(5, 99), rng.randint(100, 999), rng.randint(1000, 4999)))
    cents = rng.choice(("", "", "", ".50", ".99", f".{rng.randint(10, 95)}"))
    amount = f"{whole:,}" if rng.random() < 0.7 else str(whole)
    sign = rng.choice("$€££€$")
    return rng.choice(
        (f"{sign}{amount}{cents}",) * 5
        + (f"{amount}{cents} {rng.choice(('euros', 'dollars', 'pounds', 'EUR', 'USD'))}", f"{amount}{cents} €")
    )


SMALL = "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty".split()


def number_text(rng: Random) -> str:
    """A plain count."""
    style = rng.random()
    if style < 0.35:
        return str(rng.randint(2, 99))
    if style < 0.6:
        return str(rng.randint(100, 999))
    if style < 0.8:
        return f"{rng.randint(1000, 99999):,}"
    if style < 0.88:
        return str(rng.randint(1000, 9999))
    if style < 0.94:
        return f"{rng.randint(1, 90)}{rng.choice(('', f'.{rng.randint(1, 9)}'))} million"
    return rng.choice(SMALL)


def percent_text(rng: Random) -> str:
    """A percentage."""
    amount = f"{rng.randint(1, 95)}{rng.choice(('', '', f'.{rng.randint(1, 9)}'))}"
    return f"{amount}{rng.choice(('%', '%', ' percent', ' per cent'))}"


def money_text(rng: Random) -> str:
    """A larger sum: raised, invested, granted."""
    sign = rng.choice("$€£")
    return rng.choice(
        (
            f"{sign}{rng.randint(1, 99)},{rng.randint(0, 9)}00",
            f"{sign}{rng.randint(1, 90)} million",
            f"{sign}{rng.randint(1, 9)}.{rng.randint(1, 9)} million",
            f"{sign}{rng.randint(100, 900)},000",
            f"{sign}{rng.randint(10, 99)},{rng.randint(100, 999)}",
        )
    )


UNITS = "km kilometres miles metres kg grams litres tonnes hectares pages watts GB".split()


def measure_text(rng: Random) -> str:
    """A measured quantity with its unit."""
    amount = rng.choice(
        (str(rng.randint(2, 60)), str(rng.randint(100, 950)), f"{rng.randint(1, 20)}.{rng.randint(1, 9)}")
    )
    return f"{amount} {rng.choice(UNITS)}"


def duration_text(rng: Random) -> str:
    """A length of time."""
    amount = rng.choice((rng.randint(2, 12), rng.randint(2, 90), rng.choice(SMALL)))
    return f"{amount} {rng.choice('minutes hours days weeks months years'.split())}"
