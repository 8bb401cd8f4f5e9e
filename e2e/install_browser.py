"""Makes sure that there is a browser for the end-to-end tests: `python -m e2e.install_browser`.

Takes one that is there; otherwise Playwright's own download, and where that cannot be had (no network beyond the
package mirrors, or libraries missing) the distribution's package, which needs root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from playwright.sync_api import sync_playwright

from e2e.browser import BrowserNotFoundError, FoundBrowser, find_browser


def usable() -> FoundBrowser | None:
    """The browser that the tests would take, if it starts."""
    with sync_playwright() as playwright:
        try:
            found = find_browser(playwright)
        except BrowserNotFoundError:
            return None
    started = subprocess.run([found.path, "--version"], capture_output=True, text=True, check=False)
    if started.returncode:
        return None
    print(f"Browser: {started.stdout.strip()} ({found.origin}, {found.path})")
    return found


def main() -> int:
    """Returns the exit status."""
    if usable():
        return 0
    print("Installing Chromium …", flush=True)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], capture_output=True, check=False)
    if usable():
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Playwright's download did not work here; installing the distribution's package …", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}}
        subprocess.run(["apt-get", "-qq", "update"], check=False, **quiet)
        subprocess.run(["apt-get", "-qq", "install", "-y", "chromium"], check=False, **quiet)
        if usable():
            return 0
    print(
        "onpage: no browser could be installed: install Chrome or Chromium (apt-get install chromium), "
        "or set ONPAGE_BROWSER to the path of one.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
