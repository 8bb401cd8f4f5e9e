"""What a page puts right in a post that a model has written, before anybody is asked to look at it: `static/tasks/post/check/mend.js` does
the same, with the same results (`tests/static/test_check.py`).

Nothing is written but a hashtag: sentences and hashtags that are wrong, or too many, are left out, as long as that leaves less to find
fault with (`check`). Over bad news glad emoji go, and exclamation marks that warn of nothing become full stops. Where no hashtag fits, the
name that the text is about becomes one.
"""

from __future__ import annotations

import re

from builder.demo.check import check, cost, is_bad_news, is_foreign
from builder.demo.names import main_names
from builder.demo.score import CHEERFUL_EMOJI, SENTENCE_END, body_of, glad_exclamations

MAX_TAG = 32
"""Letters of a hashtag that is made of a name; one with a number in it reads badly."""

_TAIL = re.compile(r"(?:\s*#\w+)*\s*$")
_TAG = re.compile(r"\s*#\w+")


def mended(text: str, post: str, limit: int) -> str:
    """`post` with less wrong with it, for `text` and at most `limit` words; as it is where nothing can be put right by leaving out."""
    if is_foreign(text) or is_foreign(post):
        return post
    parts = _parts(_sobered(post, text) if is_bad_news(text) else post)
    worst = _badness(text, parts, limit)
    while worst[0]:
        shorter = [parts[:place] + parts[place + 1 :] for place in reversed(range(len(parts)))]
        rests = [(_badness(text, rest, limit), rest) for rest in shorter if _stands(rest, parts)]
        least, best = min(rests, key=lambda each: each[0], default=(worst, parts))  # of equals the last one is left out
        if least >= worst:
            break
        parts, worst = best, least
    named = _named(text, parts)
    return "".join(named if _badness(text, named, limit) < worst else parts).strip()


def _badness(text: str, parts: list[str], limit: int) -> tuple[int, int, int]:
    """What it costs; how many words it is too long; how many things are found."""
    post = "".join(parts).strip()
    findings = check(text, post, limit)
    return cost(findings), max(0, len(post.split()) - limit), sum(len(finding.found) for finding in findings)


def _stands(rest: list[str], parts: list[str]) -> bool:
    """Whether something is still said, and a hashtag is still there where one was."""
    return bool(body_of("".join(rest))) and bool(_tags(rest)) == bool(_tags(parts))


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
