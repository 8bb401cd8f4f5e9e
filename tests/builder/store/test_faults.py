"""Kills before every system call, two processes at once, a read-only folder, a full disk: what is in the store is always whole."""

from __future__ import annotations

import errno
import hashlib
import multiprocessing
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from builder.errors import OnpageError, OutputError, StoreBusyError, StoreError
from builder.store import Store, folder
from builder.store.checking import check_store
from builder.store.importing import import_file
from builder.synth.web_file import synthesize
from tests.builder.store.conftest import everything, manifest_of, put

FORK = multiprocessing.get_context("fork")
"""A fork has everything imported, so that a thousand of them take seconds."""

HARMLESS = {"stat", "lstat", "fstat", "scandir", "listdir", "fspath", "getpid", "access", "uname", "getuid", "umask"}
"""System calls that change nothing: a kill before one is a kill before the next."""
OLD, NEW, SHARED = b"old weights", b"new weights!", b"shared weights"


def run_until_call(number: int, act: Callable[[], object]) -> int:
    """Runs `act` in a process that kills itself with SIGKILL before its system call `number`; its exit code."""

    def child() -> None:
        calls = 0

        def profile(frame: FrameType, event: str, function: Any) -> None:
            nonlocal calls
            if event == "c_call" and function.__module__ in ("posix", "fcntl") and function.__name__ not in HARMLESS:
                calls += 1
                if calls == number:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(profile)
        act()
        sys.setprofile(None)

    process = FORK.Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode is not None, "it hangs"
    return process.exitcode


def is_sound(store: Store) -> None:
    """No process is at it: every model that is shown is whole, and after the next change nothing else is there."""
    report = check_store(store, [model.manifest.id for model in store.models()])
    assert not report.findings
    with store.changing():
        pass
    assert not check_store(store).findings
    assert not list((store.folder / "unfinished").glob(".*"))


def add_another(store: Store) -> None:
    put(store, "b", NEW)


def add_a_second_id(store: Store) -> None:
    put(store, "b", SHARED)


def replace(store: Store) -> None:
    put(store, "a", NEW, replace=True)


def remove(store: Store) -> None:
    store.remove("a")


def remove_one_of_two(store: Store) -> None:
    store.remove("shared")


