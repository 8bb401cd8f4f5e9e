"""Numbers, dates, times and sums in a post that the text does not have.

Written otherwise is not changed: "three" is 3, "14 March" is "March 14th", "Thurs" is Thursday, "7pm" is "7 p.m.".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from builder.demo.rules import RULES, pattern

_RULES = RULES["numbers"]
WORDS = {
    **{word: str(value) for value, word in enumerate(_RULES["small"].split())},
    **{word: str(10 * value) for value, word in enumerate(_RULES["tens"].split(), 2)},
}
_RANKS = {word: str(value) for value, word in enumerate(_RULES["ordinals"].split(), 1)}
_UNCOUNTED = frozenset(_RULES["uncounted"])
"""A post may say "one" and "first" of anything."""

_NUMBER = re.compile(r"\d+(?:[.,:/\-–]\d+)*", re.ASCII)
_WEEKDAY, _MONTHS, _DAY_MONTH, _MONTH_DAY, _CLOCK, _PERCENT = (
    pattern(_RULES[each]) for each in ("weekday", "month", "day_month", "month_day", "clock", "percent")
)
_CURRENCIES = {sign: pattern(written) for sign, written in _RULES["currencies"].items()}


def numbers_of(text: str) -> set[str]:
    """Every number in digits or words, without separators of thousands and closing zeros, and the parts of compounds."""
    found = set()
    for match in _NUMBER.finditer(text):
        written = match[0]
        found.add(_plain(written))
        if not written.isdigit():
            found.update(_plain(part) for part in re.findall(r"\d+(?:[.,]\d+)*", written))
            found.update(_plain(part) for part in re.findall(r"\d+", written))
    for word in re.findall(r"[a-z]+", text.casefold()):
        found.update(filter(None, (WORDS.get(word), _RANKS.get(word))))
    return found


def changed_figures(text: str, body: str) -> Iterable[str]:
    """The figures of `body` that `text` has not."""
    known = numbers_of(text) | _UNCOUNTED
    for match in _NUMBER.finditer(body):
        parts = re.split(r"[:/\-–]", match[0])
        if _plain(match[0]) not in known and not all(_plain(part) in known for part in parts):
            yield match[0]
    for word in re.findall(r"[a-z]+", body.casefold()):
        if word in WORDS and WORDS[word] not in known:
            yield word
    for days in (_WEEKDAY, _MONTHS):
        there = {match[1].casefold()[:3] for match in days.finditer(text)}
        yield from (
            match[0] for match in days.finditer(body) if match[0][0].isupper() and match[1].casefold()[:3] not in there
        )  # not "may", "sat"
    yield from _changed_pairs(text, body)
    for sign, currency in _CURRENCIES.items():
        if currency.search(body) and not currency.search(text):
            yield sign
    if _PERCENT.search(body) and not _PERCENT.search(text):
        yield "%"


def _changed_pairs(text: str, body: str) -> Iterable[str]:
    """Days with another month and hours with another half of the day, where the text has that day, month or hour."""
    pairs = set(_days(text))
    known = {part for pair in pairs for part in pair}
    yield from (f"{day} {month}" for day, month in _days(body) if (day, month) not in pairs and {day, month} & known)
    clocks = {(_plain(match[1]), match[2].casefold()) for match in _CLOCK.finditer(text)}
    hours = {hour for hour, _ in clocks}
    for match in _CLOCK.finditer(body):
        hour = _plain(match[1])
        if hour in hours and (hour, match[2].casefold()) not in clocks:
            yield match[0]


def dates_of(text: str) -> dict[tuple[str, str], str]:
    """The dates of a text that have a day and a month, as (day, first letters of the month) → as it is written, in their order."""
    found = [
        (match.start(), (str(int(match[1])), match[2].casefold()), match[0]) for match in _DAY_MONTH.finditer(text)
    ]
    found += [
        (match.start(), (str(int(match[2])), match[1].casefold()), match[0]) for match in _MONTH_DAY.finditer(text)
    ]
    return {date: written for _, date, written in sorted(found, reverse=True)}


def kept_figures(text: str, body: str) -> bool:
    """Whether a post has one of the text's figures, or the text has none: one of its dates where it has dates, else any number, weekday
    or month."""
    dates = dates_of(text)
    days = {date[0] for date in dates}
    if dates:
        return bool(set(dates_of(body)) & set(dates)) or bool(days & numbers_of(body) and _MONTHS.search(body))
    figures = (numbers_of(text) - _UNCOUNTED) | _names_of_days(text)
    return not figures or bool(figures & ((numbers_of(body) - _UNCOUNTED) | _names_of_days(body)))


def first_figure(text: str) -> str:
    """The first date of a text or, where it has none, the first number; "" if there is none."""
    written = [*reversed(dates_of(text).values())] or [match[0] for match in _NUMBER.finditer(text)]
    return written[0] if written else ""


def _names_of_days(text: str) -> set[str]:
    return {
        match[1].casefold()[:3]
        for days in (_WEEKDAY, _MONTHS)
        for match in days.finditer(text)
        if match[0][0].isupper()
    }


def _days(text: str) -> Iterable[tuple[str, str]]:
    yield from ((str(int(match[1])), match[2].casefold()) for match in _DAY_MONTH.finditer(text))
    yield from ((str(int(match[2])), match[1].casefold()) for match in _MONTH_DAY.finditer(text))


def _plain(number: str) -> str:
    """1,400 and 1400 are one number, so are 09 and 9, 14.50 and 14.5, 7:00 and 7."""
    if number.isdigit():
        return number.lstrip("0") or "0"
    number = re.sub(r"(?<=\d),(?=\d{3}\b)", "", number)
    number = re.sub(r"(?<=\d)[:](?=00\b)00", "", number)
    if re.fullmatch(r"\d+[.,]\d+", number):
        number = number.replace(",", ".").rstrip("0").rstrip(".")
    return number.lstrip("0") or "0"
