"""The Python API: its documentation runs as it is written, and importing it loads nothing that it does not need."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import onpage
from builder.errors import ModelFileError
from builder.model.catalog import published
from onpage.bench.record import write_results
from tests.builder.fetch.hub import TOKEN, Hub
from tests.checkpoints import write_checkpoint
from tests.onpage.bench.records import record, results

DOCUMENT = Path(__file__).parents[2] / "docs" / "python.md"
*BLOCKS, SERVING = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
MEASURING = [block for block in BLOCKS if "onpage.measure(" in block or "onpage.compare_interleaved(" in block]
"""What a browser is needed for: e2e/bench/test_api.py runs it."""
EXAMPLES = [block for block in BLOCKS if block not in MEASURING]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("user")
    write_checkpoint(folder / "my-gemma")
    write_results(folder / "before.json", results(record()))
    write_results(folder / "after.json", results(record(slower=1.2)))
    return folder


@pytest.fixture(scope="module")
def environment(folder: Path) -> Iterator[dict[str, str]]:
    """A hub of our own that has the model which the page fetches, for those who may have it."""
    onpage.synthesize("layers=1,hidden=128,vocab=4096", folder / "published.task")
    hub, known = Hub((folder / "published.task").read_bytes()), published()["gemma3-1b-int4"]
    hub.repo, hub.file, hub.gated = known.repo, known.file, True
    ours = {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": TOKEN, "HF_HOME": str(folder / "hf")}
    yield os.environ | ours | {"ONPAGE_HOME": str(folder / "store")}
    hub.close()


@pytest.fixture(scope="module")
def printed(folder: Path, environment: dict[str, str]) -> str:
    program = [sys.executable, "-W", "error", "-c", "\n".join(EXAMPLES)]
    done = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout


def test_the_examples_run_as_they_are_written(printed: str, folder: Path) -> None:
    lines = printed.splitlines()
    assert lines[0].startswith("my-gemma-web.task: ") and lines[0].endswith(" bytes, int4, embedding int8")
    assert any(line.startswith("verify: ") for line in lines), "progress was shown"
    assert str(folder / "store") in printed and "['gemma3-1b-int4']" in lines
    assert "my-gemma/config.json is not a model that a browser runs" in printed
    assert "failed | FAILED, with a limit of 5 %." in lines
    assert any(re.fullmatch(r"decode 32 regression 20 % \(.*\)", line) for line in lines)
    assert "first_answer None undecided 20 %" in lines, "one value has no interval"
    assert "### onpage bench" in lines and re.fullmatch(r"\[8\.333\d*, 8\.333\d*\]", lines[-3])
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (folder / "report.csv").read_text(encoding="utf-8").startswith("created,onpage,")
    assert lines[-2] == "my-gemma" and re.fullmatch(r"\d{3} files, [\d,]{9,} bytes", lines[-1])


def test_the_example_that_serves(folder: Path, environment: dict[str, str], printed: str) -> None:
    program = SERVING.replace("port=8000", "port=0")
    assert program != SERVING
    command = [sys.executable, "-c", f"import onpage\n{program}"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            address = re.findall(r"http://\S+", server.stdout.readline())[0]
            with urllib.request.urlopen(f"{address}api/models") as answer:
                assert answer.read().count(b'"sha256"') >= 2
        finally:
            server.terminate()  # a SIGINT would be ignored where the tests run in the background


def test_all_that_is_promised_is_there_and_nothing_is_imported_for_it() -> None:
    program = (
        "import sys, onpage; print([name for name in ('flask', 'numpy', 'httpx2', 'click') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert all(getattr(onpage, name).__doc__ for name in onpage.__all__)
    text = DOCUMENT.read_text(encoding="utf-8")
    undocumented = [
        name for name in onpage.__all__ if not name.startswith("__") and not re.search(rf"\b{name}\b", text)
    ]
    assert undocumented == ["synthesize"], "it is for measuring: see docs/bench.md"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        onpage.nothing  # noqa: B018


def test_one_file_is_compared_with_its_checkpoint(tmp_path: Path) -> None:
    checkpoint, another = (write_checkpoint(tmp_path / name, seed=seed) for seed, name in enumerate(("one", "another")))
    made = onpage.convert(checkpoint, tmp_path / "m.task").path
    assert onpage.verify(made, against=checkpoint).keys() == {str(made)}
    with pytest.raises(ModelFileError, match="does not hold the weights of"):
        onpage.verify(made, against=another)
    with pytest.raises(onpage.OnpageError, match="expected one file, found 2"):
        onpage.verify(made, made, against=checkpoint)
