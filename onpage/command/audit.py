"""`onpage audit`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from onpage.command.console import FILE, megabytes, print_facts, print_json, say
from onpage.command.convert import json_option
from onpage.extras import requires


@click.command()
@click.argument("url")
@click.option("--browser", type=FILE, metavar="FILE", help="A Chrome or Chromium.  [default: as onpage bench]")
@click.option(
    "--seconds",
    type=click.FloatRange(1),
    default=120,
    show_default=True,
    metavar="S",
    help="Stop an answer after this time.",
)
@json_option
def audit(url: str, browser: Path | None, seconds: float, as_json: bool) -> None:
    """Use a deployed page of onpage in every task, and report what it sends.

    Each field gets a text that nobody else writes, and files are added that contain one. Chromium logs the network for the page, its workers and its service
    worker. The exit status is 1 if a request goes to another origin, or if a typed text is sent anywhere.

    \b
    Example:
      onpage audit http://127.0.0.1:8000/
      onpage audit https://you.github.io/project/ --json
    """
    with requires("bench"):
        from onpage.privacy.audit import audit as look
    found = look(url, browser=browser, seconds=seconds, say=say)
    if as_json:
        print_json(found.to_json())
    else:
        traffic, seen = found.traffic, found.seen
        kinds = [
            (kind, f"{counts.requests} requests, {megabytes(counts.down)} down, {counts.up / 1e3:,.1f} kB up")
            for kind, counts in sorted(traffic.kinds.items())
            if counts.requests
        ]
        print_facts(
            [
                ("page", f"{found.url}, Chromium {found.browser}"),
                ("tasks", f"{', '.join(seen.tasks)}: {seen.fields} fields filled, {seen.answers} answers asked for"),
                (
                    "origins",
                    ", ".join(f"{origin} ({count} requests)" for origin, count in sorted(traffic.origins.items())),
                ),
                *kinds,
                ("websockets", str(sum(traffic.websockets.values()))),
                ("typed texts sent", str(len(traffic.leaks))),
                ("browser's own", ", ".join(sorted(traffic.browser)) or "none"),
                ("policy", seen.headers.get("content-security-policy") or seen.policy or "none"),
                ("isolated", "yes" if seen.isolated else "no"),
                ("service worker", "yes" if seen.service_worker else "no"),
                *([("problem", seen.problem)] if seen.problem else []),
                (
                    "result",
                    "nothing leaves the origin, and no typed text is sent" if not found.findings else "see below",
                ),
            ]
        )
    for finding in found.findings:
        say(finding)
    sys.exit(1 if found.findings else 0)
