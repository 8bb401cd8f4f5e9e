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
    "another version": (
        lambda r: r.update(schema="onpage-bench/9"),
        "expected schema onpage-bench/1 or onpage-bench/2, found 'onpage-bench/9'",
    ),
    "negative": (
        lambda r: r["records"][0]["samples"][0].update(ttft=-1),
        r"samples\[0\]\.ttft: -1 does not fit minimum 0",
    ),
    "a text for a number": (lambda r: r["records"][0]["summary"][0].update(typical="1"), "expected number, found '1'"),
    "a piece of three": (
        lambda r: r["records"][0]["samples"][0].update(pieces=[[1, 2, 3]]),
        r"samples\[0\]\.pieces: expected milliseconds and characters, found \[1, 2, 3\]",
    ),
    "a long text": (lambda r: r["records"][0].update(label="x" * 5000), "maxLength 2000"),
    "markup as a hash": (lambda r: r["records"][0]["model"].update(sha256="<script>"), "sha256"),
    "another connection": (lambda r: r["records"][0]["browser"].update(connection="wire"), "expected .*'launched'"),
}


def sample_with(**changes: Any) -> Callable[[Any], object]:
    return lambda results: results["records"][0]["samples"][0].update(changes)


BREAKS |= {
    "a piece that is no list": (sample_with(pieces=[7]), "found 7"),
    "a piece of yesterday": (sample_with(pieces=[[-1, 7]]), "milliseconds and characters"),
    "half a character": (sample_with(pieces=[[1, 0.5]]), "milliseconds and characters"),
    "yes for a time": (sample_with(pieces=[[True, 7]]), "milliseconds and characters"),
    "no piece": (sample_with(pieces=[]), "at least one piece"),
    "no time at all": (
        sample_with(ttft=1e-310, pieces=[[1e-310, 7], [1.0, 7]]),
        "no clock measures a ttft of 1e-310 ms",
    ),
    "a ttft of its own": (sample_with(ttft=50.0), "ttft is 50 ms, and the first piece came after 100 ms"),
    "pieces out of order": (
        sample_with(pieces=[[100.0, 7], [90.0, 7], [200.0, 7], [250.0, 7]]),
        "not in order of time",
    ),
    "all pieces at once": (sample_with(pieces=[[100.0, 7]] * 4), "4 pieces cannot come within 0 ms"),
    "ten times the tokens": (sample_with(tokens=80, counted="tokenizer"), "80 tokens came where the plan asks for 4"),
    "twice the words": (sample_with(tokens=8), "8 words of six letters are not 28 characters"),
    "more at first than in all": (sample_with(first_tokens=5), "the first piece has 5 tokens"),
    "a length that was not asked": (sample_with(prefill=64), "its prompt length 64 is not in the plan"),
    "a prompt beyond the context": (sample_with(prompt_tokens=4096), "does not fit the context of 512"),
    "a load in no time": (
        lambda r: r["records"][0]["loads"][0].update(milliseconds={"bytes": 0, "engine": 0}),
        "a load takes longer than no time",
    ),
    "a record twice": (lambda r: r["records"].append(r["records"][0]), r"records\[1\] is records\[0\] again"),
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
        (b"", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        (b"[1]", "expected schema"),
        (b"null", "expected schema"),
        (b"[" * 100_000, "it is not JSON"),
        (b"[" * 1_100_000, "would fill the memory"),
        (b'{"schema": NaN}', "NaN is not a number"),
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


def test_the_fast_check_of_pieces_is_what_the_schema_says() -> None:
    schema = json.loads(SCHEMA.read_bytes())
    pieces = schema["$defs"]["sample"]["properties"]["pieces"]
    slow = Draft202012Validator({**pieces, "$defs": schema["$defs"]})
    for piece in (
        [1, 2],
        [0.5, 0],
        [1, 2, 3],
        [1],
        [-1, 2],
        [1, -2],
        [1, 2.5],
        [True, 2],
        [1, False],
        ["1", 2],
        [1e13, 2],
        7,
        None,
        {},
    ):
        results = made_up()
        results["records"][0]["samples"][0]["pieces"] = [piece]
        assert (problem_of(results) is None) == slow.is_valid([piece]), piece


def test_a_file_of_version_1_is_read_and_has_ids(tmp_path: Path) -> None:
    """Its records had none: the same record has the same id in every file, and another another."""
    old = made_up() | {"schema": "onpage-bench/1"}
    del old["records"][0]["id"]
    old["records"][0]["summary"] = [{"measure": "ttft", "median": 1}]
    other = made_up()["records"][0] | {"started": "2026-11-22T06:00:00+00:00"}
    del other["id"]
    old["records"].append(other)
    path = tmp_path / "old.json"
    path.write_text(json.dumps(old))
    first, second = load_results(path)["records"]
    assert first["samples"] == made_up()["records"][0]["samples"] and first["summary"] == []
    assert first["id"] != second["id"]
    assert [first["id"], second["id"]] == [one["id"] for one in load_results(path)["records"]]
    path.write_text(json.dumps({"schema": "onpage-bench/1", "records": [7]}))
    with pytest.raises(ResultsError, match="not a valid results file"):
        load_results(path)


def test_every_record_has_an_id_of_its_own() -> None:
    plan: Any = RECORD["plan"]
    assert len({new_record(plan)["id"] for _ in range(100)}) == 100


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
