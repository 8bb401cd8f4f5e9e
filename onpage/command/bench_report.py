"""`onpage bench report`."""

from __future__ import annotations

from pathlib import Path

import click

from builder.errors import ResultsError
from onpage.command.console import FILE, print_facts, say
from onpage.extras import requires

SUFFIXES = {".html": "html", ".csv": "csv", ".md": "markdown"}


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
    from onpage.bench import compare
    from onpage.bench.report import markdown, page, spreadsheet, write_text
    from onpage.bench.self_test import self_test_of

    for path in outputs:
        if path.suffix.lower() not in SUFFIXES:
            context = click.get_current_context()
            raise click.UsageError(f"{path}: the suffix must be .html, .csv or .md.", context)
    wanted = {path: SUFFIXES[path.suffix.lower()] for path in outputs}
    with requires("bench"):
        from onpage.bench.record import load_results
    results = [load_results(path) for path in files]
    if empty := [str(path) for path, each in zip(files, results, strict=True) if not each["records"]]:
        raise ResultsError(f"{', '.join(empty)}: nothing to report, the file contains no records.", subject=empty[0])
    compare.refuse_duplicates(record for each in results for record in each["records"])
    before = load_results(baseline) if baseline else None
    alike = compare.compare_alike(before, results) if before else None
    comparison = alike or (compare.compare_sides(results[0]) if len(results) == 1 else None)
    if before and not alike:
        say(
            f"{baseline} has no record of the same model, engine, browser, adapter, plan and machine: nothing is compared."
        )
    tested = self_test_of(results[0]) if len(results) == 1 else None
    render = {
        "html": lambda: page.html_report(results, baseline=before, comparison=comparison, tested=tested),
        "csv": lambda: spreadsheet.csv_report(results),
        "markdown": lambda: markdown.markdown_report(results, comparison=comparison, tested=tested),
    }
    for path, kind in wanted.items():
        write_text(path, render[kind]())
    if wanted and not form:
        print_facts([("file", str(path)) for path in wanted])
    else:
        click.echo(render[form or "markdown"](), nl=False)
