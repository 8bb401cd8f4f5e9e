"""Firefox in place of Chromium, for this folder's tests and for those of the page's that it takes over.

A test of `e2e.page` that is imported here runs with this `browser`: the same steps, the same server, another browser.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from e2e.firefox.browser import launched
from e2e.page.conftest import (
    endless_model,
    new_tab,
    quick_server,
    scripted,
    scripted_faulty,
    scripted_server,
    tab,
)
from e2e.page.servers import FaultyServer

__all__ = [
    "browser",
    "downloads",
    "endless_model",
    "faulty",
    "new_tab",
    "quick_server",
    "scripted",
    "scripted_faulty",
    "scripted_server",
    "tab",
]


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this Firefox saves what is downloaded."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="session")
def browser(playwright: Playwright, downloads: Path) -> Iterator[Browser]:
    """Headless Firefox: one for the session, where each test has a context of its own."""
    with launched(playwright.firefox, downloads) as browser:
        yield browser


@pytest.fixture
def faulty(scripted_faulty: FaultyServer) -> FaultyServer:
    """This Firefox has no WebGPU: all its models are the processor's."""
    return scripted_faulty
