"""Names from files and users are shown, never obeyed by the terminal; and they say what a file becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.formats.inspect_model import BundleFacts, inspect_model
from tests.adapters import write_adapter
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.forked import onpage

HARM = "\x1b[31m\u202eksat.m"
"""Red, and from right to left."""

SHOWN = r"\x1b[31m\u202eksat.m"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("names") / "c", gemma3_config(num_hidden_layers=1))


def test_no_command_prints_what_a_terminal_would_obey(checkpoint: Path, tmp_path: Path) -> None:
    model, adapter = tmp_path / f"{HARM}.task", tmp_path / f"{HARM}.bin"
    write_adapter(tmp_path / HARM, gemma3_config(num_hidden_layers=1))
    bundle = tmp_path / f"{HARM}.litertlm"
    runs = [
        onpage("convert", checkpoint, "-o", model),
        onpage("convert", checkpoint, "--lora", tmp_path / HARM, "-o", adapter),
        onpage("bundle", model, "-o", bundle),
        onpage("inspect", model),
        onpage("inspect", adapter),
        onpage("inspect", bundle),
        onpage("estimate", model),
        onpage("verify", model),
        onpage("models", "no such line", home=tmp_path / HARM),
        onpage("import", tmp_path / f"{HARM}-none.task", home=tmp_path / "store"),
        onpage("remove", HARM, home=tmp_path / "store"),
        onpage("convert", HARM, "-o", model),
        onpage("synth", HARM, "-o", model),
        onpage("estimate", HARM),
        onpage(HARM),
        onpage("estimate", "gemma3-1b", "--gpu-memory", HARM),
        onpage("inspect", f"--{HARM}"),
    ]
    assert [run.returncode for run in runs] == [0] * 9 + [1] * 5 + [2] * 3, [run.stderr for run in runs]
    for run in runs:
        printed = run.stdout + run.stderr
        assert "\x1b" not in printed and "\u202e" not in printed, run.args
        assert SHOWN in printed, run.args


def test_a_web_file_that_is_called_litertlm_becomes_one(checkpoint: Path, tmp_path: Path) -> None:
    for arguments in (("convert", checkpoint), ("synth", "layers=1")):
        output = tmp_path / f"{arguments[0]}.litertlm"
        done = onpage(*arguments, "-o", output)
        assert done.returncode == 0, done.stderr
        facts = inspect_model(output)
        assert isinstance(facts, BundleFacts) and facts.container.startswith(".litertlm")
        assert f"{output.stat().st_size / 1e6:,.1f} MB" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["convert.litertlm", "synth.litertlm"]


def test_a_report_on_what_became_a_bundle(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text(" bababa cucucu dododo")
    done = onpage("convert", checkpoint, "-o", tmp_path / "m.litertlm", "--report-text", tmp_path / "t.txt")
    assert "perplexity" in done.stdout, done.stderr


@pytest.mark.parametrize("name", ["m.tflite", "m.gguf", "M.GGUF", "m.safetensors", "m.onnx", "m.zip", "m.json"])
def test_a_name_of_another_format_is_refused(checkpoint: Path, tmp_path: Path, name: str) -> None:
    for arguments in (("convert", checkpoint), ("synth", "layers=1")):
        done = onpage(*arguments, "-o", tmp_path / name)
        assert done.returncode == 1
        assert f"{name} has the suffix of " in done.stderr and "ends with .task or .litertlm" in done.stderr
    assert not list(tmp_path.iterdir())


def test_an_adapter_is_no_bundle(checkpoint: Path, tmp_path: Path) -> None:
    write_adapter(tmp_path / "a", gemma3_config(num_hidden_layers=1))
    done = onpage("convert", checkpoint, "--lora", tmp_path / "a", "-o", tmp_path / "a.litertlm")
    assert done.returncode == 1 and "ends with .task or .bin" in done.stderr
