"""A Chromium whose WebGPU computes with float16 on a machine without a GPU: as most people's GPUs do, and SwiftShader does not.

It is the Chromium that is there, once more, in a folder beside this project's other outputs, with Mesa's software GPU in the place of
SwiftShader (driver.c says how). Nothing of the system's is changed. It takes less processor time, too, 15 % of
the tests of the page and nearly half of those of exactness: Mesa keeps compiled shaders on the disk.

Where Chromium's headless shell is there it is taken: the same engine, network and GPU process without the browser's windows, tabs and profile. A
load of the page with a scripted engine takes 1.9 s of processor time in it and 3.4 s in the whole Chromium.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from onpage.bench.browser import BrowserNotFoundError, FoundBrowser, find_browser

SOURCE = Path(__file__).with_name("driver.c")
FOLDER = SOURCE.parents[2] / "build" / "software_gpu"
SYSTEM = Path("/usr/lib/chromium")
"""Where Debian's package has what /usr/bin/chromium, a script, starts."""
DRIVER, MANIFEST = "libvk_swiftshader.so", "vk_swiftshader_icd.json"
KEPT = "libvk_for_drawing.so"
"""SwiftShader, which goes on to draw the pages."""
MESA = "libvulkan_lvp.so"
SHELLS = {"chromium": "chromium-headless-shell", "chrome": "headless_shell"}
"""The headless shell's name beside the whole program of that name: Debian's package, and Chromium's own builds."""
PACKAGES = ("gcc", "libc6-dev", "libvulkan-dev", "mesa-vulkan-drivers")
WHAT_TO_DO = f"run `make browser`, or apt-get install {' '.join(PACKAGES)}"


def find_software_gpu() -> FoundBrowser:
    """It, made anew where Chromium or the driver's source is newer: its headless shell, where there is one. The plain Chromium on systems
    without such drivers.

    BrowserNotFoundError says what is missing.
    """
    with sync_playwright() as playwright:
        found = find_browser(playwright.chromium)
    if sys.platform != "linux":
        return found
    source = _folder_of(found.path)
    if (source / KEPT).exists():
        return found  # one of these already: to make another of it would write into the system's SwiftShader, which is a link in both
    whole = "chrome" if (source / "chrome").is_file() else "chromium"
    name = SHELLS[whole] if (source / SHELLS[whole]).is_file() else whole
    program = FOLDER / "chromium" / name
    if not _is_of(program, source / name):
        _build(source)
    return FoundBrowser(program, "built with Mesa's software GPU")


def whole_chromium(program: Path) -> Path:
    """The browser with all its windows beside a headless shell; any other `program` as it is."""
    for whole, shell in SHELLS.items():
        if program.name == shell and program.with_name(whole).is_file():
            return program.with_name(whole)
    return program


def _folder_of(chromium: Path) -> Path:
    """With the program and its SwiftShader."""
    for folder in (chromium.resolve().parent, SYSTEM):
        if (folder / DRIVER).is_file():
            return folder
    raise BrowserNotFoundError(f"No {DRIVER} is beside {chromium}: install Debian's chromium, or another with WebGPU.")


def _is_of(program: Path, original: Path) -> bool:
    """Whether a program, and the driver beside it, are those of a Chromium and of the driver's source as they are now."""
    driver = program.with_name(DRIVER)
    if not (program.is_file() and driver.is_file() and original.is_file()):
        return False
    same = (
        program.stat().st_mtime_ns == original.stat().st_mtime_ns and program.stat().st_size == original.stat().st_size
    )
    return same and driver.stat().st_mtime_ns > SOURCE.stat().st_mtime_ns


def _build(source: Path) -> None:
    driver, target = _compiled(), FOLDER / "chromium"
    shutil.rmtree(target, ignore_errors=True)
    others = shutil.ignore_patterns(DRIVER, MANIFEST)
    shutil.copytree(source, target, copy_function=_link_or_copy, symlinks=True, ignore=others)
    shutil.copy2(source / DRIVER, target / KEPT)  # no link: what is written to one of the names is in the system's file
    (target / MANIFEST).write_text((source / MANIFEST).read_text().replace(DRIVER, KEPT))
    driver.rename(target / DRIVER)  # last: without it the browser is not taken


def _compiled() -> Path:
    """The driver."""
    try:
        ctypes.CDLL(MESA)
    except OSError:
        raise BrowserNotFoundError(f"{MESA}, Mesa's software GPU, was not found: {WHAT_TO_DO}.") from None
    library = FOLDER / DRIVER
    FOLDER.mkdir(parents=True, exist_ok=True)
    command = ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-o", str(library), str(SOURCE), "-ldl"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BrowserNotFoundError(f"gcc was not found: {WHAT_TO_DO}.") from None
    if done.returncode:
        raise BrowserNotFoundError(f"{done.stderr}{SOURCE.name} was not compiled: {WHAT_TO_DO}.")
    return library


def _link_or_copy(source: str | Path, target: str | Path) -> None:
    """A second name for a file where the disk takes one: the browser has 300 MB."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
