"""What a page puts right in a post that a model has written, before anybody is asked to look at it: `static/tasks/post/check/mend.js` does
the same, with the same results (`tests/static/test_check.py`).

Nothing is written but a hashtag: sentences and hashtags that are wrong, or too many, are left out, as long as that leaves less to find
fault with (`check`). Over bad news glad emoji go, and exclamation marks that warn of nothing become full stops. Where no hashtag fits, the
name that the text is about becomes one. What one draw leaves out may stand in another: of several, a sentence without fault is taken over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from builder.demo.check import check, cost, is_bad_news, is_foreign
from builder.demo.names import main_names
from builder.demo.score import CHEERFUL_EMOJI, SENTENCE_END, body_of, glad_exclamations

MAX_TAG = 32
"""Letters of a hashtag that is made of a name; one with a number in it reads badly."""

GREETING = 3
"""Words of a sentence that tells nothing yet."""

_UNSOUND = frozenset({"language", "cheer", "cut", "changed", "repeated"})
"""Rules about words that are there; the others are about what is missing."""

_TAIL = re.compile(r"(?:\s*#\w+)*\s*$")
_TAG = re.compile(r"\s*#\w+")


def mended(text: str, post: str, limit: int) -> str:
    """`post` with less wrong with it, for `text` and at most `limit` words; as it is where nothing can be put right by leaving out."""
    if is_foreign(text) or is_foreign(post):
        return post
    parts = _parts(_sobered(post, text) if is_bad_news(text) else post)
    worst = _badness(text, parts)
    while worst[0]:
        rests = [(_badness(text, rest), rest) for rest in _shorter(parts)]
        least, best = min(rests, key=lambda each: each[0], default=(worst, parts))  # of equals the last one is left out
        if least >= worst:
            break
        parts, worst = best, least
    named = _named(text, parts)
    if _badness(text, named) < worst:
        parts = named
    return "".join(_fitted(text, parts, limit)).strip()


def assembled(text: str, drafts: Sequence[str], limit: int) -> str:
    """The draft with the least wrong, put right, and with sentences of the others as long as less is then wrong: in place of one of its own,
    or before or after the one that tells the news. `drafts`: one or more, as the model wrote them."""
    better = [mended(text, draft, limit) for draft in drafts]
    best = min(better, key=lambda post: cost(check(text, post, limit)))
    if is_foreign(text) or is_foreign(best):
        return best
    parts = _parts(best)
    others = [part for draft in drafts for part in _parts(_sobered(draft, text) if is_bad_news(text) else draft)]
    sound = [part for part in dict.fromkeys(others) if _is_sound(text, part)]
    worst = _badness(text, parts)
    while worst[0]:
        moves = [(_badness(text, move), move) for part in sound if part not in parts for move in _with(parts, part)]
        least, move = min(moves, key=lambda each: each[0], default=(worst, parts))
        if least >= worst:
            break
        parts, worst = move, least
    made = mended(text, "".join(parts), limit)
    return made if cost(check(text, made, limit)) < cost(check(text, best, limit)) else best


def _is_sound(text: str, part: str) -> bool:
    """Whether a sentence can stand in any post about `text`: of what is wrong with it alone, nothing is wrong with its words."""
    said = part.strip()
    return not _TAG.fullmatch(part) and not any(each.rule in _UNSOUND for each in check(text, said, len(said)))


def _with(parts: list[str], part: str) -> list[list[str]]:
    """All ways to take a sentence in: in place of each other one, before the news, after it."""
    said = [place for place, each in enumerate(parts) if not _TAG.fullmatch(each)]
    news = _news_at(parts)
    instead = [_joined(parts[:place], part, parts[place + 1 :]) for place in said]
    return instead + [_joined(parts[:place], part, parts[place:]) for place in (news, news + 1)]


def _joined(before: list[str], part: str, after: list[str]) -> list[str]:
    """With the space before each but the first."""
    parts = [*before, part.strip(), *after]
    return [parts[0].lstrip(), *(each if each[0].isspace() else f" {each}" for each in parts[1:])]


def _news_at(parts: list[str]) -> int:
    """Where the sentence is that tells the news: the first that is longer than a greeting."""
    return next((place for place, part in enumerate(parts) if len(part.split()) > GREETING), 0)


def _fitted(text: str, parts: list[str], limit: int) -> list[str]:
    """With the last sentences left out that nothing is lost with, but for the one that tells the news; as it is if that is not enough."""
    news = parts[_news_at(parts)] if parts else ""
    fitted = parts
    while len("".join(fitted).split()) > limit:
        worst = _badness(text, fitted)
        rests = (rest for rest in _shorter(fitted) if news in rest and _badness(text, rest) <= worst)
        shorter = next(rests, None)
        if shorter is None:
            return parts
        fitted = shorter
    return fitted


def _badness(text: str, parts: list[str]) -> tuple[int, int]:
    """What it costs, at any length, and how many things are found."""
    post = "".join(parts).strip()
    findings = check(text, post, len(post))
    return cost(findings), sum(len(finding.found) for finding in findings)


def _shorter(parts: list[str]) -> list[list[str]]:
    """All with one part less, the last one first, that still say something, and have a hashtag where there was one."""
    rests = [parts[:place] + parts[place + 1 :] for place in reversed(range(len(parts)))]
    return [rest for rest in rests if body_of("".join(rest)) and bool(_tags(rest)) == bool(_tags(parts))]


def _tags(parts: list[str]) -> list[str]:
    return [part for part in parts if _TAG.fullmatch(part)]


def _parts(post: str) -> list[str]:
    """The sentences of a post and the hashtags at its end, each with the space before it."""
    tail = _TAIL.search(post)
    end = tail.start() if tail else len(post)
    ends = [match.start() + len(match[0].rstrip()) for match in SENTENCE_END.finditer(post[:end])]
    sentences = [post[start:stop] for start, stop in zip([0, *ends], [*ends, end], strict=True) if post[start:stop]]
    return sentences + _TAG.findall(post[end:])


def _sobered(post: str, text: str) -> str:
    """Without glad emoji and the space before them, and with full stops for glad exclamation marks."""
    plain = re.sub(rf"[ \t]*[{CHEERFUL_EMOJI}]", "", post)
    for sentence in glad_exclamations(plain, text):
        plain = plain.replace(sentence, sentence.rstrip("!") + ".")
    return plain


def _named(text: str, parts: list[str]) -> list[str]:
    """With the name that the text is about as its only hashtag, where that makes one."""
    said = [part for part in parts if not _TAG.fullmatch(part)]
    words = [word for name in main_names(text)[:1] for word in re.findall(r"[^\W_]+", name.text)]
    tag = "".join(word[0].upper() + word[1:] for word in words)
    return [*said, f" #{tag}"] if said and tag.isalpha() and len(tag) <= MAX_TAG else parts
