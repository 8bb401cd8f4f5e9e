"""The command as a user runs it, until its page is ready."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.fetch.packaged import FOLDER
from builder.store import Store
from e2e.processes import ONPAGE, started


def store_with(weights: Path, folder: Path) -> Store:
    """A store of its own, where only the weights are, as after the download."""
    store = Store(folder)
    here = store.folder / "checkpoints" / FOLDER / weights.name
    here.parent.mkdir(parents=True)
    here.symlink_to(weights)
    return store


@contextmanager
def page_of(store: Store, command: str, *options: str) -> Iterator[tuple[str, str]]:
    """`onpage COMMAND` that serves the page, ready: its address, and what it printed until then."""
    environment = {**os.environ, "ONPAGE_HOME": str(store.folder), "PYTHONUNBUFFERED": "1"}
    with started([*ONPAGE, command, "--port", "0", *options], environment=environment, in_one=True) as process:
        assert process.stdout
        printed = ""
        while not (found := re.search(r"ready at (http://\S+)", printed)):
            line = process.stdout.readline()
            assert line, printed
            printed += line
        yield found[1], printed
