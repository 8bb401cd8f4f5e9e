"""`onpage bench compare`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from builder.errors import BenchError, ResultsError
from builder.files.reading import shown
from onpage.bench.compare import HEADS, NOISY, Change, Comparison, compare_results, compare_sides
from onpage.bench.matching import FACTS
from onpage.bench.statistics import MEASURES
from onpage.bench.words import printable
from onpage.command.bench_run import Lengths, keeping, steps
from onpage.command.console import FILE, print_json, say
from onpage.extras import requires

COLOURS = {"regression": "red", "missing": "red", "slower": "yellow", "faster": "green", "too noisy to say": "yellow"}


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
@click.option(
    "--interleave",
    is_flag=True,
    help="Measure now: A and B are configurations (settings engine, model, browser, flag and onpage, with commas between "
    "them), which are run in turn. The options below are for this.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="How often to measure both. Fewer than five give no verdict.",
)
@click.option("-o", "--output", type=FILE, help="The results file with the raw records of all rounds.")
@click.option("--prefill", type=Lengths(), default="32,128", show_default=True, help="Lengths of prompts, in tokens.")
@click.option(
    "--decode", type=click.IntRange(1, 100_000), default=64, show_default=True, help="New tokens of an answer."
)
@click.option(
    "--context", type=click.IntRange(64, 1_000_000), default=512, show_default=True, help="Room for prompt and answer."
)
@click.option(
    "--runs", type=click.IntRange(1, 1000), default=3, show_default=True, help="Answers for each length in each round."
)
@click.option("--gpu/--software", default=None, help="Flags for WebGPU, as for bench run.")
@click.option("--require-gpu", is_flag=True, help="Fail, before measuring, where the adapter is software or missing.")
def compare(
    base: str,
    head: str | None,
    limit: float,
    measures: tuple[str, ...],
    allowed: tuple[str, ...],
    as_json: bool,
    interleave: bool,
    rounds: int,
    output: Path | None,
    **options: Any,
) -> int:
    """Compare the results file B with A, measure by measure. Exit 1 where B is slower than the limit allows.

    Every ratio has its 95 % interval, and only what the interval supports is a regression. Records are matched by model,
    engine, browser, adapter, plan and machine; what is not the same is refused, unless you allow it.

    With --interleave, both are measured now and in turn (A B, B A …), and ratios are taken round by round. The file that this
    writes can be given alone, to see the comparison again.

    \b
    Example:
      onpage bench compare before.json after.json
      onpage bench compare before.json after.json --max-regression 10% --measure decode --measure prefill
      onpage bench compare --interleave engine=mediapipe engine=litert-lm -o both.json
      onpage bench compare --interleave onpage=base/.venv/bin/onpage onpage=head/.venv/bin/onpage -o gate.json
    """
    context = click.get_current_context()
    if interleave:
        if output is None:
            raise click.UsageError("--interleave keeps what it measures: say where, with -o.", context)
        if allowed:
            raise click.UsageError("--interleave compares whatever is asked for: leave --allow-different out.", context)
        if head is None:
            raise click.UsageError("--interleave takes two configurations, A and B.", context)
        result = _measure(base, head, rounds, output, options, limit, measures)
    else:
        _refuse_what_measures(context)
        result = _compare_files(Path(base), Path(head) if head else None, limit, allowed, measures)
    if as_json:
        print_json(result.to_json())
    else:
        show(result)
    return 1 if result.failures else 0


def _compare_files(
    base: Path, head: Path | None, limit: float, allowed: tuple[str, ...], measures: tuple[str, ...]
) -> Comparison:
    with requires("bench"):
        from onpage.bench.record import load_results
    a = load_results(base)
    if head:
        return compare_results(a, load_results(head), limit=limit, allowed=allowed, measures=measures)
    result = compare_sides(a, limit=limit, measures=measures)
    if result is None:
        raise ResultsError(
            f"{base} is not of an interleaved run: name the results file to compare it with too.", subject=base
        )
    return result


def _measure(
    base: str, head: str, rounds: int, output: Path, options: dict[str, Any], limit: float, measures: tuple[str, ...]
) -> Comparison:
    with requires("bench"):
        from onpage.bench import interleave as turns
        from onpage.bench import run as running
    a, b = turns.Configuration.parse(base), turns.Configuration.parse(head)
    with steps() as advance, keeping(output) as note:
        listener = running.Listener(say=say_once(), progress=advance, record=note)
        work = turns.interleave(
            a, b, rounds, running.Options(**options, warm=1), output, listener,
            lambda number, side, text: say(f"round {number} of {rounds}, {side}: {text}"),
        )  # fmt: skip
        results = asyncio.run(work)
    comparison = compare_sides(results.content, limit=limit, measures=measures)
    if comparison is None:
        reasons = [error["sentence"] for record in results.records for error in record["errors"]]
        raise BenchError(
            f"Only one side was measured: {' '.join(reasons) or 'the run was cut short.'} All is in {output}."
        )
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
    own = ("rounds", "output", "prefill", "decode", "context", "runs", "gpu", "require_gpu")
    for name in own:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name.replace('_', '-')} is for --interleave, which measures.", context)


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
