"""Numbers, dates, times and sums in a post that the text does not have.

Written otherwise is not changed: "three" is 3, "14 March" is "March 14th", "Thurs" is Thursday, "7pm" is "7 p.m.".
"""

# ruff: noqa: SIM905 - lists of words read best as words

from __future__ import annotations

import re
from collections.abc import Iterable

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ORDINALS = ("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth").split()
WORDS = {
    **{word: str(value) for value, word in enumerate(_SMALL)},
    **{word: str(10 * value) for value, word in enumerate(_TENS, 2)},
}
_RANKS = {word: str(value) for value, word in enumerate(_ORDINALS, 1)}
_UNCOUNTED = frozenset({"0", "1"})
"""A post may say "one" and "first" of anything."""

_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_NUMBER = re.compile(r"\d+(?:[.,:/\-–]\d+)*")
_WEEKDAY = re.compile(r"\b(mon|tue|wed|thu|fri|sat|sun)(?:day|s|sday|nesday|rs|rsday|urday|r)?s?\b", re.IGNORECASE)
_MONTHS = re.compile(
    r"\b(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b",
    re.IGNORECASE,
)
_DAY_MONTH = re.compile(rf"\b{_DAY} (?:of )?{_MONTH}\b", re.IGNORECASE)
_MONTH_DAY = re.compile(rf"\b{_MONTH} {_DAY}\b", re.IGNORECASE)
_CLOCK = re.compile(r"\b(\d{1,2}(?:[:.]\d\d)?) ?([ap])\.?m\b", re.IGNORECASE)
_CURRENCIES = (
    ("€", r"€|\beuros?\b|\beur\b"),
    ("$", r"\$|\bdollars?\b|\busd\b"),
    ("£", r"£|\bpounds?\b|\bgbp\b"),
)
_PERCENT = re.compile(r"%|\bper ?cent\b", re.IGNORECASE)


def numbers_of(text: str) -> set[str]:
    """Every number in digits or words, without separators of thousands and closing zeros, and the parts of compounds."""
    found = set()
    for match in _NUMBER.finditer(text):
        written = match[0]
        found.add(_plain(written))
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
    for pattern in (_WEEKDAY, _MONTHS):
        there = {match[1].casefold()[:3] for match in pattern.finditer(text)}
        yield from (
            match[0]
            for match in pattern.finditer(body)
            if match[0][0].isupper() and match[1].casefold()[:3] not in there
        )  # not "may", "sat"
    yield from _changed_pairs(text, body)
    for sign, currency in _CURRENCIES:
        if re.search(currency, body, re.IGNORECASE) and not re.search(currency, text, re.IGNORECASE):
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


def _days(text: str) -> Iterable[tuple[str, str]]:
    yield from ((str(int(match[1])), match[2].casefold()) for match in _DAY_MONTH.finditer(text))
    yield from ((str(int(match[2])), match[1].casefold()) for match in _MONTH_DAY.finditer(text))


def _plain(number: str) -> str:
    """1,400 and 1400 are one number, so are 09 and 9, 14.50 and 14.5, 7:00 and 7."""
    number = re.sub(r"(?<=\d),(?=\d{3}\b)", "", number)
    number = re.sub(r"(?<=\d)[:](?=00\b)00", "", number)
    if re.fullmatch(r"\d+[.,]\d+", number):
        number = number.replace(",", ".").rstrip("0").rstrip(".")
    return number.lstrip("0") or "0"
