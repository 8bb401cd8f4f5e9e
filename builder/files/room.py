"""Why a file has no room, and what makes some: a full disk, a quota, or a limit of one file's size."""

from __future__ import annotations

import errno
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from builder.files.systems import limit_of_a_file

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class Lack:
    """What is wrong, in words such as "it needs 5.0 MB, and 2.0 MB are free there", and what a person can do about it there."""

    what: str
    remedy: str

    def or_else(self, another: str) -> str:
        """The end of a sentence, with another way out, such as "choose another folder"."""
        return f"{self.what}; {self.remedy}, or {another}."


def lack_on_disk(folder: Path, needed: int, *, spare: int = 0, more: bool = False) -> Lack | None:
    """What the disk of `folder`, which need not be there yet, lacks for `needed` bytes and `spare` that stay free; None where there is
    room, or the file system does not say.

    `more`: a part of the file is there already.
    """
    usage = _usage(folder)
    if usage is None or usage[1] >= needed + spare:
        return None
    beside = f" and {_megabytes(spare)} to spare" if spare else ""
    return Lack(
        f"it needs {_megabytes(needed)}{' more' if more else ''}{beside}, and {_megabytes(usage[1])} are free there",
        "free some space",
    )


def lack_of(error: OSError, folder: Path, needed: int | None = None, *, more: bool = False) -> Lack | None:
    """What the system says was lacking when it refused to write a file in `folder`; None where the error is about something else.

    `needed`: the bytes of the file, or of what is missing of it (`more`), where they are known.
    """
    if error.errno not in FULL:
        return None
    needs = f"it needs {_megabytes(needed)}{' more' if more else ''}" if needed is not None else ""
    beyond = f"{needs}, beyond" if needs else "it comes to more than"
    if error.errno == errno.EDQUOT:
        return Lack(f"{beyond} your quota there", "delete files of yours there")
    if error.errno == errno.EFBIG:
        limit = limit_of_a_file()
        if limit is None:
            return Lack(f"{beyond} the largest file there", "use a disk with another file system")
        return Lack(f"{beyond} the limit of {_megabytes(limit)} for one file", "raise it with ulimit -f")
    found = lack_on_disk(folder, needed or 0, more=more)
    if found:
        return found
    usage = _usage(folder)
    full = f"{needs}, and the disk takes no more" if needs else "the disk takes no more"
    # no more files, perhaps, or what is free is kept for others
    return Lack(f"{full}, though {_megabytes(usage[1])} are free there" if usage else full, "delete files there")


def _usage(folder: Path) -> tuple[int, int] | None:
    """(bytes in all, bytes free) on its disk; None where the file system does not say."""
    place = next((each for each in (folder, *folder.absolute().parents) if each.exists()), None)
    with suppress(OSError):
        usage = shutil.disk_usage(place or ".")
        return (usage.total, usage.free) if usage.total else None
    return None


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
