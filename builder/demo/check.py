"""What a page can find wrong with a post that it has just written, knowing nothing but the text, the post and the length asked for.

The page draws again where something is wrong, and keeps the draw with the least; `static/tasks/post/check/` does the same in the page, by
the same rules (`rules`) and with the same results (`tests/static/test_check.py`). It is the scorer (`score`) without its judge: what a post
must keep is guessed (`names`, `figures`), and so is whether the news is bad. A score of posts that were chosen by it is therefore kind: what
neither looks for, neither finds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from builder.demo.figures import changed_figures, first_figure, kept_figures
from builder.demo.names import keeps, main_names
from builder.demo.rules import RULES, any_of
from builder.demo.score import (
    MAX_TAGS,
    Subject,
    body_of,
    changed_names,
    cheer_in,
    cheerful_emoji_in,
    cut_in,
    hashtags_in,
    on_subject,
    repeated_in,
)

DRAWS: int = RULES["draws"]
"""Posts that the page writes at most, to keep one."""
DRAW_TEMPERATURE: float = RULES["draw_temperature"]
"""The least temperature of a further draw: at a low one it says the same again."""
LIKELIEST_TEMPERATURE: float = RULES["likeliest_temperature"]
"""That of the one in place of a draw that said the same as another."""

BEGUN_AFTER: dict[str, int] = RULES["begun_after"]
"""After how many faulty draws a post is begun with a name, for it is a guess: of the demo model ("demo"), and of models that mostly tell the
name by themselves ("others")."""
BEGUN_FOR = frozenset(RULES["begun_for"])
"""Faults for which a further draw is begun with a name; with the others it begins as the model likes."""
WEIGHTS: dict[str, int] = RULES["weights"]

_STRONG, _WEAK = (any_of(RULES["bad_news"][each]) for each in ("strong", "weak"))
_LANGUAGE = RULES["language"]
_ENGLISH = frozenset(_LANGUAGE["english"].split())
_OTHER = frozenset(" ".join(_LANGUAGE["other"]).split())


@dataclass(frozen=True)
class Finding:
    """What one rule finds: its name, and what it is about (words, names, figures; perhaps nothing)."""

    rule: str
    found: tuple[str, ...] = ()


def check(text: str, post: str, limit: int) -> tuple[Finding, ...]:
    """What is wrong with `post`, the gravest first; nothing for a text in another language, which the rules do not know."""
    if is_foreign(text):
        return ()
    if is_foreign(post):
        return (Finding("language"),)
    body = body_of(post)
    subject = Subject(text, False, (), ())
    names = main_names(text)
    tags = hashtags_in(post)
    cheer = (*cheer_in(body, text), *cheerful_emoji_in(post)) if is_bad_news(text) else ()
    changed = tuple(dict.fromkeys((*changed_figures(text, body), *changed_names(text, body))))
    off = tuple(tag for tag in tags if not on_subject(tag, subject))
    cut, repeated = cut_in(body), repeated_in(text, body)
    count = len(post.split())
    findings = [
        Finding("cheer", cheer) if cheer else None,
        Finding("cut", (cut,)) if cut else None,
        Finding("changed", changed) if changed else None,
        Finding("repeated", (repeated,)) if repeated else None,
        Finding("lost_name", (names[0].text,)) if names and not any(keeps(post, name) for name in names) else None,
        Finding("lost_fact", (first_figure(text),)) if not kept_figures(text, body) else None,
        Finding("long", (str(count - limit),)) if count > limit else None,
        Finding("tags", off) if off or not 1 <= len(tags) <= MAX_TAGS else None,
    ]
    return tuple(finding for finding in findings if finding)


def cost(findings: Sequence[Finding]) -> int:
    """How bad that is; 0 for nothing."""
    return sum(WEIGHTS[finding.rule] for finding in findings)


def is_bad_news(text: str) -> bool:
    """Whether a text tells of a loss, a danger or a disruption: one strong word, or two different weak ones."""
    strong, weak = ({match[0].casefold() for match in each.finditer(text)} for each in (_STRONG, _WEAK))
    return 2 * len(strong) + len(weak) >= 2


def is_foreign(text: str) -> bool:
    """Whether a text is clearly not English: another script, or the small words of another language."""
    letters = re.findall(r"[^\W\d_]", text)
    foreign = [letter for letter in letters if not _is_latin(letter)]
    if letters and len(foreign) / len(letters) > _LANGUAGE["most_foreign_letters"]:
        return True
    found = re.findall(r"[^\W\d_](?:[^\W\d_]|['’])*", text.lower())
    if len(found) < _LANGUAGE["fewest_words"]:
        return False
    other = sum(word in _OTHER and word not in _ENGLISH for word in found)
    english = sum(word in _ENGLISH and word not in _OTHER for word in found)
    enough: float = _LANGUAGE["foreign_words"]
    times: float = _LANGUAGE["times_english"]
    return other / len(found) > enough and other > english * times


def _is_latin(letter: str) -> bool:
    """Of the Latin blocks of Unicode up to Latin Extended-B, and Latin Extended Additional."""
    return letter <= "\u024f" or "\u1e00" <= letter <= "\u1eff"
