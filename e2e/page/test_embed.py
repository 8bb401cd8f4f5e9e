"""The files of docs/embed.md, as they are written there: the program serves the page, which loads a model and writes an answer."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.page.conftest import LOAD_MS, Watched

DOCUMENT = (Path(__file__).parents[2] / "docs" / "embed.md").read_text(encoding="utf-8")
FILES = {"mine.html": "html", "mine.js": "js", "mine.py": "python"}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where mine.py serves mine.html."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for name, language in FILES.items():
        (text,) = re.findall(rf"`{re.escape(name)}` .*?```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
        (tmp_path / name).write_text(text.replace("port=8000", f"port={port}"), encoding="utf-8")
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen([sys.executable, "mine.py"], cwd=tmp_path, stdout=log, stderr=log) as server,
    ):
        try:
            url = f"http://127.0.0.1:{port}/mine.html"
            _wait_for(url, server, tmp_path / "log")
            yield url
        finally:
            server.terminate()


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url):
                return
        except urllib.error.URLError:
            time.sleep(0.1)
    pytest.fail(log.read_text())


def test_a_page_of_ones_own_writes_an_answer(address: str, tab: Watched) -> None:
    tab.open(address)
    expect(tab.page.locator("#answer")).not_to_be_empty(timeout=LOAD_MS)
    expect(tab.page).to_have_title("ready", timeout=LOAD_MS)
