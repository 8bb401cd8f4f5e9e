"""What keeps the tests quick, and the same wherever they run: one thread for matrices, the longest modules first, Ctrl-C as in a terminal."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

# Read when numpy is loaded, by the programs that tests start as well. The threads of its matrix library, one for each core, wait for
# each other by spinning: beside another worker of `make test`, tests with many small matrices took ten times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell ignores it for what runs in the background, and so would every test of an interrupt and every program that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

LONG = (
    "e2e/exactness/test_exactness.py",
    "e2e/bench/test_interleave.py",
    "e2e/bench/test_run.py",
    "tests/robustness/test_robustness.py",
    "e2e/page/test_adapter.py",
    "e2e/page/test_engines.py",
    "e2e/page/test_failures.py",
    "e2e/page/test_way_through.py",
    "e2e/bench/test_peers.py",
    "e2e/page/test_problems.py",
    "e2e/page/test_storage.py",
    "e2e/exactness/test_lora.py",
)
"""Modules that begin, the longest first: a worker that got one of them last would go on alone. Those of e2e/ follow."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the modules of `LONG` in front, and refuses names with an address: they differ between workers, of which `make test` then starts none."""
    for item in items:
        if " at 0x" in item.nodeid:
            raise pytest.UsageError(f"{item.nodeid}: give its parameters `ids` that are the same in every process.")
    here = Path(__file__).parent
    place = {here / name: index for index, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path, len(LONG)))
