"""One MiniBrowser a session; a model for the processor's engine, which is the only one that it runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from e2e.page.conftest import quick_faulty
from e2e.webkit.browser import launched
from e2e.webkit.tab import Tab

__all__ = ["quick_faulty", "tab"]


@pytest.fixture(scope="session")
def tab() -> Iterator[Tab]:
    with launched() as driver:
        yield Tab(driver)
