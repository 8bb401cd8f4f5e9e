"""What the bench's tests share with the page's, and a browser for programs that start one themselves."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest
from playwright.sync_api import Playwright

from e2e.conftest import QUICKER
from e2e.page.conftest import endless_model
from onpage.bench.browser import ENVIRONMENT, find_browser

__all__ = ["endless_model", "quick_browser"]


@pytest.fixture(scope="module")
def quick_browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Commands and examples that are run as users write them launch a browser that compiles as quickly as the tests' own does."""
    chromium = find_browser(playwright.chromium).path
    program = tmp_path_factory.mktemp("browser") / "chromium"
    program.write_text(f'#!/bin/sh\nexec {shlex.join([str(chromium), *QUICKER])} "$@"\n')
    program.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENVIRONMENT, str(program))
        yield
