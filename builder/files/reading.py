"""Reading small files whole, from folders that nobody vouches for: regular files only, and never more than was expected."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any, TypeVar

from builder.errors import CheckpointError

MAX_JSON = 16 << 20

MAX_CONTAINERS, MAX_MEMBERS = 800_000, 2_500_000
"""Lists and objects, and commas, of a JSON file: each takes up to 230 and 60 bytes of memory, however few it takes in the file.
The tokenizer.json of Gemma 3, the largest that there is, has about 520,000 and 1,400,000."""


POINTER = b"version https://git-lfs.github.com/spec"
IS_POINTER = "is a git-lfs pointer, not the file itself: run git lfs pull in its folder, or download the file"


class NotReadableError(Exception):
    """Why a file cannot be read, in words that follow its name: "is missing", "is a folder"."""

    def __init__(self, reason: str, *, missing: bool = False) -> None:
        super().__init__(reason)
        self.missing = missing


def read_bounded(path: Path, most: int) -> bytes:
    """All bytes of a regular file of at most `most`; NotReadableError otherwise. A pipe or a device is not waited for."""
    check_regular(path)
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise NotReadableError(f"cannot be read: {error.strerror}") from None
    if data.startswith(POINTER):
        raise NotReadableError(IS_POINTER)
    if len(data) > most:
        raise NotReadableError(f"is larger than {most:,} bytes, the maximum for such a file")
    return data


def check_regular(path: Path) -> os.stat_result:
    """The status of a regular file (links are followed); NotReadableError where it is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise NotReadableError("is missing", missing=True) from None
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        raise NotReadableError(f"cannot be read: {getattr(error, 'strerror', error)}") from None
    if stat.S_ISDIR(status.st_mode):
        raise NotReadableError("cannot be read: it is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise NotReadableError("cannot be read: it is not a regular file")
    return status


def read_json_object(path: Path, most: int = MAX_JSON) -> dict[str, Any]:
    """A JSON file that holds an object; CheckpointError where it is missing or is something else."""
    return _read_json(path, most, dict, "an object")


def read_json_array(path: Path, most: int = MAX_JSON) -> list[Any]:
    """The same of an array."""
    return _read_json(path, most, list, "an array")


Container = TypeVar("Container", dict[str, Any], list[Any])


def _read_json(path: Path, most: int, kind: type[Container], expected: str) -> Container:
    try:
        data = read_bounded(path, most)
        if data.count(b"[") + data.count(b"{") > MAX_CONTAINERS or data.count(b",") > MAX_MEMBERS:
            raise NotReadableError("holds more values than any model's file, and would fill the memory")
        value = json.loads(data)
    except NotReadableError as error:
        hint = ": a Hugging Face checkpoint needs it" if error.missing else ""
        raise CheckpointError(f"{path} {error}{hint}.", subject=path) from None
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not valid JSON: {error}.", subject=path) from None
    if not isinstance(value, kind):
        raise CheckpointError(f"{path} contains a JSON {type(value).__name__}: expected {expected}.", subject=path)
    return value


def shown(value: Any) -> str:
    """A value from outside, short, for a sentence."""
    try:
        text = repr(value)
    except ValueError:  # a whole number of thousands of digits
        text = "a very large number"
    return shortened(text)


def shortened(text: str, most: int = 120) -> str:
    """At most so many characters of a text that somebody else wrote, for a sentence."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
