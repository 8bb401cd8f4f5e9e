"""The post that answers a text: an opening in the tone, one to three retold facts, a closing, hashtags.

Promise: the main name and (if there is one) the main date or number stand in the post exactly as in the text; no more
words than asked; one to three hashtags; an emoji only in the friendly and enthusiastic tones.
"""

from __future__ import annotations

from random import Random

from builder.demo import words
from builder.demo.stories import KINDS
from builder.demo.texts import DATED, Sentence, Story, expand, stated_in, tidy

OPENINGS = {
    "friendly": {
        "any": (
            "Hi [all|everyone|friends]!",
            "Hey [all|friends|everyone]!",
            "Good news[!| for you!]",
            "Hello [friends|neighbours|everyone]!",
            "A little news:",
            "Guess what?",
            "Psst!",
            "",
        ),
        "event": ("You're invited!", "Who's coming along?", "Fancy [a day out|something new]?"),
        "offer": ("A little treat for you:",),
        "call": ("We need you!", "Can you help?"),
        "article": ("Here's something nice to know:",),
        "notice": ("A quick heads-up:", "Just so you know:"),
        "product": ("Look what's new!",),
        "news": ("Lovely news!",),
    },
    "professional": {
        "any": ("", "", "We are pleased to [share|announce]:", "Announcement:", "[News|Update]:"),
        "event": ("Invitation:", "Upcoming event:"),
        "offer": ("Current offer:",),
        "call": ("Call for support:",),
        "article": ("Worth reading:", "Key finding:"),
        "notice": ("Please note:", "Service information:"),
        "product": ("Product news:", "Now available:"),
        "news": ("In the news:",),
    },
    "enthusiastic": {
        "any": (
            "Wow!",
            "Big news!",
            "This is huge!",
            "Yes!",
            "Get ready!",
            "Amazing news!",
            "We can't keep calm!",
            "Here we go!",
        ),
        "event": ("Mark your calendars!", "Who's in?!"),
        "offer": ("What a deal!", "Run, don't walk!"),
        "call": ("Let's do this!", "Be part of it!"),
        "article": ("Mind blown!", "How cool is that?!"),
        "notice": ("Heads up, everyone!",),
        "product": ("It's finally here!", "Hot off the press!"),
        "news": ("What a moment!",),
    },
}
CLOSINGS = {
    "friendly": {
        "any": ("Tell a friend!", "What do you think?", "Have a lovely day!", "Pass it on!"),
        "event": ("Hope to see you there!", "Come and say hello!", "Bring a friend!"),
        "offer": ("Pop in and have a look!",),
        "call": ("Thank you, you're the best!", "Every little helps!"),
        "article": ("Isn't that nice?",),
        "notice": ("Thanks for your patience!",),
        "product": ("Let us know how you like it!",),
        "news": ("We're so happy!",),
    },
    "professional": {
        "any": (
            "More details to follow.",
            "Further information is available on request.",
            "We look forward to your feedback.",
            "Thank you for your interest.",
        ),
        "event": ("We look forward to welcoming you.", "Registration is recommended."),
        "offer": ("Terms apply.",),
        "call": ("We appreciate your support.",),
        "article": ("The full text is worth a look.",),
        "notice": ("Thank you for your understanding.",),
        "product": ("Contact us for details.",),
        "news": ("The full text has all the details.",),
    },
    "enthusiastic": {
        "any": ("We can't wait!", "So exciting!", "Spread the word!", "Let's go!"),
        "event": ("Don't miss it!", "Be there!", "This will be unforgettable!"),
        "offer": ("Be quick!", "Grab it while you can!"),
        "call": ("Join in now!", "Together we can do it!"),
        "article": ("Incredible!",),
        "notice": ("Plan ahead!",),
        "product": ("Try it now!", "You'll love it!"),
        "news": ("Bravo!", "What a story!"),
    },
}
EMOJI = {
    "any": "✨ 👋 🙂 📣 💡 🎯",
    "event": "🎉 📅 🎶 🎈 🙌",
    "offer": "🛒 🎁 💶 🛍️",
    "call": "🤝 💪 ❤️ 🙏",
    "article": "🔎 📊 📚 🤓",
    "notice": "ℹ️ 🚧 👀 📌",
    "product": "🚀 💻 🔧 ⚡",
    "news": "🏆 👏 🥳 🌟",
}
EMOJI_SHARE = {"friendly": 0.6, "professional": 0.0, "enthusiastic": 0.8}


def count_words(text: str) -> int:
    """Words as the limit counts them: everything between white space, hashtags and emoji too."""
    return len(text.split())


def carries(post: str, story: Story) -> bool:
    """Whether `post` keeps the main name and the main date or number of `story` exactly."""
    return story.name in post and story.fact in post


def own_words(rng: Random, story: Story) -> list[str]:
    """Retellings in the post's own words of what the leading sentence states (and when an event is)."""
    lead = next(sentence for sentence in story.sentences if sentence.role == "lead")
    stated = (
        lead.slots | {"name"} | (story.stated & DATED if story.group == "event" or story.kind == "opening" else set())
    )
    found = []
    for template in KINDS[story.kind].bodies:
        chosen = expand(rng, template)
        if stated_in(chosen) <= stated:
            found.append(tidy(chosen.format_map(story.slots)))
    return found


CATEGORIES = frozenset(
    word
    for end in (*words.COMPANY_ENDS, *words.EVENT_ENDS, *words.VENUES)
    for word in [end.split()[-1]]
    if word.isalpha()
)
TAGGED_NOUNS = frozenset(noun for noun in words.NOUNS if len(noun) > 3)


