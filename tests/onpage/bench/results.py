"""Made-up results files that keep to the schema, for the tests of what reads them."""

from __future__ import annotations

import copy
from typing import Any

SAMPLE = {
    "prefill": 32,
    "run": 0,
    "warmup": False,
    "prompt_tokens": 32,
    "tokens": 4,
    "first_tokens": 1,
    "counted": "construction",
    "checked_tokens": 4,
    "ttft": 100.0,
    "pieces": [[100.0, 7], [150.0, 7], [200.0, 7], [250.0, 7]],
    "engine_figures": None,
}

RECORD = {
    "id": "0" * 32,
    "label": "synth int4 · MediaPipe · software GPU",
    "started": "2026-11-21T06:00:00+00:00",
    "browser": {
        "name": "chromium",
        "version": "156.0",
        "user_agent": "Mozilla/5.0",
        "flags": ["--enable-unsafe-webgpu"],
        "origin": "system",
        "connection": "launched",
    },
    "environment": {"crossOriginIsolated": True},
    "adapter": {
        "vendor": "google",
        "architecture": "swiftshader",
        "device": "",
        "description": "",
        "software": True,
        "features": ["subgroups"],
        "limits": {"maxBufferSize": 1 << 30},
    },
    "software": True,
    "engine": {
        "id": "mediapipe",
        "name": "MediaPipe",
        "backend": "WebGPU",
        "package": "@mediapipe/tasks-genai",
        "version": "0.10.29",
    },
    "model": {
        "name": "synth",
        "file": "synth-web.task",
        "size": 1 << 20,
        "sha256": "0" * 64,
        "origin": "synth",
        "format": "web",
        "quantization": "int4",
        "parameters": 1_000_000,
        "synthetic": True,
    },
    "plan": {
        "engine": "mediapipe",
        "model": {"name": "synth", "url": "/models/0/synth-web.task", "size": 1 << 20, "sha256": "0" * 64},
        "prefill": [32],
        "decode": 4,
        "context": 512,
        "runs": 1,
        "warmup": 0,
        "seed": 1,
        "loads": {"cold": 1, "warm": 1},
        "correctness": {"prompt": "hello", "text": None, "tokens": 8},
    },
    "status": "complete",
    "errors": [],
    "notes": [],
    "correctness": {"ok": True, "expected": "a", "found": "a", "tokens": 8},
    "loads": [{"kind": "cold", "milliseconds": {"bytes": 10.0, "engine": 1500.5}, "from_cache": False}],
    "first_answer": {"milliseconds": 5000.0, "tokens": 1},
    "samples": [SAMPLE],
    "memory": {"peak_bytes": 1 << 30, "how": "proportional set size"},
    "summary": [
        {
            "measure": "ttft",
            "prefill": 32,
            "unit": "ms",
            "n": 1,
            "typical": 100.0,
            "p25": 100.0,
            "median": 100.0,
            "p75": 100.0,
            "interval": None,
            "noisy": True,
        }
    ],
}

RESULTS = {
    "schema": "onpage-bench/2",
    "created": "2026-11-21T06:00:00+00:00",
    "onpage": {"version": "0.1.0", "commit": None, "modified": None, "packages": {"playwright": "1.65.2"}},
    "machine": {"system": "Linux", "processor": "x", "cores": 2, "memory_bytes": 1 << 34, "gpus": []},
    "records": [RECORD],
}


def made_up() -> Any:
    """A results file to change at will."""
    return copy.deepcopy(RESULTS)
