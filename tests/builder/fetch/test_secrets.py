"""Who gets the token, and where it does not appear; the fixture `fetch` looks for it after every run of every test, too."""

from __future__ import annotations

import json
from itertools import repeat

from builder.store import Store
from tests.builder.fetch.conftest import Fetching
from tests.builder.fetch.faults import HALF, NAME
from tests.builder.fetch.hub import REPO, TOKEN, Hub, answers, closes_after, redirects


def test_a_traceback_holds_no_token(fetch: Fetching, hub: Hub) -> None:
    hub.script(cdn=repeat(answers(404)))
    done = fetch(NAME, "--token", TOKEN, before=("--debug",))
    assert "Traceback" in done.stderr and hub.of("get")[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_the_token_goes_to_no_other_host_even_when_the_hub_itself_redirects(fetch: Fetching, hub: Hub) -> None:
    hub.script(api=[redirects(f"{hub.cdn}/api/models/{REPO}")])
    assert fetch(NAME, environment={"HF_TOKEN": TOKEN}).returncode == 1
    assert [request.path for request in hub.of("cdn")] == [f"/api/models/{REPO}"]
    assert hub.of("api")[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_the_hub_is_told_and_asked_nothing_else(fetch: Fetching, hub: Hub) -> None:
    fetch(NAME)
    assert [request.kind for request in hub.requests] == ["api", "head", "get", "cdn"]
    assert "agent" not in hub.of("head")[0].headers["user-agent"]


def test_the_part_says_where_it_is_from_and_no_secret(fetch: Fetching, hub: Hub, store: Store) -> None:
    hub.gated = True
    hub.script(cdn=repeat(closes_after(HALF)))
    fetch(NAME, "--retries", 0, "--token", TOKEN)
    state = json.loads(next((store.folder / "unfinished").rglob("state.json")).read_text())
    assert state["from"] == NAME and state["etag"] == '"cdn-1"' and state["size"] == len(hub.data)
