"""`onpage bench`: the group. Each of its commands is a module of its own beside this one, `bench_<name>.py`."""

from __future__ import annotations

import click

from builder.command.bench_compare import compare
from builder.command.bench_report import report
from builder.command.bench_run import run


@click.group()
def bench() -> None:
    """Measure how fast models run in a browser, and compare what was measured."""


for command in (run, compare, report):
    bench.add_command(command)
