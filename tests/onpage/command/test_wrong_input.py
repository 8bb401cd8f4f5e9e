"""What people type by mistake: one sentence that says what is wrong and what to do, and nothing half done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from builder.errors import OutputError, StoreError
from builder.store import Store
from builder.store.importing import import_file
from builder.synth.web_file import synthesize
from tests.forked import onpage


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "m.task"
    synthesize("layers=1", path)
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ("convert", "", "-o", "m.task"),
        ("convert", "c", "-o", ""),
        ("inspect", ""),
        ("import", ""),
        ("bundle", "", "-o", "m.litertlm"),
        ("serve", "--lora", ""),
    ],
)
def test_an_empty_path_is_not_the_current_folder(arguments: tuple[str, ...]) -> None:
    done = onpage(*arguments)
    assert (done.returncode, "found an empty text" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("models", ["", "demo,", ",demo"])
def test_an_empty_model_is_named(models: str, tmp_path: Path) -> None:
    done = onpage("serve", "--port", "0", "--model", models, home=tmp_path)
    assert (done.returncode, f"onpage: {models!r} contains an empty name" in done.stderr) == (1, True), done.stderr


def test_a_command_that_is_nearly_right_is_suggested() -> None:
    for arguments, suggestion in ((("serv",), "serve"), (("bench", "runn"), "run")):
        done = onpage(*arguments)
        assert (done.returncode, f"Did you mean {suggestion}?" in done.stderr) == (2, True), done.stderr
    assert "Did you mean" not in onpage("xyz").stderr


def test_a_dimension_given_twice_is_refused(tmp_path: Path) -> None:
    done = onpage("synth", "layers=1,hidden=128,layers=2", "-o", tmp_path / "m.task")
    assert (done.returncode, "layers is given twice" in done.stderr) == (1, True), done.stderr
    assert not list(tmp_path.iterdir())


def test_a_gguf_is_called_so(tmp_path: Path) -> None:
    done = onpage("synth", "layers=1", "--format", "gguf", "--bits", "q4_0", "-o", tmp_path / "m.task")
    assert (done.returncode, "must end with .gguf" in done.stderr) == (1, True), done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("size", ["8", "0", "999999"])
def test_a_size_without_its_unit_is_asked_about(size: str) -> None:
    done = onpage("estimate", "layers=1", "--gpu-memory", size)
    assert (done.returncode, f"{size} is {size} bytes: add the unit, such as 8GB" in done.stderr) == (2, True)


def test_remove_deletes_all_or_nothing(model: Path, tmp_path: Path) -> None:
    store = Store(tmp_path)
    for name in ("a", "b"):
        import_file(store, model, id=name)
    done = onpage("remove", "a", "typo", "b", home=tmp_path)
    assert done.returncode == 1 and "No model 'typo' is stored in" in done.stderr and "Stored: a, b." in done.stderr
    assert [each.manifest.id for each in store.models()] == ["a", "b"]
    done = onpage("remove", "a", "b", "a", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert store.models() == []


def test_an_empty_store_is_said_to_be_empty(tmp_path: Path) -> None:
    assert "No model is stored." in onpage("models", "--stored", home=tmp_path).stderr
    assert "No model matches this text." in onpage("models", "no such line", home=tmp_path).stderr


def test_a_template_that_is_no_text_is_said_to_be_none(model: Path, tmp_path: Path) -> None:
    (tmp_path / "t.jinja").write_bytes(b"\xff\xfe")
    done = onpage("bundle", model, "-o", tmp_path / "m.litertlm", "--template", tmp_path / "t.jinja")
    assert "t.jinja is not a text in UTF-8" in done.stderr and "codec" not in done.stderr


def test_an_interrupt_while_python_loads_the_command_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt\n")
    done = subprocess.run(
        [sys.executable, "-m", "onpage", "models"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (130, "onpage: interrupted.\n")


def test_no_room_in_the_store_names_the_store(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("builder.files.writing.os.ftruncate", no_room)
    with pytest.raises(StoreError, match=r"No room in the store .*: .* set ONPAGE_HOME to another folder\.") as caught:
        import_file(Store(tmp_path / "store"), model)
    assert "unfinished" not in str(caught.value)
    with pytest.raises(OutputError, match="No room for"):
        synthesize("layers=1", tmp_path / "m.task")
