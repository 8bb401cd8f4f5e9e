"""What the commands share: the progress bar and the table of results."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

ProgressCallback = Callable[[str, int, int], None]

FILE = click.Path(path_type=Path, readable=False)
"""A path as it is given: whether it can be read is for the library to say, in its own sentence."""

PHASES = {
    "write": "Writing",
    "verify": "Verifying",
    "copy": "Copying",
    "hash": "Reading",
    "check": "Checking",
    "download": "Fetching",
}


@contextmanager
def byte_progress() -> Iterator[ProgressCallback]:
    """A bar for each phase on stderr: bytes, speed, time left. Silent where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda phase, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    bar = Progress(
        TextColumn("{task.description:<9}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    tasks: dict[str, Any] = {}
    with bar:

        def advance(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = bar.add_task(PHASES.get(phase, phase), total=total)
            bar.update(tasks[phase], completed=done)

        yield advance


def say(sentence: str) -> None:
    """One line on stderr. Names from files may hold what a terminal would obey, so only what prints is printed."""
    printable = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in sentence)
    with suppress(OSError):
        print(
            f"onpage: {printable}", file=sys.stderr, flush=True
        )  # not click's echo: it would write into a progress bar


def print_json(value: Any) -> None:
    """A result for programs, on stdout."""
    click.echo(json.dumps(value, indent=2))


def print_facts(rows: list[tuple[str, str]]) -> None:
    """Names and values, on stdout, a row each. Values are text from files: shown as text, never as markup."""
    if not sys.stdout.isatty():  # for grep and cut
        for name, value in rows:
            click.echo(f"{name}\t{value}")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(markup=False, highlight=False, emoji=False)
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, Text(value))
    console.print(table)


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1e6:,.1f} MB"
