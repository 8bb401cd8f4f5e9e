"""The peers in a browser, measured as our own engines are: the exact tokens, and where the weights are equal, the exact text."""

from __future__ import annotations

import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import waitress
from playwright.sync_api import Browser, Page

from builder.errors import OnpageError
from builder.quantize.scheme import Quantization
from builder.reference.dense import Reference
from builder.synth import web_file as synth
from builder.synth.web_file import BOS, FIRST_WORD, word
from e2e.page.conftest import begin_worker_with, wait_for_stop
from e2e.processes import ONPAGE, completed
from onpage.bench.measures import status_of
from onpage.bench.peers import serving
from onpage.bench.peers.peer_models import PeerModel, prepare
from onpage.bench.peers.serving import REGISTER, with_peers
from onpage.bench.record import fold, load_results, new_record
from tests.goldens.cases import with_attention
from webapp.app import Config, create_app
from webapp.paths import DEMO_MODEL
from webapp.vendor import Package

SHAPE = "hidden=128,ffn=256,layers=7,heads=4,kv=2,head=64,vocab=2048,window=16,context=256"
"""A layer that sees everything, and windows shorter than the prompt."""

NEW_TOKENS = 16
MEASURED_TOKENS = 4
"""Of an answer whose speed is measured: where cores are busy, two threads of llama.cpp wait for each other without sleeping."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, PeerModel]:
    folder = tmp_path_factory.mktemp("peers")
    return {engine: PeerModel.read(prepare(engine, SHAPE, 2, folder)) for engine in ("transformers-js", "wllama")}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """Of the web file of the same shape and seed."""
    path = tmp_path_factory.mktemp("peers-web") / "web.task"
    synth.synthesize(SHAPE, path, quantization=Quantization.of("q4_0"), seed=2)
    return Reference.from_web_file(path)


@pytest.fixture(scope="module")
def address(models: dict[str, PeerModel]) -> Iterator[str]:
    app = with_peers(create_app(Config(models=[DEMO_MODEL])), list(models.values()))
    server: Any = waitress.create_server(app, host="127.0.0.1", port=0, threads=8)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()
        thread.join(5)


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(f"{address}/bench?driven")
    page.wait_for_function("globalThis.onpageBench")
    page.evaluate(REGISTER)
    yield page
    page.close()


def plan_model(model: PeerModel) -> dict[str, Any]:
    return model.to_json() | {"name": "synthetic", "file": model.path.name, "context": 256, "synthetic": True}


def measured(page: Page, plan: dict[str, Any]) -> dict[str, Any]:
    """The record of a plan, as a driver has it: from its events."""
    page.evaluate("(plan) => onpageBench.start(plan)", plan)
    record, ended = new_record(plan), False
    taken, deadline = 0, time.monotonic() + 300
    while not ended:
        assert time.monotonic() < deadline, record
        events = page.evaluate("(n) => onpageBench.take(n)", taken)
        taken += len(events)
        for event in events:
            fold(record, event)
        ended = any(event["at"] == "status" for event in events)
        page.wait_for_timeout(100)
    return record | {"status": status_of(record)}


def largest_gap(reference: Reference, prompt: list[int], text: str) -> float:
    """How far below the likeliest id each id of an answer was, at most: 0 for the greedy answer itself."""
    ids = {word(i): i for i in range(FIRST_WORD, 2048)}
    gaps, so_far = [], list(prompt)
    for written in text.split():
        logits = reference.logits(so_far)
        gaps.append(float(logits.max() - logits[ids[written]]))
        so_far.append(ids[written])
    return max(gaps)


def text_of(ids: list[int]) -> str:
    return "".join(" " + word(i) for i in ids)


TOLERANCES = {"transformers-js": 1e-3, "wllama": 0.4}
"""transformers.js computes with the same weights in float32. llama.cpp rounds activations to 8 bits and scales to float16, so
near ties fall otherwise; logits of other ids lie around 3 below."""

PROMPT = [BOS, *random.Random(1).choices(range(FIRST_WORD, 2048), k=39)]


@pytest.mark.parametrize("engine", TOLERANCES)
def test_a_peer_is_measured_as_our_own_engines_are(
    page: Page, models: dict[str, PeerModel], reference: Reference, engine: str
) -> None:
    record = measured(
        page,
        {
            "engine": engine,
            "model": plan_model(models[engine]),
            "prefill": [48],
            "decode": MEASURED_TOKENS,
            "context": 128,
            "runs": 2,
            "run_milliseconds": 50,
            "warmup": 0,
            "seed": 1,
            "loads": {"cold": 1, "warm": 1},
            "correctness": {"prompt": text_of(PROMPT[1:]), "text": None, "tokens": NEW_TOKENS},
        },
    )
    assert record["errors"] == [] and record["notes"] == []
    found = record["correctness"]["found"]
    assert len(found.split()) == NEW_TOKENS and len(set(found.split())) > 4
    assert largest_gap(reference, PROMPT, found) < TOLERANCES[engine]
    reference.model = with_attention(reference.model, window=17)
    assert largest_gap(reference, PROMPT, found) > 1, "it would not show a window that is one too long"
    reference.model = with_attention(reference.model, window=16)
    assert record["status"] == "complete"
    assert record["engine"]["version"] in ("4.3.1", "3.13.0")
    assert record["engine"]["backend"] == "CPU" and record.get("adapter") is None
    assert [load["from_cache"] for load in record["loads"]] == [False, True]
    assert {sample["run"] for sample in record["samples"]} == {1, 2}
    for sample in record["samples"]:
        assert (sample["prompt_tokens"], sample["tokens"], sample["checked_tokens"]) == (
            48,
            MEASURED_TOKENS,
            MEASURED_TOKENS,
        )
        assert sample["counted"] == "construction" and sample["first_tokens"] == 1
        assert len(sample["pieces"]) == MEASURED_TOKENS
        assert sample["engine_figures"]["threads"] >= 2


@pytest.mark.parametrize("engine", TOLERANCES)
def test_a_peer_can_be_stopped_and_counts_tokens(page: Page, models: dict[str, PeerModel], engine: str) -> None:
    words = text_of([300, 301, 302])
    begin_worker_with(page, "*.worker.js", wait_for_stop(3))
    found = page.evaluate(
        """async ([id, model, words]) => {
            const { Engine, engineOf, message } = await import("/static/engine/index.js");
            const vendor = JSON.parse(document.body.dataset.vendor);
            const engine = new Engine(engineOf(id));
            await engine.load(model, { temperature: 1, topK: 1, seed: 1, maxTokens: 256 }, { vendor });
            const stop = new AbortController();
            const long = engine.generate([message(words)], { signal: stop.signal, tokens: 200 });
            let pieces = 0;
            for await (const _ of long) if (++pieces === 3) stop.abort();
            const { tokens, ended } = await long.figures;
            const count = await engine.countTokens([message(words)]);
            const next = await engine.generate([message(words)], { tokens: 5 }).figures;
            engine.close();
            return { tokens, ended, count, next };
        }""",
        [engine, plan_model(models[engine]), words],
    )
    assert 3 <= found["tokens"] < 20 and found["ended"] == "stopped"
    assert found["count"] == 3
    assert (found["next"]["promptTokens"], found["next"]["tokens"]) == (3, 5)


def test_the_page_and_our_own_workers_keep_the_apps_policy(page: Page, address: str) -> None:
    policies = {
        path: page.request.get(address + path).headers["content-security-policy"]
        for path in (
            "/bench",
            "/static/engine/workers/mediapipe.worker.js",
            "/peers/wllama.worker.js",
            "/peers/none.js",
        )
    }
    for path in ("/bench", "/static/engine/workers/mediapipe.worker.js"):
        blobs = [each for each in policies[path].split("; ") if "blob:" in each]
        assert blobs == ["media-src blob:"]  # a recording, to hear it
    assert "blob:" in policies["/peers/wllama.worker.js"] and "'unsafe-eval'" not in policies["/peers/wllama.worker.js"]
    for path in ("/peers/peer.test.js", "/peers/models/0/x", "/peers/__init__.py"):
        assert page.request.get(address + path, max_redirects=0).status == 404
    foreign = page.request.get(f"{address}/peers/register.js", headers={"Host": "example.org"})
    assert foreign.status == 400


def test_a_damaged_model_is_refused(page: Page, models: dict[str, PeerModel], address: str, tmp_path: Path) -> None:
    plan = plan_model(models["wllama"]) | {"sha256": "0" * 64}
    record = measured(
        page,
        {
            "engine": "wllama",
            "model": plan,
            "prefill": [8],
            "decode": 4,
            "context": 64,
            "runs": 1,
            "warmup": 0,
            "seed": 1,
        }
        | {"loads": {"cold": 1, "warm": 0}},
    )
    assert record["status"] == "failed"
    assert record["errors"][0]["code"] == "model-corrupt"


def bench_run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, with a home of its own."""
    return completed([*ONPAGE, "bench", "run", *arguments], environment=os.environ | {"ONPAGE_HOME": str(folder)})


