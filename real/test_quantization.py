"""What 4 bits leave of Gemma 3 270M: the bars, on two texts that nothing was calibrated on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from builder.calibrate.prepare import Calibration
from builder.convert.against import check_against
from builder.convert.mixed import mixed_bits
from builder.convert.web_file import convert_opened
from builder.demo import evaluate as demo
from builder.model.opened import OpenedCheckpoint
from builder.quantize.scheme import Quantization, ScaleChoice
from builder.reference.evaluate import DEFAULT_TEXTS
from builder.reference.evaluated import evaluate_model

HANDWRITTEN = Path(demo.__file__).with_name("handwritten.jsonl")
"""News, letters and notes of many kinds, written by hand."""


@pytest.fixture(scope="module")
def opened(gemma: Path) -> OpenedCheckpoint:
    return OpenedCheckpoint.complete(gemma)


@pytest.fixture(scope="module")
def prose(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text of another kind than the report's."""
    path = tmp_path_factory.mktemp("prose") / "prose.txt"
    texts = [json.loads(line)["text"] for line in HANDWRITTEN.read_text(encoding="utf-8").splitlines()]
    path.write_text("\n\n".join(texts)[:4000], encoding="utf-8")
    return path


def divergences(path: Path, gemma: Path, *texts: Path) -> list[float]:
    """From the checkpoint on each text, none: the first of `onpage evaluate`; all in one pass."""
    found = evaluate_model(path, against=gemma, texts=texts or DEFAULT_TEXTS[:1]).texts
    assert all(figures.tokens > 300 for figures in found)
    return [figures.divergence.value for figures in found if figures.divergence]


@pytest.mark.parametrize(("bits", "bar"), [("q4_0", 0.13), ("4", 0.28)])
def test_a_calibrated_model_stays_near_the_checkpoint(
    opened: OpenedCheckpoint, gemma: Path, tmp_path: Path, bits: str, bar: float
) -> None:
    path = tmp_path / "m.task"
    chosen = Quantization.of(bits, embedding="8", scale="weighted")
    written = convert_opened(opened, path, quantization=chosen, calibration=Calibration())
    assert max(divergences(path, gemma)) <= bar
    assert check_against(path, gemma) == written.parameters


@pytest.mark.parametrize(("size", "bar"), [(245_000_000, 0.07), (215_000_000, 0.10)])
def test_bits_that_are_chosen_for_a_size_stay_near_the_checkpoint(
    opened: OpenedCheckpoint, gemma: Path, tmp_path: Path, size: int, bar: float
) -> None:
    path = tmp_path / "m.task"
    chosen = mixed_bits(opened, path, Calibration(), target_size=size).chosen
    written = convert_opened(opened, path, quantization=chosen.quantization, calibration=Calibration())
    assert written.size == path.stat().st_size <= chosen.size <= size
    assert max(divergences(path, gemma)) <= bar
    assert check_against(path, gemma) == written.parameters


def test_the_order_of_the_methods_is_the_same_on_another_text(
    opened: OpenedCheckpoint, gemma: Path, prose: Path, tmp_path: Path
) -> None:
    methods: list[tuple[ScaleChoice, Calibration | None]] = [
        ("max", None),
        ("weighted", None),
        ("weighted", Calibration()),
    ]
    found = []
    for scale, calibration in methods:
        path = tmp_path / "m.task"
        chosen = Quantization.of("4", embedding="8", scale=scale)
        convert_opened(opened, path, quantization=chosen, calibration=calibration)
        found.append(divergences(path, gemma, DEFAULT_TEXTS[0], prose))
    for on_text in zip(*found, strict=True):
        assert list(on_text) == sorted(on_text, reverse=True)


def test_calibration_takes_little_memory(gemma: Path, tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from builder.calibrate.prepare import Calibration
from builder.convert.web_file import convert_checkpoint
from builder.quantize.scheme import Quantization
from tests.memory import peak_memory
chosen = Quantization.of("q4_0", embedding="8", scale="weighted")
convert_checkpoint(Path({str(gemma)!r}), Path({str(tmp_path / "m.task")!r}), quantization=chosen, calibration=Calibration())
print(peak_memory())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[-1]) < 1 << 30
