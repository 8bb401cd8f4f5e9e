"""Runs the shell steps of .github/workflows/bench.yml on this machine: `python -m tests.onpage.bench.workflow [--budget SECONDS] FOLDER`.

What GitHub's own actions would do is done by hand: the two checkouts are clones of this repository (HEAD, and its parent as
the base), Python and Node are those that are there, and nothing is uploaded. Everything else is the file's, each step by the
shell and with the environment that a runner gives it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import yaml

ROOT = Path(__file__).parents[3]
WORKFLOW = ROOT / ".github" / "workflows" / "bench.yml"
SHELL = ("bash", "-e")
"""Of `run:` without `shell:` on a Linux runner."""


def job() -> dict[str, Any]:
    """The only job of the workflow."""
    (only,) = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"].values()
    made: dict[str, Any] = only
    return made


def shell_steps() -> Iterator[tuple[str, str, bool]]:
    """Name, script, and whether it runs after a failure too."""
    for step in job()["steps"]:
        if "run" in step:
            yield step["name"], step["run"], "cancelled" in str(step.get("if", ""))


def run_steps(folder: Path, environment: Mapping[str, str]) -> int:
    """Runs each in `folder` as a runner would; the exit status of the job."""
    summary = folder / "summary.md"
    told = {name: str(value) for name, value in job()["env"].items()}
    variables = os.environ | told | environment | {"GITHUB_STEP_SUMMARY": str(summary), "CI": "true"}
    failed = 0
    for name, script, always in shell_steps():
        if failed and not always:
            continue
        print(f"── {name}", flush=True)
        code = subprocess.run([*SHELL, "-c", script], cwd=folder, env=variables, check=False).returncode
        print(f"── exit {code}", flush=True)
        failed = failed or code
    return failed


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--base", default="HEAD~1", show_default=True, help="The commit to compare with.")
@click.option("--budget", default=None, help="Instead of the workflow's.")
def main(folder: Path, base: str, budget: str | None) -> None:
    """Clone into FOLDER and run all steps there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, commit in (("base", base), ("head", "HEAD")):
        if not (folder / name).exists():
            found = subprocess.run(["git", "rev-parse", commit], cwd=ROOT, check=True, capture_output=True, text=True)
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder / name)], check=True)
            checkout = ["git", "-c", "advice.detachedHead=false", "checkout", "--quiet", found.stdout.strip()]
            subprocess.run(checkout, cwd=folder / name, check=True)
    sys.exit(run_steps(folder, {"BUDGET": budget} if budget else {}))


if __name__ == "__main__":
    main()
