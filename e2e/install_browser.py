"""Makes sure that there are browsers for the end-to-end tests: `python -m e2e.install_browser chromium firefox`.

Takes one that is there; otherwise Playwright's own download where it has one, and where that cannot be had (no network
beyond the package mirrors, or libraries missing) the distribution's packages, which need root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import sync_playwright

from e2e.firefox.browser import ENVIRONMENT as FIREFOX_ENVIRONMENT
from e2e.firefox.browser import find_firefox
from e2e.software_gpu.browser import PACKAGES, find_software_gpu
from onpage.bench.browser import ENVIRONMENT, BrowserNotFoundError, FoundBrowser, find_browser


def find_chromium() -> FoundBrowser:
    """The one that the tests would take."""
    with sync_playwright() as playwright:
        return find_browser(playwright.chromium)


def find_webkit() -> FoundBrowser:
    """Its driver; what drives that is only there where `make test-webkit` installed it."""
    from e2e.webkit.browser import find_webkit

    return find_webkit()


@dataclass(frozen=True)
class Wanted:
    """A browser that tests need. `packages` are Debian's; `environment` names another one, if there is such a variable."""

    name: str
    find: Callable[[], FoundBrowser]
    packages: tuple[str, ...]
    environment: str = ""
    download: str = ""
    """Playwright's name of its own build."""
    question: str = "--version"
    """What it answers without starting a browser."""

    def usable(self) -> FoundBrowser | None:
        """It, if it starts; BrowserNotFoundError where the environment names one that is not there."""
        try:
            found = self.find()
        except BrowserNotFoundError:
            if self.environment in os.environ:
                raise
            return None
        started = subprocess.run([found.path, self.question], capture_output=True, text=True, check=False)
        if started.returncode:
            return None
        version = started.stdout.strip() if self.question == "--version" else self.name
        print(f"Browser: {version} ({found.origin}, {found.path})")
        return found

    def what_to_do(self) -> str:
        """For a person."""
        other = f", or set {self.environment} to the path of one" if self.environment else ""
        return f"install it (apt-get install {' '.join(self.packages)}){other}."


WANTED = {
    "chromium": Wanted(
        "Chromium", find_chromium, ("chromium", "chromium-headless-shell"), ENVIRONMENT, download="chromium"
    ),
    "software-gpu": Wanted(
        "Chromium with Mesa's software GPU", find_software_gpu, ("chromium", "chromium-headless-shell", *PACKAGES)
    ),
    "firefox": Wanted("Firefox", find_firefox, ("firefox-esr",), FIREFOX_ENVIRONMENT),
    "webkit": Wanted("WebKitGTK", find_webkit, ("webkit2gtk-driver", "xvfb"), question="--help"),
}


def run(command: list[str]) -> str:
    """Runs an installer; returns the end of what it said."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return "\n".join((done.stdout + done.stderr).splitlines()[-8:])


def install(wanted: Wanted) -> int:
    """Makes sure of one browser; returns the exit status."""
    try:
        if wanted.usable():
            return 0
    except BrowserNotFoundError as error:
        print(f"onpage: {error}", file=sys.stderr)
        return 1
    print(f"Installing {wanted.name} …", flush=True)
    said = ""
    if wanted.download:
        said = run([sys.executable, "-m", "playwright", "install", wanted.download])
        if wanted.usable():
            return 0
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        if wanted.download:
            print("Playwright's download did not work here; installing the distribution's package …", flush=True)
        run(["apt-get", "-qq", "update"])
        said = run(["apt-get", "-qq", "install", "-y", *wanted.packages])
        if wanted.usable():
            return 0
    print(said, file=sys.stderr)
    print(f"onpage: {wanted.name} could not be installed: {wanted.what_to_do()}", file=sys.stderr)
    return 1


def main() -> int:
    """Returns the exit status."""
    names = sys.argv[1:]
    unknown = [name for name in names if name not in WANTED]
    if unknown or not names:
        print(
            f"onpage: name browsers out of {', '.join(WANTED)}: {' '.join(unknown) or 'none was named'}.",
            file=sys.stderr,
        )
        return 2
    return max(install(WANTED[name]) for name in names)


if __name__ == "__main__":
    sys.exit(main())
