"""`onpage convert --residual-scale`, and what inspect says of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from builder.convert.web_file import convert_checkpoint, write_web_file
from builder.formats.inspect_web_file import inspect_web_file
from builder.model.opened import OpenedCheckpoint
from builder.quantize.scheme import Quantization
from onpage.command import cli
from tests.checkpoints import gemma3_config, write_checkpoint

RESIDUAL = 4096.0
CONFIG = gemma3_config(vocab_size=512)


def test_the_command_chooses_and_inspect_shows_it(tmp_path: Path) -> None:
    checkpoint = write_checkpoint(tmp_path / "c", CONFIG, residual=RESIDUAL)
    output = str(tmp_path / "m.task")
    result = CliRunner().invoke(cli, ["convert", str(checkpoint), "-o", output])
    assert result.exit_code == 0, result.output
    facts = inspect_web_file(tmp_path / "m.task")
    shown = CliRunner().invoke(cli, ["inspect", output, "--summary"]).output
    assert (
        f"scaled by 1/{1 / facts.residual_scale:,.0f}, up to {facts.largest_residual:,.0f} of float16's 65,504" in shown
    )
    verified = CliRunner().invoke(cli, ["verify", output]).output
    assert f"residual stream scaled by 1/{1 / facts.residual_scale:,.0f}, up to" in verified
    result = CliRunner().invoke(cli, ["convert", str(checkpoint), "-o", output, "--residual-scale", "1/4"])
    assert result.exit_code == 0 and "scaled by 1/4" in result.output
    assert inspect_web_file(tmp_path / "m.task").residual_scale == 0.25


def test_a_bound_is_shown_as_one_and_believed(tmp_path: Path) -> None:
    checkpoint, output = write_checkpoint(tmp_path / "c", CONFIG, residual=RESIDUAL), tmp_path / "m.task"
    assert "scaled by 1/" in onpage("convert", checkpoint, "-o", output, "--residual-scale", "bound")
    facts = json.loads(onpage("inspect", output, "--json"))
    scale, bound = facts["residual_scale"], facts["residual_bound"]
    assert facts["fits_float16"] is True and facts["largest_residual"] is None and scale < 1
    sentence = f"scaled by 1/{1 / scale:,.0f}, at most {bound:,.0f} of float16's 65,504 on any text: float16 holds it"
    assert sentence in onpage("inspect", output, "--summary") and sentence in onpage("verify", output)
    [verified] = json.loads(onpage("verify", output, "--json"))["residual_streams"].values()
    assert verified["residual_bound"] == bound and verified["measured"] is False and verified["fits_float16"] is True


def test_a_graph_is_scaled_by_the_bound_too(tmp_path: Path) -> None:
    checkpoint = write_checkpoint(tmp_path / "c", CONFIG, residual=RESIDUAL)
    onpage("convert", checkpoint, "-o", tmp_path / "m.task", "--residual-scale", "bound")
    scale = inspect_web_file(tmp_path / "m.task").residual_scale
    shown = onpage(
        "convert", checkpoint, "--target", "graph", "-o", tmp_path / "m.litertlm", "--residual-scale", "bound"
    )
    assert f"residual stream scaled by 1/{1 / scale:,.0f}" in shown


def as_published(folder: Path, residual: float) -> Path:
    """A web file whose notes say nothing of its residual stream."""
    opened = OpenedCheckpoint.complete(write_checkpoint(folder / "c", CONFIG, residual=residual))
    path = folder / "published-web.task"
    write_web_file(
        opened.model, opened.weights, opened.tokenizer, opened.turns, opened.generation, path, Quantization.of("8")
    )
    return path


def onpage(*arguments: object) -> str:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize(
    ("residual", "fits", "sentence"),
    [
        (1.0, True, r"not scaled, up to [\d,]+ of float16's 65,504: float16 holds it"),
        (700.0, False, r"not scaled, up to [\d,]+ of float16's 65,504: a longer text may go beyond it; convert"),
        (16 * RESIDUAL, False, r"not scaled, up to [\d,]+ of float16's 65,504: float16 does not hold it; convert"),
    ],
)
def test_verify_measures_the_stream_of_a_published_file(
    tmp_path: Path, residual: float, fits: bool, sentence: str
) -> None:
    path = as_published(tmp_path, residual)
    inspected = json.loads(onpage("inspect", path, "--json"))
    assert inspected["largest_residual"] is inspected["fits_float16"] is None
    assert "not said; onpage verify measures it" in onpage("inspect", path, "--summary")
    assert re.search(f"residual stream {sentence}", onpage("verify", path))
    found = json.loads(onpage("verify", path, "--json"))["residual_streams"][str(path)]
    assert found["measured"] is True and found["residual_scale"] == 1 and found["fits_float16"] is fits
    # as convert finds it, whose note is then believed
    convert_checkpoint(tmp_path / "c", tmp_path / "m.task", residual_scale=1.0)
    noted = json.loads(onpage("verify", tmp_path / "m.task", "--json"))["residual_streams"][str(tmp_path / "m.task")]
    assert noted["measured"] is False and noted["fits_float16"] is fits
    assert noted["largest_residual"] == pytest.approx(found["largest_residual"], rel=0.02)
    assert json.loads(onpage("inspect", tmp_path / "m.task", "--json"))["fits_float16"] is fits


def test_verify_says_it_of_stored_models_that_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONPAGE_HOME", str(tmp_path / "home"))
    onpage("import", as_published(tmp_path, 1.0), "--id", "ours")
    found = json.loads(onpage("verify", "ours", "--json"))["residual_streams"]
    assert found["ours"]["fits_float16"] is True
    assert "float16 holds it" in onpage("verify", "ours") and "residual" not in onpage("verify")


@pytest.mark.parametrize("factor", ["2", "1/3", "0", "x", "1/0", "-1", "0.3"])
def test_a_factor_that_is_no_power_of_two_is_refused(tmp_path: Path, factor: str) -> None:
    checkpoint = write_checkpoint(tmp_path / "c", gemma3_config(vocab_size=512))
    arguments = ["convert", str(checkpoint), "-o", str(tmp_path / "m.task"), "--residual-scale", factor]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2 and "expected a power of two up to 1, such as 1/16" in result.output
    assert not (tmp_path / "m.task").exists()
