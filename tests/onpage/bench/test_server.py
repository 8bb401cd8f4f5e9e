"""The server of a run: up with its models whatever the environment, and one sentence where it does not come up."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

import pytest

from builder.errors import BenchError
from builder.files.digest import sha256_of
from onpage.bench.peers.peer_models import PeerModel
from onpage.bench.server import Server, serving
from webapp.paths import DEMO_BUNDLE, DEMO_GRAPH, DEMO_MODEL


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


def entry(name: str, sha256: str, size: int) -> dict[str, Any]:
    """As /api/models has it, as far as it matters."""
    return {"files": [{"url": f"/models/{sha256}/{name}", "sha256": sha256, "size": size}]}


def test_what_the_server_has_read_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a b.task", "2" * 64, "twice.task", "other.task"):
        (tmp_path / name).write_bytes(b"12345")
    entries = [entry("a%20b.task", "1" * 64, 5), entry("mine.task", "2" * 64, 5)]
    entries += [entry("twice.task", digit * 64, 5) for digit in "34"] + [entry("other.task", "5" * 64, 6)]
    server = Server("http://127.0.0.1:1", entries)
    read: list[str] = []
    monkeypatch.setattr("onpage.bench.server.sha256_of", lambda path: read.append(path.name) or "read")
    assert server.sha256_of(tmp_path / "a b.task") == "1" * 64
    assert server.sha256_of(tmp_path / ("2" * 64)) == "2" * 64, "a stored one, whose name is its sha256"
    assert not read
    assert server.sha256_of(tmp_path / "twice.task") == "read", "of two, nobody knows which"
    assert server.sha256_of(tmp_path / "other.task") == "read", "another size"


def test_a_real_server_says_what_it_read(monkeypatch: pytest.MonkeyPatch) -> None:
    server = served(["demo"])
    expected = {path: sha256_of(path) for path in (DEMO_MODEL, DEMO_BUNDLE, DEMO_GRAPH)}
    monkeypatch.setattr("onpage.bench.server.sha256_of", None)
    assert {path: server.sha256_of(path) for path in expected} == expected


def test_the_peers_server_takes_their_models() -> None:
    """Its `serve` goes before the command's own."""
    program = [sys.executable, "-c", "from onpage.command.serve_peers import main; main()"]
    ended = subprocess.run([*program, "serve", "--help"], capture_output=True, text=True, check=True)
    assert "--peer" in ended.stdout and "--model" in ended.stdout


def test_the_peers_server_sends_our_models_and_theirs(tmp_path: Path) -> None:
    """It ended at its start when `serve` was given an option that it did not hand on."""
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + bytes(1000))
    peer = PeerModel.read(tmp_path / "model.gguf")

    async def look() -> tuple[Server, bytes]:
        async with serving(["demo"], peers=[peer.path]) as server:
            return server, await asyncio.to_thread(sent, f"{server.url}{peer.to_json()['url']}")

    server, data = asyncio.run(look())
    assert data == peer.path.read_bytes()
    assert server.sha256_of(DEMO_GRAPH) == sha256_of(DEMO_GRAPH)


def sent(url: str) -> bytes:
    with build_opener(ProxyHandler({})).open(url, timeout=30) as response:
        data: bytes = response.read()
        return data
