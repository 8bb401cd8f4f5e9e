"""The browser of all end-to-end tests. A machine without one fails here, with what to do; nothing is skipped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from e2e.browser import launched


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium with WebGPU on the software adapter."""
    with launched() as browser:
        yield browser
