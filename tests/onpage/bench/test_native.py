"""The native engine on the demo's graph: the known text, exact tokens, a record that keeps to the schema; and a broken file."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from builder.files.digest import sha256_of
from onpage.bench.correctness import DEMO_ANSWER, REFERENCE
from onpage.bench.measured_models import BenchModel
from onpage.bench.peers.native import _Native, judge, measure
from onpage.bench.record import problem_of
from webapp.paths import DEMO_GRAPH

NEW_TOKENS = 8


def arguments(path: Path) -> tuple[dict[str, Any], Path, dict[str, Any]]:
    """Of `measure`: a plan, where its model is, and what a record says of it."""
    model = {
        "name": "demo",
        "file": path.name,
        "size": path.stat().st_size,
        "sha256": sha256_of(path),
        "origin": "demo",
        "format": "litertlm-graph",
        "quantization": "int8",
        "parameters": None,
        "synthetic": False,
    }
    answer = json.loads(DEMO_ANSWER.read_text())
    made = {
        "engine": "native",
        "model": model | {"url": "/models/x"},
        "prefill": [32, 100, 600],
        "decode": NEW_TOKENS,
        "context": 512,
        "runs": 2,
        "run_milliseconds": 60,
        "warmup": 1,
        "seed": 1,
        "loads": {"cold": 1, "warm": 0},
        "correctness": {key: answer[key] for key in ("prompt", "text", "tokens")},
    }
    return made, path, model


def test_a_record_of_the_native_engine() -> None:
    record = asyncio.run(measure(*arguments(DEMO_GRAPH)))
    assert problem_of(record, "record") is None
    assert (record["status"], record["errors"], record["browser"]) == ("complete", [], None)
    assert record["correctness"]["ok"], record["correctness"]
    assert record["notes"] == ["Prefill 600 was left out: it does not fit a context of 512."]
    runs = list(dict.fromkeys((s["warmup"], s["run"], s["prefill"]) for s in record["samples"]))
    assert runs == [(warmup, run, n) for warmup, run in ((True, 1), (False, 1), (False, 2)) for n in (32, 100)]
    for warmup, run, length in runs:
        answers = [s for s in record["samples"] if (s["warmup"], s["run"], s["prefill"]) == (warmup, run, length)]
        spent = [answer["pieces"][-1][0] for answer in answers]
        assert sum(spent) >= 60 > sum(spent[:-1]), "as many answers as last as long as a run does"
    assert {"ttft_engine", "gap_p99"} <= {one["measure"] for one in record["summary"]}
    for sample in record["samples"]:
        figures = sample["engine_figures"]
        assert sample["prompt_tokens"] == sample["prefill"] == figures["last_prefill_token_count"]
        assert sample["tokens"] == len(sample["pieces"]) == NEW_TOKENS
        assert 0 < figures["time_to_first_token_in_second"] * 1000 < sample["ttft"] + 1
    assert 20e6 < record["memory"]["peak_bytes"] < 1e9
    assert {"prefill", "decode", "ttft", "load_cold", "memory"} <= {one["measure"] for one in record["summary"]}
    assert record["label"] == "demo int8 · LiteRT-LM, native · CPU"


@pytest.mark.parametrize(("change", "ok", "status"), [("", True, "complete"), ("x", False, "failed")])
def test_a_text_that_was_not_known_is_held_to_the_weights(change: str, ok: bool, status: str) -> None:
    made, path, model = arguments(DEMO_GRAPH)
    made["correctness"]["text"] = None
    made |= {"prefill": [32], "runs": 1, "warmup": 0}
    record = asyncio.run(measure(made, path, model))
    assert record["correctness"]["ok"] is None
    text = record["correctness"]["found"]
    record["correctness"]["found"] = text[:20] + change + text[20:]
    asyncio.run(judge(record, BenchModel("demo", "file", path), made))
    assert (record["correctness"]["ok"], record["status"]) == (ok, status)
    assert record["correctness"]["against"] == REFERENCE and problem_of(record, "record") is None


def test_a_text_that_is_wrong_fails() -> None:
    made, path, model = arguments(DEMO_GRAPH)
    made["correctness"]["text"] = "Something else"
    record = asyncio.run(measure(made, path, model))
    assert record["status"] == "failed" and record["correctness"]["ok"] is False


@pytest.mark.parametrize("seconds", [60.0, 0.01])
def test_an_engine_that_ends_early_leaves_a_record_that_says_so(seconds: float, tmp_path: Path) -> None:
    path = tmp_path / "broken.litertlm"
    path.write_bytes(b"LITERTLM" + bytes(100_000))
    record = asyncio.run(measure(*arguments(path), seconds=seconds))
    assert problem_of(record, "record") is None
    assert record["status"] == "failed"
    [error] = record["errors"]
    assert error["code"] == "engine-failed" and error["detail"]
    assert ("did not end" in error["detail"]) == (seconds < 1)


def test_the_engine_ends_with_an_interrupt() -> None:
    """A signal to the command alone, as of a CI that gives up, and no Ctrl-C that reaches both."""

    async def interrupted() -> None:
        measuring = asyncio.create_task(measure(*arguments(DEMO_GRAPH)))
        await asyncio.sleep(0.2)
        measuring.cancel()
        await measuring

    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    assert [child for child in psutil.Process().children() if "native" in " ".join(child.cmdline())] == []
    assert time.monotonic() - began < 120


def test_no_prompt_begins_as_the_one_before() -> None:
    class Engine:
        def tokenize(self, text: str) -> list[str]:
            return text.split()

    native = object.__new__(_Native)
    native.engine = Engine()
    prompts = [native.prompt(16, 1_000_003 + serial) for serial in range(40)]
    assert {counted for _, counted in prompts} == {16}
    first = [text.split()[0] for text, _ in prompts]
    assert all(one != other for one, other in itertools.pairwise(first))
