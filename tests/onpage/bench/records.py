"""Made-up records: what a run would have left, with the figures that a test wants."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from onpage.bench.measures import VERSION
from tests.onpage.bench.results import made_up

SHA = "a" * 64
STEP = 100.0
"""Milliseconds between pieces of one token at the usual speed."""
THREE_PERCENT = (-0.031, 0.028, 0.003, 0.034, -0.026)
THREE_PERCENT = (-0.031, 0.028, 0.003, 0.034, -0.026)
OTHER_THREE_PERCENT = (0.029, -0.033, -0.004, 0.001, 0.030)
"""Noise of five runs, which no interval of 5 % can be told from."""


def sample(
    prefill: int, run: int, *, ttft: float, step: float = STEP, tokens: int = 33, warmup: bool = False
) -> dict[str, Any]:
    """One generation: pieces of one token each, `step` apart."""
    return {
        "prefill": prefill,
        "run": run,
        "warmup": warmup,
        "prompt_tokens": prefill,
        "tokens": tokens,
        "first_tokens": 1,
        "counted": "construction",
        "checked_tokens": tokens,
        "ttft": ttft,
        "pieces": [[ttft + step * i, 7] for i in range(tokens)],
        "engine_figures": None,
    }


def record(
    *,
    noise: Sequence[float] = (-0.004, 0.002, 0.0, 0.003, -0.001),
    slower: float = 1.0,
    prefill: Sequence[int] = (32, 128),
    **changed: Any,
) -> dict[str, Any]:
    """A complete record. Every time is `slower` times the usual, and varies by `noise`, a run each."""
    times = [slower * (1 + share) for share in noise]
    (usual,) = made_up()["records"]
    made: dict[str, Any] = {
        "id": uuid4().hex,
        "label": "synth:gemma3-270m@int4 · MediaPipe · SwiftShader",
        "browser": usual["browser"] | {"name": "Chromium"},
        "adapter": usual["adapter"] | {"description": "SwiftShader"},
        "software": True,
        "engine": usual["engine"],
        "model": {
            "name": "synth:gemma3-270m@int4",
            "file": "gemma3-270m-int4-web.task",
            "size": 144_000_000,
            "sha256": SHA,
            "origin": "synth",
            "format": "web",
            "quantization": "int4",
            "parameters": 268_000_000,
            "synthetic": True,
        },
        "plan": {
            "engine": "mediapipe",
            "model": {"name": "synth:gemma3-270m@int4", "url": "/models/a/a.task", "size": 144_000_000, "sha256": SHA},
            "prefill": list(prefill),
            "decode": 32,
            "context": 2048,
            "runs": len(noise),
            "warmup": 1,
            "seed": 1,
            "loads": {"cold": 0, "warm": len(noise)},
            "correctness": None,
        },
        "status": "complete",
        "errors": [],
        "notes": [],
        "correctness": {"ok": True, "expected": "a b", "found": "a b", "tokens": 2},
        "loads": [
            {"kind": "warm", "milliseconds": {"bytes": 400 * time, "engine": 1400 * time}, "from_cache": True}
            for time in times
        ],
        "first_answer": {"milliseconds": 5000 * slower, "tokens": 32},
        "samples": [
            sample(length, run, ttft=10 * length * time, step=STEP * time)
            for length in prefill
            for run, time in enumerate(times)
        ],
        "memory": {"peak_bytes": 900_000_000, "how": "proportional set size"},
        "summary": [],
    }
    for length in prefill:
        made["samples"].insert(0, sample(length, 0, ttft=999_999, warmup=True))
    return made | copy.deepcopy(changed)


def results(*records: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A results file with these records."""
    return {
        "schema": VERSION,
        "created": "2026-01-02T03:04:05Z",
        "onpage": {"version": "0.1.0", "commit": "0123456789abcdef0123456789abcdef01234567", "modified": False},
        "machine": {"system": "Linux 6.1", "processor": "Xeon", "cores": 2, "memory_bytes": 8 << 30, "gpus": []},
        "records": list(records),
    } | changed


def again(one: dict[str, Any]) -> dict[str, Any]:
    """The same figures, as if they had been measured a second time."""
    return copy.deepcopy(one) | {"id": uuid4().hex}


def changed(**fields: Any) -> dict[str, Any]:
    """A record with some of its facts replaced."""
    made = record()
    for name, values in fields.items():
        made[name] = made[name] | values if isinstance(values, dict) else values
    return made
