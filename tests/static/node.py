"""The front end's pure modules, asked through node."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

ASK = """
let text = "";
for await (const chunk of process.stdin) text += chunk;
const { module, calls } = JSON.parse(text);
const exported = await import(module);
const results = [];
for (const [name, values] of calls) results.push(await exported[name](...values));
console.log(JSON.stringify(results));
"""


def ask(module: str, *calls: tuple[str, list[Any]]) -> list[Any]:
    """Results of calling functions of `static/<module>` with JSON values; what is thrown fails the test, with its trace."""
    run = subprocess.run(
        ["node", "--input-type=module", "-e", ASK],
        input=json.dumps({"module": (ROOT / "static" / module).as_uri(), "calls": calls}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return list(json.loads(run.stdout))


def evaluate(script: str, given: str = "") -> Any:
    """What a script writes to the console as JSON; it imports from `./static/`, and `given` is its stdin."""
    run = subprocess.run(
        ["node", "--input-type=module", "-e", script],
        input=given,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)
