"""What Linux and macOS have and Windows has not, or has otherwise: the one place that asks for it.

Windows has no reads and writes by position, no permission bits but "read-only", renames and removes nothing that is open or
read-only, and syncs only what is open for writing. Everything else here uses what all three have.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from io import FileIO
from pathlib import Path
from typing import Any

IS_POSIX = hasattr(os, "geteuid")
"""Asked for beside `sys.platform`: mypy knows systems by that one, and the tests take this one away."""

_turn = threading.Lock()
"""Where a position belongs to the file: one seek and the read or write after it at a time."""


def read_at(descriptor: int, count: int, offset: int) -> bytes:
    """At most `count` bytes at `offset`; any thread may call it. Raises OSError."""
    if sys.platform != "win32" and IS_POSIX:
        return os.pread(descriptor, count, offset)
    with _turn:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, count)


def write_at(descriptor: int, data: memoryview, offset: int) -> int:
    """Writes at `offset`, as many bytes as it returns; any thread may call it. Raises OSError."""
    if sys.platform != "win32" and IS_POSIX:
        return os.pwrite(descriptor, data, offset)
    with _turn:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.write(descriptor, data)


def give_usual_permissions(path: Path) -> None:
    """Those that a new file has, after a library made it for its owner only."""
    if IS_POSIX:
        mask = os.umask(0)
        os.umask(mask)
        path.chmod(0o666 & ~mask)


def protect(path: Path) -> None:
    """Makes a file read-only, which nobody is to change. On Windows it could then not be removed or replaced."""
    if IS_POSIX:
        path.chmod(0o444)


def sync_file(path: Path) -> None:
    """Waits until what was written to a file is on the disk; raises OSError."""
    with path.open("rb" if IS_POSIX else "r+b") as file:
        os.fsync(file.fileno())


def forget(file: FileIO, position: int, count: int) -> None:
    """Lets bytes of a file leave the memory: they will not be read again. A hint, which some systems take."""
    if sys.platform == "linux" and hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file.fileno(), position, count, os.POSIX_FADV_DONTNEED)


def limit_memory(most: int) -> str:
    """The beginning of a Python program that may have so many bytes of data, where the system can see to it."""
    if not IS_POSIX:
        return ""
    return f"import resource; resource.setrlimit(resource.RLIMIT_DATA, ({most}, resource.getrlimit(resource.RLIMIT_DATA)[1]))"


def limit_processor(seconds: int) -> str:
    """The beginning of a Python program that may take so many seconds of the processor, where the system can see to it."""
    if not IS_POSIX:
        return ""
    return f"import resource; resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds + 1}))"


def peak_memory() -> int | None:
    """The most bytes that this process has had in memory; None where the system does not say."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux says it of this program; `ru_maxrss` begins with what the parent held
        line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    if sys.platform == "win32" or not IS_POSIX:
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def limit_of_a_file() -> int | None:
    """Bytes that this process may give one file; None where there is no such limit."""
    if sys.platform == "win32" or not IS_POSIX:
        return None
    import resource

    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def core_count() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_root() -> bool:
    """Whether this is the user who may do everything; Windows has none."""
    return sys.platform != "win32" and IS_POSIX and os.geteuid() == 0


def without_our_interrupt() -> dict[str, Any]:
    """For a child process: Ctrl-C in the terminal is for this process alone."""
    if IS_POSIX:
        return {"start_new_session": True}
    return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
