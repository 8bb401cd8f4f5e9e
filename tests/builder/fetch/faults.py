"""What may go wrong, what the user sees of it, and what must hold after it.

The real command runs as a process of its own, with the real huggingface_hub, against `tests.builder.fetch.hub`. After every run
`Fetching` looks for leaked tokens in all that was printed, written, and sent to the other host.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path

from builder.store import Store
from tests.builder.fetch.conftest import Fetching
from tests.builder.fetch.hub import FILE, REPO, TOKEN, Act, Hub, closes_after

NAME = f"{REPO}/{FILE}"
ID = "small-gemma"
HALF = 1_500_000
PAGE = b"<!DOCTYPE html><title>Sign in to the network</title>" * 20


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and what the user sees. `ranges` are the places from which the content was asked for."""

    name: str
    sees: str
    acts: dict[str, Iterable[Act | None]] = field(default_factory=dict)
    status: int = 0
    ranges: tuple[int, ...] | None = None
    source: str = NAME
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    kept: int = 0
    """Bytes to go on with, where it failed."""
    gated: bool = False


def cut_then(*acts: Act | None) -> dict[str, Iterable[Act | None]]:
    return {"cdn": [closes_after(HALF), *acts]}


def always(act: Act) -> Iterable[Act]:
    return repeat(act)


def ranges(hub: Hub) -> tuple[int, ...]:
    return tuple(int((request.range or "bytes=0-")[6:-1]) for request in hub.of("cdn"))


def kept(store: Store) -> int:
    return sum(path.stat().st_size for path in (store.folder / "unfinished").rglob("content"))


def sees(text: str) -> str:
    """A sentence as it is, or a pattern where it says what changes."""
    return text if text == "^$" or re.search(r"\\[.dS]|\[", text) else re.escape(text)


@dataclass(frozen=True)
class Seen:
    """What came of a fault."""

    done: subprocess.CompletedProcess[str]
    ranges: tuple[int, ...]
    stored: list[str]
    kept: int
    again: tuple[int, tuple[int, ...], list[str]]
    """Exit status, ranges and contents of the same command once all is well; only where something was kept."""


def suffer(fault: Fault, folder: Path, model: bytes) -> Seen:
    """The command against a hub of its own, which does what the fault says."""
    with closing(Hub(model)) as hub:
        store = Store.open(folder / "store")
        fetch = Fetching(hub, store, folder)
        hub.gated = fault.gated
        hub.script(**fault.acts)
        token = {} if fault.gated or fault.source != NAME else {"HF_TOKEN": TOKEN}
        done = fetch(fault.source, "--retries", 1, *fault.arguments, environment=token | fault.environment)
        contents = [model.manifest.sha256 for model in store.models()]
        seen = Seen(done, ranges(hub), contents, kept(store), (0, (), []))
        if not seen.kept:
            return seen
        hub.script()
        status = fetch(fault.source).returncode
        return replace(seen, again=(status, ranges(hub), [model.manifest.sha256 for model in store.models()]))


def check(fault: Fault, seen: Seen, model: bytes) -> None:
    """One sentence, and never a model that is not the one that was asked for."""
    stdout, stderr = seen.done.stdout, seen.done.stderr
    assert re.search(sees(fault.sees), stderr), stderr
    assert seen.done.returncode == fault.status, stderr
    assert "Traceback" not in stderr and all(line.startswith("onpage: ") for line in stderr.splitlines())
    sha256 = hashlib.sha256(model).hexdigest()
    assert (ID in stdout, seen.stored) == ((True, [sha256]) if fault.status == 0 else (False, []))
    assert seen.kept == fault.kept
    if fault.ranges is not None:
        assert seen.ranges == fault.ranges
    if fault.kept:
        assert seen.again == (0, (fault.kept,), [sha256]), "the same command did not go on where it stopped"
