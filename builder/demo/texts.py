"""Made-up texts: a story's facts, told in sentences whose optional parts are known.

Templates: `[a|b|]` chooses one branch, `{slot}` is a fact, `(...)` is a part that a short retelling leaves out.
A `Story` knows its main name, its main date or number (`fact`), and for every sentence the shortened retelling, so that
`posts` can retell it without adding anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from builder.demo import facts, words
from builder.demo.phrases import (
    APPOSITIONS,
    CLOSING_NOTES,
    EMOJI,
    FACT_SENTENCES,
    FILLERS,
    GREETINGS,
    HEADINGS,
    HOOKS,
    JOBS,
    LEAD_INS,
    SIGN_OFFS,
    TAILS,
    TOPICS,
    TRAILERS,
)
from builder.demo.stories import DETAILS, KINDS, Kind

DATED = {"date", "when", "When", "Date"}
"""The slots that state the date."""

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_OPTIONAL = re.compile(r"\(([^()]*)\)")
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Sentence:
    """One sentence as the text has it, its shortened retelling, and the slots it states."""

    text: str
    core: str
    slots: frozenset[str]
    role: str


@dataclass
class Story:
    """A text and what is true in it. `fact` is the main date or number exactly as written; "" if there is none."""

    kind: str
    group: str
    name: str
    fact: str
    slots: dict[str, str]
    tags: tuple[str, ...]
    sentences: list[Sentence] = field(default_factory=list)
    text: str = ""

    @property
    def stated(self) -> frozenset[str]:
        """Every slot that some sentence of the text states."""
        return frozenset().union(*(sentence.slots for sentence in self.sentences))


def expand(rng: Random, template: str) -> str:
    """Resolve every `[a|b]` of `template`, innermost first."""
    while match := _CHOICE.search(template):
        template = template[: match.start()] + rng.choice(match.group(1).split("|")) + template[match.end() :]
    return template


def tidy(text: str) -> str:
    """Single spaces, no space before punctuation, and a capital first letter."""
    text = re.sub(r"[ ]+([,.!?;:])", r"\1", re.sub(r"[ ]{2,}", " ", text)).strip()
    text = re.sub(r"([.!?])\.", r"\1", text)
    return text[:1].upper() + text[1:]


def render(rng: Random, template: str, slots: dict[str, str], role: str) -> Sentence:
    """One sentence from a template; optional parts are in the text two times in three and never in the core."""
    if role in ("lead", "detail") and slots["the"]:
        template = (
            re.sub(r"(?<![\w}] )(?<!\w){name}", "The {name}", template)
            if template.startswith("{name}")
            else template.replace(" {name}", " the {name}")
        )
    chosen = expand(rng, decorate(rng, template, bool(slots["clean"])) if role == "lead" else template)
    full = _OPTIONAL.sub(lambda match: match.group(1) if rng.random() < 0.66 else "", chosen)
    core = _OPTIONAL.sub("", chosen)
    used = frozenset(_SLOT.findall(full))
    if role == "lead":
        slots = fresh_slots(rng) | slots
    elif role in ("detail", "filler", "fact"):
        fresh = fresh_slots(rng)
        slots, used = slots | fresh, used - fresh.keys()
    return Sentence(tidy(full.format_map(slots)), tidy(core.format_map(slots)), used, role)


def usable(templates: Sequence[str], clean: bool) -> list[str]:
    """`templates`, without those that hold words in no order if the text is to be `clean`."""
    return [template for template in templates if not (clean and "{salad" in template)]


def decorate(rng: Random, template: str, clean: bool) -> str:
    """Add optional parts round the core of a lead: an apposition after the name, a lead-in, a trailer."""
    if rng.random() < 0.22 and "{name} " in template and "by {name}" not in template:
        template = template.replace("{name} ", f"{{name}}(, {rng.choice(APPOSITIONS)},) ", 1)
    if rng.random() < 0.2 and template.startswith("{name}"):
        template = f"({rng.choice(LEAD_INS)}) {template}"
    if rng.random() < 0.2 and template.endswith("."):
        template = f"{template[:-1]}({rng.choice(TRAILERS)})."
    if rng.random() < _long_share(clean) and template.endswith("."):
        template = f"{template[:-1]}{rng.choice(usable(TAILS, clean))}."
    return template


def fresh_slots(rng: Random) -> dict[str, str]:
    """Values for one sentence that say nothing about the rest of the story."""
    return {
        "np": noun_phrase(rng),
        "np2": noun_phrase(rng),
        "np3": noun_phrase(rng),
        "np4": noun_phrase(rng),
        "vp": verb_phrase(rng),
        "vp2": verb_phrase(rng),
        "vp3": verb_phrase(rng),
        "vp4": verb_phrase(rng),
        "salad": words.word_salad(rng),
        "salad2": words.word_salad(rng),
        "adj": rng.choice(words.ADJECTIVES),
        "adj2": rng.choice(words.ADJECTIVES),
        **with_plural("noun", random_word(rng)),
        **with_plural("noun2", random_word(rng)),
        "person": words.person_name(rng),
        "person2": words.person_name(rng),
        "org": words.company_name(rng),
        "org2": words.company_name(rng),
        "town2": words.town_name(rng),
        "town3": words.town_name(rng),
        "year3": str(rng.randint(1850, 2023)),
        "job": rng.choice(JOBS),
    }


def lengthened(rng: Random, sentence: Sentence, clean: bool) -> Sentence:
    """The same sentence with a clause more at its end, which its core does not have."""
    if not sentence.text.endswith(".") or '"' in sentence.text:
        return sentence
    style = rng.random()
    if style < 0.4 and not clean:
        clause = words.word_salad(rng) + " " + words.word_salad(rng)
    else:
        clause = f"{noun_phrase(rng)} {rng.choice(('will', 'can', 'must', 'should'))} {verb_phrase(rng)}"
    joint = rng.choice(
        (", and ", ", but ", " because ", ", which ", "; ", ", while ", " so that ", " when ", " - ", ", as ")
    )
    return Sentence(f"{sentence.text[:-1]}{joint}{clause}.", sentence.core, sentence.slots, sentence.role)


def with_plural(slot: str, noun: str) -> dict[str, str]:
    """The slots "noun" and "nouns", or "noun2" and "nouns2"."""
    return {slot: noun, slot.replace("noun", "nouns"): plural(noun)}


def plural(noun: str) -> str:
    """The plural of a list noun."""
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def random_word(rng: Random) -> str:
    """A noun, now and then a derived word or one that exists nowhere: any word of a pasted text must be copied right."""
    style = rng.random()
    if style < 0.07:
        return words.invented_word(rng).lower()
    if style < 0.17:
        return words.derived_word(rng)
    return rng.choice(words.NOUNS)


def noun_phrase(rng: Random) -> str:
    """ "a quiet market", "42 open letters", "the garden of the school" …"""
    noun, style = random_word(rng), rng.random()
    adjective = rng.choice(words.ADJECTIVES) + " " if rng.random() < 0.55 else ""
    article = "an" if (adjective or noun)[0] in "aeiou" else "a"
    if style < 0.4:
        return f"{article} {adjective}{noun}"
    if style < 0.62:
        return f"the {adjective}{noun}"
    if style < 0.70:
        return f"the {noun} of the {random_word(rng)}"
    if style < 0.78:
        return f"{rng.choice(('more', 'many', 'some', 'new', 'its', 'our', 'their', facts.number_text(rng)))} {adjective}{plural(noun)}"
    if style < 0.86:
        return f"{adjective}{plural(noun)} and {plural(random_word(rng))}"
    return f"{article} {adjective}{random_word(rng)} {noun}"


def verb_phrase(rng: Random) -> str:
    """A bare verb with its object and sometimes a place or purpose."""
    phrase = f"{rng.choice(words.VERBS)} {noun_phrase(rng)}"
    style = rng.random()
    if style < 0.22:
        return f"{phrase} for {noun_phrase(rng)}"
    if style < 0.34:
        return f"{phrase} with {noun_phrase(rng)}"
    if style < 0.44:
        return f"{phrase} near {noun_phrase(rng)}"
    if style < 0.5:
        return f"{phrase} and {rng.choice(words.VERBS)} {noun_phrase(rng)}"
    return phrase


def filler(rng: Random, clean: bool) -> str:
    """A sentence of ordinary prose that a post leaves out; often with other names and numbers in it."""
    person, org, place = words.person_name(rng), words.company_name(rng), words.place_name(rng)
    template = expand(rng, rng.choice(usable(FILLERS, clean)))
    template = template.replace("(", "").replace(")", "")

    def fill(match: re.Match[str]) -> str:
        return {
            "noun": lambda: random_word(rng),
            "nouns": lambda: plural(random_word(rng)),
            "np": lambda: noun_phrase(rng),
            "vp": lambda: verb_phrase(rng),
            "verb": lambda: rng.choice(words.VERBS),
            "adverb": lambda: rng.choice(words.ADVERBS),
            "adjective": lambda: rng.choice(words.ADJECTIVES),
            "person": lambda: person,
            "org": lambda: org,
            "place": lambda: place,
            "number": lambda: facts.number_text(rng),
            "year": lambda: str(rng.randint(1850, 2023)),
            "job": lambda: rng.choice(JOBS),
            "salad": lambda: words.word_salad(rng),
        }[match.group(1)]()

    return tidy(_SLOT.sub(fill, template))


FACTS: dict[str, Callable[[Random], str]] = {
    "price": facts.price_text,
    "percent": facts.percent_text,
    "money": facts.money_text,
    "number": facts.number_text,
    "measure": facts.measure_text,
    "year": lambda rng: str(rng.randint(1780, 2031)),
    "score": lambda rng: f"{rng.randint(1, 9)}{rng.choice('-–:')}{rng.randint(0, 6)}",
}


def make_slots(rng: Random, name: str, fact_kind: str) -> tuple[dict[str, str], str, tuple[str, ...]]:
    """Values for every slot a template may use; the main fact; the topic's hashtags."""
    topic = rng.choice(TOPICS)
    when, preposition = facts.date_text(rng)
    slots = {slot: make(rng) for slot, make in FACTS.items()}
    slots["the"] = "the" if rng.random() < 0.2 and " " in name and not name.startswith("The ") else ""
    slots |= {
        "name": name,
        "date": when,
        "when": f"{preposition} {when}".strip(),
        "time": facts.time_text(rng),
        "place": words.place_name(rng),
        "town": words.town_name(rng),
        "person": words.person_name(rng),
        "org": words.company_name(rng),
        "job": rng.choice(JOBS),
        "duration": facts.duration_text(rng),
        "none": "",
        **dict(zip(("She", "she", "Her"), rng.choice((("She", "she", "Her"), ("He", "he", "His"))), strict=True)),
        "topic": expand(rng, rng.choice(topic.phrases)),
        "np": noun_phrase(rng),
        "np2": noun_phrase(rng),
        "vp": verb_phrase(rng),
        "vp2": verb_phrase(rng),
        "adj": rng.choice(words.ADJECTIVES),
        **with_plural("noun", random_word(rng)),
        "adverb": rng.choice(words.ADVERBS),
        "site": f"www.{words.invented_word(rng).lower()}.{rng.choice(('org', 'com', 'net', 'example', 'eu'))}",
        "mail": f"{rng.choice(('info', 'hello', 'contact', 'office', 'team'))}@{words.invented_word(rng).lower()}.{rng.choice(('org', 'com', 'example'))}",
        "phone": " ".join(str(rng.randint(100, 999)) for _ in range(3)),
        "number2": facts.number_text(rng),
        "year2": str(rng.randint(1850, 2023)),
    }
    for slot in ("date", "when"):
        slots[slot.capitalize()] = slots[slot][:1].upper() + slots[slot][1:]
    fact = slots[fact_kind]
    if fact_kind == "date":
        fact = re.sub(r"^(next|this|the) ", "", fact)
    return slots, fact, topic.tags


