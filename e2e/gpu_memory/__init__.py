"""What MediaPipe really takes of a GPU: each buffer and texture counted while a model is loaded.

`python -m e2e.gpu_memory SHAPE [--bits …] [--context N]` prints the figures beside those of `onpage estimate`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

RECORDER = Path(__file__).with_name("recorder.js")
SILENCE = 100_000
"""Milliseconds; loading takes a few seconds."""


@dataclass(frozen=True)
class Taken:
    """Bytes after loading a model; answering adds only a few kB a token, for reading the logits back."""

    total: int
    largest: int
    buffers: list[int]
    """The textures left out: weights and activations are textures where the engine chooses so."""


def taken(browser: Browser, address: str, model: str, context: int) -> Taken:
    """Loads /models/`model` from the bare page at `address`."""
    page = browser.new_page()
    try:
        page.add_init_script(path=RECORDER)
        page.goto(f"{address}/bare/index.html")
        page.wait_for_function("globalThis.bare")
        silent = f"new Promise((_, reject) => setTimeout(() => reject(new Error('engine silent')), {SILENCE}))"
        page.evaluate(
            f"([model, maxTokens]) => Promise.race([bare.load(model, {{maxTokens}}), {silent}])",
            [f"/models/{model}", context],
        )
        return Taken(**page.evaluate("() => gpuMemory()"))
    finally:
        page.close()
