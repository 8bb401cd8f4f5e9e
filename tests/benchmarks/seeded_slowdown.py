"""Serves onpage with an engine that is slower by a known share: `python -m tests.benchmarks.seeded_slowdown SHARE serve …`.

The worker of LiteRT-LM waits in a busy loop after each piece of text, for that share of the time since the piece before. The
loop is there for a share of 0 as well, so that both sides of a comparison pay for it alike. `command` writes a program that
`onpage bench compare --interleave onpage=…` takes.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import click

from webapp import paths

ROOT = Path(__file__).parents[2]
WORKER = Path("engine") / "workers" / "litert_lm.worker.js"
SLOWER = """{
  const post = self.postMessage.bind(self);
  let last = 0;
  self.addEventListener("message", () => { last = performance.now(); });
  self.postMessage = (message, ...more) => {
    post(message, ...more);
    if (message.type !== "text") return;
    const now = performance.now();
    const until = now + SHARE * (now - last);
    while (performance.now() < until);
    last = performance.now();
  };
}
"""


def slowed_static(share: float, folder: Path) -> Path:
    """A copy of the front end in `folder` whose worker is slower; the large files are links."""
    original = paths.static_folder()
    copy = folder / "static"
    shutil.copytree(original, copy, ignore=shutil.ignore_patterns("node_modules", "vendor"))
    (copy / "vendor").symlink_to(original / "vendor")
    worker = copy / WORKER
    worker.write_text(SLOWER.replace("SHARE", repr(share)) + worker.read_text(encoding="utf-8"), encoding="utf-8")
    return copy


def command(share: float, folder: Path) -> Path:
    """An executable in `folder` that serves with that share."""
    path = folder / f"onpage-slower-{share:g}"
    path.write_text(f'#!/bin/sh\ncd {ROOT} && exec {sys.executable} -m {__spec__.name} {share} "$@"\n')
    path.chmod(0o755)
    return path


def main() -> None:
    """Takes the share, then the arguments of `onpage`."""
    share, arguments = float(sys.argv[1]), sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="onpage-slower-") as folder:
        copy = slowed_static(share, Path(folder))
        paths.static_folder = lambda: copy
        from onpage.command import cli  # what it imports takes the folder from there

        cli(arguments, standalone_mode=False)


if __name__ == "__main__":
    try:
        main()
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
