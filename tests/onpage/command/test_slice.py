"""`onpage slice`, and the same from Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import onpage
from builder.store import Store
from onpage.command import cli
from tests.checkpoints import SLICEABLE, gemma3n_config, write_checkpoint

SLICED = "--layers=0-11,15-17", "--ffn=128x12,256x3"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = gemma3n_config(**SLICEABLE, vocab_size=512, vocab_size_per_layer_input=512)
    return write_checkpoint(tmp_path_factory.mktemp("slice") / "c", config)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["slice", *map(str, arguments)])


def test_layers_and_widths_are_written_and_said(folder: Path, tmp_path: Path) -> None:
    result = run(folder, "-o", tmp_path / "s", *SLICED)
    assert result.exit_code == 0, result.output
    rows = dict(line.split("\t") for line in result.stdout.splitlines())
    assert rows["layers"] == "0-11,15-17 (15)" and rows["feed-forward"] == "128x12,256x3"
    assert rows["next"] == f"onpage convert {tmp_path / 's'} -o {tmp_path / 's'}-web.task"
    assert json.loads((tmp_path / "s" / "config.json").read_text())["intermediate_size"] == [128] * 12 + [256] * 3
    from_python = onpage.slice_checkpoint(
        folder, tmp_path / "p", layers=[*range(12), 15, 16, 17], ffn=[128] * 12 + [256] * 3
    )
    assert (tmp_path / "p" / "model.safetensors").read_bytes() == (tmp_path / "s" / "model.safetensors").read_bytes()
    assert from_python.size == (tmp_path / "s" / "model.safetensors").stat().st_size


def test_a_number_of_parameters_chooses_and_shows_from_what(folder: Path, tmp_path: Path) -> None:
    result = run(folder, "-o", tmp_path / "s", "--target-params", "6.5M", "--json")
    assert result.exit_code == 0, result.output
    written: dict[str, Any] = json.loads(result.stdout)
    sizes = [mix["effective_parameters"] for mix in written["chosen_from"]]
    assert len(sizes) == 8 and written["effective_parameters"] == max(size for size in sizes if size <= 6_500_000)
    table = run(folder, "-o", tmp_path / "t", "--target-params", "6.5M").stdout.splitlines()
    assert table[0].split("\t")[:2] == ["layers", "feed-forward"]
    assert sum(line.endswith("\tchosen") for line in table) == 1


def test_of_a_web_file_it_is_a_web_file(folder: Path, tmp_path: Path) -> None:
    onpage.convert(folder, tmp_path / "l-web.task")
    result = run(tmp_path / "l-web.task", "-o", tmp_path / "s-web.task", *SLICED)
    assert result.exit_code == 0, result.output
    rows = dict(line.split("\t") for line in result.stdout.splitlines())
    assert rows["next"] == f"onpage serve --model {tmp_path / 's-web.task'}"
    assert onpage.verify(tmp_path / "s-web.task") == {str(tmp_path / "s-web.task"): rows["sha256"]}
    refused = run(tmp_path / "l-web.task", "-o", tmp_path / "s.litertlm", *SLICED)
    assert "s.litertlm" in str(refused.exception)


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        ([], 2, "Say what to keep"),
        (["--to=E2B", "--ffn=128"], 2, "Say what to keep"),
        (["--layers=0-"], 2, "expected numbers and ranges of layers"),
        (["--layers=0-4000"], 2, "expected numbers and ranges of layers"),
        (["--ffn=wide"], 2, "expected a width such as 8192"),
        (["--target-params=2"], 2, "expected a number of parameters"),
        (["--to=E2B"], 1, "E2B is a slice of E4B"),
        (["--target-params=1M"], 1, "No slice to choose from has at most 1,000,000 parameters"),
        (["--layers=0-3"], 1, "one of the sparse ones"),
    ],
)
def test_what_cannot_be_sliced_is_said(
    folder: Path, tmp_path: Path, options: list[str], code: int, sentence: str
) -> None:
    result = run(folder, "-o", tmp_path / "s", *options)
    said = result.stderr if code == 2 else str(result.exception)
    assert result.exit_code == code and sentence in said
    assert not [*tmp_path.iterdir()]


def test_from_python_there_is_one_way(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(onpage.OnpageError, match="Say in one way what to keep"):
        onpage.slice_checkpoint(folder, tmp_path / "s")


def test_a_slice_to_serve_is_a_size_of_what_is_served(folder: Path, tmp_path: Path) -> None:
    onpage.convert(folder, tmp_path / "l-web.task")
    store = Store(tmp_path / "store")
    app = onpage.create_app(tmp_path / "l-web.task", slices=[1_700_000], store=store)
    names = [model["name"] for model in app.test_client().get("/api/models").get_json()]
    assert names == ["l", "l-1.60M"] and len([*(tmp_path / "store/slices").iterdir()]) == 1
    assert not store.strays()
    serve = ["serve", "--port=0", "--model=demo"]
    refused = CliRunner().invoke(cli, [*serve, "--slice=2.5B"])
    assert refused.exit_code == 1 and "a Gemma 3n, which alone is made to be sliced" in str(refused.exception)
    assert "expected a number of parameters" in CliRunner().invoke(cli, [*serve, "--slice=E9B"]).stderr
