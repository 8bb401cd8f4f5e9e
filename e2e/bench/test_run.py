"""`onpage bench run` for real: what it writes, and that every fault ends with a record that says so.

The faults are what happens in life, done from outside to the browser's processes; the models are as small as they can be.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import pytest
from playwright.sync_api import Browser

from e2e.conftest import QUICKER
from e2e.processes import LIMIT, ONPAGE, completed, heard, started
from onpage.bench.browser import SOFTWARE_WEBGPU, find_browser, flags
from onpage.bench.measured_models import find_model
from onpage.bench.options import Listener, Options
from onpage.bench.record import load_results
from onpage.bench.run import run
from webapp.paths import DEMO_GRAPH

SYNTH = "synth:layers=1@int4"
QUICK = ["--software", "--decode", "16", "--context", "256", "--runs", "1", "--warmup", "0", "--warm", "0"]
QUICKLY = [f"--browser-flag={flag}" for flag in QUICKER]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Synthetic models are made once for all tests here, and not where the user's are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONPAGE_HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("SELENIUM_REMOTE_URL", raising=False)
        yield


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """No process that a test starts outlives it."""
    before = {child.pid for child in psutil.Process().children()}
    yield
    deadline = time.monotonic() + 60  # a browser that was killed takes its children with it, but not at once
    while left := [process for process in _descendants(but=before) if _lives(process)]:
        assert time.monotonic() < deadline, [child.cmdline() for child in left]
        time.sleep(0.2)


def _descendants(but: set[int]) -> list[psutil.Process]:
    """Of this process, leaving out families that were there: the shared browser starts helpers of its own at any time."""
    found = []
    for child in psutil.Process().children():
        if child.pid not in but:
            with suppress(psutil.NoSuchProcess):
                found += [child, *child.children(recursive=True)]
    return found


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def bench(*arguments: str) -> list[str]:
    """The command `onpage bench run`."""
    return [*ONPAGE, "bench", "run", *arguments]


def processes(kind: str) -> list[psutil.Process]:
    """The launched browser's processes of a kind, `browser` being the main one. There may be other tests' browsers."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            words = process.cmdline()
            if any("onpage-bench-" in word for word in words) and not any("--type=" in word for word in words):
                of_it = process.children(recursive=True)
                found += [process] if kind == "browser" else [each for each in of_it if _is_a(each, kind)]
    return found


def _is_a(process: psutil.Process, kind: str) -> bool:
    with suppress(psutil.Error):
        words = process.cmdline()
        return f"--type={kind}" in words and not any("--top-chrome" in word for word in words)
    return False


class Faults(Listener):
    """Commits one fault in each record, when two answers have been measured."""

    def __init__(self, faults: list[Callable[[], None] | None]) -> None:
        super().__init__(progress=self._progress, record=self._next)
        self.faults = list(faults)

    def _progress(self, place: str, progress: dict[str, Any]) -> None:
        if "Run 3" in progress["text"] and self.faults[0]:
            self.faults[0]()
            self.faults[0] = None

    def _next(self, record: dict[str, Any]) -> None:
        assert self.faults.pop(0) is None, "the record was finished before the fault"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def kill(kind: str) -> Callable[[], None]:
    def now() -> None:
        victims = processes(kind)
        assert victims
        for process in victims:
            process.kill()

    return now


