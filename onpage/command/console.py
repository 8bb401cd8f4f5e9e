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


class FilePath(click.Path):
    """A path as it is given: whether it can be read is for the library to say, in its own sentence."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As click has it, but an empty text, as of a variable that is not set, is not the current folder."""
        if value == "":
            self.fail("expected a path, found an empty text.", param, ctx)
        return super().convert(value, param, ctx)


FILE = FilePath(path_type=Path, readable=False)


class FileOrName(click.ParamType[str]):
    """A path, or the name of something that is no file, as it is given; not an empty text."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As it was given."""
        if value == "":
            self.fail("expected a path or a name, found an empty text.", param, ctx)
        return str(value)


PHASES = {
    "measure": "Measuring",
    "evaluate": "Evaluating",
    "write": "Writing",
    "verify": "Verifying",
    "copy": "Copying",
    "hash": "Reading",
    "check": "Checking",
    "download": "Fetching",
    "sample": "Sampling",
    "calibrate": "Calibrating",
    "sensitivity": "Weighing",
}

COUNTED = {"sample": "tokens", "measure": "layers", "calibrate": "layers", "sensitivity": "parts"}
"""Phases whose progress is no bytes."""


@contextmanager
def byte_progress() -> Iterator[ProgressCallback]:
    """A bar for each phase on stderr: bytes (or layers), speed, time left. Silent where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda phase, done, total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        Task,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.text import Text

    class Done(DownloadColumn):
        def render(self, task: Task) -> Text:
            unit = task.fields["unit"]
            return Text(f"{task.completed:.0f}/{task.total or 0:.0f} {unit}") if unit else super().render(task)

    class Speed(TransferSpeedColumn):
        def render(self, task: Task) -> Text:
            return Text() if task.fields["unit"] else super().render(task)

    bar = Progress(
        TextColumn("{task.description:<11}"),
        BarColumn(),
        Done(),
        Speed(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    tasks: dict[str, Any] = {}
    with bar:

        def advance(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = bar.add_task(PHASES.get(phase, phase), total=total, unit=COUNTED.get(phase))
            bar.update(tasks[phase], completed=done, total=total)

        yield advance


@contextmanager
def step_progress() -> Iterator[ProgressCallback]:
    """A bar for each phase on stderr: steps, time left. Silent where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda phase, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True))
    tasks: dict[str, Any] = {}
    with bar:

        def advance(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = bar.add_task(PHASES.get(phase, phase), total=total)
            bar.update(tasks[phase], completed=done)

        yield advance


def printable(text: str) -> str:
    """What a terminal shows and never obeys: names from files and users may hold escape sequences, or turn the line round."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def say(sentence: str) -> None:
    """One line on stderr."""
    with suppress(OSError):  # not click's echo: it would write into a progress bar
        print(f"onpage: {printable(sentence)}", file=sys.stderr, flush=True)


def print_row(*cells: str, err: bool = False) -> None:
    """One line of values with tabs between them, on stdout or stderr, none of which a terminal obeys."""
    click.echo("\t".join(map(printable, cells)), err=err)


def print_json(value: Any) -> None:
    """A result for programs, on stdout."""
    click.echo(json.dumps(value, indent=2))


def print_facts(rows: list[tuple[str, str]]) -> None:
    """Names and values, on stdout, a row each. Values are text from files: shown as text, never as markup."""
    if not sys.stdout.isatty():  # for grep and cut
        for name, value in rows:
            print_row(name, value)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(markup=False, highlight=False, emoji=False)
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, Text(printable(value)))
    console.print(table)


def typed_text(given: str | None) -> str | None:
    """What a user means, who cannot easily type a new line."""
    return None if given is None else given.replace("\\n", "\n")


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1e6:,.1f} MB"
