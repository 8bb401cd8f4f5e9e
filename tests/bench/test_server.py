"""The server of a run: up with its models whatever the environment, and one sentence where it does not come up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from builder.errors import BenchError
from e2e.bench.server import Server, serving


def served(models: Sequence[str], onpage: Path | None = None) -> Server:
    """What a server said when it was up; it is down again."""

    async def look() -> Server:
        async with serving(models, onpage=onpage) as server:
            return server

    return asyncio.run(look())


def test_a_proxy_is_not_asked_for_our_own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    (model,) = served(["demo"]).models
    assert model["files"]


def test_a_server_that_does_not_start_is_heard_to_its_last_words(tmp_path: Path) -> None:
    command = tmp_path / "onpage"
    command.write_text("#!/bin/sh\nexec >&-\nsleep 0.3\necho 'onpage: No room.' >&2\nexit 1\n")
    command.chmod(0o755)
    with pytest.raises(BenchError, match=r"^The server did not start: No room\.$"):
        served(["demo"], command)