def choose_hashtags(rng: Random, story: Story, count: int) -> list[str]:
    """`count` hashtags: what the name says it is ("#Library"), a thing the lead is about, the kind's and topic's own."""
    tags = list(dict.fromkeys(story.tags))
    chosen = [tags[0] if rng.random() < 0.7 else rng.choice(tags)]
    category = story.name.split()[-1]
    lead = next(sentence.core for sentence in story.sentences if sentence.role == "lead")
    nouns = [word for word in lead.rstrip(".").split() if word in TAGGED_NOUNS]
    if category in CATEGORIES and " " in story.name and rng.random() < 0.7:
        chosen.insert(0, f"#{category}")
    elif nouns and rng.random() < 0.5:
        chosen.insert(0, f"#{nouns[0].capitalize()}")
    for tag in rng.sample(tags, len(tags)):
        if len(chosen) < count and tag not in chosen:
            chosen.append(tag)
    return list(dict.fromkeys(chosen))[:count]


LONGEST_QUOTE = 26
"""A standard post takes over a leading sentence of up to this many words whole."""

LONGEST_SECOND = 18
"""…the sentence with the fact up to this many…"""

LONGEST_EXTRA = 12
"""…and a further sentence only up to this many."""

MARGIN = 8
"""Posts are made this much shorter than asked (a third of it for a short one), since a model cannot count exactly."""


BEFORE_CUT = frozenset(
    "and for with near which where because while although as so to together despite but".split()  # noqa: SIM905
)


def cut_short(sentence: str, room: int, name: str) -> str | None:
    """The longest beginning of `sentence` of at most `room` words that ends at a joint and keeps `name`."""
    parts = sentence.split()
    for end in range(min(room, len(parts) - 1), 3, -1):
        if parts[end] in BEFORE_CUT or parts[end - 1].endswith(","):
            beginning = " ".join(parts[:end]).rstrip(",") + "."
            return beginning if name in beginning else None
    return None


def told(sentence: Sentence, room: int, keep: str, whole: bool) -> str:
    """A sentence as a post takes it over: whole if it fits, else its core, else the core's beginning."""
    text = sentence.text if whole and count_words(sentence.text) <= room else sentence.core
    return text if count_words(text) <= room else cut_short(text, room, keep) or text


def make_body(rng: Random, story: Story, room: int, retell: bool, whole: bool) -> tuple[str, Sentence] | None:
    """Sentences of at most `room` words that keep name and fact, and the last sentence told; None if none fits.

    `whole`: sentences with their optional parts. A fact in a sentence of its own takes its room from the lead's.
    """
    lead = next(sentence for sentence in story.sentences if sentence.role == "lead")
    fact = next((sentence for sentence in story.sentences if sentence.role == "fact"), None)
    second = told(fact, min(room // 2, LONGEST_SECOND), story.fact, whole) if fact else ""
    left = min(room - count_words(second), LONGEST_QUOTE)
    starts = own_words(rng, story) if retell else [told(lead, left, story.name, whole)]
    rng.shuffle(starts)
    for start in starts:
        body, last = start, lead
        if story.fact not in start and fact:
            body, last = f"{start} {second}", fact
        if count_words(body) <= room and carries(body, story):
            return body, last
    return None


def make_post(rng: Random, story: Story, tone: str, limit: int) -> str | None:
    """A post for `story` in `tone` of at most `limit` words, or None if the facts do not fit."""
    chosen = choose_hashtags(rng, story, rng.choice((1, 1, 2) if limit <= 25 else (1, 2, 2, 3)))
    opening = _pick(rng, OPENINGS[tone], story.group, 0.4)
    closing = _pick(rng, CLOSINGS[tone], story.group, 0.5) if limit > 25 or rng.random() < 0.25 else ""
    emoji = (
        rng.choice(EMOJI[story.group if rng.random() < 0.6 else "any"].split())
        if rng.random() < EMOJI_SHARE[tone]
        else ""
    )
    retell = story.kind != "generic" and rng.random() < 0.45
    standard, target = limit > 25, limit - (MARGIN if limit > 25 else MARGIN // 3)
    for attempt in range(4):
        room = target - count_words(f"{opening} {closing} {emoji} {' '.join(chosen)}")
        found = make_body(rng, story, room, retell, standard) or make_body(rng, story, room, not retell, standard)
        if found:
            break
        opening, closing, chosen = ("", closing, chosen) if attempt == 0 else ("", "", chosen[:1])
        emoji = emoji if attempt < 2 else ""
    else:
        return None
    body, last = found
    if standard and rng.random() < 0.2:
        body = _more(story, body, last, room)
    if opening.endswith(":"):
        opening = opening if rng.random() < 0.8 else ""
    parts = [opening, body, closing]
    if emoji:
        parts.insert(rng.choice((0, 1, 3, 3)), emoji)
    return " ".join(part for part in [*parts, " ".join(chosen)] if part)


def _more(story: Story, body: str, last: Sentence | None, room: int) -> str:
    """Go on with the sentence that follows the last one told, if it is short and no question or quotation."""
    after = story.sentences[story.sentences.index(last) + 1 :] if last else []
    if after and not set('"?') & set(after[0].text) and count_words(after[0].text) <= LONGEST_EXTRA:
        longer = f"{body} {after[0].text}"
        return longer if count_words(longer) <= room else body
    return body


def _pick(rng: Random, table: dict[str, tuple[str, ...]], group: str, share: float) -> str:
    return expand(rng, rng.choice(table[group] if rng.random() < share else table["any"]))
