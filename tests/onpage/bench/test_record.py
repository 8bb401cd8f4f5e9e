"""The fold of events, and results files from anywhere: sound ones are read, all others refused in a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from builder.errors import OutputError, ResultsError
from builder.files.writing import check_writable
from onpage.bench.record import SCHEMA, fold, label_of, load_results, new_record, problem_of, write_results
from tests.onpage.bench.results import RECORD, SAMPLE, made_up


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json.loads(SCHEMA.read_bytes()))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_results(path, made_up())
    assert load_results(path) == made_up()


def test_unsound_results_are_not_written(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_results(path, made_up())
    broken = made_up()
    broken["records"][0]["software"] = "no"
    with pytest.raises(ResultsError, match=r"records\[0\]\.software: expected boolean, found 'no'"):
        write_results(path, broken)
    with pytest.raises(OutputError):
        write_results(tmp_path / "none" / "results.json", made_up())
    assert load_results(path) == made_up()
    assert list(tmp_path.iterdir()) == [path]


BREAKS: dict[str, tuple[Callable[[Any], object], str]] = {
    "unknown field": (lambda r: r.update(extra=1), "'extra'"),
    "no records": (lambda r: r.pop("records"), "'records'"),
    "another version": (lambda r: r.update(schema="onpage-bench/2"), "expected schema 'onpage-bench/1'"),
    "negative": (
        lambda r: r["records"][0]["samples"][0].update(ttft=-1),
        r"samples\[0\]\.ttft: -1 does not fit minimum 0",
    ),
    "a text for a number": (lambda r: r["records"][0]["summary"][0].update(median="1"), "expected number, found '1'"),
    "a piece of three": (lambda r: r["records"][0]["samples"][0].update(pieces=[[1, 2, 3]]), r"pieces\[0\]"),
    "a long text": (lambda r: r["records"][0].update(label="x" * 5000), "maxLength 2000"),
    "markup as a hash": (lambda r: r["records"][0]["model"].update(sha256="<script>"), "sha256"),
    "another connection": (lambda r: r["records"][0]["browser"].update(connection="wire"), "expected .*'launched'"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_unsound_files_are_refused(tmp_path: Path, name: str) -> None:
    change, sentence = BREAKS[name]
    results = made_up()
    change(results)
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results))
    with pytest.raises(ResultsError, match=sentence) as caught:
        load_results(path)
    assert len(str(caught.value)) < 600
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "cannot be read as JSON"),
        (b"\xff\xfe", "cannot be read as JSON"),
        (b"[1]", "expected schema"),
        (b"null", "expected schema"),
        (b"[" * 100_000, "cannot be read as JSON"),
        (b"[" * 1_100_000, "would fill the memory"),
        (b'{"schema": NaN}', "NaN is no number"),
        (b'{"schema": 1e999}', "too large"),
        (b'{"schema": ' + b"9" * 10_000 + b"}", "more than 20 digits"),
        (b'{"schema": ["onpage-bench/1"]}', "expected schema"),
    ],
)
def test_what_is_no_results_file_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)
    with pytest.raises(ResultsError, match=sentence):
        load_results(path)


def test_a_missing_file_a_folder_and_a_giant_are_refused(tmp_path: Path) -> None:
    giant = tmp_path / "giant.json"
    with giant.open("wb") as file:
        file.truncate(1 << 30)
    for path, sentence in ((tmp_path / "none.json", "is missing"), (tmp_path, "a folder"), (giant, "larger than")):
        with pytest.raises(ResultsError, match=sentence):
            load_results(path)


def test_events_fold_into_a_record() -> None:
    record = new_record(RECORD["plan"])  # type: ignore[arg-type]
    events = [
        {"at": "progress", "value": {"step": "load", "done": 0, "total": 2, "text": "…"}},
        *(
            {"at": key, "value": RECORD[key]}
            for key in ("label", "browser", "environment", "adapter", "engine", "model")
        ),
        {"at": "software", "value": True},
        {"at": "samples", "value": SAMPLE},
        {"at": "samples", "value": SAMPLE | {"run": 1}},
        {"at": "notes", "value": "512 tokens do not fit"},
        {"at": "status", "value": "complete"},
    ]
    for event in events:
        fold(record, event)
    assert [sample["run"] for sample in record["samples"]] == [0, 1]
    assert record["notes"] == ["512 tokens do not fit"]
    assert "progress" not in record
    assert problem_of(record, "record") is None
    fold(record, {"at": "progres", "value": 1})
    assert "progres" in (problem_of(record, "record") or "")


def test_a_label_says_what_ran_where() -> None:
    assert label_of(made_up()["records"][0]) == "synth int4 · MediaPipe · software GPU · chromium"
    gpu = made_up()["records"][0] | {"software": False}
    gpu["adapter"] |= {"vendor": "nvidia", "architecture": "hopper"}
    assert label_of(gpu) == "synth int4 · MediaPipe · nvidia hopper · chromium"


def test_where_nothing_can_be_written_is_known_before_the_work(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text("before")
    check_writable(path)
    check_writable(tmp_path / "new.json")
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]
    for wrong in (tmp_path, tmp_path / "none" / "results.json", Path("/dev/null")):
        with pytest.raises(OutputError):
            check_writable(wrong)