def make_story(rng: Random, *, held_out: bool = False, longest: int = 150) -> Story:
    """A story and its text of at most about `longest` words.

    One for the evaluation (`held_out`) has a name that training never uses, and whole sentences only: words in no
    order are there to train copying.
    """
    kind = rng.choices(list(KINDS.values()), [entry.weight for entry in KINDS.values()])[0]
    name_kind = rng.choice(kind.names)
    name = words.fresh_name(rng, name_kind, held_out=held_out)
    fact_kind = rng.choice(kind.facts)
    slots, fact, topic_tags = make_slots(rng, name, fact_kind)
    slots["clean"] = "clean" if held_out else ""
    if name_kind not in ("event", "company") or "'s " in name:
        slots["the"] = ""
    story = Story(kind.name, kind.group, name, fact, slots, kind.tags)
    body = _body(rng, kind, slots, fact_kind)
    if len(body) == 1 and not body[0].slots & _fact_slots(fact_kind):
        story.fact = ""
    story.sentences = _surround(rng, kind, slots, body, fact_kind, min(rng.choice(LENGTHS), longest))
    if kind.topical and "topic" in story.stated:
        story.tags = topic_tags + story.tags if rng.random() < 0.6 else story.tags + topic_tags
    story.text = lay_out(rng, story)
    return story


