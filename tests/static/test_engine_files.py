"""What the workers say of the engines' own files, against the files."""

from __future__ import annotations

import re
from pathlib import Path

from webapp.paths import static_folder

FILE = re.compile(r'"(?P<name>[\w.]+\.(?:js|wasm))": (?P<bytes>[\d_]+)')


def test_the_bytes_that_a_load_counts_are_those_of_the_files() -> None:
    static: Path = static_folder()
    said = {
        match["name"]: int(match["bytes"])
        for worker in (static / "engine" / "workers").glob("*.js")
        for match in FILE.finditer(worker.read_text(encoding="utf-8"))
    }
    there = {path.name: path.stat().st_size for path in static.glob("vendor/*/*") if path.name in said}
    assert said == there
    assert {path.name for path in static.glob("vendor/*/*.wasm")} <= said.keys()
