"""`onpage audit`: a session with a page, and what the browser's network log says of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserType, Error, sync_playwright

from builder.errors import BenchError
from onpage.bench.browser import BrowserNotFoundError, find_browser, flags
from onpage.privacy.canaries import Canaries
from onpage.privacy.net_log import CAPTURE, events
from onpage.privacy.session import Seen, Session
from onpage.privacy.traffic import Traffic, traffic_of

SECONDS = 120
"""For an answer, which is then stopped."""
POLICIES = ("content-security-policy", "cross-origin-opener-policy", "cross-origin-embedder-policy")


@dataclass(frozen=True)
class Audit:
    """What was seen of one deployment."""

    url: str
    browser: str
    seen: Seen
    traffic: Traffic

    @property
    def findings(self) -> list[str]:
        """What should not be, in sentences; none for a page that keeps what is typed."""
        found = self.traffic.findings()
        policy = self.seen.headers.get(POLICIES[0]) or self.seen.policy
        if not _closed(policy):
            found.append(
                "No policy closes the page to other origins: expected connect-src 'self' in its Content-Security-Policy."
            )
        return found

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        traffic, seen = self.traffic, self.seen
        return {
            "url": self.url,
            "browser": self.browser,
            "findings": self.findings,
            "tasks": seen.tasks,
            "fields": seen.fields,
            "answers": seen.answers,
            "problem": seen.problem,
            "origins": dict(traffic.origins),
            "requests": {
                kind: asdict(counts) for kind, counts in sorted(traffic.kinds.items()) if counts.requests or counts.down
            },
            "up": traffic.up,
            "down": traffic.down,
            "websockets": dict(traffic.websockets),
            "names": sorted(traffic.names),
            "datagrams": sorted(traffic.datagrams),
            "canaries": {"typed": seen.fields, "sent": [asdict(leak) for leak in traffic.leaks]},
            "browser_requests": dict(traffic.browser),
            "headers": {name: seen.headers.get(name, "") for name in POLICIES},
            "meta_policy": seen.policy,
            "isolated": seen.isolated,
            "service_worker": seen.service_worker,
        }


def audit(
    url: str, *, browser: Path | None = None, seconds: float = SECONDS, say: Callable[[str], None] = lambda _: None
) -> Audit:
    """Use the page at `url`, an onpage of anybody's, in every task, and return what was sent. Raises BenchError.

    The log holds all that is loaded, models too: about one and a half times their size in the folder for temporary files.
    """
    page = url.partition("#")[0].partition("?")[0]
    canaries = Canaries()
    with tempfile.TemporaryDirectory(prefix="onpage-audit-") as folder, sync_playwright() as playwright:
        log = Path(folder) / "network.json"
        version, seen = _session(playwright.chromium, page, canaries, browser, seconds, log, say)
        say("reading the browser's log")
        return Audit(page, version, seen, traffic_of(events(log), page, canaries))


def _session(
    chromium: BrowserType,
    page: str,
    canaries: Canaries,
    browser: Path | None,
    seconds: float,
    log: Path,
    say: Callable[[str], None],
) -> tuple[str, Seen]:
    try:
        found = find_browser(chromium, browser)
    except BrowserNotFoundError as error:
        raise BenchError(str(error)) from None
    arguments = [*flags(), f"--log-net-log={log}", *CAPTURE]
    try:
        context = chromium.launch_persistent_context(
            log.parent / "profile", executable_path=found.path, args=arguments, locale="en-GB"
        )
    except Error as error:
        raise BenchError(
            f"{found.path} does not start: {error.message.splitlines()[0]}.", subject=str(found.path)
        ) from None
    version = context.browser.version if context.browser else ""
    try:
        say(f"opening {page} in Chromium {version}")
        return version, Session(context, page, canaries, seconds, say).run()
    finally:
        context.close()  # which completes the log


def _closed(policy: str) -> bool:
    rules = [rule.split() for rule in policy.split(";") if rule.strip()]
    values = {rule[0]: set(rule[1:]) for rule in rules}
    allowed = values.get("connect-src", values.get("default-src"))
    return allowed is not None and allowed <= {"'self'", "'none'"}