@pytest.mark.usefixtures("quick_browser")
def test_the_command_measures_peers_on_the_same_weights(tmp_path: Path) -> None:
    output, asked = tmp_path / "results.json", ["--model", f"synth:{SHAPE}@q4_0"]
    for engine in ("wllama", "transformers-js"):
        asked += ["--engine", engine]
    for option, value in (("prefill", "24"), ("decode", "4"), ("runs", "1"), ("context", "128")):
        asked += [f"--{option}", value]
    asked += ["--warmup", "0", "--warm", "0"]  # warm loads are in the test of one peer
    ended = bench_run(tmp_path, *asked, "-o", str(output))
    assert ended.returncode == 0, ended.stderr
    records = load_results(output)["records"]
    assert [record["engine"]["id"] for record in records] == ["wllama", "transformers-js"]
    assert len({record["model"]["quantization"] for record in records}) == 1
    assert {record["model"]["format"] for record in records} == {"gguf", "onnx"}
    for record in records:
        assert record["status"] == "complete" and record["correctness"]["ok"], record["correctness"]
        assert {(sample["prompt_tokens"], sample["tokens"]) for sample in record["samples"]} == {(24, 4)}


def test_a_peer_says_which_models_it_takes(tmp_path: Path) -> None:
    ended = bench_run(tmp_path, "--engine", "wllama", "-o", str(tmp_path / "r.json"))
    assert ended.returncode == 1
    assert "synthetic models in blocks of 32 only" in ended.stderr


def test_packages_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = Package("@wllama/wllama", "9.9.9", ())
    monkeypatch.setattr(serving, "PACKAGES", (absent,))
    with pytest.raises(
        OnpageError, match=r"@wllama/wllama 9.9.9 is measured from a checkout .*: run npm ci in .*/static"
    ):
        with_peers(create_app(Config(models=[DEMO_MODEL])), [])
