"""WebKitGTK's MiniBrowser behind its WebDriver, on a display that nobody sees: it has no headless mode."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Remote, WebKitGTKOptions, WebKitGTKService
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.remote_connection import RemoteConnection

from onpage.bench.browser import BrowserNotFoundError, FoundBrowser

DRIVER = "WebKitWebDriver"
DISPLAY = "Xvfb"
SPARING = {"JSC_useOMGJIT": "false", "WEBKIT_DISABLE_COMPOSITING_MODE": "1"}
"""Without the compiler that, once a post is written, optimizes the whole engine for minutes on one thread while the next
engine waits for that thread; and without drawing through an OpenGL that the processor plays."""
ANSWER_SECONDS = 300
"""A page that is busy with the engine answers late."""


def find(name: str) -> Path:
    """The path of one of the two programs."""
    path = shutil.which(name)
    if path is None:
        raise BrowserNotFoundError(f"{name} was not found: run `make webkit`, or install webkit2gtk-driver and xvfb.")
    return Path(path)


def find_webkit() -> FoundBrowser:
    """The driver, which knows where its MiniBrowser is; BrowserNotFoundError also without a display."""
    find(DISPLAY)
    return FoundBrowser(find(DRIVER), "system")


@contextmanager
def display() -> Iterator[str]:
    """The name of a new virtual display."""
    read, write = os.pipe()
    server = subprocess.Popen(
        [find(DISPLAY), "-displayfd", str(write), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        assert number, f"{DISPLAY} did not start"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)


@contextmanager
def launched() -> Iterator[Remote]:
    """A MiniBrowser with a fresh profile. (Selenium's own class for it is made of what Selenium deprecates.)"""
    with display() as name:
        service = WebKitGTKService(str(find_webkit().path), env={**os.environ, **SPARING, "DISPLAY": name})
        service.start()
        try:
            config = ClientConfig(remote_server_addr=service.service_url, timeout=ANSWER_SECONDS)
            driver = Remote(RemoteConnection(client_config=config), options=WebKitGTKOptions())
            try:
                yield driver
            finally:
                driver.quit()
        finally:
            service.stop()
