"""Progress that outlives a kill, and the folder that the adapter is put in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.errors import DataError, OutputError
from builder.tune.result import TunedAdapter, check_output, put_in_place
from builder.tune.state import Evaluation, Progress, check_same_run, state_path

DONE = Progress(
    "ab", 40, 80.0, 4000, (Evaluation(0, 3.0, 0.2), Evaluation(20, 1.5, 0.6, 2.1), Evaluation(40, 1.7, 0.5, 1.0))
)


def made_adapter(folder: Path, weights: bytes = b"12345") -> Path:
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}", encoding="utf-8")
    (folder / "adapter_model.safetensors").write_bytes(weights)
    (folder / "README.md").write_text("[More Information Needed]", encoding="utf-8")
    return folder


def test_progress_comes_back_as_it_was() -> None:
    assert Progress.from_json(json.loads(json.dumps(DONE.to_json()))) == DONE
    assert DONE.best == DONE.evaluations[1]
    assert Progress("ab").best is None


@pytest.mark.parametrize(
    "value", [{}, {"fingerprint": "a"}, {"fingerprint": "a", "evaluations": [{"odd": 1}]}, {"evaluations": [1]}]
)
def test_what_is_no_progress_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(DataError, match="contains no progress"):
        Progress.from_json(value)


def test_a_state_of_another_run_is_not_gone_on_with() -> None:
    check_same_run(DONE, "ab", Path("state"))
    with pytest.raises(DataError, match="at step 40: name another output, or begin anew with --restart"):
        check_same_run(DONE, "cd", Path("state"))


def test_the_state_lies_beside_the_adapter(tmp_path: Path) -> None:
    assert state_path(tmp_path / "my-adapter") == tmp_path / "my-adapter.tuning.pt"


def test_an_adapter_is_put_in_place_of_an_older_one(tmp_path: Path) -> None:
    assert put_in_place(made_adapter(tmp_path / "new"), tmp_path / "adapter") == 5
    assert put_in_place(made_adapter(tmp_path / "new", b"1"), tmp_path / "adapter") == 1
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "adapter",
        "adapter_config.json",
        "adapter_model.safetensors",
    ]


def test_others_may_read_it_as_any_new_file(tmp_path: Path) -> None:
    made = made_adapter(tmp_path / "new")
    (made / "adapter_model.safetensors").chmod(0o600)  # as safetensors leaves it
    put_in_place(made, tmp_path / "adapter")
    usual = tmp_path / "usual"
    usual.write_bytes(b"")
    assert (tmp_path / "adapter" / "adapter_model.safetensors").stat().st_mode == usual.stat().st_mode


def test_what_is_no_adapter_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"1")
    (tmp_path / "file").write_bytes(b"1")
    for name in ("photos", "file"):
        with pytest.raises(OutputError, match="exists and is not an adapter"):
            check_output(tmp_path / name)
    with pytest.raises(OutputError, match="is not a folder"):
        check_output(tmp_path / "none" / "adapter")
    (tmp_path / "empty").mkdir()
    made_adapter(tmp_path / "adapter")
    for name in ("empty", "adapter", "new"):
        check_output(tmp_path / name)


def test_the_result_says_what_came_of_it() -> None:
    tuned = TunedAdapter.of(Path("adapter"), 5_900_000, DONE, 180, 20, ())
    rows = dict(tuned.rows())
    assert rows["size"] == "5.9 MB" and rows["time"] == "1:20, 40 steps, 50 tokens/s"
    assert rows["loss on those set aside"] == "3.000 before, 1.500 after step 20"
    assert rows["likeliest token right"] == "20.0% before, 60.0% after"
    assert json.loads(json.dumps(tuned.to_json()))["evaluations"][1]["loss"] == 1.5
