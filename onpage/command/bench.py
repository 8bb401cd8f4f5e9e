"""`onpage bench`: the group. Each of its commands is a module of its own beside this one, `bench_<name>.py`."""

from __future__ import annotations

import click

from onpage.command.group import Commands


@click.group(
    cls=Commands,
    places={"run": "bench_run:run", "compare": "bench_compare:compare", "report": "bench_report:report"},
)
def bench() -> None:
    """Measure models in a browser and compare the results."""
