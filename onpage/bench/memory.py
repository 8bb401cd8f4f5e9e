"""How much memory a browser's processes take at most, looked at from outside, and how to be rid of them.

A browser is many processes that share pages. On Linux each shared page is divided among those who share it (proportional set
size), so the sum is what the browser really takes; elsewhere only what is unique to each process (Windows, and macOS where it
is allowed), or else what is resident, which counts shared pages again and again. `how` says which it was. What a graphics
card holds in memory of its own is in none of them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

import psutil

from onpage.bench.drivers import Memory

INTERVAL_SECONDS = 1.0
"""Looking takes a few milliseconds a process, which the engine would otherwise have."""
HOW = {
    "pss": "proportional set size",
    "uss": "memory unique to each process",
    "rss": "resident set size, shared pages counted for each process",
}
END_SECONDS = 5


@dataclass(frozen=True)
class Look:
    """One look at all processes."""

    bytes: int
    kind: str
    processes: dict[str, int]


class MemoryWatch:
    """Looks at the browser whose main process was started by us with `argument`, as long as the block lasts."""

    def __init__(self, argument: str) -> None:
        self.memory = Memory()
        self._argument = argument
        self._task: asyncio.Task[None] | None = None
        self._seen: dict[int, psutil.Process] = {}

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._watch())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def processes(self) -> list[psutil.Process]:
        """Every process of the browser that has been seen, dead ones too, since what outlives its parent is no child any more.

        All processes of the machine are gone through once, and again only for one that has outlived its parent.
        """
        family = psutil.Process().children(recursive=True)  # parents before their children
        for child in family:
            with suppress(psutil.Error):
                if child.pid not in self._seen and (child.ppid() in self._seen or self._argument in child.cmdline()):
                    self._seen[child.pid] = child
        ours = {child.pid for child in family}
        for process in [each for pid, each in self._seen.items() if pid not in ours and each.is_running()]:
            with suppress(psutil.Error):
                self._seen |= {child.pid: child for child in process.children(recursive=True)}
        return list(self._seen.values())

    async def _watch(self) -> None:
        while True:
            look = await asyncio.to_thread(self._look)
            how = f"sum over the browser's processes of the {HOW[look.kind]}, looked at every {INTERVAL_SECONDS:g} s"
            self.memory.look(look.bytes, how, look.processes)
            await asyncio.sleep(INTERVAL_SECONDS)

    def _look(self) -> Look:
        kinds: Counter[str] = Counter()
        measured = [(process, *_memory_of(process)) for process in self.processes()]
        kind = "rss" if any(found == "rss" for _, found, _ in measured) else measured[0][1] if measured else "rss"
        for process, found, size in measured:
            with suppress(psutil.Error):
                kinds[_kind_of(process)] += size if found == kind else process.memory_info().rss
        return Look(sum(kinds.values()), kind, dict(kinds.most_common()))


def end_processes(processes: list[psutil.Process]) -> None:
    """Kills what is left of them, and waits until they are gone."""
    for process in processes:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=END_SECONDS)


def _memory_of(process: psutil.Process) -> tuple[str, int]:
    try:
        full = process.memory_full_info()
    except psutil.NoSuchProcess:
        return "pss" if psutil.LINUX else "uss", 0
    except (psutil.AccessDenied, AttributeError):
        with suppress(psutil.Error):
            return "rss", process.memory_info().rss
        return "rss", 0
    return ("pss", full.pss) if hasattr(full, "pss") else ("uss", full.uss)


def _kind_of(process: psutil.Process) -> str:
    """The browser's word for it: renderer, gpu-process, utility …; `browser` for the main process."""
    kind = next((word for word in process.cmdline() if word.startswith("--type=")), "--type=browser")
    return kind.removeprefix("--type=")
