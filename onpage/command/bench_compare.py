"""`onpage bench compare`."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import click
from click.core import ParameterSource

from builder.files.reading import shown
from onpage.bench.compare import compare as compare_results
from onpage.bench.comparison import Comparison
from onpage.bench.goal import Goal
from onpage.bench.matching import FACTS
from onpage.bench.measures import MEASURES
from onpage.bench.options import IN_TURN, Listener
from onpage.bench.verdict import HEADS, Change
from onpage.bench.words import NOISY, printable
from onpage.command.bench_options import place_options, plan_options, range_of
from onpage.command.bench_run import keeping, steps
from onpage.command.console import FILE, print_json, say
from onpage.command.coroutines import run_coroutine
from onpage.extras import requires

COLOURS = {"regression": "red", "missing": "red", "slower": "yellow", "faster": "green", "undecided": "yellow"}


class Percent(click.ParamType[float]):
    """5% or 5, as a share. What may be meant as one, such as 0.05, has to say so: 0.05%."""

    name = "percent"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Between nothing and all."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"\s*([0-9]{1,2}(?:\.[0-9]{1,6})?)\s*(%?)\s*", str(value), re.ASCII)
        if not found:
            self.fail(f"{shown(value)} is not a percentage from 0% to below 100%, such as 5% or 2.5%.", param, ctx)
        number = float(found[1])
        if 0 < number < 1 and not found[2]:
            self.fail(f"{value} could mean {number * 100:g}% or {number:g}%: write the percent sign.", param, ctx)
        return number / 100


@click.command()
@click.argument("base", metavar="A")
@click.argument("head", metavar="[B]", required=False)
@click.option(
    "--max-regression",
    "limit",
    type=Percent(),
    default="5%",
    show_default=True,
    help="How much worse than A B may be. B fails if the whole interval of a measure is beyond this limit.",
)
@click.option(
    "--measure",
    "measures",
    multiple=True,
    type=click.Choice(list(MEASURES)),
    help="Compare only this measure. May be repeated.  [default: every measure that has a verdict]",
)
@click.option(
    "--must-decide",
    "must_decide",
    multiple=True,
    type=click.Choice(list(MEASURES)),
    help="A measure that must be decided for the comparison to pass. May be repeated.  [default: those of --measure, else gap_p50]",
)
@click.option(
    "--undecided",
    type=click.Choice(["fail", "pass"]),
    help="Exit status if a measure of --must-decide stays undecided: fail is 1, pass is 0.  [default: fail if CI is set, else pass]",
)
@click.option(
    "--allow-different",
    "allowed",
    multiple=True,
    type=click.Choice(list(FACTS)),
    help="Compare even if this differs between A and B. May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option(
    "--interleave",
    is_flag=True,
    help="Measure now. A and B are configurations: engine=, model=, browser=, flag= and onpage=, separated by commas. The "
    "options below apply to this mode.",
)
@click.option(
    "--budget",
    type=range_of("budget"),
    default=int(Goal.budget),
    show_default=True,
    metavar="SECONDS",
    help="Time for the whole comparison. No round starts that would end later.",
)
@click.option(
    "--width",
    type=Percent(),
    help="Measure until each interval of --must-decide is at most ± this wide.  [default: two thirds of --max-regression]",
)
@click.option(
    "--rounds",
    "max_rounds",
    type=range_of("max_rounds"),
    default=Goal.max_rounds,
    show_default=True,
    metavar="N",
    help="Maximum number of rounds. Fewer than three give no verdict.",
)
@click.option(
    "--self-test",
    "self_test",
    type=range_of("self_test"),
    default=Goal.self_test,
    show_default=True,
    metavar="N",
    help="Rounds that first compare A with itself, to find the smallest regression that this machine can detect.",
)
@click.option("--apart", is_flag=True, help="Open one browser at a time, for models that do not fit into memory twice.")
@click.option("-o", "--output", type=FILE, help="The results file to write, with the records of all rounds.")
@plan_options(
    IN_TURN, warmup="Half seconds of answers that warm up each length and side before a round. They do not count."
)
@place_options(IN_TURN, gives_up="a side")
def compare(
    base: str,
    head: str | None,
    limit: float,
    measures: tuple[str, ...],
    must_decide: tuple[str, ...],
    undecided: Literal["fail", "pass"] | None,
    allowed: tuple[str, ...],
    as_json: bool,
    interleave: bool,
    output: Path | None,
    **options: Any,
) -> int:
    """Compare two results files, or two configurations in turn.

    Prints the ratio of B to A for each measure, with a confidence interval; all intervals of a comparison hold together with
    95 %. The exit status is 1 if B is worse than the limit allows and, with --undecided fail, if the data cannot tell. Records
    are matched by model, engine, browser, adapter, plan and machine. If one of these differs, the comparison is refused unless
    --allow-different names it.

    With --interleave, A and B are configurations. They are measured now and in turn, round by round, until the intervals are
    narrow enough or the budget is spent. The results file of such a run can be given alone, to print the comparison again.

    \b
    Example:
      onpage bench compare before.json after.json
      onpage bench compare before.json after.json --max-regression 10% --measure decode --measure prefill
      onpage bench compare --interleave engine=mediapipe engine=litert-lm -o both.json
      onpage bench compare --interleave onpage=base/.venv/bin/onpage onpage=head/.venv/bin/onpage -o gate.json --budget 1200
    """
    context = click.get_current_context()
    judging = {"limit": limit, "measures": measures, "must_decide": must_decide}
    if interleave:
        if output is None:
            raise click.UsageError("--interleave needs -o, the results file to write.", context)
        if allowed:
            raise click.UsageError(
                "--interleave compares any two configurations: leave out --allow-different.", context
            )
        if head is None:
            raise click.UsageError("--interleave needs two configurations, A and B.", context)
        result = _measure(base, head, output, options, judging)
    else:
        _refuse_what_measures(context)
        result = _compare_files(Path(base), Path(head) if head else None, allowed, judging)
    if as_json:
        print_json(result.to_json())
    else:
        show(result)
    must_not_be_undecided = (undecided or ("fail" if is_ci() else "pass")) == "fail"
    return 1 if result.outcome == "failed" or (result.outcome == "undecided" and must_not_be_undecided) else 0


def is_ci() -> bool:
    """Whether nobody is there to look at what is undecided: the variable CI is set, as every CI service sets it."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def _compare_files(base: Path, head: Path | None, allowed: tuple[str, ...], judging: dict[str, Any]) -> Comparison:
    with requires("bench"):
        from onpage.bench.results import Results
    return compare_results(Results.load(base), Results.load(head) if head else None, allowed=allowed, **judging)


