"""The command as a user runs it: a process, its exit status, and what it prints where."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkpoints import gemma3_config, with_images_config, write_checkpoint
from tests.forked import onpage


def test_convert_prints_the_result_and_what_to_do_next(tmp_path: Path) -> None:
    done = onpage("convert", write_checkpoint(tmp_path / "c"), "-o", tmp_path / "m.task", "--bits", 4)
    assert done.returncode == 0, done.stderr
    assert f"onpage serve --model {tmp_path / 'm.task'}" in done.stdout
    assert done.stderr == "", "no progress bar where stderr is no terminal"


@pytest.mark.parametrize("closed", ["stdin", "stdout", "stderr"])
def test_a_stream_that_is_closed_from_the_start_ends_nothing(tmp_path: Path, closed: str) -> None:
    """Python has None in its place: the file was written, and the command failed."""
    folder, output = write_checkpoint(tmp_path / "c"), tmp_path / "m.task"
    arguments = [sys.executable, "-m", "onpage", "convert", folder, "-o", output]
    number = ("stdin", "stdout", "stderr").index(closed)
    done = subprocess.run(arguments, preexec_fn=lambda: os.close(number), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "") and output.exists()


def test_what_is_left_out_of_a_model_with_images_is_said(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", with_images_config(head_dim=32, num_hidden_layers=1))
    done = onpage("convert", folder, "-o", tmp_path / "m.task")
    assert "the text part only; 3 vision tensors left out" in done.stdout
    assert "vision" not in onpage("convert", write_checkpoint(tmp_path / "t"), "-o", tmp_path / "m.task").stdout


def test_json_is_for_programs(tmp_path: Path) -> None:
    done = onpage(
        "convert",
        write_checkpoint(tmp_path / "c"),
        "-o",
        tmp_path / "m.task",
        "--embedding-bits",
        4,
        "--feedforward-bits",
        "q4_0",
        "--json",
    )
    written = json.loads(done.stdout)
    assert written["quantization"] == {
        "embedding": "int4",
        "attention": "int8",
        "feedforward": "int4 in blocks of 32",
        "scale": "weighted",
    }
    assert written["family"] == "gemma3"
    facts = json.loads(onpage("inspect", tmp_path / "m.task", "--json").stdout)
    assert facts["size"] == written["size"] == sum(facts["parts"].values())
    assert facts["parameters"] == written["parameters"]
    assert facts["quantization"] == "attention int8, feedforward int4 in blocks of 32, embedding int4"
    assert facts["prompt_template"]["prefix"] == "<start_of_turn>user\n"
    assert facts["tokens"] == {
        "vocabulary": 4096,
        "start_id": 2,
        "stop_ids": [1, 5],
        "stop_tokens": ["<eos>", "<end_of_turn>"],
        "start_token": None,
    }
    assert {"name": "params.lm.final_ln.scale", "type": "float32", "size": 512}.items() <= facts["tensors"][-1].items()


def test_inspect_shows_people_what_json_shows_programs(tmp_path: Path) -> None:
    onpage("synth", "layers=2", "-o", tmp_path / "m.task")
    shown = onpage("inspect", tmp_path / "m.task").stdout
    for expected in ("gemma3 (GEMMA3_300M)", "int8", "4,096 pieces", "x_layers_1.self_attention.q.w_quantized_scale"):
        assert expected in shown
    assert "x_layers_1" not in onpage("inspect", tmp_path / "m.task", "--summary").stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["convert", "none", "-o", "m.task"], "none is not a folder"),
        (["inspect", "none.task"], "none.task is missing"),
        (["inspect", __file__], "is not a model that a browser runs"),
        (["synth", "gemma9", "-o", "m.task"], "'gemma9' is not a shape"),
        (["synth", "gemma3-270m", "-o", "/none/m.task"], "/none does not exist"),
        (["synth", "layers=1", "-o", "m", "--format", "onnx"], "say --bits 4"),
        (["synth", "gemma2-2b", "-o", "m.gguf", "--format", "gguf"], "onpage writes Gemma 3 for other engines"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_1(arguments: list[str], sentence: str) -> None:
    done = onpage(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert sentence in done.stderr and done.stderr.startswith("onpage: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [["convert"], ["convert", "x"], ["synth", "x"], ["inspect"], ["none"], ["convert", "x", "-o", "y", "--bits", "5"]],
)
def test_wrong_usage_is_exit_2(arguments: list[str]) -> None:
    done = onpage(*arguments)
    assert done.returncode == 2
    assert "Usage:" in done.stderr and done.stdout == ""


def test_debug_shows_the_traceback() -> None:
    assert "Traceback" in onpage("--debug", "inspect", "none.task").stderr


@pytest.mark.parametrize(
    "command",
    ["", "serve", "models", "fetch", "import", "remove", "verify", "convert", "synth", "inspect", "evaluate-demo"],
)
def test_help_shows_an_example(command: str) -> None:
    done = onpage(*([command] if command else []), "--help")
    assert done.returncode == 0
    assert "Example:" in done.stdout


def test_a_report_follows_the_result_or_goes_into_its_json(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma3_config(vocab_size=1024, num_hidden_layers=1))
    (tmp_path / "t.txt").write_text(" bababa cucucu dododo")
    shown = onpage("convert", folder, "-o", tmp_path / "m.task", "--bits", "q4_0", "--report-text", tmp_path / "t.txt")
    assert shown.returncode == 0, shown.stderr
    for expected in (
        r"q_proj\.weight +int4 in blocks of 32 +\d+\.\d\d% +\d+\.\d dB",
        r"perplexity of the other\t\d+\.\d+ \(",
    ):
        assert re.search(expected, shown.stdout), shown.stdout
    json_too = onpage("convert", folder, "-o", tmp_path / "m.task", "--scale", "mse", "--report", "--json").stdout
    written = json.loads(json_too)
    assert written["quantization"]["scale"] == "mse"
    assert written["report"]["quality"]["all"]["divergence"]["value"] > 0


def test_a_report_on_no_text_is_refused_before_the_work(tmp_path: Path) -> None:
    done = onpage("convert", write_checkpoint(tmp_path / "c"), "-o", tmp_path / "m.task", "--report-text", "none.txt")
    assert done.returncode == 1 and "none.txt is missing" in done.stderr
    assert not (tmp_path / "m.task").exists()