LENGTHS = (12, 25, 40, 60, 80, 110, 1000)
"""Words of a text, about."""


def _long_share(clean: bool) -> float:
    """Share of sentences that are made longer: so many in training that a post often has room for one only."""
    return 0.2 if clean else 0.45


def _fact_slots(fact_kind: str) -> set[str]:
    return DATED if fact_kind == "date" else {fact_kind}


def _body(rng: Random, kind: Kind, slots: dict[str, str], fact_kind: str) -> list[Sentence]:
    """The leading sentence, which may state the fact; if not, mostly a sentence with the fact after it."""
    clean, needed = bool(slots["clean"]), _fact_slots(fact_kind)
    cores = {template: stated_in(_OPTIONAL.sub("", template)) for template in usable(kind.leads, clean)}
    leads = [template for template, stated in cores.items() if stated & needed]
    plain = [template for template, stated in cores.items() if not stated & (DATED | FACTS.keys())]
    plain = plain or [template for template in cores if not stated_in(template) & DATED]
    if leads and (not plain or rng.random() < 0.6):
        return [render_with(rng, leads, slots, "lead", needed)]
    lead = render(rng, rng.choice(plain), slots, "lead")
    if fact_kind == "none" or rng.random() < 0.12:
        return [Sentence(lead.text, lead.core, lead.slots - needed, lead.role)]
    fact = render_with(rng, usable(FACT_SENTENCES[fact_kind], clean), slots, "fact", needed)
    return [lead, lengthened(rng, fact, clean) if rng.random() < _long_share(clean) else fact]


