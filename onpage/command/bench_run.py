"""`onpage bench run`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from builder.errors import BenchError
from builder.files.reading import shown
from builder.files.writing import check_writable
from onpage.bench.options import Listener, Options
from onpage.bench.words import agreement_text, printable, quantity
from onpage.command.bench_options import place_options, plan_options, range_of
from onpage.command.console import FILE, byte_progress, print_json, say
from onpage.command.convert import json_option
from onpage.command.coroutines import run_coroutine
from onpage.extras import requires

if TYPE_CHECKING:
    from onpage.bench.record import Record

SELENIUM = "SELENIUM_REMOTE_URL"


class Address(click.ParamType[str]):
    """http://… or https://…"""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As it was given."""
        if not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", str(value)):
            self.fail(f"{shown(value)}: expected an address such as https://bench.example.org.", param, ctx)
        return str(value)


@click.command()
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="MODEL",
    help="demo, a stored id, a file, or a synthetic model such as synth:gemma3-1b@int4. May be repeated.  "
    "[default: demo]",
)
@click.option(
    "--engine",
    "engines",
    multiple=True,
    metavar="ENGINE",
    help="mediapipe, litert-lm, litert-lm-cpu or all; or a peer to compare with: transformers-js, transformers-js-webgpu, "
    "wllama or native (docs/bench.md). May be repeated.  [default: mediapipe]",
)
@plan_options(Options(), warmup="Warm-up runs per prompt length. They do not count.")
@click.option(
    "--runs",
    type=range_of("runs"),
    default=Options.runs,
    show_default=True,
    metavar="N",
    help="Runs per prompt length. A run lasts at least half a second: short answers are repeated.",
)
@click.option(
    "--cold",
    type=range_of("cold"),
    default=Options.cold,
    show_default=True,
    metavar="N",
    help="Loads from the network.",
)
@click.option(
    "--warm",
    type=range_of("warm"),
    default=Options.warm,
    show_default=True,
    metavar="N",
    help="Loads from the browser's storage.",
)
@click.option(
    "--agreement",
    type=range_of("agreement"),
    default=Options.agreement,
    show_default=True,
    metavar="POSITIONS",
    help="Also measure, on about N positions, how often the engine chooses the reference's likeliest token. For web files.",
)
@click.option(
    "--browser",
    type=FILE,
    help="The Chrome or Chromium to run.  [default: ONPAGE_BROWSER, else Playwright's, else the system's]",
)
@click.option(
    "--browser-flag",
    "flags",
    multiple=True,
    metavar="FLAG",
    help="A flag for the browser that is started. May be repeated.",
)
@click.option("--headed", is_flag=True, help="Show the browser window.")
@click.option(
    "--connect",
    multiple=True,
    metavar="WS-URL",
    help="Measure in a Playwright server's browser. May be repeated; all are measured at the same time.",
)
@click.option(
    "--cdp",
    multiple=True,
    metavar="URL",
    help="Measure in a running Chrome with remote debugging, for example on a phone. May be repeated.",
)
@click.option(
    "--selenium",
    multiple=True,
    metavar="URL",
    help=f"Measure in a Selenium Grid's browser. May be repeated.  [default: {SELENIUM}]",
)
@click.option("--host", default=Options.host, show_default=True, help="Address that the server listens on.")
@click.option(
    "--port",
    type=range_of("port"),
    default=Options.port,
    metavar="N",
    help="Port that the server listens on.  [default: a free port]",
)
@click.option(
    "--public-url",
    type=Address(),
    metavar="URL",
    help="Address of the server for remote browsers. WebGPU needs https, or localhost (adb reverse).",
)
@place_options(Options(), gives_up="a measurement")
@click.option(
    "-o", "--output", type=FILE, required=True, help="The results file to write. An existing file is replaced."
)
@json_option
def run(
    models: tuple[str, ...],
    engines: tuple[str, ...],
    connect: tuple[str, ...],
    cdp: tuple[str, ...],
    selenium: tuple[str, ...],
    headed: bool,
    output: Path,
    as_json: bool,
    **options: Any,
) -> None:
    """Measure models in a browser.

    Measures loads, first answer, time to first token, prefill, decode and memory. Every model runs in every engine that has a
    file for it, in a new browser profile on this machine or in the remote browsers. The results file is written after every
    record, also on Ctrl-C. The exit status is 1 if a measurement failed or an engine's text was wrong.

    \b
    Example:
      onpage bench run -o results.json
      onpage bench run --model synth:gemma3-1b@int4 --engine all --require-gpu -o results.json
      onpage bench run --model demo --prefill 32,128 --decode 64 --runs 3 -o results.json
      onpage bench run --cdp http://127.0.0.1:9222 --port 8000 -o phone.json
    """
    if cdp and not (connect or selenium):
        _refuse_what_starts(click.get_current_context())
    with requires("bench"):
        from onpage.bench import run as running
        from onpage.bench.jobs import chosen_engines
        from onpage.bench.measured_models import find_model
    chosen = chosen_engines(engines or ("mediapipe",))
    if not (connect or cdp or selenium) and os.environ.get(SELENIUM):
        selenium = (os.environ[SELENIUM],)
    settings = Options(connect=connect, cdp=cdp, selenium=selenium, headless=not headed, **options)
    check_writable(output)  # before models are made, which can take minutes
    with byte_progress() as progress:
        found = [find_model(model, chosen, progress) for model in dict.fromkeys(models or ("demo",))]
    with steps() as advance, keeping(output) as note:
        listener = Listener(say=say, progress=advance, record=note)
        results = run_coroutine(running.run(found, chosen, settings, output, listener))
    if as_json:
        print_json(results.to_json())
    else:
        _show(results.records)
    if results.problem:
        raise BenchError(f"{results.problem} The records are in {output}.")


