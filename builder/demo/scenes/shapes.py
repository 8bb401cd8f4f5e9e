"""The shape in which a person pastes a text: prose, a message, a list, single lines, a headline, emoji, a letter, a report."""

# ruff: noqa: SIM905 - lists of words read best as words

from __future__ import annotations

from random import Random
from typing import Literal

from builder.demo.scenes.values import MEN, WOMEN, fill, fresh
from builder.demo.texts import expand, tidy

Shape = Literal["prose", "message", "list", "lines", "headline", "emoji", "long", "report"]
SHAPES: dict[Shape, float] = {
    "prose": 0.2,
    "message": 0.12,
    "list": 0.1,
    "lines": 0.08,
    "headline": 0.1,
    "emoji": 0.05,
    "long": 0.12,
    "report": 0.23,
}
NOTED = frozenset({"list", "lines"})
"""Made of notes, not of sentences."""
FULL = frozenset({"long", "report"})
"""Texts that say all there is to say."""

GREETINGS = "Hi all,|Hello everyone,|Hey,|Morning!|Dear all,|Hi team,|Hiya,|Quick one:|for the page please:|Can you post this?|for insta:|Could someone put this up:"
SIGNED = "Thanks, {name}|thx, {name}|Cheers {name}|{name}|- {name}|Best, {name}|Yours, {name}|thanks!"
HEADS = "For the page:|What we know so far:|In short:|News in brief|Please post:|Notes from today:|To share:"
BULLETS = ("- ", "* ", "• ", "– ")
BEFORE = (
    "Sorry for the late message.", "I promised to write this up.", "This came in this morning.", "Just back from the meeting.", "Here is what I have so far.",
    "As discussed on the phone.", "I hope this finds you well.", "One more thing before the weekend.", "Could you put this into words for us?", "My colleague sent me this.",
)  # fmt: skip
AFTER = (
    "Let me know if anything is unclear.", "Feel free to change the wording.", "I can send a picture later.", "Please do not make it too long.",
    "The rest can wait.", "That's all for today.", "Call me if you need more.", "Nothing else for now.",
)  # fmt: skip
"""What people say around their news, and no post repeats."""
AROUND_SHARE = 0.3
TITLED_SHARE = 0.4
JOINED_SHARE = 0.3
"""Of two sentences in a row, how often one becomes a part of the other: a short post must then cut within a sentence."""
ASIDES = (
    "{person2} asked me about it again on the way home.", "We were {small2} at the last meeting, more than in most months.",
    "The heating in our office is out, so I am writing this in my coat.", "First of all: the minutes of the last meeting are with {person2}.",
    "For {small2} years we have met on the first Tuesday of the month.", "It was raining so hard on {date3} that nobody wanted to leave.",
    "As some of you know, {person2} has moved to {town2} and sends greetings.", "The telephone has not stood still since {date3}.",
    "Last time I forgot half of it, so here is everything in one go.", "There was a knock at the door while we were still having breakfast.",
    "At the corner of {street2} people were talking of nothing else this morning.", "It is quiet in the office, and the printer works for once.",
    "I had the same question {small2} times this week.", "When I came to {town2} in {year}, nobody would have believed it.",
    "The last letter was about the new chairs; this one is not.", "We do not often write about such things.",
    "{person2} took notes, and I have only put them in order.", "Before I come to the point: thank you for the many letters.",
    "In {year} somebody wrote to us that nothing ever happens here.", "On the bus from {town2} I overheard two people talking about it.",
)  # fmt: skip
"""How a report begins before it comes to its news: with somebody and something else, which no post tells."""
GLAD_FILLERS = (
    "It was quite a while in the making.", "Many people had a hand in it.", "The weather should be kind.",
    "As so often, the coffee was gone first.", "Nobody had to be asked twice.", "We will keep you posted.",
    "More about it in the next letter.", "That is more than we had dared to hope.", "The neighbours have been told.",
    "Please bring a friend if you can.", "If you have ideas, speak to any of us.", "We sat together until late and went through everything once more.",
    "There was a long discussion, as always, and in the end a clear majority.", "Some of you have asked about parking; there is a little behind the building.",
)  # fmt: skip
SOBER_FILLERS = (
    "We know that this comes at a bad time.", "Many of you have asked about it.", "We would have liked to write something else.",
    "We will tell you as soon as there is anything new.", "Please bear with us.", "All who know more have been asked.",
    "It has not been an easy week.", "We thank everybody who helped at once.", "There are questions that nobody can answer yet.",
    "Please do not believe everything that is being told.", "We sat together until late and went through everything once more.",
    "Those who need somebody to talk to will find us in the office as usual.",
)  # fmt: skip
GLAD_EMOJI = "🎉 😊 🔥 👀 💛 ✨ 🙌 ☀️ 🥳".split()
SOBER_EMOJI = "😔 ⚠️ 💔 🙏 😢 🚫".split()


def choose_shape(rng: Random) -> Shape:
    """By its share."""
    return rng.choices(list(SHAPES), list(SHAPES.values()))[0]


