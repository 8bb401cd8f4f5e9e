"""The names that a text is about, found by capital letters and place: a post about it should say one of the likeliest.

A guess. Titles in capitals, names that only begin a sentence, and texts that name many people are hard, so nothing is asked of a text whose
names are all unlikely.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from builder.demo.rules import RULES

_TOKEN = re.compile(r"[^\W_]+(?:['’.\-][^\W_]+)*|&|\S")
_LEAST = RULES["names"]["least"]
_NEAR = RULES["names"]["near"]
_MOST_BEGUN = RULES["names"]["most_begun"]


def _words(name: str) -> frozenset[str]:
    return frozenset(RULES["names"][name].split())


_STARTERS, _JOINERS, _PLACES, _SPEAKERS, _GREETINGS, _ROLES, _CODES = map(
    _words, ("starters", "joiners", "places", "speakers", "greetings", "roles", "codes")
)
_EVERYDAY = frozenset(RULES["everyday"].split()) | _words("days")


@dataclass(frozen=True)
class Name:
    """One name of a text, without its article, and how likely the text is about it."""

    words: tuple[str, ...]
    likelihood: float

    @property
    def text(self) -> str:
        """As it is written."""
        return " ".join(self.words)


@dataclass(frozen=True)
class _Token:
    text: str
    begins: bool
    """Whether a sentence or a line begins with it."""
    joined: bool
    """Whether one space stands before it."""
    sentence: int


def main_names(text: str) -> list[Name]:
    """The likeliest name, and those nearly as likely; none if no name is likely."""
    tokens = _tokens(text)
    small = {token.text for token in tokens if token.text[0].islower()}
    best: dict[str, Name] = {}
    place = 0
    while place < len(tokens):
        end = _end(tokens, place)
        words = _trimmed([token.text for token in tokens[place:end]])
        if words and not _is_title(tokens, place, end):
            likelihood = _likelihood(tokens, place, end, words, text, small)
            name = Name(tuple(words), likelihood)
            if likelihood > best.get(name.text, Name((), -9)).likelihood:
                best[name.text] = name
        place = max(end, place + 1)
    ranked = sorted(best.values(), key=lambda name: -name.likelihood)
    if not ranked or ranked[0].likelihood < _LEAST:
        return []
    return [name for name in ranked if name.likelihood >= ranked[0].likelihood - _NEAR]


def keeps(body: str, name: Name) -> bool:
    """Whether the sentences of a post have every word of a name, in any order or run together."""
    said = {_plain(word) for word in re.findall(r"[^\W_]+(?:['’.\-][^\W_]+)*", body)}
    joined = re.sub(r"[\W_]+", "", body).casefold()
    asked = [_plain(word) for word in name.words if word not in _JOINERS]
    return all(word in said for word in asked) or "".join(map(_plain, name.words)) in joined


def beginning(text: str, draw: int) -> str:
    """How the `draw`-th post (from 0) about a text begins: the first as the model likes (""), each other with one of the likely names, as
    the text has it with its article, the likeliest first; once they are used up, as the model likes again. A longer one is rather a
    heading."""
    names = [name.text for name in main_names(text) if len(name.words) <= _MOST_BEGUN]
    if not 1 <= draw <= len(names):
        return ""
    name = names[draw - 1]
    return f"The {name}" if re.search(rf"(?<!\w)[Tt]he {re.escape(name)}(?!\w)", text) else name


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    end, begins, sentence = 0, True, 0
    for match in _TOKEN.finditer(text):
        between = text[end : match.start()]
        if "\n" in between:
            begins = True
        if begins:
            sentence += 1
        word = match[0]
        is_word = word[0].isalnum()
        found.append(_Token(word, begins and is_word, between == " ", sentence))
        if is_word:
            begins = False
        if word in ".!?:…":
            begins = True
        end = match.end()
    return found


def _end(tokens: list[_Token], place: int) -> int:
    """Where the run of capitalised words ends that begins at `place`; `place` if none does."""
    if not tokens[place].text[0].isupper():
        return place
    end = place + 1
    while end < len(tokens) and tokens[end].joined and not tokens[end].begins:
        word = tokens[end].text
        if word[0].isupper() or word[0].isdigit():
            end += 1
        elif word in _JOINERS:
            after = end + 1
            while after < len(tokens) and tokens[after].text in _JOINERS and tokens[after].joined:
                after += 1
            if after >= len(tokens) or not tokens[after].joined or not tokens[after].text[0].isupper():
                break
            end = after + 1
        else:
            break
    return end


def _trimmed(words: list[str]) -> list[str]:
    """Without what belongs to no name at either end: articles, small words, days, months and their numbers."""
    words = [re.sub(r"['’]s$", "", word) if place == len(words) - 1 else word for place, word in enumerate(words)]
    while words and (words[0].casefold() in _STARTERS or words[0].casefold() in _EVERYDAY or words[0][0].isdigit()):
        words = words[1:]
    while words and (
        words[-1].casefold() in _EVERYDAY or words[-1] in _JOINERS or re.fullmatch(r"(?:19|20)\d\d", words[-1])
    ):
        words = words[:-1]
    return words


def _is_title(tokens: list[_Token], place: int, end: int) -> bool:
    """Whether a run is a heading in capitals, such as FOR IMMEDIATE RELEASE or LOST."""
    words = [token.text for token in tokens[place:end]]
    shouted = all(word.isupper() and len(word) > 1 for word in words if word[0].isalpha())
    heads = end < len(tokens) and (tokens[end].text in ":.–(" or tokens[end].begins)
    return shouted and (
        len(words) > 2 or (len(words) == 2 and heads) or (len(words) == 1 and len(words[0]) > 3 and words[0].isalpha())
    )


def _likelihood(tokens: list[_Token], place: int, end: int, words: list[str], text: str, small: set[str]) -> float:
    start = place + next(
        i for i, token in enumerate(tokens[place:end]) if token.text == words[0] or token.text.startswith(words[0])
    )
    before = tokens[start - 1].text if start else ""
    after = tokens[end].text if end < len(tokens) else ""
    earlier = tokens[start - 2].text.casefold() if start > 1 else ""
    alone = len(words) == 1 and words[0].isalpha()
    likelihood = 0.0
    if len(words) > 1 or any(char.isdigit() for char in words[-1]):
        likelihood += 1.0
    likelihood += 0.5 * min(3, len(re.findall(rf"(?<!\w){re.escape(words[0])}(?!\w)", text)) - 1)
    likelihood += max(0.0, 1.5 - 0.3 * (tokens[start].sentence - 1))
    if tokens[start].begins and alone:
        likelihood -= 2.0 if words[0].casefold() in small or not after.startswith((",", "'", "’", "i", "h")) else 0.0
    if tokens[start].begins or (start == place + 1 and tokens[place].begins):
        likelihood += 0.7
    if before.casefold() in _PLACES or (before.casefold() == "the" and earlier in _PLACES):
        likelihood -= 1.2
    if before.casefold() in _GREETINGS:
        likelihood -= 3.0
    if before.casefold() in _CODES:
        likelihood -= 2.0
    if before.casefold() in _ROLES or any(token.text.casefold() in _ROLES for token in tokens[place:end]):
        likelihood -= 1.5
    near = {tokens[i].text.casefold() for i in (start - 2, start - 1, end, end + 1) if 0 <= i < len(tokens)}
    if near & _SPEAKERS:
        likelihood -= 1.5
    if tokens[start].begins and end >= len(tokens) - 1 and len(words) < 3:
        likelihood -= 2.5
    return likelihood


def _plain(word: str) -> str:
    return re.sub(r"['’]s$", "", word).casefold()
