"""`python -m tests.robustness --files 1000000 --seed 1`: how many files were answered and refused, and the worst of them."""

from __future__ import annotations

import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import click

from tests.robustness.loop import Result, in_child

STEP = 5000
"""Cases a process tries; a fresh one follows, so that what a case leaves behind does not add up."""


@click.command()
@click.option("--files", default=1_000_000, show_default=True, help="How many to damage.")
@click.option("--seed", default=1, show_default=True)
@click.option("--first", default=0, show_default=True, help="Number of the first case.")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), help="Where to write.  [default: a temporary one]"
)
def main(files: int, seed: int, first: int, folder: Path | None) -> None:
    """Damage model files and let inspect, verify, convert and bundle read them. Ctrl-C ends it with the counts so far."""
    total = Result()
    with tempfile.TemporaryDirectory(dir=folder or scratch()) as place, suppress(KeyboardInterrupt):
        for start in range(first, first + files, STEP):
            total.add(in_child(Path(place), seed, start, min(STEP, first + files - start)))
            if sys.stderr.isatty() or (start // STEP) % 20 == 0:
                click.echo(f"{total.files:,} files, {total.seconds:.0f} s, {len(total.failures)} failures", err=True)
    click.echo(described(total))
    sys.exit(bool(total.failures))


def scratch() -> Path | None:
    """A folder in memory where there is one: the files are many and small."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() else None


def described(total: Result) -> str:
    """The counts and the worst cases, for a person."""
    lines = [
        f"{total.files:,} files in {total.seconds:.0f} s: {total.answered.total():,} answered, "
        f"{total.refused.total():,} refused, {len(total.failures)} failures"
    ]
    lines += [
        f"  {name}: {total.answered[name]:,} answered, {total.refused[name]:,} refused"
        for name in sorted(total.answered | total.refused)
    ]
    lines.append(f"slowest {total.slowest:.2f} s, {total.slowest_case}")
    lines.append(f"peak memory {total.peak / 1e6:.0f} MB, {total.peak_case or 'before the first case'}")
    return "\n".join([*lines, *total.failures[:50]])


if __name__ == "__main__":
    main()
