"""`onpage bench run` up to where it would start a browser; e2e/bench goes on from there."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from builder.errors import BenchError
from onpage.bench import machine
from onpage.bench.browser import GPU_WEBGPU, SOFTWARE_WEBGPU
from onpage.bench.browsers import launch_flags, remote_options
from onpage.bench.jobs import chosen_engines, jobs_of
from onpage.bench.measured_models import BenchModel
from onpage.bench.options import Listener, Options
from onpage.bench.record import problem_of
from onpage.bench.server import Server
from onpage.command.bench_options import Lengths
from onpage.command.bench_run import _value, steps
from tests.forked import onpage


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ([], 2, "Missing option '-o'"),
        (["-o", "x.json", "--prefill", "32,,64"], 2, "expected numbers from 2 to 999999"),
        (["-o", "x.json", "--public-url", "bench.example.org"], 2, "expected an address such as https://"),
        (["-o", "x.json", "--timeout", "nan"], 2, "--timeout"),
        (
            ["-o", "x.json", "--cdp", "http://127.0.0.1:9", "--software"],
            2,
            "--gpu/--software applies to a browser that onpage starts",
        ),
        (
            ["-o", "x.json", "--cdp", "http://127.0.0.1:9", "--browser-flag", "-x"],
            2,
            "--browser-flag applies to a browser",
        ),
        (["-o", "x.json", "--engine", "nothing"], 1, "There is no engine 'nothing': expected mediapipe"),
        (["-o", "x.json", "--model", "nothing"], 1, "neither a file nor a known model"),
        (["-o", "no/x.json", "--model", "synth:gemma3-27b@int4"], 1, "no does not exist: create the folder first"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], code: int, sentence: str) -> None:
    done = onpage("bench", "run", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert sentence in done.stderr and "Traceback" not in done.stderr


def test_lengths() -> None:
    assert Lengths().convert("32, 128,32", None, None) == (32, 128)
    for wrong in ("", "0", "1", "-3", "x", "1e3", "²", "99999999", "9" * 5000):
        with pytest.raises(click.BadParameter):
            Lengths().convert(wrong, None, None)


def test_engines() -> None:
    assert chosen_engines(["mediapipe", "mediapipe"]) == ("mediapipe",)
    assert set(chosen_engines(["all"])) >= {"mediapipe", "litert-lm", "litert-lm-cpu"}


def test_flags() -> None:
    said: list[str] = []
    assert set(launch_flags(Options(gpu=False, flags=("--x",)), Listener())) >= {*SOFTWARE_WEBGPU, "--x"}
    assert set(launch_flags(Options(gpu=True), Listener())) >= set(GPU_WEBGPU)
    launch_flags(Options(), Listener(say=said.append))
    assert bool(said) is (sys.platform == "linux" and not machine.gpus())
    assert remote_options(Options()) == {"headless": True}
    assert "--x" in remote_options(Options(flags=("--x",)))["args"]


@pytest.fixture
def server(tmp_path: Path) -> tuple[Server, BenchModel]:
    """A web file as /api/models would describe it."""
    path = tmp_path / "m-web.task"
    path.write_bytes(b"\0" * 4 + b"TFL3" + b"\0" * 64)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    file = {
        "format": "task",
        "url": f"/models/{sha256}/m%20x.task",
        "size": 72,
        "sha256": sha256,
        "engines": ["mediapipe"],
        "quantization": "int8",
    }
    entry: dict[str, Any] = {
        "name": "m",
        "files": [file],
        "quantization": None,
        "parameters": None,
        "context": 512,
        "promptTemplate": {"prefix": "", "suffix": ""},
    }
    return Server("http://127.0.0.1:1", [entry]), BenchModel(str(path), "file", path)


@pytest.mark.parametrize(("said", "expected"), [({"quantization": "int8"}, "int8"), ({}, "int4")])
def test_a_record_says_the_quantization_of_the_file_where_the_server_does(
    said: dict[str, str], expected: str, server: tuple[Server, BenchModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A peer's file has the model's; so has what a server of an earlier version lists."""
    served, model = server
    monkeypatch.setattr("onpage.bench.jobs.weight_bytes", lambda path: None)
    [entry] = served.models
    [file] = entry["files"]
    del file["quantization"]
    file |= said
    entry["quantization"] = "int4"
    [job] = jobs_of([model], ["mediapipe"], served, Options(prefill=(32,), decode=64), Listener())
    assert job.model["quantization"] == expected


