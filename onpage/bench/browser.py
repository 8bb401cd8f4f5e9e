"""Which browser to drive, and how to start it with WebGPU on a machine without a GPU."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import BrowserType as AsyncBrowserType
from playwright.sync_api import Browser, BrowserType, sync_playwright

from builder.files.systems import is_root

ENVIRONMENT = "ONPAGE_BROWSER"
NAMES = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser")
WHAT_TO_DO = f"run `make browser`, or set {ENVIRONMENT} to the path of a Chrome or Chromium"

SOFTWARE_WEBGPU = (
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""WebGPU on SwiftShader: slow, but the same on every machine."""

GPU_WEBGPU = (
    "--enable-unsafe-webgpu",
    "--ignore-gpu-blocklist",
    *(
        (
            "--use-angle=vulkan",
            "--enable-features=Vulkan",
            "--disable-vulkan-surface",
            "--enable-dawn-features=vulkan_enable_f16_on_nvidia",
        )
        if sys.platform == "linux"
        else ()
    ),
    *SOFTWARE_WEBGPU[2:],
)
"""WebGPU on the machine's own graphics card, headless too; Linux needs to be told to use Vulkan."""


@dataclass(frozen=True)
class FoundBrowser:
    """A browser and where it came from."""

    path: Path
    origin: str


class BrowserNotFoundError(Exception):
    """No browser; the message says what to do."""


def find_browser(chromium: BrowserType | AsyncBrowserType, given: Path | None = None) -> FoundBrowser:
    """In this order: the one that was named, the environment's, Playwright's own, the system's."""
    if given is not None:
        if not given.is_file():
            raise BrowserNotFoundError(f"{given} is not a browser: expected the path of a Chrome or Chromium.")
        return FoundBrowser(given, "named")
    explicit = os.environ.get(ENVIRONMENT)
    if explicit:
        if not Path(explicit).is_file():
            raise BrowserNotFoundError(f"{ENVIRONMENT} is {explicit}, which is not a file: {WHAT_TO_DO}.")
        return FoundBrowser(Path(explicit), ENVIRONMENT)
    own = Path(chromium.executable_path)
    if own.is_file():
        return FoundBrowser(own, "playwright")
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return FoundBrowser(Path(path), "system")
    raise BrowserNotFoundError(f"No Chrome or Chromium was found: {WHAT_TO_DO}.")


def flags(extra: tuple[str, ...] = SOFTWARE_WEBGPU) -> list[str]:
    """Command line; root (a container) cannot have the sandbox."""
    return [*extra, *(["--no-sandbox"] if is_root() else [])]


def launch(chromium: BrowserType, extra: tuple[str, ...] = SOFTWARE_WEBGPU, *, program: Path | None = None) -> Browser:
    """A headless browser, of `find_browser` or a `program`; the caller closes it."""
    return chromium.launch(executable_path=find_browser(chromium, program).path, args=flags(extra))


@contextmanager
def launched(extra: tuple[str, ...] = SOFTWARE_WEBGPU) -> Iterator[Browser]:
    """A headless browser, closed with its children at the end."""
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium, extra)
        try:
            yield browser
        finally:
            browser.close()
