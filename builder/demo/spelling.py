"""Whether a name, date or number stands in a post letter by letter."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r"\w")
_GOES_ON = re.compile(r"\w|[.,:]\d")
"""What makes a word or a number longer."""


def contains(post: str, spellings: Iterable[str]) -> bool:
    """Whether one of `spellings` stands in `post` exactly and is not part of a longer word or number."""
    return any(_stands_in(post, spelling) for spelling in filter(None, spellings))


def _stands_in(post: str, spelling: str) -> bool:
    start = post.find(spelling)
    while start >= 0:
        begins = not (start and spelling[0].isalnum() and _WORD.match(post, start - 1))
        ends = not (spelling[-1].isalnum() and _GOES_ON.match(post, start + len(spelling)))
        if begins and ends:
            return True
        start = post.find(spelling, start + 1)
    return False
