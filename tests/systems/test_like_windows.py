"""The commands in a process that meets what Windows has instead of POSIX (`like_windows/sitecustomize.py`), on this machine.

What it cannot show is Windows itself: docs/serve.md says which systems were really run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from builder.store import Store
from tests.adapters import write_adapter
from tests.builder.fetch.hub import FILE, REPO, Hub, closes_after
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.onpage.bench.records import record, results
from tests.webapp.running import everything_from, onpage_serve
from webapp.paths import DEMO, DEMO_GRAPH, DEMO_MODEL

LIKE_WINDOWS = Path(__file__).parent / "like_windows"


def environment(store: Path) -> dict[str, str]:
    return {
        "PYTHONPATH": str(LIKE_WINDOWS),
        "PYTHONIOENCODING": "cp1252",
        "PYTHONUTF8": "0",
        "ONPAGE_HOME": str(store),
        "NO_PROXY": "*",
    }


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


class OnPage:
    """The command; gives what it prints, or the sentence with which it fails."""

    def __init__(self, store: Store) -> None:
        self._environment = os.environ | environment(store.folder)

    def __call__(self, *arguments: object, status: int = 0, **more: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "onpage", *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="cp1252",
            env=self._environment | more,
            timeout=300,
            check=False,
        )
        assert done.returncode == status, done.stderr
        assert "Unexpected" not in done.stderr and "Traceback" not in done.stderr
        return done.stdout if status == 0 else done.stderr


@pytest.fixture
def onpage(store: Store) -> OnPage:
    return OnPage(store)


def test_the_process_really_lacks_what_windows_lacks(tmp_path: Path) -> None:
    program = f"""
import os, signal, tempfile
from pathlib import Path
lacking = [name for name in ("pread", "pwrite", "fchmod", "geteuid", "fork", "sched_getaffinity") if hasattr(os, name)]
lacking += [name for name in ("SIGHUP", "SIGKILL") if hasattr(signal, name)]
for module in ("fcntl", "resource", "pwd"):
    try:
        exec(f"import {{module}}")
    except ModuleNotFoundError:
        continue
    lacking.append(module)
assert lacking == [], lacking
held, folder = Path({str(tmp_path)!r}) / "held", Path({str(tmp_path)!r})
refused = []
with held.open("w") as file:
    for step in (held.unlink, lambda: held.rename(folder / "other"), lambda: os.replace(held, folder / "other")):
        try:
            step()
        except PermissionError:
            refused.append(step)
held.chmod(0o444)
for step in (held.unlink,):
    try:
        step()
    except PermissionError:
        refused.append(step)
with held.open("rb") as file:
    try:
        os.fsync(file.fileno())
    except OSError:
        refused.append(file)
assert len(refused) == 5, refused
with tempfile.TemporaryFile() as file:
    file.write(b"other code is left alone")
