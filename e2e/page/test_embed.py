"""The page of docs/embed.md, as it is written there, beside the server: it loads a model and writes an answer."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Route, expect

from e2e.page.conftest import LOAD_MS, Watched
from e2e.page.servers import RunningServer

DOCUMENT = Path(__file__).parents[2] / "docs" / "embed.md"
(PAGE,) = re.findall(r"```html\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}


def test_a_page_of_ones_own_writes_an_answer(quick_server: RunningServer, tab: Watched) -> None:
    def mine(route: Route) -> None:
        route.fulfill(body=PAGE, content_type="text/html", headers=ISOLATED)

    tab.page.route("**/mine.html", mine)
    tab.open(f"{quick_server.url}/mine.html")
    expect(tab.page.locator("#answer")).not_to_be_empty(timeout=LOAD_MS)
    expect(tab.page).to_have_title("ready", timeout=LOAD_MS)
