"""`onpage models`, `import`, `remove` and `verify` as a user runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.model.catalog import checkpoints, published
from builder.store import Store
from builder.synth.web_file import synthesize
from onpage.command import main

Onpage = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def onpage(store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Onpage:
    """Runs the console script with the test's own store, within this process: fifty of them take a second."""
    monkeypatch.setenv("ONPAGE_HOME", str(store.folder))
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # pytest keeps its own

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["onpage", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(sys.argv, int(ended.value.code or 0), out, err)

    return run


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "Small-web.task"
    synthesize("layers=1,vocab=512,context=1024", path)
    return path


@pytest.fixture
def file(pristine: Path, tmp_path: Path) -> Path:
    path = tmp_path / pristine.name
    path.write_bytes(pristine.read_bytes())
    return path


def test_models_lists_what_is_published_and_what_is_stored(onpage: Onpage, file: Path, store: Store) -> None:
    done = onpage("models")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == [*published(), *checkpoints()]
    assert (
        "gemma3-1b-int4\tGemma 3 1B\tint4\t700.4 MB\t32,768\ttext\tgemma\tmediapipe\t133 tok/s, MacBook M4 Max\t"
        in lines
    )
    assert str(store.folder) in done.stderr
    assert not store.folder.exists(), "listing made a folder"
    onpage("import", file)
    assert onpage("models").stdout.splitlines()[-1].startswith("small\tgemma3\tint8\t")
    assert len(onpage("models", "--stored").stdout.splitlines()) == 1
    assert {line.split("\t")[0] for line in onpage("models", "1B").stdout.splitlines()} == {
        "gemma3-1b-int4",
        "gemma3-1b-int8",
        "gemma3-1b-q4_0",
        "llama3.2-1b",
    }
    assert onpage("models", "nothing like it").stdout == ""


def test_an_id_shows_everything_about_the_model(onpage: Onpage, file: Path) -> None:
    shown = onpage("models", "gemma3-1b-int4").stdout
    for expected in (
        "Gemma Terms of Use, https://ai.google.dev/gemma/terms",
        "https://huggingface.co/litert-community/Gemma3-1B-IT",
        "gemma3-1b-it-int4-web.task",
        "4339 tok/s, MacBook M4 Max",
        "temperature 1, top k 64",
    ):
        assert expected in shown
    onpage("import", file)
    assert f"source\t{file}" in onpage("models", "small").stdout


def test_models_for_programs(onpage: Onpage, file: Path) -> None:
    onpage("import", file, "--id", "mine")
    listed = json.loads(onpage("models", "--json").stdout)["models"]
    entries = {entry["id"]: entry for entry in listed}
    assert len(entries) == len(listed) == len(published()) + len(checkpoints()) + 1
    assert entries["gemma4-e2b"]["stored"] is None
    assert entries["gemma4-e2b"]["published"]["family"]["template"]["prefix"] == "<|turn>user\n"
    assert entries["mine"]["published"] is None
    assert entries["mine"]["stored"]["size"] == file.stat().st_size


def test_import_copies_and_says_what_to_do_next(onpage: Onpage, file: Path, store: Store) -> None:
    done = onpage("import", file, "--id", "mine")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "no progress bar where stderr is no terminal"
    assert "next\tonpage serve --model mine" in done.stdout
    model = store.get("mine")
    assert model.path.read_bytes() == file.read_bytes()
    assert model.manifest.template and model.manifest.template.prefix == "<start_of_turn>user\n"
    assert (model.manifest.context, model.manifest.file) == (1024, "Small-web.task")
    assert model.manifest.conversion == {"written_by": "onpage 0.1.0"}
    assert json.loads(onpage("import", file, "--json").stdout)["id"] == "small"


def test_import_can_be_told_what_the_file_does_not_tell(onpage: Onpage, file: Path, store: Store) -> None:
    said = onpage("import", file, "--id", "sees", "--takes", "audio", "--takes", "image").stdout
    assert "text, image, audio" in said
    assert store.get("sees").manifest.modalities == ("text", "image", "audio")
    onpage("import", file, "--id", "reads")
    assert store.get("reads").manifest.modalities is None


def test_import_can_take_the_file_itself(onpage: Onpage, file: Path, store: Store) -> None:
    inode = file.stat().st_ino
    assert onpage("import", file, "--move").returncode == 0
    assert not file.exists()
    assert store.get("small").path.stat().st_ino == inode, "it was copied"


def test_a_link_is_copied_not_moved(onpage: Onpage, file: Path, tmp_path: Path, store: Store) -> None:
    link = tmp_path / "link-web.task"
    link.symlink_to(file)
    assert onpage("import", link, "--move").returncode == 0
    assert file.exists() and link.is_symlink()
    assert store.get("link").path.stat().st_ino != file.stat().st_ino


def test_a_published_file_name_brings_what_the_catalog_knows(onpage: Onpage, file: Path, store: Store) -> None:
    named = file.rename(file.with_name("gemma3-270m-it-q8-web.task"))
    assert onpage("import", named).returncode == 0
    manifest = store.get("gemma3-270m-int8").manifest
    assert manifest.licence == "Gemma Terms of Use"
    assert manifest.sampling.top_k == 64
    assert manifest.context == 1024, "what the file says itself goes first"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "is missing"),
        (b"<html>Sign in</html>", "found a web page"),
        (b"", "found 0 bytes"),
    ],
)
def test_import_refuses_what_is_no_model(
    onpage: Onpage, tmp_path: Path, store: Store, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / "x.task"
    if content is not None:
        path.write_bytes(content)
    done = onpage("import", path)
    assert done.returncode == 1
    assert sentence in done.stderr and done.stderr.count("\n") == 1
    assert not store.folder.exists()


def test_import_refuses_an_id_that_is_taken_before_it_copies(
    onpage: Onpage, file: Path, pristine: Path, store: Store
) -> None:
    onpage("import", file)
    file.write_bytes(pristine.read_bytes() + bytes(16))
    done = onpage("import", file)
    assert done.returncode == 1 and "small is stored already, with other content" in done.stderr
    assert onpage("import", file, "--replace").returncode == 0
    assert store.get("small").manifest.size == file.stat().st_size


@pytest.mark.parametrize(
    ("model_id", "reason"),
    [
        ("../x", "expected lower-case letters"),
        ("", "expected lower-case letters"),
        ("demo", "the model that ships with onpage has it"),
        ("a.task", "commands would take it for a file"),
    ],
)
def test_an_id_that_means_something_else_is_refused(onpage: Onpage, file: Path, model_id: str, reason: str) -> None:
    for command, source in (("import", str(file)), ("fetch", "org/repo/a-web.task")):
        done = onpage(command, source, "--id", model_id)
        assert done.returncode == 1 and f"'{model_id}' cannot be an id: {reason}" in done.stderr


@pytest.mark.parametrize("name", ["a\x1b[31m-web.task", "a\n-web.task"])
def test_a_name_that_no_one_could_type_is_refused_in_a_sentence(onpage: Onpage, file: Path, name: str) -> None:
    moved = file.rename(file.with_name(name))
    done = onpage("import", moved)
    assert done.returncode == 1 and "cannot be taken: its file is" in done.stderr
    assert "Unexpected" not in done.stderr and moved.exists()


def test_remove(onpage: Onpage, file: Path, store: Store) -> None:
    onpage("import", file)
    onpage("import", file, "--id", "second")
    assert onpage("remove", "small").stdout == "small\tremoved, 0.0 MB freed\n"
    assert json.loads(onpage("remove", "second", "--unfinished", "--json").stdout) == {
        "second": file.stat().st_size,
        "unfinished downloads": 0,
    }
    done = onpage("remove", "small")
    assert done.returncode == 1 and "No model 'small' is stored" in done.stderr
    assert onpage("remove").returncode == 2


def test_verify(onpage: Onpage, file: Path, store: Store) -> None:
    assert onpage("verify").returncode == 0
    onpage("import", file)
    onpage("import", file, "--id", "second")
    done = onpage("verify")
    assert done.returncode == 0
    assert [line.split("\t")[:2] for line in done.stdout.splitlines()] == [["second", "sound"], ["small", "sound"]]
    model = store.get("small")
    times = model.path.stat().st_atime_ns, model.path.stat().st_mtime_ns
    model.path.chmod(0o644)
    with model.path.open("r+b") as content:
        content.seek(1000)
        content.write(b"!")
    os.utime(model.path, ns=times)  # so that only its bytes tell
    done = onpage("verify", "small")
    assert done.returncode == 1
    assert done.stdout.startswith("small\tmismatched\tThe content of small has sha256 ")
    assert done.stdout.count("\n") == 1
    model.path.unlink()
    (store.folder / "files" / ("0" * 64)).write_bytes(b"debris")
    (store.folder / "models" / "broken.json").write_bytes(b"{")
    report = json.loads(onpage("verify", "--json").stdout)
    assert [(f["kind"], f["id"]) for f in report["findings"]] == [
        ("manifest", "broken"),
        ("missing", "second"),
        ("missing", "small"),
    ]
    assert "contains an unreadable manifest" in onpage("models", "--stored").stderr
    (store.folder / "models" / "broken.json").unlink()
    assert [f["kind"] for f in json.loads(onpage("verify", "--json").stdout)["findings"]][2:] == ["extra"]
    assert onpage("verify", "nothing").returncode == 1


def test_verify_a_file(onpage: Onpage, file: Path) -> None:
    done = onpage("verify", file)
    assert done.returncode == 0 and done.stdout.startswith(f"{file}\tsound\tsha256 ")
    file.write_bytes(file.read_bytes()[:100_000])
    done = onpage("verify", file)
    assert done.returncode == 1 and "cut short" in done.stderr