def test_a_record_says_the_weights_of_the_file_that_an_engine_runs(
    server: tuple[Server, BenchModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A graph of 4 bits beside a web file of 8 reads half as much for a token."""
    served, model = server
    graph = model.path.with_name("m.litertlm")
    graph.write_bytes(b"LITERTLM" + b"\0" * 24)
    [entry] = served.models
    [file] = entry["files"]
    engine, sha256 = ["litert-lm-cpu"], hashlib.sha256(graph.read_bytes()).hexdigest()
    entry["files"] = [file, file | {"sha256": sha256, "size": 32, "url": f"/models/{sha256}/m", "engines": engine}]
    monkeypatch.setattr("onpage.bench.jobs.weight_bytes", lambda path: path.stat().st_size)
    both = replace(model, others=(graph,))
    jobs = jobs_of([both], ["mediapipe", *engine], served, Options(prefill=(32,), decode=64), Listener())
    assert [job.model["weight_bytes"] for job in jobs] == [72, 32]


def test_a_plan_keeps_to_the_model(server: tuple[Server, BenchModel], monkeypatch: pytest.MonkeyPatch) -> None:
    served, model = server
    monkeypatch.setattr("onpage.bench.jobs.weight_bytes", lambda path: None)
    said: list[str] = []
    engines = ["mediapipe", "litert-lm-cpu"]
    [job] = jobs_of([model], engines, served, Options(prefill=(32, 500), decode=64), Listener(say=said.append))
    assert problem_of(job.plan, "plan") is None
    assert (job.plan["context"], job.model["file"]) == (512, "m x.task")
    assert job.notes == ("The model has a context of 512, not 2048.",)
    assert len(said) == 1 and "onpage convert CHECKPOINT --target graph" in said[0]
    with pytest.raises(BenchError, match="has no file of"):
        jobs_of([model], ["litert-lm-cpu"], served, Options(), Listener())
    with pytest.raises(BenchError, match="No prefill length fits"):
        jobs_of([model], ["mediapipe"], served, Options(prefill=(500,)), Listener())


def test_the_machine_and_the_commit() -> None:
    assert problem_of(machine.machine(), "machine") is None
    assert problem_of(machine.onpage(), "onpage") is None


def test_a_value_is_written_as_in_a_comparison() -> None:
    def written(measure: str, *values: float, noisy: bool = False) -> str:
        low, median, high = values
        return _value({"measure": measure, "n": 5, "p25": low, "typical": median, "p75": high, "noisy": noisy})

    assert written("ttft", 5.979, 6.04, 6.456) == "6.04 ms (5.98–6.46)"
    assert written("decode", 4973, 5262.2, 5354, noisy=True) == "5,262 tok/s (4,973–5,354) noisy"
    assert written("roofline", 0.41, 0.425, 0.43) == "42.5 % (41–43)"
    assert written("memory", 7e8, 7.93e8, 8e8) == "793 MB (700–800)"


def test_progress_says_what_is_measured_where(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    monkeypatch.setenv("COLUMNS", "200")
    with steps() as advance:
        for place in ("demo, mediapipe, ws://a", "demo, mediapipe, ws://b\x1b[2J"):
            advance(place, {"text": "Run 1 of 5, prefill 32", "done": 3, "total": 12})
    said = capsys.readouterr().err
    assert "demo, mediapipe, ws://a: Run 1 of 5, prefill 32" in said and "ws://b\\x1b[2J: Run 1" in said


WITHOUT_EXTRAS = """
import sys
converter = ("flatbuffers", "numpy", "sentencepiece", "safetensors", "tflite", "wasmtime", "litert_lm_builder")
for name in (*converter, "gguf", "onnx", "selenium"):
    sys.modules[name] = None
from onpage.bench import correctness
from onpage.bench import measured_models as models
from onpage.bench import run
from builder.errors import OnpageError
import webapp.serve
demo = models.find_model("demo", ["mediapipe", "litert-lm", "litert-lm-cpu"])
record = {"correctness": {"found": "a text"}}
assert correctness.judge(demo, {"correctness": {"prompt": "a", "text": None, "tokens": 2}}, record) is None
try:
    models.find_model("synth:layers=1@int4", ["mediapipe"])
except OnpageError as error:
    print(error)
"""


def test_the_demo_is_served_and_measured_without_the_converter() -> None:
    """`pip install onpage` serves, `onpage[bench]` measures; numpy and the rest are other extras."""
    done = subprocess.run([sys.executable, "-c", WITHOUT_EXTRAS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "pip install 'onpage[build]'" in done.stdout
