"""`onpage bench compare`."""

from __future__ import annotations

from pathlib import Path

import click

from builder.command.console import FILE, library, print_json
from e2e.bench.compare import HEADS, NOISY, Change, Comparison, compare_results
from e2e.bench.matching import FACTS
from e2e.bench.statistics import MEASURES
from e2e.bench.words import printable

COLOURS = {"regression": "red", "missing": "red", "slower": "yellow", "faster": "green", "too noisy to say": "yellow"}


class Percent(click.ParamType[float]):
    """5% or 5, as a share."""

    name = "percent"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Between nothing and all."""
        if isinstance(value, float):
            return value
        try:
            share = float(str(value).strip().removesuffix("%")) / 100
        except ValueError:
            share = -1
        if not 0 <= share < 1:
            self.fail(f"{value!r} is no percentage from 0% to below 100%.", param, ctx)
        return share


@click.command()
@click.argument("base", metavar="A", type=FILE)
@click.argument("head", metavar="B", type=FILE)
@click.option(
    "--max-regression",
    "limit",
    type=Percent(),
    default="5%",
    show_default=True,
    help="How much slower (or larger) B may be. More fails, where the whole 95 % interval is beyond it.",
)
@click.option(
    "--measure",
    "measures",
    multiple=True,
    type=click.Choice(list(MEASURES)),
    help="Compare this only; may be given several times.  [default: all]",
)
@click.option(
    "--allow-different",
    "allowed",
    multiple=True,
    type=click.Choice(list(FACTS)),
    help="Compare although this is not the same on both sides; may be given several times.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def compare(
    base: Path,
    head: Path,
    limit: float,
    measures: tuple[str, ...],
    allowed: tuple[str, ...],
    as_json: bool,
) -> int:
    """Compare the results file B with A, measure by measure. Exit 1 where B is slower than the limit allows.

    Every ratio has its 95 % interval, and only what the interval supports is a regression. Records are matched by model,
    engine, browser, adapter, plan and machine; what is not the same is refused, unless you allow it.

    \b
    Example:
      onpage bench compare before.json after.json
      onpage bench compare before.json after.json --max-regression 10% --measure decode --measure prefill
    """
    record = library("e2e.bench.record", "bench")
    a, b = (record.load_results(path) for path in (base, head))
    result = compare_results(a, b, limit=limit, allowed=allowed, measures=measures)
    if as_json:
        print_json(result.to_json())
    else:
        show(result)
    return 1 if result.failures else 0


def show(result: Comparison) -> None:
    """A table for each pair, then the verdict."""
    for pair in result.pairs:
        click.echo(printable(pair.label) + (", paired by round" if pair.paired else ""))
        for text in (*(difference.sentence for difference in pair.differences), *pair.notes):
            click.echo(f"  {printable(text)}")
        _show_table(pair.changes)
        click.echo()
    for group in result.only_head:
        click.echo(f"{printable(group.label)}: B has it, A has not.")
    for failure in result.failures:
        click.echo(printable(failure))
    click.echo(click.style(result.verdict, fg="red" if result.failures else "green"))
    if result.power:
        click.echo(printable(result.power))


def _show_table(changes: list[Change]) -> None:
    if not changes:
        return
    rows = [HEADS, *(change.cells for change in changes)]
    colours = [None, *(COLOURS.get(change.verdict) for change in changes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for (name, *values, word), colour in zip(rows, colours, strict=True):
        cells = [name.ljust(widths[0]), *(value.rjust(width) for value, width in zip(values, widths[1:5], strict=True))]
        click.echo(f"  {'  '.join(cells)}  {click.style(word, fg=colour) if colour else word}".rstrip())
    if any(side and side.noisy for change in changes for side in (change.base, change.head)):
        click.echo(f"  {NOISY}")
