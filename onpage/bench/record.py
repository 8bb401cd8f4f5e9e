"""Records and results files: the fold of a page's events, and reading and writing files that keep to results.schema.json.

A results file comes from anywhere (a phone, a colleague, a CI cache), so `load_results` trusts nothing of it: its size is
bounded before it is parsed, every value is checked, and what is wrong is one sentence. Writing checks the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from builder.errors import ResultsError
from builder.files.reading import NotReadableError, read_bounded, shown
from builder.files.writing import write_beside

SCHEMA = Path(__file__).with_name("results.schema.json")
VERSION = "onpage-bench/1"

MAX_BYTES = 64 << 20
MAX_CONTAINERS, MAX_MEMBERS = 1_000_000, 4_000_000
"""Lists and objects, and commas. A record with 25 answers of 256 pieces has about 7,000 and 13,000."""

LISTS = ("samples", "loads", "notes", "errors")
"""The fields that events append to; the others they set."""

REMOTE = ("playwright", "cdp", "selenium")

Record = dict[str, Any]
"""One record, as the schema has it."""


def now() -> str:
    """This moment, as results files write it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def new_record(plan: Mapping[str, Any]) -> Record:
    """A record before its first event: of a browser that says nothing, this much is known."""
    return {
        "label": "",
        "started": now(),
        "browser": None,
        "environment": None,
        "adapter": None,
        "software": False,
        "engine": {"id": plan["engine"], "name": plan["engine"], "backend": "", "package": None, "version": None},
        "model": {},
        "plan": dict(plan),
        "status": "failed",
        "errors": [],
        "notes": [],
        "correctness": {"ok": None, "expected": None, "found": None, "tokens": None},
        "loads": [],
        "first_answer": None,
        "samples": [],
        "memory": None,
        "bandwidth": None,
        "summary": [],
    }


def fold(record: Record, event: Mapping[str, Any]) -> None:
    """Takes one event of the page into the record. Whether the result keeps to the schema is `problem_of`'s to say."""
    at, value = event["at"], event["value"]
    if at in LISTS:
        record[at].append(value)
    elif at != "progress":
        record[at] = value


def label_of(record: Record) -> str:
    """What tables call a record: model, engine and where it ran."""
    model, adapter, browser = record["model"], record["adapter"], record["browser"]
    name = " ".join(text for text in (model["name"], model["quantization"]) if text)
    if record["engine"]["backend"] == "CPU":
        where = "CPU"
    elif record["software"]:
        where = "software GPU"
    else:
        where = " ".join(text for text in ((adapter["vendor"], adapter["architecture"]) if adapter else ()) if text)
    parts = [name, record["engine"]["name"], where, browser["name"] if browser else ""]
    if browser and browser["connection"] in REMOTE:
        parts.append(urlsplit(browser["origin"]).netloc)
    return " · ".join(part for part in parts if part)


def problem_of(value: Any, part: str = "") -> str | None:
    """What keeps a results file (or, with `part`, one of the schema's $defs) from being one: where, found, expected."""
    error = best_match(_validator(part).iter_errors(value))
    return None if error is None else _sentence(error)


def load_results(path: Path) -> dict[str, Any]:
    """A results file that keeps to the schema; ResultsError says in a sentence why a file is none."""
    try:
        data = read_bounded(path, MAX_BYTES)
        if data.count(b"[") + data.count(b"{") > MAX_CONTAINERS or data.count(b",") > MAX_MEMBERS:
            raise NotReadableError("holds more values than any results file, and would fill the memory")
        value = json.loads(data, parse_constant=_refuse, parse_float=_finite, parse_int=_whole)
    except NotReadableError as error:
        raise ResultsError(f"{path} {error}.", subject=path) from None
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{path} cannot be read as JSON: {error}.", subject=path) from None
    version = value.get("schema") if isinstance(value, dict) else None
    if version != VERSION:
        raise ResultsError(
            f"{path} is no results file that this onpage reads: expected schema {VERSION!r}, found {shown(version)}; "
            f"onpage bench run and the page's download write one.",
            subject=path,
        )
    try:
        problem = problem_of(value)
    except RecursionError:
        problem = "its values are nested too deeply"
    if problem:
        raise ResultsError(f"{path} is no sound results file: {problem}.", subject=path)
    return dict(value)


def write_results(path: Path, results: Mapping[str, Any]) -> None:
    """Writes a results file beside `path` and renames it when it keeps to the schema; OutputError where it cannot be written."""
    problem = problem_of(results)
    if problem:
        raise ResultsError(f"{path} was not written, for it would be no sound results file: {problem}.", subject=path)
    text = json.dumps(results, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    with write_beside(path, len(text)) as part:
        part.write_at(0, text)


@cache
def _validator(part: str) -> Draft202012Validator:
    schema = json.loads(SCHEMA.read_bytes())
    return Draft202012Validator({**schema["$defs"][part], "$defs": schema["$defs"]} if part else schema)


def _sentence(error: ValidationError) -> str:
    where = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in error.absolute_path).lstrip(".")
    found = shown(error.instance)
    match error.validator:
        case "type":
            kinds = error.validator_value
            expected = f"expected {kinds if isinstance(kinds, str) else ' or '.join(kinds)}, found {found}"
        case "enum" | "const":
            expected = f"expected {shown(error.validator_value)}, found {found}"
        case "required" | "additionalProperties":
            expected = shown(error.message)[1:-1]
        case _:
            expected = f"{found} does not fit {error.validator} {shown(error.validator_value)}"
    return f"{where or 'it'}: {expected}"


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value


def _whole(text: str) -> int:
    if len(text) > 20:
        raise ValueError("a whole number has more than 20 digits")
    return int(text)
