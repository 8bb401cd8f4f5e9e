"""The fixtures of the page's tests, and a site that was exported."""

from __future__ import annotations

from pathlib import Path

import pytest

from webapp.export.write import export
from webapp.paths import DEMO_GRAPH

PART = 1_000_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo model for the processor, in parts."""
    folder = tmp_path_factory.mktemp("export") / "site"
    export(folder, [DEMO_GRAPH], part_size=PART)
    return folder
