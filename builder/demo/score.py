"""Whether a post is worth publishing: what `score` finds wrong with one, without a model and without a person.

The faults of a post about a pasted text:

- cheer: glad words, glad emoji or needless exclamation marks, where the news is bad;
- cut: it ends, or a sentence of it ends, in the middle;
- repeated: it says the same thing twice;
- changed: a number, date or name that the text does not have;
- lost: the main name, or every date and number that matters, is missing;
- tags: none, more than three, or one that is not about the subject;
- long: more words than asked for.

The judgement is by letters and words: it finds what is wrong in form, and cannot tell a dull post from a good one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain, pairwise

from builder.demo.figures import changed_figures
from builder.demo.rules import RULES, any_of
from builder.demo.spelling import contains

MAX_TAGS: int = RULES["max_tags"]
SAME_SENTENCE: float = RULES["same_sentence"]
"""Two sentences that share this much of their words say the same."""
SAME_RUN: int = RULES["same_run"]
"""So do two places that share this many words in a row."""
MISSPELT: float = RULES["misspelt"]
"""A word this close to a name of the text, and not it, is that name changed."""

_HASHTAG = re.compile(r"(?<!\S)#(\w+)")
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_EMOJI = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in RULES["emoji"]) + "]")
SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”’')\]]*\s+|\n+")
CHEERFUL_EMOJI: str = RULES["cheerful_emoji"]
_CHEER = any_of(RULES["cheer"])
_GRAVE_EXCLAMATION = any_of(RULES["grave_exclamation"])
_DANGLING = frozenset(RULES["dangling"].split())
_NO_END = re.compile(r"[.!?…:][\"”’')\]]*$")
_EVERYDAY = frozenset(RULES["everyday"].split())
_STAMMER = re.compile(r"([^\W\d_]{1,5}?)\1{4,}")
"""The same letters five times in a row."""


@dataclass(frozen=True)
class Subject:
    """What a post is about and must keep; a pasted text as its judge knows it."""

    text: str
    sober: bool
    names: tuple[str, ...]
    """Spellings of the main name."""
    facts: tuple[str, ...]
    """Dates and numbers of which one must be kept; none: the text has none."""
    subjects: tuple[str, ...] = ()
    """Fitting hashtags, in lower case without the sign, beside the words of the text."""


@dataclass(frozen=True)
class Score:
    """The faults of one post; what is empty or false is not there."""

    cheer: tuple[str, ...]
    cut: str
    repeated: str
    changed: tuple[str, ...]
    lost_name: bool
    lost_fact: bool
    tags: tuple[str, ...]
    """Hashtags off the subject."""
    tag_count: int
    long: bool

    @property
    def faults(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(name for name, found in self.found.items() if found)

    @property
    def found(self) -> dict[str, bool]:
        """Fault → whether the post has it."""
        return {
            "cheer": bool(self.cheer),
            "cut": bool(self.cut),
            "repeated": bool(self.repeated),
            "changed": bool(self.changed),
            "lost_name": self.lost_name,
            "lost_fact": self.lost_fact,
            "tags": bool(self.tags) or not 1 <= self.tag_count <= MAX_TAGS,
            "long": self.long,
        }

    @property
    def publishable(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.faults


def score(subject: Subject, post: str, limit: int, *, ended: bool = True, stuttered: bool = True) -> Score:
    """Judge `post`, written for `subject` in at most `limit` words; `ended`: the model ended it itself. Without `stuttered` it is judged as when
    what the shipped models learned from was made, which can be made again."""
    tags = hashtags_in(post)
    body = body_of(post)
    folded = post.casefold()
    return Score(
        cheer=(*cheer_in(body, subject.text), *cheerful_emoji_in(post)) if subject.sober else (),
        cut=cut_in(body) if ended else "(not ended)",
        repeated=repeated_in(subject.text, body, stuttered=stuttered),
        changed=(*changed_figures(subject.text, body), *changed_names(subject.text, body)),
        lost_name=not contains(folded, [name.casefold() for name in subject.names]),
        lost_fact=bool(subject.facts) and not contains(folded, [fact.casefold() for fact in subject.facts]),
        tags=tuple(tag for tag in tags if not on_subject(tag, subject)),
        tag_count=len(tags),
        long=len(post.split()) > limit,
    )


def hashtags_in(post: str) -> list[str]:
    """Without their sign."""
    return _HASHTAG.findall(post)


def cheerful_emoji_in(post: str) -> list[str]:
    """Glad ones."""
    return [sign for sign in post if sign in CHEERFUL_EMOJI]


def body_of(post: str) -> str:
    """`post` without hashtags at its end and without emoji, which no sentence needs."""
    trimmed = re.sub(r"(?:\s*#\w+)+\s*$", "", _EMOJI.sub("", post))
    return re.sub(r"(?<!\S)#(\w+)", r"\1", trimmed).strip()


def sentences_of(body: str) -> list[str]:
    """The sentences and lines of a post."""
    return [part.strip() for part in SENTENCE_END.split(body) if part and part.strip()]


def cheer_in(body: str, text: str) -> Iterable[str]:
    """Glad words that the text itself does not have, and exclamation marks that warn of nothing and beg for nothing."""
    known = text.casefold()
    yield from (match[0] for match in _CHEER.finditer(body) if match[0].casefold() not in known)
    yield from glad_exclamations(body, text)


def glad_exclamations(body: str, text: str) -> Iterable[str]:
    """Sentences with exclamation marks that warn of nothing and beg for nothing, and that the text does not have."""
    known = text.casefold()
    for sentence in re.findall(r"[^.!?\n]*!+", body):
        if not _GRAVE_EXCLAMATION.search(sentence) and sentence.strip(" !").casefold() not in known:
            yield sentence.strip()


def cut_in(body: str) -> str:
    """The sentence that stops in the middle, or what is open at the end; "" if none."""
    sentences = sentences_of(body)
    if not sentences:
        return "(nothing)"
    for sentence in sentences:
        words = _WORD.findall(sentence)
        if (
            sentence.rstrip("\"”’')").endswith(".")
            and words
            and words[-1] in _DANGLING
            and not sentence.endswith("...")
        ):
            return sentence
    if not _NO_END.search(sentences[-1]):
        return sentences[-1]
    if body.count('"') % 2 or body.count("“") != body.count("”") or body.count("(") != body.count(")"):
        return sentences[-1]
    return ""


def repeated_in(text: str, body: str, *, stuttered: bool = True) -> str:
    """What is said twice, with `stuttered` within a sentence, too; "" if nothing is."""
    lists = [[word.casefold() for word in _WORD.findall(sentence)] for sentence in sentences_of(body)]
    for index, words in enumerate(lists):
        for other in lists[:index]:
            shared = len(set(words) & set(other))
            if words == other or (shared >= 4 and shared >= SAME_SENTENCE * min(len(set(words)), len(set(other)))):
                return " ".join(words)
    run = [word for words in lists for word in words]
    seen = Counter(tuple(run[start : start + SAME_RUN]) for start in range(len(run) - SAME_RUN + 1))
    longer = (" ".join(words) for words, count in seen.items() if count > 1)
    return next(chain(longer, _stuttered(text, body) if stuttered else ()), "")


def _stuttered(text: str, body: str) -> Iterable[str]:
    """What the text does not say so often: a name or figure of several words twice in one sentence ("the Elm Choir is at the Elm Choir"), a
    word three times in a row, letters again and again."""
    known = _pairs(_WORD.findall(text))
    for sentence in sentences_of(body):
        words = _WORD.findall(sentence)
        seen: Counter[tuple[str, str]] = Counter()
        for place, (first, second) in enumerate(pairwise(words)):
            pair = (first.casefold(), second.casefold())
            seen[pair] += 1
            again = seen[pair] > max(1, known[pair])
            if again and (_is_particular(first) or _is_particular(second)):
                yield f"{first} {second}"
            thrice = first.casefold() == second.casefold() and words[place + 2 : place + 3] == [second]
            if thrice and first.isalpha() and known[pair] < 2:
                yield f"{first} {second} {second}"
        yield from (match[0] for match in _STAMMER.finditer(sentence) if match[0] not in text)


def _pairs(words: list[str]) -> Counter[tuple[str, str]]:
    """How often two words stand side by side."""
    return Counter((first.casefold(), second.casefold()) for first, second in pairwise(words))


def _is_particular(word: str) -> bool:
    """Part of a name or a figure."""
    return word[0].isupper() or any(char.isdigit() for char in word)


def changed_names(text: str, body: str) -> Iterable[str]:
    """Capitalised words inside sentences that the text does not have, and misspelt names of it."""
    known = {word.casefold() for word in _WORD.findall(text)} | _EVERYDAY
    known |= {part for word in known if not word.isalpha() for part in re.split(r"['’\-]", word)}
    names = {word.casefold() for word in _WORD.findall(text) if word[0].isupper() and len(word) > 4}
    for sentence in sentences_of(body):
        for place, word in enumerate(_WORD.findall(sentence)):
            folded = re.sub(r"['’]s$", "", word).casefold()
            if not word[0].isupper() or folded in known or set(re.split(r"['’\-]", folded)) <= known:
                continue
            inside = place > 0 and not re.search(rf"[:\"“”‘(–—•*\-]\s*{re.escape(word)}", sentence)
            close = any(SequenceMatcher(None, folded, name).ratio() >= MISSPELT for name in names)
            if close or (inside and not word.isupper() and not any(each.startswith(folded[:5]) for each in known)):
                yield word


def on_subject(tag: str, subject: Subject) -> bool:
    """Whether a hashtag is one of the subject's, or made of words that the text has."""
    if tag.casefold() in subject.subjects:
        return True
    words = {word.casefold() for word in re.findall(r"[^\W_]+", subject.text)}
    joined = re.sub(r"[\W_]+", "", subject.text).casefold()
    if tag.casefold() in joined:
        return True
    known = words | {part for each in subject.subjects for part in (each,)}
    parts = [part.casefold() for part in _PARTS.findall(tag)]
    long = [part for part in parts if len(part) > 3] or parts
    return any(_akin(part, word) for part in long for word in known)


def _akin(part: str, word: str) -> bool:
    """The same word in another form: a shared beginning of at least four letters and most of the shorter one."""
    if part == word:
        return True
    shared = next((i for i, (a, b) in enumerate(zip(part, word, strict=False)) if a != b), min(len(part), len(word)))
    return shared >= 4 and shared >= 0.7 * max(len(part), len(word)) - 1


def opening_of(post: str) -> str:
    """The first two words of a post, as openings are compared."""
    return " ".join(word.casefold() for word in _WORD.findall(body_of(post))[:2])


def commonest_opening(posts: Sequence[str]) -> tuple[str, float]:
    """The opening that most posts share, and their share; ("", 0) for no posts."""
    if not posts:
        return "", 0.0
    opening, count = Counter(map(opening_of, posts)).most_common(1)[0]
    return opening, count / len(posts)