def _refuse_what_starts(context: click.Context) -> None:
    for option in context.command.params:
        given = context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
        if given and option.name in ("browser", "flags", "gpu", "headed"):
            names = "/".join((*option.opts, *option.secondary_opts))
            raise click.UsageError(
                f"{names} applies to a browser that onpage starts: the browser of --cdp runs already.", context
            )


@contextmanager
def keeping(output: Path) -> Iterator[Callable[[Any], None]]:
    """Takes note of each record that is in the file, so that an interrupt says the truth of a file that was there before."""
    records: list[Any] = []
    try:
        yield records.append
    except KeyboardInterrupt:
        kept = (
            f"the records until then are in {output}."
            if records
            else f"nothing was measured, and {output} was not written."
        )
        raise KeyboardInterrupt(f"interrupted; {kept}") from None


@contextmanager
def steps() -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """A bar for each record on stderr: what is measured where, and how far it is. Silent where stderr is no terminal."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    tasks: dict[str, Any] = {}
    with bar:

        def advance(place: str, progress: dict[str, Any]) -> None:
            if place not in tasks:
                tasks[place] = bar.add_task(place)
            text = printable(f"{place}: {progress['text']}")
            bar.update(tasks[place], description=text, completed=progress["done"], total=progress["total"])

        yield advance


def _value(measure: dict[str, Any]) -> str:
    """The typical value and the quartiles, with a mark where they mean little."""
    middle, low, high = (quantity(measure["measure"], measure[at]) for at in ("typical", "p25", "p75"))
    if measure["n"] == 1:
        return middle
    return f"{middle} ({low.rpartition(' ')[0]}–{high.rpartition(' ')[0]}){' noisy' if measure['noisy'] else ''}"


def _show(records: list[Record]) -> None:
    """A table for each record, a row for each measure and length. Names come from files: shown as text."""
    console = Console(markup=False, highlight=False, emoji=False)
    for record in records:
        label = printable(record["label"])
        rows = [
            (measure["measure"], "" if measure["prefill"] is None else str(measure["prefill"]), _value(measure))
            for measure in record["summary"]
        ]
        if (found := record.get("agreement")) and found["positions"]:
            rows.append(("agreement", "", agreement_text(found["positions"], found["same"])))
        if not console.is_terminal:  # for grep and cut
            for row in rows:
                click.echo("\t".join((label, *row)))
            continue
        table = Table(title=Text(label), title_justify="left", box=None, pad_edge=False)
        for column in ("measure", "prefill", "typical (quartiles)"):
            table.add_column(column)
        for row in rows:
            table.add_row(*row)
        console.print(table)
    for record in records:
        for text in (*(error["sentence"] for error in record["errors"]), *record["notes"]):
            say(f"{record['label']}: {text}")
