"""A browser that is missing, and cannot be installed, ends `make browser` with a sentence and a test's set-up with an error."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from e2e.firefox.browser import ENVIRONMENT, find_firefox
from e2e.install_browser import WANTED, install, main
from onpage.bench.browser import BrowserNotFoundError


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing can be found or installed; what is put into the folder can be found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    return tmp_path


def put(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_missing_firefox_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BrowserNotFoundError, match="No Firefox was found: run `make browser`, or set ONPAGE_FIREFOX"):
        find_firefox()
    assert install(WANTED["firefox"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "onpage: Firefox could not be installed: install it (apt-get install firefox-esr), "
        "or set ONPAGE_FIREFOX to the path of one."
    )


def test_one_that_does_not_start_is_none(bare_machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Such as Ubuntu's, which only says that there is a snap."""
    put(bare_machine, "firefox", "exit 1")
    assert install(WANTED["firefox"]) == 1
    assert "could not be installed" in capsys.readouterr().err


def test_the_first_that_is_there_is_taken(bare_machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(bare_machine, "firefox", "exit 1")
    found = put(bare_machine, "firefox-esr", 'echo "Mozilla Firefox 1.0"')
    assert install(WANTED["firefox"]) == 0
    assert capsys.readouterr().out == f"Browser: Mozilla Firefox 1.0 (system, {found})\n"


def test_one_that_is_named_must_be_there(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No other is taken in its place."""
    put(bare_machine, "firefox", "exit 0")
    monkeypatch.setenv(ENVIRONMENT, str(bare_machine / "none"))
    assert install(WANTED["firefox"]) == 1
    assert "none, which is not a file" in capsys.readouterr().err


def test_an_unknown_browser_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["install_browser", "opera"])
    assert main() == 2
    assert capsys.readouterr().err == "onpage: name browsers out of chromium, firefox, webkit: opera.\n"