def _surround(
    rng: Random, kind: Kind, slots: dict[str, str], body: list[Sentence], fact_kind: str, length: int
) -> list[Sentence]:
    """`body` with details and fillers before, within and after it, about `length` words in all."""
    clean = bool(slots["clean"])
    taken = _fact_slots(fact_kind) | DATED
    details = [template for template in usable(kind.details + DETAILS, clean) if not stated_in(template) & taken]
    rng.shuffle(details)
    extra: list[Sentence] = []
    count = sum(len(sentence.text.split()) for sentence in body)
    filler_share = rng.choice((0.1, 0.4, 0.4, 0.7))
    while count < length:
        if details and rng.random() > filler_share:
            sentence = render(rng, details.pop(), slots, "detail")
        else:
            text = filler(rng, clean)
            sentence = Sentence(text, text, frozenset(), "filler")
        if rng.random() < _long_share(clean):
            sentence = lengthened(rng, sentence, clean)
        extra.append(sentence)
        count += len(sentence.text.split())
    before: list[Sentence] = []
    if extra and rng.random() < 0.28:
        before.append(extra.pop() if rng.random() < 0.6 else _hook(rng, slots))
    if len(body) == 2 and extra and rng.random() < 0.5:
        extra.insert(rng.randrange(min(2, len(extra)) + 1), body.pop())
    return before + body + extra


def stated_in(template: str) -> set[str]:
    """The slots a template names."""
    return set(_SLOT.findall(template))


def render_with(rng: Random, templates: list[str], slots: dict[str, str], role: str, needed: set[str]) -> Sentence:
    """A sentence from `templates` whose core states one of `needed` (every template can)."""
    for _ in range(200):
        template = expand(rng, rng.choice(templates))
        if stated_in(_OPTIONAL.sub("", template)) & needed:
            return render(rng, template, slots, role)
    raise ValueError(f"no template states one of {sorted(needed)}: {templates}")


def _hook(rng: Random, slots: dict[str, str]) -> Sentence:
    sentence = render(rng, rng.choice(HOOKS), slots, "filler")
    return Sentence(sentence.text, sentence.core, frozenset(), "filler")


def _heading(rng: Random, name: str) -> str:
    """A line above the text, or mostly none."""
    style = rng.random()
    if style < 0.06:
        return name
    if style < 0.10:
        return rng.choice(HEADINGS)
    if style < 0.13:
        return noun_phrase(rng).upper() if rng.random() < 0.5 else noun_phrase(rng).capitalize()
    return name.upper() if style < 0.155 else ""


def lay_out(rng: Random, story: Story) -> str:
    """The sentences as somebody would paste them: paragraphs, headings, lists, greetings, odd spaces."""
    sentences = [sentence.text for sentence in story.sentences]
    style, parts = rng.random(), []
    if style < 0.55:
        text = " ".join(sentences)
    elif style < 0.75:
        cut = rng.randrange(1, len(sentences) + 1)
        text = " ".join(sentences[:cut]) + rng.choice(("\n", "\n\n")) + " ".join(sentences[cut:])
    elif style < 0.85:
        text = "\n".join(sentences)
    elif style < 0.93 and len(sentences) > 2:
        bullet = rng.choice(("- ", "* ", "\u2022 "))
        text = " ".join(sentences[:-2]) + "\n" + "\n".join(bullet + sentence for sentence in sentences[-2:])
    else:
        text = " ".join(sentences)
    if rng.random() < 0.04:
        text += " " + rng.choice(EMOJI)
    parts.append(_heading(rng, story.name))
    if rng.random() < 0.10:
        parts.append(expand(rng, rng.choice(GREETINGS)))
    parts.append(text)
    if rng.random() < 0.12:
        parts.append(expand(rng, rng.choice(CLOSING_NOTES)).format_map(story.slots))
    if rng.random() < 0.08:
        parts.append(
            expand(rng, rng.choice(SIGN_OFFS)).format_map(
                {"person": words.person_name(rng), "first": rng.choice(words.FIRST_NAMES)}
            )
        )
    return rng.choice(("\n", "\n\n", "\n")).join(part for part in parts if part).strip()
