"""What the demo writes greedily of each example is known, and is the same in every browser and in every build of the engine."""

from __future__ import annotations

import json
from pathlib import Path

from e2e.page.conftest import Watched
from e2e.page.servers import RunningServer
from e2e.page.test_engines import greedy_tab

KNOWN: dict[str, str] = json.loads(Path(__file__).with_name("known_posts.json").read_text(encoding="utf-8"))
"""Title of an example → its post."""


def test_every_example_becomes_its_known_post(quick_server: RunningServer, tab: Watched) -> None:
    page = greedy_tab(tab, quick_server)
    posts = {}
    for title in KNOWN:
        page.get_by_role("button", name=title).click()
        posts[title] = tab.write()
    assert posts == KNOWN
