"""Real weights, and the browser that runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from onpage.bench.browser import launch
from real.weights import GEMMA_270M, fetched


@pytest.fixture(scope="session")
def gemma() -> Path:
    """The GGUF file of Gemma 3 270M."""
    return fetched(GEMMA_270M)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium with WebGPU on the software adapter."""
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()
