"""The headers of a site of files, from those that the server sent with each: what most have, and where others are sent.

A rule is for one file or for all below a folder, and no two rules of a header meet: hosts differ in which one of two would hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from webapp.cross_origin import METHODS, READABLE
from webapp.cross_origin import SENT as ASKED_WITH
from webapp.export.crawl import CODINGS
from webapp.headers import SECURITY_HEADERS

SENT = (*(name for name, _ in SECURITY_HEADERS), "Cache-Control")


@dataclass(frozen=True)
class Header:
    """One header: `usual`, but for the files and the folders (with a final slash) of `rules`."""

    name: str
    usual: str
    rules: Mapping[str, str]


def headers_of(sent: Mapping[str, Mapping[str, str]]) -> list[Header]:
    """From the headers of each file by its path; none where nothing sends it."""
    found = []
    for name in SENT:
        values = {
            path: {key.lower(): value for key, value in headers.items()}.get(name.lower(), "")
            for path, headers in sent.items()
        }
        usual = Counter(values.values()).most_common(1)[0][0]
        if name == "Cache-Control":
            usual = values["index.html"]  # what a host does with a file that it was told nothing about
        rules = {path: value for path, value in _collapsed(values).items() if value not in ("", usual)}
        if usual or rules:
            found.append(Header(name, usual, rules))
    return found


def allowing(origin: str) -> list[Header]:
    """What lets pages of this origin, or of all (`*`), read the files. A host of files sends every visitor the same, so it is one."""
    return [
        Header("Access-Control-Allow-Origin", origin, {}),
        Header("Access-Control-Expose-Headers", READABLE, {}),
        Header("Access-Control-Allow-Methods", METHODS, {}),
        Header("Access-Control-Allow-Headers", ASKED_WITH, {}),
    ]


def _collapsed(values: Mapping[str, str]) -> dict[str, str]:
    """The same by the highest folders in which all files have one value."""
    below: dict[str, set[str]] = {}
    for path, value in values.items():
        for parent in PurePosixPath(path).parents:
            below.setdefault(parent.as_posix(), set()).add(value)
    rules = {}
    for path, value in values.items():
        parents = [parent.as_posix() for parent in reversed(PurePosixPath(path).parents)][1:]
        highest = next((f"{parent}/" for parent in parents if len(below[parent]) == 1), path)
        rules[highest] = value
    return rules


def content_types(sent: Mapping[str, Mapping[str, str]]) -> tuple[dict[str, str], dict[str, str]]:
    """The media types by suffix (".js"), and by path for files without one."""
    by_suffix: dict[str, str] = {}
    by_path: dict[str, str] = {}
    for path, headers in sent.items():
        suffix = PurePosixPath(path).suffix
        if suffix and suffix in CODINGS:
            continue
        kind = headers["Content-Type"].partition(";")[0]
        if kind == "application/octet-stream":
            continue  # what every host takes a file for; and so no name that a stranger gave a model gets into its settings
        if suffix:
            by_suffix[suffix] = kind
        else:
            by_path[path] = kind
    return by_suffix, by_path