def shaped(rng: Random, shape: Shape, sentences: list[str], note: str, *, sober: bool) -> str:
    """The text as pasted. `sentences` (notes for NOTED shapes) begin with the lead; `note` is the lead in a few words."""
    if shape not in NOTED:
        sentences = _joined(rng, sentences)
    match shape:
        case "list":
            return _list(rng, sentences)
        case "lines":
            return "\n".join(_cased(rng, sentence) for sentence in _titled(rng, sentences))
        case "message":
            return _message(rng, sentences, sober=sober)
        case "long" | "report":
            return (_long if shape == "long" else _report)(rng, sentences, sober=sober)
    prose = _prose(rng, _around(rng, sentences) if shape == "prose" else sentences)
    if shape == "emoji":
        return _with_emoji(rng, prose, sober=sober)
    return f"{note.upper()}\n\n{prose}" if shape == "headline" else prose


def _titled(rng: Random, notes: list[str]) -> list[str]:
    """`notes`, sometimes with what stands before the colon of the first, often the name, on a line of its own."""
    title, colon, rest = notes[0].partition(": ")
    return [title, rest, *notes[1:]] if colon and rng.random() < TITLED_SHARE else notes


def _list(rng: Random, notes: list[str]) -> str:
    bullet = rng.choice(BULLETS)
    title, *rest = _titled(rng, notes)
    if len(rest) == len(notes):
        return "\n".join([_cased(rng, title), *(f"{bullet}{_cased(rng, note)}" for note in rest)])
    lines = [f"{bullet}{_cased(rng, note)}" for note in notes]
    if rng.random() < 0.2:
        lines = [f"{number}. {_cased(rng, note)}" for number, note in enumerate(notes, 1)]
    head = [rng.choice(HEADS.split("|"))] if rng.random() < 0.5 else []
    return "\n".join([*head, *lines])


def _with_emoji(rng: Random, prose: str, *, sober: bool) -> str:
    signs = SOBER_EMOJI if sober else GLAD_EMOJI
    if not sober and rng.random() < 0.5:
        prose = prose.replace(". ", "!! ", 1)
    return f"{rng.choice(signs)} {prose} {rng.choice(signs) if rng.random() < 0.5 else ''}".strip()


def _prose(rng: Random, sentences: list[str]) -> str:
    """Sentences in one paragraph, sometimes in two."""
    written = [tidy(sentence) for sentence in sentences]
    if len(written) > 2 and rng.random() < 0.2:
        middle = rng.randint(1, len(written) - 1)
        return " ".join(written[:middle]) + "\n\n" + " ".join(written[middle:])
    return " ".join(written)


def _joined(rng: Random, sentences: list[str]) -> list[str]:
    """`sentences`, some made one with the next: "It opens on Monday, and entry is free"."""
    joined = sentences[:1]
    for sentence in sentences[1:]:
        if joined[-1].endswith(".") and sentence[0].isalnum() and rng.random() < JOINED_SHARE:
            joined[-1] = joined[-1][:-1] + rng.choice((", and ", "; ", " – ")) + sentence
        else:
            joined.append(sentence)
    return joined


def _around(rng: Random, sentences: list[str]) -> list[str]:
    """`sentences`, sometimes after and before words that are for the writer of the post."""
    before = [rng.choice(BEFORE)] if rng.random() < AROUND_SHARE else []
    after = [rng.choice(AFTER)] if rng.random() < AROUND_SHARE else []
    return [*before, *sentences, *after]


def _message(rng: Random, sentences: list[str], *, sober: bool) -> str:
    body = " ".join(tidy(sentence) for sentence in _around(rng, sentences))
    greeting = rng.choice(GREETINGS.split("|"))
    if rng.random() < 0.35 and greeting.endswith(","):
        body = body[0].lower() + body[1:] if body.split()[0] in ("We", "The", "There", "From", "Please") else body
    if not sober and rng.random() < 0.3:
        body = body.replace(". ", "!! ", 1)
    signed = rng.choice(SIGNED.split("|")).format(name=rng.choice(WOMEN + MEN)) if rng.random() < 0.6 else ""
    joint = "\n" if rng.random() < 0.3 else " "
    return joint.join(part for part in (greeting, body, signed) if part)


def _long(rng: Random, sentences: list[str], *, sober: bool) -> str:
    """A letter: a paragraph for each sentence, with words between that say little."""
    fillers = list(SOBER_FILLERS if sober else GLAD_FILLERS)
    rng.shuffle(fillers)
    paragraphs = [
        " ".join([tidy(sentence), *(fillers.pop() for _ in range(rng.randint(1, 2)))]) for sentence in sentences
    ]
    head = expand(rng, "[Dear members|Dear all|Dear friends|Good evening everyone],")
    return "\n\n".join([head, *paragraphs, rng.choice(WOMEN + MEN)])


def _report(rng: Random, sentences: list[str], *, sober: bool) -> str:
    """Prose that comes to its news in the second to fourth sentence and says other things between."""
    before = [fill(aside, fresh(rng)) for aside in rng.sample(ASIDES, rng.randint(1, 3))]
    fillers = rng.sample(SOBER_FILLERS if sober else GLAD_FILLERS, rng.randint(0, 3))
    body = list(sentences)
    for filler in fillers:
        body.insert(rng.randint(1, len(body)), filler)
    written = [tidy(sentence) for sentence in [*before, *body]]
    joint = " " if rng.random() < 0.6 else "\n\n"
    return joint.join((" ".join(written[: len(before)]), " ".join(written[len(before) :])))


def _cased(rng: Random, note: str) -> str:
    return note if rng.random() < 0.5 else note[0].upper() + note[1:]