"""
    subprocess.run([sys.executable, "-c", program], env=os.environ | environment(tmp_path), check=True, timeout=60)


@pytest.mark.parametrize("path", DEMO, ids=lambda path: path.name)
def test_inspect(onpage: OnPage, path: Path) -> None:
    assert "gemma3" in onpage("inspect", path)


def test_a_checkpoint_becomes_a_model_in_the_store(onpage: OnPage, store: Store, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    write_checkpoint(checkpoint, gemma3_config())
    web, bundle = tmp_path / "small-web.task", tmp_path / "small.litertlm"
    for _ in range(2):  # the second time over the first one's file
        onpage("convert", checkpoint, "-o", web)
    onpage("bundle", web, "-o", bundle)
    onpage("estimate", checkpoint)
    onpage("verify", web, bundle)
    onpage("import", web, "--id", "small")
    onpage("import", web, "--id", "again")
    onpage("import", web, "--id", "small", "--replace")
    onpage("import", bundle, "--id", "bundle", "--move")
    assert not bundle.exists()
    onpage("verify")
    assert "small" in onpage("models")
    for name in ("small", "again"):
        onpage("remove", name)
    assert [path.name for path in (tmp_path / "store/unfinished").iterdir()] == []
    assert len(store.models()) == 1


def test_an_adapter_and_synthetic_models(onpage: OnPage, store: Store, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    write_checkpoint(checkpoint, gemma3_config())
    adapter = write_adapter(tmp_path / "adapter", gemma3_config())
    base, lora = tmp_path / "base-web.task", tmp_path / "adapter-web.bin"
    onpage("convert", checkpoint, "-o", base)
    onpage("convert", checkpoint, "--lora", adapter, "-o", lora)
    onpage("convert", checkpoint, "--merge-lora", adapter, "-o", tmp_path / "merged-web.task")
    with onpage_serve(
        tmp_path, "--model", str(base), "--lora", str(lora), environment=environment(store.folder)
    ) as server:
        (model,) = server.models()
        assert [each["name"] for each in model["adapters"]] == ["adapter"]
    onpage("synth", "layers=1,vocab=512", "-o", tmp_path / "synthetic-web.task")
    onpage("synth", "layers=1,vocab=512", "--format", "gguf", "-o", tmp_path / "synthetic.gguf")
    onpage("synth", "layers=1,vocab=512", "--format", "onnx", "--bits", 4, "-o", tmp_path / "synthetic-onnx")


def test_what_fails_leaves_nothing(onpage: OnPage, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    write_checkpoint(checkpoint, gemma3_config())
    safetensors = next(checkpoint.glob("*.safetensors"))
    with safetensors.open("r+b") as file:
        file.seek(-4000, os.SEEK_END)
        file.write(b"\xff" * 4000)  # not numbers
    before = sorted(path.name for path in tmp_path.iterdir())
    assert "expected finite weights" in onpage("convert", checkpoint, "-o", tmp_path / "out.task", status=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_download_that_was_cut_resumes(onpage: OnPage, store: Store) -> None:
    with closing(Hub(DEMO_MODEL.read_bytes())) as hub:
        settings = {"HF_ENDPOINT": hub.endpoint, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}
        hub.script(cdn=[closes_after(1_000_000), closes_after(1_000_000)])
        said = onpage("fetch", f"{REPO}/{FILE}", "--retries", 0, status=1, **settings)
        assert "1.0 MB are kept" in said
        hub.script()
        onpage("fetch", f"{REPO}/{FILE}", **settings)
        assert [request.range for request in hub.of("cdn")] == ["bytes=1000000-"]
    assert len(store.models()) == 1


def test_serve(store: Store, tmp_path: Path) -> None:
    with onpage_serve(tmp_path, "--model", str(DEMO_GRAPH), environment=environment(store.folder)) as server:
        (model,) = server.models()
        expected = DEMO_GRAPH.read_bytes()[1000:2000]
        answer = everything_from(server.ask(f"GET /{model['url']} HTTP/1.1\r\nRange: bytes=1000-1999"))
        assert answer.startswith(b"HTTP/1.1 206 ") and answer.endswith(expected)
        assert b"<title>" in everything_from(server.ask("GET / HTTP/1.1"))
        server.process.terminate()
        assert server.process.wait(60) == 0
        assert "Traceback" not in server.log.read_text()


def test_a_report_of_measurements(onpage: OnPage, tmp_path: Path) -> None:
    file, report = tmp_path / "results.json", tmp_path / "report.html"
    file.write_text(json.dumps(results(record())), encoding="utf-8")
    for _ in range(2):
        onpage("bench", "report", file, "-o", report)
    assert "<html" in report.read_text(encoding="utf-8")


def test_the_bench_knows_its_machine(tmp_path: Path) -> None:
    program = "from onpage.bench import browser, machine; assert machine.core_count() > 0; browser.flags()"
    subprocess.run([sys.executable, "-c", program], env=os.environ | environment(tmp_path), check=True, timeout=60)
