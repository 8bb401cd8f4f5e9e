"""Without any extra: each command does its work, or names the extra that it needs in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from onpage.extras import MODULES
from webapp.paths import DEMO_MODEL

MISSING = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {sorted(module for modules in MODULES.values() for module in modules)!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from onpage.command import main
sys.argv[0] = "onpage"
main()
"""


def bare(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The command where nothing of an extra is installed."""
    return subprocess.run(
        [sys.executable, "-c", MISSING, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"ONPAGE_HOME": str(folder / "store")},
    )


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (["convert", "none", "-o", "m.task"], "build"),
        (["convert", "none", "--lora", "a", "-o", "m.bin"], "build"),
        (["convert", "none", "-o", "m.litertlm", "--target", "graph"], "build"),
        (["bundle", DEMO_MODEL, "-o", "m.litertlm"], "build"),
        (["synth", "layers=1", "-o", "m.task"], "build"),
        (["synth", "layers=1", "-o", "m.gguf", "--format", "gguf"], "peers"),
        (["synth", "layers=1", "-o", "m", "--format", "onnx", "--bits", "4"], "peers"),
        (["estimate", "gemma3-1b"], "build"),
        (["evaluate-demo"], "build"),
        (["verify", DEMO_MODEL, "--against", "none"], "build"),
        (["bench", "run", "-o", "r.json"], "bench"),
        (["bench", "compare", "a.json", "b.json"], "bench"),
        (["bench", "report", "a.json"], "bench"),
    ],
)
def test_a_command_names_the_extra_that_it_needs(tmp_path: Path, arguments: list[object], extra: str) -> None:
    done = bare(tmp_path, *arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"pip install 'onpage[{extra}]'" in done.stderr
    assert done.stderr.startswith("onpage: ") and done.stderr.count("\n") == 1 and "report it" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", DEMO_MODEL],
        ["verify", DEMO_MODEL],
        ["models"],
        ["import", DEMO_MODEL, "--id", "a"],
        ["remove", "--unfinished"],
    ],
)
def test_the_others_do_their_work(tmp_path: Path, arguments: list[object]) -> None:
    done = bare(tmp_path, *arguments)
    assert done.returncode == 0, done.stderr
