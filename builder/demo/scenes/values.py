"""Names and figures for the slots of a scene.

Names are plausible rather than random letters: the model that learns from them knows English. The main name comes from the
half of the name space that is asked for (`words.is_held_out`).
"""

# ruff: noqa: SIM905 - lists of words read best as words

from __future__ import annotations

import re
from random import Random

from builder.demo import facts, words
from builder.demo.scenes.read import Scene, slots_of

WOMEN = (
    "Amara Carla Elena Grace Hannah Julia Laura Nadia Priya Rosa Tara Vera Ximena Zoe Aisha Chloe Emma Gita Ines Lena Nina "
    "Paula Sofia Ursula Wendy Yara Anna Claire Esther Fiona Helen Joanna Margit Petra Ingrid Leila Maud Beatriz Noor Olga"
).split()
MEN = (
    "Ben David Farid Ivan Kenji Mateo Oscar Quentin Samuel Umar Walter Yusuf Bruno Daniel Felix Hugo Jonas Karim Marco Omar "
    "Rafael Tomas Victor Boris Dmitri George Isaac Karl Arthur Emil Desmond Henrik Pavel Ruben Stefan Theo Emeka Aiden"
).split()
VOLATILE = frozenset(
    "small small2 number number2 minutes percent money price price2 time time2 date2 date3 phone person2 venue street2 town2 "
    "year year2 hours age".split()
)
"""Slots that mean something else in each point, unless the lead has stated them."""

_SLOT = re.compile(r"\{(\w+)\}")
_RANGE = re.compile(r"([\d,]+)\.\.([\d,]+)(?:/(\d+))?")


def stem(rng: Random) -> str:
    """What distinguishes a name: "Larkfield", "Weber", "Old Mill"."""
    style = rng.random()
    if style < 0.35:
        return rng.choice(words.PLACE_STEMS) + rng.choice(words.PLACE_ENDS)
    if style < 0.55:
        return rng.choice(words.LAST_NAMES)
    if style < 0.75:
        return words.invented_word(rng, rng.choice((2, 2, 3)))
    if style < 0.85:
        return rng.choice(words.CITIES)
    return f"{rng.choice(words.PLACE_STEMS)} {rng.choice(words.STREETS)}"


def person(rng: Random) -> tuple[str, bool]:
    """A full name, and whether it is a woman's."""
    woman = rng.random() < 0.5
    first = rng.choice(WOMEN if woman else MEN)
    style = rng.random()
    last = (
        rng.choice(words.LAST_NAMES)
        if style < 0.6
        else stem(rng).split()[-1]
        if style < 0.8
        else words.invented_word(rng, 2)
    )
    title = rng.choice(("Dr ", "Professor ")) if rng.random() < 0.05 else ""
    return f"{title}{first} {last}", woman


def day(rng: Random) -> tuple[str, str]:
    """A single day as written ("14 March"), and with its preposition ("on 14 March")."""
    while True:
        written, preposition = facts.date_text(rng)
        if preposition == "on" and not re.search(r"[–]|\d-\d?\d$|days$|/\d+$", written):
            return written, f"{preposition} {written}".strip()


