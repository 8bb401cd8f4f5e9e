"""Whether a name, date or number stands in a post letter by letter."""

from __future__ import annotations

import re
from collections.abc import Iterable


def contains(post: str, spellings: Iterable[str]) -> bool:
    """Whether one of `spellings` stands in `post` exactly and is not part of a longer word or number."""
    for spelling in filter(None, spellings):
        before = r"(?<!\w)" if spelling[0].isalnum() else ""
        after = r"(?!\w)(?![.,:]\d)" if spelling[-1].isalnum() else ""
        if re.search(f"{before}{re.escape(spelling)}{after}", post):
            return True
    return False
