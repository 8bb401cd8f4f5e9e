"""`onpage bench compare`."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import click
from click.core import ParameterSource

from builder.errors import BenchError, ResultsError
from builder.files.reading import shown
from onpage.bench.compare import compare_results, compare_sides
from onpage.bench.comparison import Comparison
from onpage.bench.matching import FACTS
from onpage.bench.measures import MEASURES
from onpage.bench.verdict import HEADS, Change
from onpage.bench.words import NOISY, printable
from onpage.command.bench_run import Lengths, keeping, steps
from onpage.command.console import FILE, print_json, say
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
            self.fail(f"{shown(value)} is no percentage from 0% to below 100%, such as 5% or 2.5%.", param, ctx)
        number = float(found[1])
        if 0 < number < 1 and not found[2]:
            self.fail(f"{value} may be a share or a percentage: say {number * 100:g}% or {number:g}%.", param, ctx)
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
    help="How much longer B may take, or how much more. More fails, where all of the interval is beyond it.",
)
@click.option(
    "--measure",
    "measures",
    multiple=True,
    type=click.Choice(list(MEASURES)),
    help="Compare this only; may be given several times.  [default: all that are judged]",
)
@click.option(
    "--must-decide",
    "must_decide",
    multiple=True,
    type=click.Choice(list(MEASURES)),
    help="Not passed while this is undecided; may be given several times.  [default: those of --measure, else gap_p50]",
)
@click.option(
    "--undecided",
    type=click.Choice(["fail", "pass"]),
    help="Exit 1 or 0 where what must decide is undecided.  [default: fail where CI is set, else pass]",
)
@click.option(
    "--allow-different",
    "allowed",
    multiple=True,
    type=click.Choice(list(FACTS)),
    help="Compare although this is not the same on both sides; may be given several times.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option(
    "--interleave",
    is_flag=True,
    help="Measure now: A and B are configurations (settings engine, model, browser, flag and onpage, with commas between "
    "them), which are run in turn. The options below are for this.",
)
@click.option(
    "--budget",
    type=click.IntRange(10, 86_400),
    default=360,
    show_default=True,
    help="Seconds for all of it: no round is begun that would end later.",
)
@click.option(
    "--width",
    type=Percent(),
    help="Half of the interval that is wanted of what must decide: 3% is ± 3 %.  [default: two thirds of --max-regression]",
)
@click.option(
    "--rounds",
    "max_rounds",
    type=click.IntRange(1, 1000),
    default=100,
    show_default=True,
    help="At most so many. Fewer than three give no verdict.",
)
@click.option(
    "--self-test",
    "self_test",
    type=click.IntRange(0, 100),
    default=4,
    show_default=True,
    help="Rounds in which A is measured against itself before, to say what this machine can see.",
)
@click.option("--apart", is_flag=True, help="One browser at a time: for models that do not fit into memory twice.")
@click.option("-o", "--output", type=FILE, help="The results file with the raw records of all rounds.")
@click.option("--prefill", type=Lengths(), default="32,128", show_default=True, help="Lengths of prompts, in tokens.")
@click.option(
    "--decode", type=click.IntRange(1, 100_000), default=64, show_default=True, help="New tokens of an answer."
)
@click.option(
    "--context", type=click.IntRange(64, 1_000_000), default=512, show_default=True, help="Room for prompt and answer."
)
@click.option(
    "--warmup",
    type=click.IntRange(0, 100),
    default=1,
    show_default=True,
    help="Half seconds of answers for each length and side before a round, kept apart.",
)
@click.option(
    "--timeout",
    type=click.IntRange(1, 86_400),
    default=900,
    show_default=True,
    help="Seconds without a sign of life after which a side is given up.",
)
@click.option("--gpu/--software", default=None, help="Flags for WebGPU, as for bench run.")
@click.option("--require-gpu", is_flag=True, help="Fail, before measuring, where the adapter is software or missing.")
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
    """Compare the results file B with A, measure by measure.

    Exit 1 where B is slower than the limit allows, and with --undecided fail also where that cannot be told. Every ratio has
    its interval; all of a comparison hold together with 95 %. Records are matched by model, engine, browser, adapter, plan and
    machine; what is not the same is refused, unless you allow it.

    With --interleave, both are measured now and in turn, round after round, until the intervals are narrow enough or the budget
    is spent, and ratios are taken round by round. The file that this writes can be given alone, to see the comparison again.

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
            raise click.UsageError("--interleave keeps what it measures: say where, with -o.", context)
        if allowed:
            raise click.UsageError("--interleave compares whatever is asked for: leave --allow-different out.", context)
        if head is None:
            raise click.UsageError("--interleave takes two configurations, A and B.", context)
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
        from onpage.bench import record
    a = record.load_results(base)
    if head:
        return compare_results(a, record.load_results(head), allowed=allowed, **judging)
    result = compare_sides(a, **judging)
    if result is None:
        raise ResultsError(
            f"{base} is not of an interleaved run: name the results file to compare it with too.", subject=base
        )
    return result


def _measure(base: str, head: str, output: Path, options: dict[str, Any], judging: dict[str, Any]) -> Comparison:
    with requires("bench"):
        from onpage.bench import configuration, goal
        from onpage.bench import interleave as turns
        from onpage.bench import options as settings
    a, b = configuration.Configuration.parse(base), configuration.Configuration.parse(head)
    own = {name: options.pop(name) for name in ("budget", "width", "max_rounds", "self_test")}
    apart = options.pop("apart")
    with steps() as advance, keeping(output) as note:
        listener = settings.Listener(say=say_once(), progress=advance, record=note)
        work = turns.interleave(
            a, b, goal.Goal(**own, **judging), settings.Options(**options, warm=1), output, listener,
            lambda phase, number, left: say(f"{phase}, round {number}: {left}"),
            apart=apart,
        )  # fmt: skip
        results = asyncio.run(work)
    comparison = compare_sides(results.content, **judging)
    if comparison is None:
        reasons = [error["sentence"] for record in results.records for error in record["errors"]]
        raise BenchError(f"Only one side was measured: {' '.join(reasons) or 'the time was up.'} All is in {output}.")
    return comparison


def say_once() -> Callable[[str], None]:
    """What every round would say again is said once."""
    said: set[str] = set()

    def once(sentence: str) -> None:
        if sentence not in said:
            said.add(sentence)
            say(sentence)

    return once


def _refuse_what_measures(context: click.Context) -> None:
    names = [option.name for option in context.command.params if isinstance(option, click.Option)]
    for option in context.command.params[names.index("interleave") + 3 :]:  # two arguments stand before the options
        if context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option.opts[-1]} is for --interleave, which measures.", context)


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
