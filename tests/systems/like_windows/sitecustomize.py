"""Makes a process on Linux meet what onpage would meet on Windows. Loaded by Python itself at its start, before anything else.

For the code of this project only (the standard library and the dependencies know their Windows themselves):

- functions, constants, signals and modules that Windows lacks are not there;
- a file that is open cannot be renamed, replaced or removed, a read-only one neither replaced nor removed;
- nothing is renamed to a name that is taken: that is what `replace` is for;
- what is open for reading only cannot be synced to the disk.
"""

# ruff: noqa: PTH115, PTH116, PTH208

from __future__ import annotations

import builtins
import errno
import fcntl
import os
import stat
import sys
from types import ModuleType
from typing import Any

from lacking import LACKING, MODULES

OURS = ("builder", "webapp", "onpage", "__main__")


def asked_by_us(depth: int = 2) -> bool:
    name = sys._getframe(depth).f_globals.get("__name__", "")
    return name.split(".")[0] in OURS


def take_away(module: ModuleType, names: frozenset[str]) -> None:
    class Lacking(ModuleType):
        def __getattribute__(self, name: str) -> Any:
            if name in names and asked_by_us():
                raise AttributeError(f"module {module.__name__!r} has no attribute {name!r} (as on Windows)")
            return super().__getattribute__(name)

    module.__class__ = Lacking


real_import = builtins.__import__


def import_as_on_windows(name: str, globals: Any = None, *rest: Any, **more: Any) -> Any:
    if name in MODULES and globals and globals.get("__name__", "").split(".")[0] in OURS:
        raise ModuleNotFoundError(f"No module named {name!r} (as on Windows)", name=name)
    return real_import(name, globals, *rest, **more)


def open_flags(path: str) -> list[int]:
    """How this process has a file open."""
    try:
        wanted = os.stat(path)
    except OSError:
        return []
    if not stat.S_ISREG(wanted.st_mode):
        return []
    flags = []
    for entry in os.listdir("/proc/self/fd"):
        try:
            found = os.fstat(int(entry))
            if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
                flags.append(fcntl.fcntl(int(entry), fcntl.F_GETFL))
        except OSError:
            continue
    return flags


def on_our_behalf() -> bool:
    """Whether the file is ours: `tempfile` removes what it has open by other means on Windows, and caches write as they like."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name in ("tempfile", "importlib._bootstrap_external", "_frozen_importlib_external"):
            return False
        if name.split(".")[0] in OURS:
            return True
        frame = frame.f_back
    return False


def refuse(path: Any, *, read_only_too: bool) -> None:
    path = os.fspath(path)
    if open_flags(path):
        raise PermissionError(errno.EACCES, "The process cannot access the file because it is being used", path)
    try:
        status = os.lstat(path)
    except OSError:
        return
    if read_only_too and stat.S_ISREG(status.st_mode) and not status.st_mode & stat.S_IWUSR:
        raise PermissionError(errno.EACCES, "Access is denied", path)


def guard_files() -> None:
    replace, rename, unlink, fsync = os.replace, os.rename, os.unlink, os.fsync

    def moving(real: Any) -> Any:
        def moved(source: Any, target: Any, **more: Any) -> None:
            if on_our_behalf():
                refuse(source, read_only_too=False)
                refuse(target, read_only_too=True)
                if real is rename and os.path.lexists(target):
                    raise FileExistsError(errno.EEXIST, "Cannot create a file when that file already exists", target)
            real(source, target, **more)

        return moved

    def removed(path: Any, *, dir_fd: int | None = None) -> None:
        if on_our_behalf():
            whole = path if dir_fd is None else f"{os.readlink(f'/proc/self/fd/{dir_fd}')}/{os.fspath(path)}"
            refuse(whole, read_only_too=True)
        unlink(path, dir_fd=dir_fd)

    def synced(descriptor: int) -> None:
        if on_our_behalf() and fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor (as on Windows)")
        fsync(descriptor)

    os.replace, os.rename, os.fsync = moving(replace), moving(rename), synced
    os.unlink = os.remove = removed


guard_files()
for module_name, lacking in LACKING.items():
    take_away(__import__(module_name), lacking)
builtins.__import__ = import_as_on_windows
