from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from builder.convert.web_file import convert_checkpoint
from onpage.command import cli
from tests.checkpoints import gemma3_config, write_checkpoint


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluate")
    write_checkpoint(folder / "c", gemma3_config(vocab_size=512))
    convert_checkpoint(folder / "c", folder / "m.task")
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["evaluate", *map(str, arguments)])


def test_it_prints_a_row_for_each_figure(folder: Path) -> None:
    result = run(folder / "m.task", "--against", folder / "c", "--tokens", 8)
    assert result.exit_code == 0, result.output
    rows = [line.split("\t")[0] for line in result.output.splitlines() if line]
    figures = ["perplexity", "perplexity of the other", "divergence", "same likeliest token"]
    assert rows == ["report.txt", *figures, "prose.txt", *figures, "all texts", *figures, "residual stream"]
    assert "float16 holds it (to 65,504)" in result.output


def test_json_holds_the_same(folder: Path) -> None:
    result = run(folder / "m.task", "--tokens", 8, "--json")
    found = json.loads(result.output)
    assert found["all"]["tokens"] == 16 and found["fits_float16"] is True and found["all"]["divergence"] is None
    assert (
        found["all"]["perplexity"]["low"] <= found["all"]["perplexity"]["value"] <= found["all"]["perplexity"]["high"]
    )
    half = json.loads(run(folder / "m.task", "--tokens", 8, "--precision", "float16", "--json").output)
    assert half["all"]["perplexity"] != found["all"]["perplexity"]
