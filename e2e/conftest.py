"""The browser of all end-to-end tests, and the bare pages with the models of one. A machine without one fails here, with what to do; nothing is skipped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from e2e.bare import served
from onpage.bench.browser import launch


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """For all browsers of the session: there cannot be two in a process."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Headless Chromium with WebGPU on the software adapter."""
    browser = launch(playwright.chromium)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the model files of a module's tests."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def address(models: Path) -> Iterator[str]:
    """Where the bare pages and `models` are served."""
    with served(models) as address:
        yield address
