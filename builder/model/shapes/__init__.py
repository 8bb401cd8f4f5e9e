"""The dimensions of the published models, as data: shapes.json, which names its sources.

No numpy and nothing to install: `onpage estimate` needs this, and so does `synth`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("shapes.json")


@dataclass(frozen=True)
class Shape:
    """A published architecture."""

    id: str
    name: str
    """As people say it."""
    sources: tuple[str, ...]
    """Public repository and file, each of which has these dimensions."""
    parameters: int | None
    """As published, to check ours against; None where nobody counts the text part alone."""
    config: dict[str, Any]
    """config.json, as far as sizes go."""


@cache
def shapes() -> dict[str, Shape]:
    """Every shape by id; models that share the dimensions of another are there under their own names too."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    found = {
        key: Shape(key, value["name"], tuple(value["sources"]), value["parameters"], value["config"])
        for key, value in data["shapes"].items()
    }
    return found | {name: found[base] for name, base in data["of_the_same_shape"].items()}
