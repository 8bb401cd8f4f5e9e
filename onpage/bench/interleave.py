"""Two configurations measured in turn, A B then B A and so on, so that what drifts meanwhile (heat, neighbours on the machine)
meets both alike; the comparison takes ratios round by round.

Every half of a round is a run of its own: its own server, browser and profile. The raw records of all rounds are in one
results file, which is whole after each of them, and the comparison can be made again from it.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from builder.errors import BenchError
from builder.files.writing import check_writable
from onpage.bench.measured_models import BenchModel, find_model
from onpage.bench.peers import native
from onpage.bench.peers.peer_models import PEERS
from onpage.bench.run import Listener, Options, Results, chosen_engines, run

KEYS = ("engine", "model", "browser", "flag", "onpage")
DEFAULTS = {"engine": "mediapipe", "model": "demo"}

Announce = Callable[[int, str, str], None]
"""Called before each half of a round with its number, its side and the configuration."""


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
                    f"{setting!r} is no setting: expected {', '.join(f'{key}=…' for key in KEYS)} with commas between them, each "
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


async def interleave(
    a: Configuration,
    b: Configuration,
    rounds: int,
    options: Options,
    output: Path,
    listener: Listener,
    announce: Announce = lambda number, side, text: None,
) -> Results:
    """Measures A and B `rounds` times each. A record that failed ends it, for its side has failed already."""
    check_writable(output)
    sides = {side: (one, *_prepared(one, options)) for side, one in (("A", a), ("B", b))}
    results = Results(output)
    within = replace(listener, record=lambda record: None)
    with tempfile.TemporaryDirectory(prefix="onpage-bench-") as folder:
        for number in range(1, rounds + 1):
            for side in ("A", "B") if number % 2 else ("B", "A"):
                configuration, model, settings = sides[side]
                announce(number, side, configuration.text)
                one = await run([model], [configuration.engine], settings, Path(folder) / "half.json", within)
                for record in one.records:
                    place = {"side": side, "round": number, "configuration": configuration.text}
                    results.add(record | {"interleave": place})
                    listener.record(results.records[-1])
                if any(record["status"] == "failed" for record in one.records):
                    return results
    return results


def _prepared(one: Configuration, options: Options) -> tuple[BenchModel, Options]:
    engine, *more = chosen_engines([one.engine])
    if more:
        raise BenchError(
            f"{one.text} is many configurations: name one engine of {engine}, {', '.join(more)}.", subject=one.text
        )
    if one.onpage and engine in (*PEERS, native.ID):
        raise BenchError(
            f"{one.text} would not measure {one.onpage}: {engine} is no engine of its page. Leave onpage= out.",
            subject=one.text,
        )
    settings = replace(
        options, browser=one.browser or options.browser, flags=(*options.flags, *one.flags), onpage=one.onpage
    )
    return find_model(one.model, [engine]), settings
