"""`onpage bench report`."""

from __future__ import annotations

from pathlib import Path

import click

from builder.errors import ResultsError
from onpage.command.console import FILE, print_facts, say
from onpage.extras import requires


@click.command()
@click.argument("files", metavar="RESULTS...", type=FILE, nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=FILE,
    help="A report to write: .html, .csv or .md. May be repeated.  [default: Markdown on stdout]",
)
@click.option("--baseline", type=FILE, help="Compare with this results file.")
@click.option("--csv", "form", flag_value="csv", help="Print CSV.")
@click.option("--markdown", "form", flag_value="markdown", help="Print Markdown, also with -o.")
def report(files: tuple[Path, ...], outputs: tuple[Path, ...], baseline: Path | None, form: str | None) -> None:
    """Write a report as HTML, Markdown or CSV.

    The HTML report is one file with tables and plots and needs no network. The Markdown report is short enough for a pull
    request. The CSV report has one row per measure. With --baseline, or for an interleaved run, HTML and Markdown say what changed.

    \b
    Example:
      onpage bench report results.json -o report.html
      onpage bench report phone.json laptop.json --baseline last-week.json -o report.html -o report.csv -o report.md
    """
    with requires("bench"):
        from onpage.bench.report import report as rendering
        from onpage.bench.results import Results
    for path in outputs:
        try:
            rendering.refuse_another_suffix(path)
        except ResultsError as error:
            raise click.UsageError(str(error), click.get_current_context()) from None
    made = rendering.Report.of([Results.load(path) for path in files], Results.load(baseline) if baseline else None)
    for note in made.notes:
        say(note)
    for path in outputs:
        made.write(path)
    if outputs and not form:
        print_facts([("file", str(path)) for path in outputs])
    else:
        click.echo(made.csv() if form == "csv" else made.markdown(), nl=False)
