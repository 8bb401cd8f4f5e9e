"""What a results file says of where and with what it was made: machine, commit, versions. Nothing here fails: what cannot be
found out is null or empty."""

from __future__ import annotations

import csv
import platform
import shutil
import subprocess
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

import builder
from builder.files.systems import core_count

ROOT = Path(builder.__file__).parent.parent
"""The checkout; in an installed wheel, site-packages."""
PACKAGES = ("playwright", "psutil", "selenium")
SECONDS = 15
DRM = Path("/sys/class/drm")


def onpage() -> dict[str, Any]:
    """Version, commit and packages."""
    commit, modified = _commit()
    versions = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return {
        "version": builder.__version__,
        "commit": commit,
        "modified": modified,
        "packages": {"python": platform.python_version()} | versions,
    }


def machine() -> dict[str, Any]:
    """The machine of this process."""
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": core_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "gpus": gpus(),
    }


def gpus() -> list[str]:
    """The graphics cards that the system knows. Empty on macOS and Windows, which always have one."""
    nvidia = _nvidia()
    return nvidia + [card for card in _cards() if not (nvidia and "10de" in card)]


def _commit() -> tuple[str | None, bool | None]:
    if not (ROOT / ".git").exists():
        return None, None
    commit = _said_by("git", "-C", str(ROOT), "rev-parse", "HEAD")
    changes = _said_by("git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no")
    return (commit.strip() if commit else None), (None if changes is None else bool(changes.strip()))


def _nvidia() -> list[str]:
    said = _said_by("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")
    rows = csv.reader((said or "").splitlines(), skipinitialspace=True)
    return [f"{row[0]}, {row[1]}, driver {row[2]}" for row in rows if len(row) == 3]


def _cards() -> list[str]:
    """Linux names a card by its vendor's and its own number; only those with a render node can compute."""
    cards = []
    for node in sorted(DRM.glob("renderD*")):
        with suppress(OSError):
            vendor, device = (
                (node / "device" / name).read_text(encoding="utf-8").strip()[2:] for name in ("vendor", "device")
            )
            cards.append(f"PCI {vendor}:{device}")
    return cards


def _processor() -> str:
    if platform.system() == "Linux":
        with suppress(OSError):
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    if platform.system() == "Darwin":
        return (_said_by("sysctl", "-n", "machdep.cpu.brand_string") or platform.processor()).strip()
    return platform.processor() or platform.machine()


def _said_by(*command: str) -> str | None:
    program = shutil.which(command[0])
    if program is None:
        return None
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            [program, *command[1:]],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
        return done.stdout if done.returncode == 0 else None
    return None
