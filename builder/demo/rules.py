"""What is looked for in a post: numbers, word lists and patterns, which the page reads as well (`static/tasks/post/check.json`).

A pattern means the same in Python and in JavaScript: its `\\b`, `\\w` and `\\d` are of ASCII, and case does not count.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

CHECK = Path(__file__).parents[2] / "static" / "tasks" / "post" / "check.json"
RULES: dict[str, Any] = json.loads(CHECK.read_text(encoding="utf-8"))


def pattern(source: str) -> re.Pattern[str]:
    """One pattern of the file."""
    return re.compile(source, re.IGNORECASE | re.ASCII)


def any_of(sources: list[str]) -> re.Pattern[str]:
    """Whole words or phrases, one of which is there."""
    return pattern(rf"\b(?:{'|'.join(sources)})\b")