def _measure(base: str, head: str, output: Path, options: dict[str, Any], judging: dict[str, Any]) -> Comparison:
    with requires("bench"):
        from onpage.bench import interleave as turns
        from onpage.bench.configuration import Configuration
    a, b = Configuration.parse(base), Configuration.parse(head)
    goal = Goal(**{name: options.pop(name) for name in ("budget", "width", "max_rounds", "self_test")}, **judging)
    apart = options.pop("apart")
    with steps() as advance, keeping(output) as note:
        work = turns.interleave(
            a, b, goal, replace(IN_TURN, **options), output, Listener(say=say, progress=advance, record=note),
            lambda phase, number, left: say(f"{phase}, round {number}: {left}"),
            apart=apart,
        )  # fmt: skip
        results = run_coroutine(work)
    return turns.comparison_of(results, goal)


def _refuse_what_measures(context: click.Context) -> None:
    names = [option.name for option in context.command.params if isinstance(option, click.Option)]
    for option in context.command.params[names.index("interleave") + 3 :]:  # two arguments stand before the options
        if context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option.opts[-1]} needs --interleave.", context)


def show(result: Comparison) -> None:
    """The verdict, why, and a table for each pair."""
    colour = {"failed": "red", "undecided": "yellow", "passed": "green"}[result.outcome]
    click.echo(click.style(result.verdict, fg=colour))
    for failure in result.failures:
        click.echo(printable(failure))
    if result.power:
        click.echo(printable(result.power))
    for pair in result.pairs:
        click.echo(f"\n{printable(pair.label)}{', paired by round' if pair.paired else ''}")
        for text in (*(difference.sentence for difference in pair.differences), *pair.notes):
            click.echo(f"  {printable(text)}")
        _show_table(pair.changes)
    for group in result.only_head:
        click.echo(f"{printable(group.label)}: B has it, A has not.")


def _show_table(changes: list[Change]) -> None:
    if not changes:
        return
    rows = [HEADS, *(change.cells for change in changes)]
    colours = [None, *(COLOURS.get(change.verdict) for change in changes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for (name, word, *values), colour in zip(rows, colours, strict=True):
        shown_word = click.style(word.ljust(widths[1]), fg=colour) if colour else word.ljust(widths[1])
        cells = [value.rjust(width) for value, width in zip(values, widths[2:], strict=True)]
        click.echo(f"  {name.ljust(widths[0])}  {shown_word}  {'  '.join(cells)}".rstrip())
    if any(side and side.noisy for change in changes for side in (change.base, change.head)):
        click.echo(f"  {NOISY}")
