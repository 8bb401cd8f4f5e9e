"""Sampling that is changed in MediaPipe's memory is sampling that a model was loaded with, word for word, and nothing is loaded for it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from e2e.bare import BareTab, call
from webapp.paths import DEMO_MODEL

PROMPT = (
    "<start_of_turn>user\nWrite a social post about this text. The library in Oakdale opens on Monday at 9 with 200 new books."
    "<end_of_turn>\n<start_of_turn>model\n"
)
LOADED = {"temperature": 1.375, "topK": 37, "seed": 0x5EED1234}
OTHERS = (
    {"temperature": 1.375, "topK": 37, "seed": 7},
    {"temperature": 0.7, "topK": 37, "seed": 7},
    {"temperature": 1.375, "topK": 1, "seed": 7},
)
RESAMPLE = """
async ([loaded, next]) => {
  const { SamplerMemory } = await import("/static/engine/workers/sampler_memory.js");
  bare.sampler ??= new SamplerMemory(bare.heap(), loaded);
  return bare.sampler.write(next);
}
"""


def test_sampling_in_memory_is_that_of_a_load(mediapipe: BareTab, models: Path) -> None:
    shutil.copy(DEMO_MODEL, models / "demo.task")

    def load(page: Page, sampling: dict[str, Any]) -> None:
        options = {
            "maxTokens": 128,
            "randomSeed": sampling["seed"],
            "topK": sampling["topK"],
            "temperature": sampling["temperature"],
        }
        call(page, "([model, options]) => bare.load(model, options)", ["/models/demo.task", options])

    def write(page: Page) -> str:
        return str(call(page, "(prompt) => bare.generate(prompt)", PROMPT)["text"])

    def ask(page: Page) -> tuple[list[str], list[str]]:
        by_loads = []
        for sampling in (*OTHERS, LOADED):
            load(page, sampling)
            by_loads.append(write(page))
        in_memory = []
        for sampling in (*OTHERS, LOADED):
            assert call(page, RESAMPLE, [LOADED, sampling])
            in_memory.append(write(page))
        return by_loads, in_memory

    by_loads, in_memory = mediapipe.ask(ask)
    assert in_memory == by_loads
    assert len(set(by_loads)) > 2, "seeds and temperatures make a difference"
