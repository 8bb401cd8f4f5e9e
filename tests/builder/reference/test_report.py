from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from builder.checkpoint.folder import CheckpointFolder
from builder.convert.web_file import convert_checkpoint
from builder.formats.web_file_reader import WebFile
from builder.model.opened import OpenedCheckpoint
from builder.quantize.rounding import dequantize
from builder.quantize.scheme import Quantization
from builder.reference.report import Report, report_on
from builder.synth.web_file import FIRST_WORD, word
from tests.checkpoints import gemma3_config, write_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    return write_checkpoint(folder / "c", gemma3_config(vocab_size=1024), dtype="BF16", seed=5)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "words.txt"
    path.write_text("".join(" " + word(i) for i in np.random.default_rng(0).integers(FIRST_WORD, 1024, 100)))
    return path


def reported(checkpoint: Path, text: Path, folder: Path, quantization: Quantization) -> Report:
    convert_checkpoint(checkpoint, folder / "m.task", quantization=quantization)
    return report_on(folder / "m.task", OpenedCheckpoint.complete(checkpoint), texts=[text])


def test_the_error_of_a_tensor_is_that_of_its_bytes(checkpoint: Path, text: Path, tmp_path: Path) -> None:
    report = reported(checkpoint, text, tmp_path, Quantization.of("q4_0", embedding="8"))
    name, source = "params.lm.transformer.x_layers_1.ff_layer.ffn_layer2", "model.layers.1.mlp.down_proj.weight"
    opened = CheckpointFolder.open(checkpoint)
    weights = np.concatenate([rows for _, rows in opened.bands(opened.require(source, (128, 512)))])
    file = WebFile.open(tmp_path / "m.task")
    packed, scales = np.frombuffer(file.read(f"{name}.w"), np.uint8), file.read(f"{name}.w_quantized_scale")
    back = dequantize(packed, np.frombuffer(scales, np.float32), 512, 128, 4)
    [error] = [tensor for tensor in report.tensors if tensor.name == name]
    assert (error.source, error.scheme) == (source, "int4 in blocks of 32")
    assert error.relative_error == pytest.approx(np.linalg.norm(back - weights) / np.linalg.norm(weights), rel=1e-5)
    assert error.decibels == pytest.approx(-20 * math.log10(error.relative_error))
    assert len(report.tensors) == 1 + 4 * 7


def test_better_schemes_cost_less(checkpoint: Path, text: Path, tmp_path: Path) -> None:
    schemes = [
        Quantization.of("4"),
        Quantization.of("4", scale="mse"),
        Quantization.of("q4_0", scale="mse"),
        Quantization.of("8"),
    ]
    reports = [reported(checkpoint, text, tmp_path, scheme) for scheme in schemes]
    errors = [report.relative_error for report in reports]
    divergences = [report.quality.all.divergence.value for report in reports if report.quality.all.divergence]
    assert len(divergences) == len(reports)
    assert errors == sorted(errors, reverse=True) and errors[0] > 10 * errors[-1]
    assert divergences == sorted(divergences, reverse=True) and divergences[0] > 10 * divergences[-1] > 0