def test_every_fault_ends_with_a_record_that_says_so_and_the_others_are_kept(
    tmp_path: Path, endless_model: Path
) -> None:
    """A tab that crashes, a browser that is killed, a GPU that is lost, a prompt that is too long. Only the third needs a GPU."""
    on_processor = [kill("renderer"), kill("browser")], [str(DEMO_GRAPH), str(endless_model)], "litert-lm-cpu", 500
    on_gpu = [kill("gpu-process"), None], [f"{SYNTH},seed=0", f"{SYNTH},seed=1"], "mediapipe", 6
    records = []
    for faults, names, engine, runs in (on_processor, on_gpu):  # few are over before a fault comes
        options = Options(
            (16, 4096), 24, 256, runs=runs, run_milliseconds=1, warmup=0, warm=0, gpu=False, flags=QUICKER
        )
        models = [find_model(name, [engine]) for name in names]
        output = tmp_path / f"{engine}.json"
        measuring = asyncio.wait_for(run(models, [engine], options, output, Faults(list(faults))), LIMIT)
        with ThreadPoolExecutor(1) as thread:  # in the tests' own one a browser's event loop may be running
            thread.submit(asyncio.run, measuring).result()
        records += load_results(output)["records"]

    crashed, killed, lost, whole = records
    for record in (crashed, killed, lost, whole):
        assert any("4096" in note for note in record["notes"]), "the prompt that is too long"
        assert record["loads"] and record["first_answer"]
        assert len(record["samples"]) >= 2, "measured before the fault"
        assert {row["measure"] for row in record["summary"]} >= {"prefill", "decode", "ttft", "load_cold"}
    for record, code in ((crashed, "tab-crashed"), (killed, "browser-gone"), (lost, "device-lost")):
        assert record["status"] == "partial"
        assert record["errors"][0]["code"] == code
        assert record["errors"][0]["during"].startswith(("Run", "prefill 16"))
    assert lost["samples"][-1]["run"] == on_gpu[-1], "the page goes on with a new engine"

    assert (whole["status"], whole["errors"], whole["software"]) == ("complete", [], True)
    assert whole["correctness"]["ok"] is True
    assert whole["memory"]["peak_bytes"] > 100e6 and "gpu-process" in whole["memory"]["processes"]
    assert whole["browser"]["connection"] == "launched"
    assert "--use-webgpu-adapter=swiftshader" in whole["browser"]["flags"]
    assert (whole["model"]["origin"], whole["model"]["synthetic"]) == ("synth", True)
    assert all(sample["counted"] == "construction" for sample in whole["samples"])
    assert all(sample["checked_tokens"] == sample["tokens"] >= 24 for sample in whole["samples"])
    assert len({record["model"]["sha256"] for record in (crashed, killed, lost, whole)}) == 4


def test_a_software_adapter_is_no_gpu(tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    ended = completed(bench(*QUICK, "--model", SYNTH, "--prefill", "16", "--require-gpu", "-o", str(output)))
    assert ended.returncode == 1
    assert "--require-gpu: the browser at" in ended.stderr and "swiftshader" in ended.stderr
    assert not output.exists()


def test_a_page_that_is_not_in_a_secure_context_is_told_apart(tmp_path: Path) -> None:
    """As a phone would see it that opens this machine's address without adb reverse or https."""
    output, port = tmp_path / "results.json", free_port()
    name = [
        "--browser-flag",
        "--host-resolver-rules=MAP bench.test 127.0.0.1",
        "--public-url",
        f"http://bench.test:{port}",
    ]
    asked = [*QUICK, "--model", SYNTH, "--prefill", "16", "--port", str(port), *name]
    ended = completed(bench(*asked, "-o", str(output)))
    assert ended.returncode == 1
    assert f"http://bench.test:{port}/bench?driven is not a secure context" in ended.stderr
    assert "adb reverse" in ended.stderr


def test_after_an_interrupt_what_was_measured_is_there(tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    engines = ["--engine", "litert-lm-cpu", "--engine", "mediapipe"]
    asked = [*QUICK, *QUICKLY, "--model", "demo", *engines, "--prefill", "16", "-o", str(output)]
    deadline = time.monotonic() + LIMIT
    with started(bench(*asked)) as running:
        while not (output.exists() and processes("renderer")):  # the second is being measured
            assert running.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        running.terminate()  # SIGINT is ignored by what is started in the background, such as whole test runs
        _, said = heard(running)
    assert running.returncode == 130, said
    assert f"the records until then are in {output}" in said
    first, *second = load_results(output)["records"]
    assert first["status"] == "complete" and first["correctness"]["ok"] is True
    for record in second:
        assert record["status"] in ("partial", "failed")
        assert record["errors"][-1]["sentence"] == "The run was interrupted."


def test_a_frozen_tab_is_given_up_in_time(tmp_path: Path) -> None:
    """It took 71 seconds where 5 were asked for. Fifteen here, in which a busy machine loads the engine."""
    output = tmp_path / "results.json"
    options = Options(
        (16,), 48, 256, runs=200, run_milliseconds=1, warmup=0, warm=0, gpu=False, flags=QUICKER, timeout=15
    )
    frozen: list[float] = []

    def freeze(place: str, progress: dict[str, Any]) -> None:
        if "Run 2 " in progress["text"] and not frozen:
            for process in processes("renderer"):
                process.suspend()
            frozen.append(time.monotonic())

    measuring = run(
        [find_model("demo", ["litert-lm-cpu"])], ["litert-lm-cpu"], options, output, Listener(progress=freeze)
    )
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, asyncio.wait_for(measuring, LIMIT)).result()
    assert time.monotonic() - frozen[0] < 15 + 45, "the rest is the browser's end on a busy machine"
    (record,) = load_results(output)["records"]
    assert record["status"] == "partial" and record["loads"]
    (error,) = record["errors"]
    assert (error["code"], error["sentence"]) == (
        "timeout",
        "The page was silent for 15 s; --timeout sets a longer time.",
    )


def test_a_closed_tab_is_told_from_a_browser_that_ended(tmp_path: Path, browser: Browser) -> None:
    path, output = find_browser(browser.browser_type).path, tmp_path / "results.json"
    chrome = [str(path), "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={tmp_path / 'profile'}"]
    with listening([*chrome, *flags((*SOFTWARE_WEBGPU, *QUICKER))], "ws://") as debugged:
        http = "http://" + debugged.removeprefix("ws://").split("/")[0]

        def close(place: str, progress: dict[str, Any]) -> None:
            if "Run 2 " in progress["text"]:
                with urlopen(f"{http}/json") as said:
                    for tab in json.load(said):
                        if "/bench" in tab["url"]:
                            urlopen(f"{http}/json/close/{tab['id']}").close()

        options = Options((16,), 48, 256, runs=200, run_milliseconds=1, warmup=0, warm=0, cdp=(http,))
        model = find_model("demo", ["litert-lm-cpu"])
        measuring = run([model], ["litert-lm-cpu"], options, output, Listener(progress=close))
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, asyncio.wait_for(measuring, LIMIT)).result()
    (record,) = load_results(output)["records"]
    (error,) = record["errors"]
    assert (error["code"], error["sentence"]) == ("tab-closed", "The tab was closed; its browser goes on.")
    assert record["status"] == "partial" and record["samples"]