def fresh(rng: Random) -> dict[str, str]:
    """A value for every slot that no scene has for itself."""
    someone, woman = person(rng)
    dates = {}
    for number in ("", "2", "3"):
        dates[f"date{number}"], dates[f"when{number}"] = day(rng)
    low = rng.randint(5, 80)
    high = low + max(1, round(low * rng.uniform(0.08, 0.4)))
    sign = rng.choice("$€£€£")
    cents = rng.choice(("", "", "", ".50", ".90"))
    return {
        **dates,
        "person": someone,
        "person2": person(rng)[0],
        "he": "she" if woman else "he",
        "his": "her" if woman else "his",
        "him": "her" if woman else "him",
        "stem": stem(rng),
        "word": words.invented_word(rng, 2) if rng.random() < 0.5 else rng.choice(words.NOUNS).capitalize(),
        "word2": rng.choice(words.NOUNS).capitalize(),
        "town": words.town_name(rng)
        if rng.random() < 0.7
        else rng.choice(words.PLACE_STEMS) + rng.choice(words.PLACE_ENDS),
        "town2": words.town_name(rng),
        "venue": f"the {stem(rng)} {rng.choice(words.VENUES)}",
        "church": rng.choice(
            (f"St {rng.choice(WOMEN)}'s Church", f"the {stem(rng)} chapel", f"St {rng.choice(MEN)}'s")
        ),
        "street2": f"{stem(rng).split()[0]} {rng.choice(words.STREETS)}",
        "company": f"{stem(rng)} {rng.choice(words.COMPANY_ENDS)}",
        "event": f"{'the ' if rng.random() < 0.4 else ''}{stem(rng)} {rng.choice(words.EVENT_ENDS)}",
        "product": _product(rng),
        "number": _count(rng),
        "number2": str(rng.randint(20, 900)),
        "small": rng.choice((str(rng.randint(2, 12)), rng.choice(facts.SMALL[:9]))),
        "small2": str(rng.randint(5, 90)),
        "digit": str(rng.randint(1, 9)),
        "bus": str(rng.randint(2, 299)),
        "minutes": str(rng.choice((10, 15, 20, 25, 30, 40, 45))),
        "hours": str(rng.randint(8, 40)),
        "age": str(rng.randint(19, 99)),
        "gust": str(rng.randint(80, 150)),
        "few": str(rng.randint(2, 9)),
        "rent": f"{sign}{rng.randint(35, 190)}0",
        "depth": str(rng.randint(10, 60)),
        "rank": rng.choice("second third fourth fifth sixth".split()),
        "score": rng.choice(
            (f"{rng.randint(0, 2)}-{rng.randint(3, 6)}", f"{rng.randint(0, 2)}–{rng.randint(3, 6)}", "0:4", "1:5")
        ),
        "percent": facts.percent_text(rng),
        "money": facts.money_text(rng),
        "sign": sign,
        "price": f"{sign}{low}{cents}",
        "price2": f"{sign}{high}{cents}",
        "time": _clock(rng)
        if rng.random() < 0.2
        else rng.choice(("10 am", "7 pm", "18:30", "9 am", "6.30 pm", "noon", "8pm")),
        "time2": rng.choice(("5 pm", "16:00", "8 pm", "21:15", "11 am", "3 o'clock")),
        "phone": f"0{rng.randint(100, 999)} {rng.randint(1000, 99999)}",
        "year": str(rng.randint(1955, 2022)),
        "year2": str(rng.randint(2026, 2031)),
        "from": rng.choice(("from", "until")),
    }


def values_for(rng: Random, scene: Scene, *, held_out: bool) -> dict[str, str]:
    """Values for a scene, its own choices made, whose main name is from the wanted half."""
    while True:
        values = fresh(rng)
        for slot, choice in scene.choices.items():
            same = {each: values[each] for each in ("small", "small2", "sign")}
            values[slot] = fill(with_numbers(rng, rng.choice(choice.values)), fresh(rng) | same)
        name = main_name(values[scene.name])
        if words.is_held_out(name) == held_out:
            return values


def with_numbers(rng: Random, choice: str) -> str:
    """`choice` with a number for each range: "{sign}400..900/20" may become "{sign}640"; commas stay ("100..2,000")."""

    def number(match: re.Match[str]) -> str:
        first, last = (int(each.replace(",", "")) for each in match.group(1, 2))
        found = rng.randrange(first, last + 1, int(match[3] or 1))
        return f"{found:,}" if "," in match[2] else str(found)

    return _RANGE.sub(number, choice)


def main_name(value: str) -> str:
    """A name without its article."""
    return re.sub(r"^the ", "", value)


def values_of_point(rng: Random, values: dict[str, str], scene: Scene, stated: frozenset[str]) -> dict[str, str]:
    """`values` with new ones for what means something else in this point."""
    keep = stated | set(scene.choices) | {scene.fact, scene.name}
    new = {slot: value for slot, value in fresh(rng).items() if slots_of(f"{{{slot}}}") & VOLATILE}
    for slot in ("price", "price2"):  # a story pays in one currency
        new[slot] = values["sign"] + new[slot][1:]
    return values | {slot: value for slot, value in new.items() if not slots_of(f"{{{slot}}}") & keep}


def fill(template: str, values: dict[str, str]) -> str:
    """`template` with its slots filled in."""

    def value(match: re.Match[str]) -> str:
        slot = match[1]
        found = values[slot.lower()]
        return found[0].upper() + found[1:] if slot[0].isupper() else found

    return _SLOT.sub(value, template)


def _count(rng: Random) -> str:
    """A count of people or things, in digits."""
    return rng.choice((str(rng.randint(12, 99)), str(rng.randint(100, 999)), f"{rng.randint(1000, 60000):,}"))


def _clock(rng: Random) -> str:
    """A time of day."""
    while True:
        written = facts.time_text(rng)
        if " to " not in written and "–" not in written:
            return written


def _product(rng: Random) -> str:
    while True:
        name = words.product_name(rng)
        if len(name) <= 24:
            return name