@pytest.mark.parametrize(
    ("act", "before", "after"),
    [
        (add_another, {"a": OLD}, {"a": OLD, "b": NEW}),
        (add_a_second_id, {"a": SHARED}, {"a": SHARED, "b": SHARED}),
        (replace, {"a": OLD}, {"a": NEW}),
        (remove, {"a": OLD, "b": NEW}, {"b": NEW}),
        (remove_one_of_two, {"a": SHARED, "shared": SHARED}, {"a": SHARED}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_kill_at_any_moment_leaves_what_was_or_what_should_be(
    store: Store,
    tmp_path: Path,
    act: Callable[[Store], None],
    before: dict[str, bytes],
    after: dict[str, bytes],
) -> None:
    pristine = Store(tmp_path / "pristine")
    for model_id, data in before.items():
        put(pristine, model_id, data)
    seen = []
    for number in range(1, 1000):
        shutil.rmtree(store.folder, ignore_errors=True)
        shutil.copytree(pristine.folder, store.folder)
        code = run_until_call(number, lambda: act(store))
        found = {model.manifest.id: model.path.read_bytes() for model in store.models()}
        assert found in (before, after), f"killed before call {number}"
        is_sound(store)
        seen.append(found)
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert number > 10, "the kills did not happen where the store changes"
    assert seen[0] == before and seen[-1] == after
    assert seen == sorted(seen, key=lambda found: found == after), "once done, it stays done"


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "large-web.task"
    synthesize("layers=2,hidden=512,ffn=2048,vocab=32768", path)
    return path


def test_imports_killed_at_any_time_leave_nothing_and_the_next_succeeds(
    store: Store, tmp_path: Path, model_file: Path
) -> None:
    """The command itself, killed from outside, also while it copies."""
    moved = tmp_path / "moved-web.task"
    environment = os.environ | {"ONPAGE_HOME": str(store.folder)}
    killed = 0
    generator = random.Random(0)
    for attempt in range(12):
        if not moved.exists():
            shutil.copy(model_file, moved)
        command = [sys.executable, "-m", "onpage", "import", moved, *(["--move"] if attempt % 2 else [])]
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            deadline = time.monotonic() + 30
            while not store.folder.exists() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(generator.random() * 0.1)
            process.kill()
        killed += process.returncode == -signal.SIGKILL
        assert moved.exists() or [model.manifest.id for model in store.models()] == ["moved"], "the file is lost"
        is_sound(store)
        shutil.rmtree(store.folder, ignore_errors=True)
    assert killed, "every import was faster than its kill"
    assert import_file(store, model_file).manifest.sha256 == hashlib.sha256(model_file.read_bytes()).hexdigest()


def worker(store: Store, seed: int, rounds: int) -> None:
    generator = random.Random(seed)
    for _ in range(rounds):
        model_id, data = generator.choice("abcd"), generator.choice([OLD, NEW, SHARED])
        try:
            if generator.random() < 0.5:
                put(store, model_id, data, replace=generator.random() < 0.5)
            else:
                store.remove(model_id)
        except StoreError as error:
            assert "No model" in str(error) or "is stored already" in str(error), error
        for model in store.models():
            if model.problem is None and generator.random() < 0.2:
                try:
                    content = model.path.read_bytes()
                except FileNotFoundError:
                    continue  # removed since
                assert hashlib.sha256(content).hexdigest() == model.manifest.sha256


def test_processes_that_add_and_remove_at_once(store: Store) -> None:
    workers = [FORK.Process(target=worker, args=(store, seed, 60)) for seed in range(3)]
    for process in workers:
        process.start()
    victims = 0
    generator = random.Random(1)
    while any(process.is_alive() for process in workers):
        victim = FORK.Process(target=worker, args=(store, 100 + victims, 1000))
        victim.start()
        time.sleep(generator.random() * 0.05)
        victim.kill()
        victim.join(30)
        victims += 1
    for process in workers:
        process.join(60)
        assert process.exitcode == 0
    assert victims
    is_sound(store)


def test_a_lock_ends_with_its_process(store: Store) -> None:
    def hold() -> None:
        with store.workspace("download"), store.changing():
            os.kill(os.getpid(), signal.SIGKILL)

    put(store, "a", OLD)
    process = FORK.Process(target=hold)
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL, "it had both locks"
    with store.workspace("download"):
        store.remove("a")


def test_who_waits_too_long_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "LOCK_SECONDS", 0.1)
    other = Store(store.folder)
    with store.changing(), pytest.raises(StoreBusyError, match="Another onpage process has been changing"):
        other.remove("a")
    with store.workspace("download"):
        started = time.monotonic()
        with pytest.raises(StoreBusyError, match="already working on download"), other.workspace("download", wait=0.5):
            pass
        assert time.monotonic() - started >= 0.5


def as_nobody(act: Callable[[], None]) -> str:
    """What `act` raises, without the rights of root; nothing where it raises nothing."""
    said = FORK.SimpleQueue()

    def child() -> None:
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        try:
            act()
            said.put("")
        except OnpageError as error:
            said.put(str(error))

    process = FORK.Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode == 0
    return str(said.get())


@pytest.fixture
def public_store() -> Iterator[Store]:
    """A store where everybody may look: pytest's own folders are for one user only."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Store(Path(folder) / "store")


def test_a_read_only_folder_can_be_read_and_says_so_otherwise(public_store: Store) -> None:
    store = public_store
    put(store, "a", OLD)
    folders = [store.folder, *(path for path in store.folder.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(0o555)

    def read() -> None:
        assert store.get("a").path.read_bytes() == OLD
        assert not check_store(store).findings

    try:
        assert as_nobody(read) == ""
        for act in (lambda: put(store, "b", NEW), lambda: store.remove("a")):
            said = as_nobody(act)  # type: ignore[arg-type]
            assert said.startswith(f"The store {store.folder} cannot be used: Permission denied")
            assert "Set ONPAGE_HOME to another folder" in said
    finally:
        for path in folders:
            path.chmod(0o755)
    assert store.get("a").is_untouched


def test_a_folder_that_cannot_be_is_one_sentence() -> None:
    for place in ("/dev/null/store", "/proc/store"):
        store = Store.open(Path(place))
        with pytest.raises(StoreError, match=r"The store .* cannot be used: "):
            put(store, "a", OLD)


@pytest.mark.parametrize("call", ["fsync", "pwrite", "replace", "mkdir", "open", "ftruncate"])
def test_a_full_disk_leaves_the_store_as_it_was(store: Store, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    put(store, "a", OLD)
    before, real = everything(store), getattr(os, call)
    told = 0
    for number in range(100):
        calls = iter(range(1000))

        def full(*arguments: Any, calls: Iterator[int] = calls, number: int = number, **named: Any) -> Any:
            if next(calls) == number:
                raise OSError(errno.ENOSPC, "No space left on device", "somewhere")
            return real(*arguments, **named)

        monkeypatch.setattr(os, call, full)
        try:
            put(store, "b", NEW)
        except OnpageError as error:
            monkeypatch.setattr(os, call, real)
            assert "No space left on device" in str(error) or "No room in" in str(error)
            told += 1
            assert [model.manifest.id for model in store.models()] == ["a"]
            is_sound(store)
            assert everything(store) == before
        else:  # there was no such call, or it may fail
            monkeypatch.setattr(os, call, real)
            assert store.remove("b").freed == len(NEW)
            if next(calls) <= number:
                break
    assert told, f"os.{call} was never called"


def test_an_import_that_has_no_room_says_how_much_it_needs(store: Store, model_file: Path) -> None:
    put(store, "a", OLD)
    limit = model_file.stat().st_size // 2
    done = subprocess.run(
        [sys.executable, "-m", "onpage", "import", model_file],
        env=os.environ | {"ONPAGE_HOME": str(store.folder)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert (
        "No room in" in done.stderr
        and "for one file; raise it with ulimit -f, or set" in done.stderr
        and done.stderr.count("\n") == 1
    )
    assert [model.manifest.id for model in store.models()] == ["a"]
    is_sound(store)


def test_a_file_that_changes_while_it_is_copied_is_not_taken(store: Store, tmp_path: Path, model_file: Path) -> None:
    path = tmp_path / "growing-web.task"
    shutil.copy(model_file, path)

    def progress(phase: str, done: int, total: int) -> None:
        with path.open("ab") as file:
            file.write(b"more")

    with pytest.raises((StoreError, OutputError), match="changed while it was read"):
        import_file(store, path, progress=progress)
    assert store.models() == []
    is_sound(store)


def test_a_disk_too_full_for_the_manifest_keeps_the_download(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StoreError, match="No room in"), store.workspace("download") as workspace:
        (workspace / "content").write_bytes(NEW)
        with monkeypatch.context() as patched:
            patched.setattr(os, "ftruncate", full)
            store.add(workspace / "content", manifest_of("b", NEW))
    with store.workspace("download") as workspace:
        assert (workspace / "content").read_bytes() == NEW
        store.add(workspace / "content", manifest_of("b", NEW))
    is_sound(store)


def test_a_lost_bit_is_mended_by_replacing(store: Store) -> None:
    """Neither size nor time tell, so it looks untouched; two models share it."""
    for model_id in ("a", "b"):
        put(store, model_id, OLD)
    content = store.get("a").path
    content.chmod(0o644)
    times = content.stat().st_mtime_ns
    content.write_bytes(OLD.upper())
    os.utime(content, ns=(times, times))
    assert [finding.id for finding in check_store(store).findings] == ["a", "b"]
    put(store, "a", OLD, replace=True)
    is_sound(store)


@pytest.mark.parametrize("move", [False, True])
def test_an_import_that_is_interrupted_leaves_nothing_at_once(
    store: Store, tmp_path: Path, model_file: Path, move: bool
) -> None:
    path = tmp_path / "mine-web.task"
    shutil.copy(model_file, path)

    def interrupt(phase: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_file(store, path, move=move, progress=interrupt)
    assert everything(store) == set()
    assert path.read_bytes() == model_file.read_bytes()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b"null", b"[" * 100_000, b'{"manifest": 2}', b'{"manifest": 1}', b"1" * 200_000],
)
def test_a_damaged_manifest_hides_its_model_and_nothing_else(store: Store, content: bytes) -> None:
    put(store, "a", OLD)
    model = put(store, "b", NEW)
    model.manifest_path.write_bytes(content)
    assert [m.manifest.id for m in store.models()] == ["a"]
    with pytest.raises(StoreError, match=r"The manifest .*b\.json cannot be used .* run onpage remove b"):
        store.get("b")
    put(store, "c", SHARED)
    assert model.path.exists(), "it may be a later onpage's: its content is kept"
    store.remove("b")
    assert not model.path.exists()
    put(store, "b", NEW)
    is_sound(store)
