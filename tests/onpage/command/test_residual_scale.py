"""`onpage convert --residual-scale`, and what inspect says of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from builder.formats.inspect_web_file import inspect_web_file
from onpage.command import cli
from tests.checkpoints import gemma3_config, write_checkpoint

RESIDUAL = 4096.0


def test_the_command_chooses_and_inspect_shows_it(tmp_path: Path) -> None:
    checkpoint = write_checkpoint(tmp_path / "c", gemma3_config(vocab_size=512), residual=RESIDUAL)
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


@pytest.mark.parametrize("factor", ["2", "1/3", "0", "x", "1/0", "-1", "0.3"])
def test_a_factor_that_is_no_power_of_two_is_refused(tmp_path: Path, factor: str) -> None:
    checkpoint = write_checkpoint(tmp_path / "c", gemma3_config(vocab_size=512))
    arguments = ["convert", str(checkpoint), "-o", str(tmp_path / "m.task"), "--residual-scale", factor]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2 and "expected a power of two up to 1, such as 1/16" in result.output
    assert not (tmp_path / "m.task").exists()
