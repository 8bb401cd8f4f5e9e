"""Which Firefox the tests drive, and how: Playwright speaks WebDriver BiDi to the system's own.

Three things differ from Chromium, and what both browsers run keeps to what both can do: code in a worker cannot be evaluated
(the tests change the worker's file on its way instead), `wait_for_function` needs an eval that the page's policy forbids
(the tests wait for an attribute), and a download is no event (it is a file in a folder that was named at the start).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserType

from onpage.bench.browser import BrowserNotFoundError, FoundBrowser

ENVIRONMENT = "ONPAGE_FIREFOX"
NAMES = ("firefox-esr", "firefox")
CHANNEL = "moz-firefox"
"""Tells Playwright that this is not its own patched build, which has another protocol."""
INSECURE_HOST = "onpage.test"
"""A name for this machine that browsers do not trust as they trust localhost."""
QUOTA_BYTES = 40 << 20
"""What an origin may keep in each context: Firefox gives it a fifth of all."""
PREFERENCES: dict[str, str | float | bool] = {
    "network.dns.localDomains": INSECURE_HOST,
    "dom.quotaManager.temporaryStorage.fixedLimit": 5 * QUOTA_BYTES // 1024,
    # Only what is hot in an engine is compiled a second time: 1 of the 7 s of processor time of a load and a post.
    "javascript.options.wasm_lazy_tiering": True,
    # Nobody looks: to draw the page seldom saves half a second of each load.
    "layout.frame_rate": 10,
}


def find_firefox() -> FoundBrowser:
    """The environment's, or else the system's."""
    explicit = os.environ.get(ENVIRONMENT)
    if explicit:
        if not Path(explicit).is_file():
            raise BrowserNotFoundError(
                f"{ENVIRONMENT} is {explicit}, which is not a file: set it to the path of a Firefox."
            )
        return FoundBrowser(Path(explicit), ENVIRONMENT)
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return FoundBrowser(Path(path), "system")
    raise BrowserNotFoundError(f"No Firefox was found: run `make browser`, or set {ENVIRONMENT} to the path of one.")


@contextmanager
def launched(firefox: BrowserType, downloads: Path) -> Iterator[Browser]:
    """A headless Firefox with a fresh profile that saves downloads in a folder, closed with its children at the end."""
    browser = firefox.launch(
        executable_path=find_firefox().path,
        channel=CHANNEL,
        firefox_user_prefs=PREFERENCES,
        downloads_path=downloads,
    )
    try:
        yield browser
    finally:
        browser.close()
