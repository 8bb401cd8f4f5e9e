from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from builder.checkpoint.folder import CheckpointFolder
from builder.convert.web_file import convert_checkpoint
from builder.errors import OnpageError
from builder.formats.web_file_reader import WebFile
from builder.model.opened import OpenedCheckpoint
from builder.quantize.rounding import dequantize
from builder.quantize.scheme import Quantization
from builder.reference import report as report_module
from builder.reference.dense import Reference
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
    return report_on(folder / "m.task", OpenedCheckpoint.complete(checkpoint), text=text)


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


def test_the_quality_is_that_of_the_predictions(
    checkpoint: Path, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the logits one by one, through the same door as the goldens."""
    monkeypatch.setattr(report_module, "MAX_TOKENS", 21)
    monkeypatch.setattr(report_module, "CONTEXT", 12)
    monkeypatch.setattr(report_module, "POSITIONS", 5)
    quality = reported(checkpoint, text, tmp_path, Quantization.of("4")).quality
    assert quality is not None and quality.tokens == 21
    model = Reference.from_web_file(tmp_path / "m.task")
    words = text.read_text().split()
    ids = {word(i): i for i in range(FIRST_WORD, 1024)}
    tokens = [ids[one] for one in words[:21]]
    loss = 0.0
    for first in (0, 12):
        context = [2, *tokens[first : first + 12]]
        for i in range(1, len(context)):
            logits = model.logits(context[:i]).astype(np.float64)
            loss += float(np.log(np.exp(logits).sum()) - logits[context[i]])
    assert quality.perplexity == pytest.approx(math.exp(loss / 21), rel=1e-4)
    assert quality.perplexity != pytest.approx(quality.checkpoint_perplexity, rel=1e-4)


def test_better_schemes_cost_less(checkpoint: Path, text: Path, tmp_path: Path) -> None:
    schemes = [
        Quantization.of("4"),
        Quantization.of("4", scale="mse"),
        Quantization.of("q4_0", scale="mse"),
        Quantization.of("8"),
    ]
    reports = [reported(checkpoint, text, tmp_path, scheme) for scheme in schemes]
    errors = [report.relative_error for report in reports]
    divergences = [report.quality.divergence for report in reports if report.quality]
    assert errors == sorted(errors, reverse=True) and errors[0] > 10 * errors[-1]
    assert divergences == sorted(divergences, reverse=True) and divergences[0] > 10 * divergences[-1] > 0


def test_a_model_too_large_for_numpy_has_no_quality_and_says_why(
    checkpoint: Path, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_module, "MAX_PARAMETERS", 1000)
    report = reported(checkpoint, text, tmp_path, Quantization())
    assert report.quality is None and report.tensors
    assert "and the text is run in numpy, for up to" in str(report.no_quality)
    json.dumps(report.to_json(), allow_nan=False)


@pytest.mark.parametrize(
    ("content", "message"), [(None, "is missing"), (b"\xff\xfe\xff", "is not text"), (b"", "holds no text")]
)
def test_a_text_that_is_none_is_named(checkpoint: Path, tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "t.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OnpageError, match=f"t.txt.* {message}"):
        reported(checkpoint, path, tmp_path, Quantization())
