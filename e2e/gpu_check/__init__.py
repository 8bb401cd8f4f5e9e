"""How well the check of a GPU finds faults, and how seldom it sees one where there is none: MediaPipe on a WebGPU that is made wrong.

    shim.js       a GPU with a fault
    faults.py     `python -m e2e.gpu_check.faults`: faults drawn at random, and how many are caught
    alarms.py     `python -m e2e.gpu_check.alarms`: random prompts on a GPU without a fault

Both print figures, which docs/gpu_check.md has; the tests are beside them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from e2e.bare import STATIC, call, generate

MODELS = STATIC / "check"
SHIM = Path(__file__).with_name("shim.js").read_text(encoding="utf-8")
CONTEXT = 2080


def check_models() -> list[dict[str, Any]]:
    """The models of the check with their cases, as the page has them."""
    models: list[dict[str, Any]] = json.loads((MODELS / "answers.json").read_text())["models"]
    return models


def load(browser: Browser, address: str, model: str, fault: dict[str, Any], *, float32: bool = False) -> Page:
    """A page with the model in MediaPipe, on a GPU with this fault."""
    page = browser.new_page()
    page.add_init_script(f"globalThis.GPU_FAULT = {json.dumps(fault)};\n{SHIM}")
    page.goto(f"{address}/bare/index.html")
    page.wait_for_function("globalThis.bare")
    options = {"maxTokens": CONTEXT, "forceF32": float32}
    call(page, "([model, options]) => bare.load(model, options)", [f"/models/{model}.litertlm", options])
    return page


def words(page: Page, prompt: str, tokens: int) -> list[str]:
    """The engine's first words after a prompt."""
    return generate(page, prompt, tokens)
