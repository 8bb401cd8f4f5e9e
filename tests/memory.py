"""How much memory a process took."""

from __future__ import annotations

import re
from pathlib import Path


def peak_memory() -> int:
    """Bytes that this process held at most. Not `ru_maxrss`: that begins with what the parent held when it forked."""
    found = re.search(r"^VmHWM:\s*(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    if found is None:
        raise OSError("/proc/self/status has no VmHWM: these figures need Linux")
    return int(found[1]) * 1024
