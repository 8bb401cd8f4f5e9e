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

from onpage.bench.browser import ENVIRONMENT, BrowserNotFoundError, FoundBrowser, find_browser


def usable() -> FoundBrowser | None:
    """The browser that the tests would take, if it starts; BrowserNotFoundError where the environment names none."""
    with sync_playwright() as playwright:
        try:
            found = find_browser(playwright.chromium)
        except BrowserNotFoundError:
            if ENVIRONMENT in os.environ:
                raise
            return None
    started = subprocess.run([found.path, "--version"], capture_output=True, text=True, check=False)
    if started.returncode:
        return None
    print(f"Browser: {started.stdout.strip()} ({found.origin}, {found.path})")
    return found


def run(command: list[str]) -> str:
    """Runs an installer; returns the end of what it said."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return "\n".join((done.stdout + done.stderr).splitlines()[-8:])


def main() -> int:
    """Returns the exit status."""
    try:
        if usable():
            return 0
    except BrowserNotFoundError as error:
        print(f"onpage: {error}", file=sys.stderr)
        return 1
    print("Installing Chromium …", flush=True)
    own = run([sys.executable, "-m", "playwright", "install", "chromium"])
    if usable():
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Playwright's download did not work here; installing the distribution's package …", flush=True)
        run(["apt-get", "-qq", "update"])
        own = run(["apt-get", "-qq", "install", "-y", "chromium"])
        if usable():
            return 0
    print(own, file=sys.stderr)
    print(
        "onpage: no browser could be installed: install Chrome or Chromium (apt-get install chromium), "
        "or set ONPAGE_BROWSER to the path of one.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
