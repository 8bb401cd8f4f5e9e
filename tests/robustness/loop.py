"""One process that tries case after case, under a limit of memory and a limit of time for each.

What a case raises is counted and the loop goes on. What kills the process (a crash of native code, a hang) leaves the
number of the case in the progress file, and whoever started the process goes on after it.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.memory import peak_memory

MEMORY = 500_000_000
"""Bytes of data that the process may have, all told."""

HANG = 60
"""Seconds after which a case is taken for a hang; none takes one."""

SLOW = 5.0
"""Seconds of processor time that no case may take: those of the clock also count what else the machine does."""

LONGEST_SENTENCE = 4000


@dataclass
class Result:
    """What came of some cases."""

    answered: Counter[str] = field(default_factory=Counter)
    """By target: read without complaint."""
    refused: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_case: str = ""
    peak: int = 0
    """Bytes of resident memory, at most."""
    peak_case: str = ""

    @property
    def files(self) -> int:
        """Cases that ended."""
        return self.answered.total() + self.refused.total() + len(self.failures)

    def add(self, other: Result) -> None:
        """Sums up."""
        self.answered += other.answered
        self.refused += other.refused
        self.failures += other.failures
        self.seconds += other.seconds
        if other.slowest > self.slowest:
            self.slowest, self.slowest_case = other.slowest, other.slowest_case
        if other.peak > self.peak:
            self.peak, self.peak_case = other.peak, other.peak_case


def target_of(chance: Random) -> str:
    """The name of a case's target, drawn by the shares."""
    from tests.robustness.targets import TARGETS

    return chance.choices(list(TARGETS), [share for _, share in TARGETS.values()])[0]


def run(folder: Path, seed: int, first: int, count: int) -> Result:
    """Tries `count` cases from number `first`."""
    from builder.errors import OnpageError
    from builder.model import tokenizer
    from tests.robustness.targets import made

    targets = made(folder)
    tokenizer._loads = _forked_trial(tokenizer._loads)  # type: ignore[assignment]
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    faulthandler.enable()
    faulthandler.register(signal.SIGALRM, chain=True)  # which then ends the process
    result = Result(peak=peak_memory())
    progress = os.open(folder / "progress", os.O_RDWR | os.O_CREAT)
    started = time.monotonic()
    for number in range(first, first + count):
        os.pwrite(progress, number.to_bytes(8, "little"), 0)
        chance = Random(f"{seed}:{number}")
        name = target_of(chance)
        case = f"case {number} of seed {seed} ({name})"
        targets[name].damage(chance)
        signal.setitimer(signal.ITIMER_REAL, HANG)
        began = time.process_time()
        try:
            targets[name].read()
            result.answered[name] += 1
        except OnpageError as error:
            sentence = str(error)
            if not sentence.strip() or len(sentence) > LONGEST_SENTENCE:
                result.failures.append(f"{case}: a sentence of {len(sentence)} characters: {sentence[:200]!r}")
            else:
                result.refused[name] += 1
        except BaseException as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            result.failures.append(f"{case}: {type(error).__name__}: {error!s:.200} at {where.filename}:{where.lineno}")
        took = time.process_time() - began
        signal.setitimer(signal.ITIMER_REAL, 0)
        if took > result.slowest:
            result.slowest, result.slowest_case = took, case
        if took > SLOW:
            result.failures.append(f"{case}: {took:.1f} s")
        peak = peak_memory()
        if peak > result.peak:
            result.peak, result.peak_case = peak, case
    result.seconds = time.monotonic() - started
    os.close(progress)
    return result


def _forked_trial(real: Callable[[bytes], bool]) -> Callable[[bytes], bool]:
    """The trial load of a tokenizer in a forked child: as safe as a fresh Python, and thirty times faster.

    One in a hundred goes the real way.
    """
    import sentencepiece

    known: dict[int, bool] = {}

    def loads(data: bytes) -> bool:
        key = zlib.crc32(data)
        if key in known:
            return known[key]
        if key % 100 == 0:
            return real(data)
        child = os.fork()
        if not child:
            with suppress(BaseException):
                os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
                for crash in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL):
                    signal.signal(crash, signal.SIG_DFL)
                sentencepiece.SentencePieceProcessor().LoadFromSerializedProto(data)
                os._exit(0)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        if len(known) < 100:
            known[key] = status == 0
        return status == 0

    return loads


PROGRAM = (sys.executable, "-m", "tests.robustness.loop")


def in_child(folder: Path, seed: int, first: int, count: int, program: tuple[str, ...] = PROGRAM) -> Result:
    """As `run`, in processes of their own: one is started again after a case that kills it."""
    total = Result()
    end = first + count
    while first < end:
        command = [*program, *map(str, (folder, seed, first, end - first))]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"}
        )
        if done.returncode == 0:
            part: dict[str, Any] = json.loads(done.stdout)
            part |= {key: Counter(part[key]) for key in ("answered", "refused")}
            total.add(Result(**part))
            break
        progress = folder / "progress"
        if not progress.exists():
            raise RuntimeError(done.stderr)
        number = int.from_bytes(progress.read_bytes(), "little")
        total.failures.append(
            f"case {number} of seed {seed} ended the process ({done.returncode}): {done.stderr[-600:]}"
        )
        first = number + 1
    return total


def main() -> None:
    """Folder, seed, first case, number of cases → the result as JSON."""
    [place, *numbers] = sys.argv[1:]
    print(json.dumps(vars(run(Path(place), *map(int, numbers)))))


if __name__ == "__main__":
    main()
