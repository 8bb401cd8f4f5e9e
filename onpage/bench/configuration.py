"""One side of an interleaved comparison, as it is named on the command line."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from builder.errors import BenchError

KEYS = ("engine", "model", "browser", "flag", "onpage")
DEFAULTS = {"engine": "mediapipe", "model": "demo"}


@dataclass(frozen=True)
class Configuration:
    """One side, as it was given: `engine=litert-lm,model=demo,browser=/usr/bin/chromium`."""

    text: str
    engine: str
    model: str
    browser: Path | None
    flags: tuple[str, ...]
    onpage: Path | None
    """The `onpage` command of another checkout or environment that serves the page; ours if None."""

    @classmethod
    def parse(cls, text: str) -> Configuration:
        """Settings with commas between them (a value may hold some too); BenchError where it is none."""
        said: dict[str, list[str]] = {}
        for setting in re.split(rf",(?=(?:{'|'.join(KEYS)})=)", text):
            key, equals, value = setting.partition("=")
            if key not in KEYS or not equals or not value or (key in said and key != "flag"):
                raise BenchError(
                    f"{setting!r} is not a setting: expected {', '.join(f'{key}=…' for key in KEYS)} with commas between them, each "
                    f"at most once but flag, such as engine=litert-lm,model=synth:gemma3-270m@int4.",
                    subject=text,
                )
            said.setdefault(key, []).append(value)
        engine, model = (said.get(key, [DEFAULTS[key]])[0] for key in ("engine", "model"))
        browser, onpage = (Path(said[key][0]).absolute() if key in said else None for key in ("browser", "onpage"))
        for program, example in ((browser, "/usr/bin/chromium"), (onpage, "base/.venv/bin/onpage")):
            if program and not (program.is_file() and os.access(program, os.X_OK)):
                raise BenchError(f"{program} cannot be run: expected a program such as {example}.", subject=program)
        return cls(text, engine, model, browser, tuple(said.get("flag", ())), onpage)
