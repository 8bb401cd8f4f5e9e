"""`onpage tune` where its extra is not installed, and as far as it goes without."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner

from builder.tune.plan import Settings
from builder.tune.state import Evaluation, Progress
from onpage.command import cli
from onpage.command.tune import DEFAULT, _step_progress, tune


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("torch", "peft", "transformers"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("builder.tune.training", "builder.tune.model"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    result = CliRunner().invoke(cli, ["tune", "base", "data.jsonl", "-o", "adapter"])
    assert str(result.exception) == "This needs torch, which is not installed: run pip install 'onpage[tune]'."


def test_every_setting_is_an_option_with_the_librarys_default() -> None:
    options = {parameter.name: parameter.default for parameter in tune.params}
    settings = vars(DEFAULT)
    assert {name: options[name] for name in settings if name not in ("alpha", "warm_up")} == {
        name: value for name, value in settings.items() if name not in ("alpha", "warm_up")
    }
    assert Settings().alpha == 2 * Settings().rank


@pytest.mark.parametrize("option", ["--rank=8", "--alpha=8", "--modules=all"])
def test_an_adapter_to_begin_with_decides_its_own_shape(option: str) -> None:
    result = CliRunner().invoke(cli, ["tune", "base", "data.jsonl", "-o", "new", "--from", "old", option])
    assert result.exit_code == 2
    assert f"{option.partition('=')[0]} is that of the adapter that --from names: leave it out." in result.stderr


def test_where_nobody_watches_each_evaluation_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("ab", 10, 20.0, 100, (Evaluation(10, 1.234, 0.5),))
    with _step_progress() as advance:
        advance(progress, 110)
        advance(replace(progress, step=11), 110)
        advance(replace(progress, step=20, evaluations=(*progress.evaluations, Evaluation(20, 1.0, 0.6))), 110)
    assert capsys.readouterr().err.splitlines() == [
        "onpage: step 10 of 110, loss 1.234, 3:20 left",
        "onpage: step 20 of 110, loss 1.000, 1:30 left",
    ]
