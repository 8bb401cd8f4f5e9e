"""A browser that is missing, and cannot be installed, ends `make browser` with a sentence and a test's set-up with an error."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from e2e.firefox.browser import ENVIRONMENT, find_firefox
from e2e.install_browser import WANTED, install, main
from e2e.software_gpu import browser as software_gpu
from e2e.software_gpu.browser import find_software_gpu, whole_chromium
from onpage.bench.browser import ENVIRONMENT as CHROMIUM
from onpage.bench.browser import BrowserNotFoundError


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing can be found or installed; what is put into the folder can be found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    return tmp_path


def put(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(exist_ok=True)
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


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no browser with Mesa's software GPU")
def test_one_with_the_software_gpu_that_is_named_is_taken_as_it_is(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another made of it wrote its driver over the system's SwiftShader, and no browser found a GPU any more."""
    named, system = put(bare_machine / "named", "chromium", "exit 0"), bare_machine / "system.so"
    named.with_name(software_gpu.DRIVER).write_text("Mesa's")
    system.write_text("SwiftShader")
    named.with_name(software_gpu.KEPT).hardlink_to(system)
    monkeypatch.setenv(CHROMIUM, str(named))
    monkeypatch.setattr(software_gpu, "FOLDER", bare_machine / "made")
    assert find_software_gpu().path == named
    assert system.read_text() == "SwiftShader" and not (bare_machine / "made").exists()


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
    assert capsys.readouterr().err == "onpage: name browsers out of chromium, software-gpu, firefox, webkit: opera.\n"


def test_a_software_gpu_that_cannot_be_made_says_what_is_missing(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("ONPAGE_BROWSER", str(put(bare_machine, "chromium", "exit 0")))
    monkeypatch.setattr(software_gpu, "SYSTEM", bare_machine / "none")
    with pytest.raises(BrowserNotFoundError, match=r"No libvk_swiftshader\.so is beside .*chromium: install Debian's"):
        find_software_gpu()
    (bare_machine / software_gpu.DRIVER).write_bytes(b"")
    monkeypatch.setattr(software_gpu, "FOLDER", bare_machine / "build")
    monkeypatch.setattr(software_gpu, "MESA", "libnone.so")
    with pytest.raises(
        BrowserNotFoundError, match=r"libnone\.so, Mesa's software GPU, was not found: run `make browser`, or"
    ):
        find_software_gpu()
    monkeypatch.setattr(software_gpu, "MESA", None)  # the process itself, which can be loaded everywhere
    with pytest.raises(
        BrowserNotFoundError, match=r"gcc was not found: .*gcc libc6-dev libvulkan-dev mesa-vulkan-drivers"
    ):
        find_software_gpu()
    put(bare_machine, "gcc", "echo 'vulkan.h: No such file' >&2; exit 1")
    with pytest.raises(BrowserNotFoundError, match=r"vulkan\.h: No such file\ndriver\.c was not compiled: run"):
        find_software_gpu()
    assert not (bare_machine / "build" / "chromium").exists()


@pytest.fixture
def system(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a Chromium of which one with a software GPU can be made."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(software_gpu, "FOLDER", bare_machine / "build")
    monkeypatch.setattr(software_gpu, "MESA", None)
    monkeypatch.setenv("ONPAGE_BROWSER", str(put(bare_machine / "system", "chromium", "exit 0")))
    (bare_machine / "system" / software_gpu.DRIVER).write_text("SwiftShader")
    (bare_machine / "system" / software_gpu.MANIFEST).write_text('{"library_path": "./libvk_swiftshader.so"}')
    put(bare_machine, "gcc", 'while [ "$1" != -o ]; do shift; done; echo driver > "$2"')
    return bare_machine / "system"


def test_a_headless_shell_is_taken_and_the_whole_browser_found_beside_it(bare_machine: Path, system: Path) -> None:
    whole = find_software_gpu().path
    assert (whole.name, whole_chromium(whole)) == ("chromium", whole)
    put(system, "chromium-headless-shell", "exit 0")
    shell = find_software_gpu().path
    assert shell == whole.with_name("chromium-headless-shell") and shell.is_file()
    assert whole_chromium(shell) == whole and whole.is_file()


def test_a_software_gpu_is_made_again_where_chromium_is_another(bare_machine: Path, system: Path) -> None:
    built = find_software_gpu().path
    assert built.with_name(software_gpu.DRIVER).read_text() == "driver\n"
    assert built.with_name(software_gpu.KEPT).read_text() == "SwiftShader"
    assert built.with_name(software_gpu.MANIFEST).read_text() == '{"library_path": "./libvk_for_drawing.so"}'
    assert (system / software_gpu.DRIVER).read_text() == "SwiftShader"
    before = built.stat().st_ino, built.with_name(software_gpu.DRIVER).stat().st_ino
    assert find_software_gpu().path == built
    assert before == (built.stat().st_ino, built.with_name(software_gpu.DRIVER).stat().st_ino)
    put(system, "newer", "exit 0; # newer").rename(system / "chromium")
    assert find_software_gpu().path.read_text().endswith("# newer\n")
