"""A share of what `python -m tests.robustness` does, each time; and that the loop would notice."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from tests.robustness.__main__ import scratch
from tests.robustness.loop import HANG, MEMORY, Result, in_child

FILES = 5_000
SEED = 2026


@pytest.fixture(scope="module")
def result() -> Result:
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        return in_child(Path(folder), SEED, 0, FILES)


def test_damaged_files_are_answered_or_refused_and_nothing_else(result: Result) -> None:
    assert not result.failures, "\n".join(result.failures[:20])
    assert result.files == FILES


def test_the_damage_is_neither_harmless_nor_always_fatal(result: Result) -> None:
    """Else the reader sees the first byte and nothing behind it."""
    from tests.robustness.targets import TARGETS

    for name in TARGETS:
        answered, refused = result.answered[name], result.refused[name]
        assert 0.05 < answered / (answered + refused) < 0.8, (name, answered, refused)


def test_memory_stays_far_below_the_limit(result: Result) -> None:
    assert result.peak < MEMORY


FAULTY = """
from tests.robustness import loop, targets

class Faulty(targets.Target):
    def damage(self, chance):
        self.number = getattr(self, "number", -1) + 1
    def read(self):
        began = loop.time.process_time()
        {fault}

loop.SLOW, loop.HANG = 0.2, {hang}
targets.TARGETS = {{"faulty": (Faulty, 1)}}
loop.main()
"""


@pytest.mark.parametrize(
    ("fault", "noticed"),
    [
        ("{}['x']", "KeyError: 'x' at <string>"),
        ("bytearray(600_000_000)", "MemoryError"),
        ("from builder.errors import OnpageError; raise OnpageError('x' * 5000)", "a sentence of 5000 characters"),
        ("[0 for _ in iter(lambda: loop.time.process_time() < began + 0.3, False)]", "0.3 s"),
        ("loop.os.abort()", "ended the process (-6)"),
        ("loop.os.read(loop.os.pipe()[0], 1)", "ended the process (-14)"),
    ],
)
def test_the_loop_notices_faults_and_goes_on(fault: str, noticed: str, tmp_path: Path) -> None:
    """The fault is in the first case of each process."""
    hang = 0.2 if "pipe" in fault else HANG
    program = (sys.executable, "-c", FAULTY.format(fault=f"if self.number == 0: {fault}", hang=hang))
    result = in_child(tmp_path, 1, 0, 3, program)
    assert result.failures[0].startswith("case 0 of seed 1") and noticed in result.failures[0]
    killed = "process (" in noticed  # each of its processes
    assert len(result.failures) == (3 if killed else 1)
    assert result.answered.total() >= (0 if killed else 2)
