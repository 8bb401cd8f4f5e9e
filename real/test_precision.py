"""A real Gemma in float16: its residual stream fits once it is scaled, and the engine computes what the reference computes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from builder.convert.web_file import convert_checkpoint
from builder.formats.web_file_reader import WebFile
from builder.model.residual import FLOAT16_MAX
from builder.quantize.scheme import Quantization
from builder.reference.evaluated import evaluate_model

POSITIONS = 512
BAR = 0.98


@pytest.fixture(scope="module")
def converted(gemma: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its web file with 8 bits, as convert makes it."""
    path = tmp_path_factory.mktemp("precision") / "gemma-web.task"
    convert_checkpoint(gemma, path, quantization=Quantization.of("8"))
    return path


def test_the_stream_is_scaled_into_float16(gemma: Path, converted: Path, tmp_path: Path) -> None:
    assert WebFile.open(converted).residual_scale == 1 / 16
    scaled = evaluate_model(converted, against=gemma, tokens=256)
    assert scaled.fits_float16 and scaled.all.divergence and scaled.all.divergence.value < 0.02
    convert_checkpoint(gemma, tmp_path / "plain.task", quantization=Quantization.of("8"), residual_scale=1.0)
    plain = evaluate_model(tmp_path / "plain.task", tokens=64)
    assert not plain.fits_float16 and (plain.largest_residual or 0) > 1.5 * FLOAT16_MAX


def test_float16_costs_little_once_scaled_and_much_before(gemma: Path, converted: Path, tmp_path: Path) -> None:
    """As the reference that rounds like an engine predicts it."""
    convert_checkpoint(gemma, tmp_path / "plain.task", quantization=Quantization.of("8"), residual_scale=1.0)
    scaled = evaluate_model(converted, against=converted, tokens=128, precision="float16").all
    plain = evaluate_model(tmp_path / "plain.task", against=converted, tokens=128, precision="float16").all
    assert scaled.divergence and plain.divergence and scaled.same_choice
    assert scaled.divergence.value < 0.005 < plain.divergence.value
    assert scaled.same_choice.value > 0.95


def test_the_engine_agrees_with_the_reference_at_the_pages_own_precision(converted: Path, tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    command = ["-m", "onpage", "bench", "run", "--model", str(converted), "--agreement", str(POSITIONS)]
    small = ["--prefill", "32", "--decode", "8", "--context", "256", "--runs", "1", "--warmup", "0", "--warm", "0"]
    done = subprocess.run(
        [sys.executable, *command, *small, "-o", str(output)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (record,) = json.loads(output.read_text())["records"]
    assert record["plan"]["precision"] == "auto" and record["plan"]["model"]["precision"] == "float16"
    assert record["correctness"]["ok"] is True
    found = record["agreement"]
    assert found["positions"] >= 500
    assert found["same"] / found["positions"] >= BAR
