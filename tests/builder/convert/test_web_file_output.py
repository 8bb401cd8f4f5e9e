"""Where a web file is written: never over the checkpoint, never half, with what is needed said before the work."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from io import FileIO
from pathlib import Path

import pytest

from builder.convert import read_back as verify
from builder.convert.web_file import convert_checkpoint
from builder.errors import OutputError
from builder.files import writing
from builder.formats.web_file_reader import WebFile
from tests.checkpoints import (
    write_checkpoint,
)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.model", "config.json"])
def test_the_checkpoint_is_never_the_output(tmp_path: Path, name: str) -> None:
    folder = write_checkpoint(tmp_path / "c")
    before = (folder / name).read_bytes()
    (tmp_path / "link").symlink_to(folder / name)
    for output in (folder / name, tmp_path / "link"):
        with pytest.raises(OutputError, match="is part of the checkpoint"):
            convert_checkpoint(folder, output)
    assert (folder / name).read_bytes() == before


def test_pipes_and_devices_are_not_replaced_and_links_stay_links(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c")
    os.mkfifo(tmp_path / "pipe")
    for output in (tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(OutputError, match="is a device or a pipe"):
            convert_checkpoint(folder, output)
    (tmp_path / "link.task").symlink_to(tmp_path / "real.task")
    convert_checkpoint(folder, tmp_path / "link.task")
    assert (tmp_path / "link.task").is_symlink() and (tmp_path / "real.task").is_file()


def test_the_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "any").touch()
    convert_checkpoint(write_checkpoint(tmp_path / "c"), tmp_path / "m.task")
    assert (tmp_path / "m.task").stat().st_mode == (tmp_path / "any").stat().st_mode


def test_unwritable_targets_are_named(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c")
    with pytest.raises(OutputError, match="does not exist: create the folder first"):
        convert_checkpoint(folder, tmp_path / "none/m.task")
    with pytest.raises(OutputError, match="is a folder"):
        convert_checkpoint(folder, tmp_path)
    with pytest.raises(OutputError, match="cannot be written"):
        convert_checkpoint(folder, Path("/proc/m.task"))


def test_a_full_disk_leaves_nothing_and_says_how_much_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_checkpoint(tmp_path / "c")
    calls = iter(range(1000))
    real = os.pwrite

    def full(*arguments: object) -> int:
        if next(calls) == 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "pwrite", full)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(
        OutputError,
        match=r"No room for .*: it needs 1\.8 MB, and the disk takes no more, though [\d,.]+ MB are free there; delete",
    ):
        convert_checkpoint(folder, out / "m.task")
    assert not list(out.iterdir())


def test_a_limit_of_the_file_size_is_met_before_the_work(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c")
    done = subprocess.run(
        [sys.executable, "-m", "onpage", "convert", folder, "-o", tmp_path / "m.task"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"onpage: No room for {tmp_path}/m.task: it needs 1.8 MB, beyond the limit of 1.0 MB for one file; raise it with ulimit -f, "
        f"or choose another folder.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_what_reads_back_otherwise_than_it_was_written_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_checkpoint(tmp_path / "c")
    real = os.pwrite
    calls = iter(range(1000))

    def flips_a_bit(descriptor: int, data: memoryview, offset: int) -> int:
        if next(calls) == 30:
            data = memoryview(bytes([data[0] ^ 1]) + bytes(data[1:]))
        return real(descriptor, data, offset)

    monkeypatch.setattr(os, "pwrite", flips_a_bit)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(OutputError, match="does not read back as it was written"):
        convert_checkpoint(folder, out / "m.task")
    assert not list(out.iterdir())


def test_a_header_that_lost_a_tensor_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = WebFile.open

    def forgets(path: Path) -> WebFile:
        file = real(path)
        file.tensors.pop("params.lm.final_ln.scale")
        return file

    monkeypatch.setattr(verify.WebFile, "open", forgets)
    with pytest.raises(OutputError, match="does not list the tensors"):
        convert_checkpoint(write_checkpoint(tmp_path / "c"), tmp_path / "m.task")
    assert not (tmp_path / "m.task").exists()


def test_an_interrupt_as_the_part_is_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One came between the making of the file and the note of its name."""

    def makes_a_file(file: Path, mode: str) -> FileIO:
        FileIO(file, mode).close()
        raise KeyboardInterrupt

    mkdir = Path.mkdir

    def makes_a_folder(folder: Path) -> None:
        mkdir(folder)
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "FileIO", makes_a_file)
    monkeypatch.setattr(Path, "mkdir", makes_a_folder)
    for beside in (writing.write_beside(tmp_path / "m.task", 10), writing.folder_beside(tmp_path / "m.task")):
        with pytest.raises(KeyboardInterrupt), beside:
            pass
    assert not list(tmp_path.iterdir())


WRITES_SLOWLY = """
import os, time
from onpage.command import main
write = os.pwrite
os.pwrite = lambda *arguments: (time.sleep(0.1), write(*arguments))[1]
main()
"""
"""The command, which takes half a minute at least for a model of 500 tensors."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", WRITES_SLOWLY, "synth", "layers=24,hidden=64,vocab=1024", "-o", out / "m.task"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        # a shell's background job ignores Ctrl-C
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    ) as process:
        while not list(out.iterdir()) and process.poll() is None:
            time.sleep(0.01)
        assert list(out.iterdir()), "it did not begin to write"
        process.send_signal(number)
        _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "interrupted" in stderr and "Traceback" not in stderr
    assert not list(out.iterdir())
