"""Records and results files: the fold of a page's events, and reading and writing files that keep to results.schema.json.

A results file comes from anywhere (a phone, a colleague, a CI cache), so `load_results` trusts nothing of it: its size is
bounded before it is parsed, every value is checked, and what is wrong is one sentence. Writing checks the same.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from builder.errors import ResultsError
from builder.files.reading import NotReadableError, read_bounded, shown
from builder.files.writing import write_beside
from onpage.bench.consistency import inconsistency_of
from onpage.bench.measures import MEASURES, READABLE, UNITS, VERSION

SCHEMA = Path(__file__).with_name("results.schema.json")

MAX_BYTES = 64 << 20
MAX_CONTAINERS, MAX_MEMBERS = 1_000_000, 4_000_000
"""Lists and objects, and commas. A record with 25 answers of 256 pieces has about 7,000 and 13,000."""

LISTS = ("samples", "loads", "notes", "errors")
"""The fields that events append to; the others they set."""
PASSING = ("progress", "turn", "status")
"""Events for whoever listens, which leave nothing in the record."""

MAX_MILLISECONDS, MAX_COUNT = 1e12, 2**53 - 1
"""Of the schema."""

REMOTE = ("playwright", "cdp", "selenium")

Record = dict[str, Any]
"""One record, as the schema has it."""


def now() -> str:
    """This moment, as results files write it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def new_record(plan: Mapping[str, Any]) -> Record:
    """A record before its first event: of a browser that says nothing, this much is known."""
    return {
        "id": uuid4().hex,
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
        "agreement": None,
        "loads": [],
        "first_answer": None,
        "samples": [],
        "memory": None,
        "load": None,
        "bandwidth": None,
        "summary": [],
    }


def fold(record: Record, event: Mapping[str, Any]) -> None:
    """Takes one event of the page into the record. Whether the result keeps to the schema is `problem_of`'s to say."""
    at, value = event["at"], event["value"]
    if at in LISTS:
        record[at].append(value)
    elif at not in PASSING:
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
    if error is not None:
        return _sentence(error)
    records = value["records"] if not part else [value] if part == "record" else []
    return next(filter(None, (_wrong_piece(record, index) for index, record in enumerate(records))), None)


def _wrong_piece(record: Record, index: int) -> str | None:
    """What the schema says of pieces, which are by far the most of a file: its validator would take minutes for them."""
    for number, sample in enumerate(record["samples"]):
        for piece in sample["pieces"]:
            match piece:
                case [int() | float() as time, int() as characters] if (
                    not isinstance(time, bool)
                    and not isinstance(characters, bool)
                    and 0 <= time <= MAX_MILLISECONDS
                    and 0 <= characters <= MAX_COUNT
                ):
                    continue
            return (
                f"records[{index}].samples[{number}].pieces: expected milliseconds and characters, found {shown(piece)}"
            )
    return None


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
        raise ResultsError(
            f"{path} is not a results file of onpage bench: it is not JSON ({error}).", subject=path
        ) from None
    version = value.get("schema") if isinstance(value, dict) else None
    if version not in READABLE:
        raise ResultsError(
            f"{path} is not a results file that this version reads: expected schema {' or '.join(READABLE)}, found "
            f"{shown(version)}. onpage bench run and the download of /bench write such files.",
            subject=path,
        )
    try:
        problem = problem_of(value if version == VERSION else upgraded(value))
    except RecursionError:
        problem = "its values are nested too deeply"
    problem = problem or inconsistency_of(value["records"])
    if problem:
        raise ResultsError(f"{path} is not a valid results file: {problem}.", subject=path)
    return dict(value)


def write_results(path: Path, results: Mapping[str, Any]) -> None:
    """Writes a results file beside `path` and renames it when it keeps to the schema; OutputError where it cannot be written."""
    refuse_unsound(path, results)
    write_sound(path, results)


def refuse_unsound(path: Path | None, value: Any, part: str = "") -> None:
    """ResultsError where what is to be written to `path`, or kept, does not keep to the schema, or to the part of it."""
    problem = problem_of(value, part)
    if problem:
        raise ResultsError(
            f"{path or 'A record'} was not written, because it would not be a valid results file: {problem}.",
            subject=path,
        )


def write_sound(path: Path, results: Mapping[str, Any]) -> None:
    """Writes what is known to keep to the schema, beside `path`, and renames it."""
    text = json.dumps(results, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    with write_beside(path, len(text)) as part:
        part.write_at(0, text)


def upgraded(value: Any) -> Any:
    """A file of version 1, changed in place to what version 2 says of it. Its records had no id: what they measured is one.

    Whatever of it is no such file is left as it is, for the schema to name.
    """
    value["schema"] = VERSION
    records = value.get("records")
    for record in records if isinstance(records, list) else ():
        if isinstance(record, dict):
            measured = [record.get(name) for name in ("started", "plan", "samples", "loads", "first_answer")]
            text = json.dumps(measured, sort_keys=True).encode()
            record["id"] = hashlib.sha256(text).hexdigest()[:32]
            record["summary"] = []
    return value


@cache
def _validator(part: str) -> Draft202012Validator:
    schema = json.loads(SCHEMA.read_bytes())
    del schema["$defs"]["sample"]["properties"]["pieces"]["items"]  # see _wrong_piece
    schema["$defs"] |= {"measure_id": {"enum": list(MEASURES)}, "unit": {"enum": list(UNITS)}}
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
    raise ValueError(f"{constant} is not a number in JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value


def _whole(text: str) -> int:
    if len(text) > 20:
        raise ValueError("a whole number has more than 20 digits")
    return int(text)
