"""One real round of each side: two servers, of which one is another command, and a file that can be compared again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from onpage.bench.compare import compare_sides
from onpage.bench.record import load_results


def test_two_commands_are_measured_in_turn(tmp_path: Path) -> None:
    other = tmp_path / "onpage"
    other.write_text(f'#!/bin/sh\necho served >> {tmp_path}/log\nexec {sys.executable} -m onpage "$@"\n')
    other.chmod(0o755)
    options = ["--rounds", "1", "--runs", "1", "--prefill", "32", "--decode", "8", "--software", "--json"]
    command = [
        sys.executable,
        "-m",
        "builder",
        "bench",
        "compare",
        "--interleave",
        "engine=litert-lm-cpu",
        f"engine=litert-lm-cpu,onpage={other}",
    ]
    ran = subprocess.run(
        [*command, *options, "-o", str(tmp_path / "both.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "log").read_text() == "served\n"
    results = load_results(tmp_path / "both.json")
    assert [record["status"] for record in results["records"]] == ["complete"] * 2
    assert [record["correctness"]["ok"] for record in results["records"]] == [True] * 2
    again = compare_sides(results)
    assert again and again.to_json() == json.loads(ran.stdout)
    assert {change.verdict for change in again.pairs[0].changes} == {"too noisy to say"}  # of one round, nothing else
