"""`onpage tune` where its extra is not installed, and as far as it goes without."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from builder.tune.plan import Settings
from builder.tune.state import Evaluation, Progress
from onpage.command import cli
from onpage.command.tune import DEFAULT, _converted, _step_progress, tune
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.llama_checkpoints import write_llama, write_llama_gguf


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


def test_what_to_do_next_is_what_convert_takes(tmp_path: Path) -> None:
    assert _converted(write_checkpoint(tmp_path / "gemma", gemma3_config(num_hidden_layers=1))) == "-o tuned-web.task"
    llama = write_llama(tmp_path / "llama")
    write_llama_gguf(tmp_path / "llama.gguf", llama)
    assert _converted(llama) == _converted(tmp_path / "llama.gguf") == "--target graph -o tuned.litertlm"


def test_an_interrupted_run_says_how_to_go_on() -> None:
    """As training raises it, whose modules need PyTorch."""
    program = """if True:
        import sys
        from builder.errors import OnpageError
        from onpage.command import main
        from onpage.command.models import models
        def stopped(**options):
            raise KeyboardInterrupt from OnpageError("interrupted at step 3 of 9; run the same command again to go on.")
        models.callback = stopped
        sys.argv = ["onpage", "models"]
        main()
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr.strip() == "onpage: interrupted at step 3 of 9; run the same command again to go on."