@contextmanager
def listening(command: list[str], mark: str) -> Iterator[str]:
    """A program that prints where it listens: the word that begins with `mark`."""
    with started(command, in_one=True) as process:
        assert process.stdout
        for line in process.stdout:
            if mark in line:
                yield mark + line.split(mark)[1].split()[0]
                return
        raise AssertionError(f"{command[0]} ended without a word of {mark}")


def test_remote_browsers_are_measured_side_by_side(tmp_path: Path, chromium: Path) -> None:
    """One behind a Playwright server and a Chrome with remote debugging, in one results file. Both are whole; the Chrome has the usual shaders
    and both compilers, as users' have: see QUICKER."""
    output = tmp_path / "results.json"
    server = [sys.executable, "-m", "playwright", "run-server", "--unsafe", "--host", "127.0.0.1", "--port", "0"]
    chrome = [
        str(chromium),
        "--headless=new",
        "--remote-debugging-port=0",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    with listening(server, "ws://") as playwright, listening([*chrome, *flags()], "ws://") as debugged:
        http = "http://" + debugged.removeprefix("ws://").split("/")[0]
        places = ["--browser", str(chromium), "--connect", playwright, "--cdp", http]
        ended = completed(bench(*QUICK, *QUICKLY, "--model", SYNTH, "--prefill", "32", *places, "-o", str(output)))
        assert ended.returncode == 0, ended.stderr
        refused = completed(bench("--connect", "ws://127.0.0.1:9", "-o", str(output)))
        assert "No Playwright server can be used at ws://127.0.0.1:9" in refused.stderr
    records = {record["browser"]["connection"]: record for record in load_results(output)["records"]}
    assert records.keys() == {"playwright", "cdp"}
    for record in records.values():
        assert record["status"] == "complete" and record["correctness"]["ok"] is True
        assert record["samples"][0]["counted"] == "construction"
        assert record["memory"] is None
        assert f"{record['label']}\tdecode\t32\t" in ended.stdout
    assert records["cdp"]["browser"]["origin"] == http
