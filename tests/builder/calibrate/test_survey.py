"""The pass before a conversion: one for all that is asked, and the stream's scale the same whatever the bits."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.calibrate.prepare import Calibration, prepare
from builder.calibrate.survey import survey
from builder.calibrate.texts import cut
from builder.convert.web_file import convert_opened
from builder.formats.web_file_reader import WebFile
from builder.model.opened import OpenedCheckpoint
from builder.quantize.scheme import Quantization
from builder.reference.decoder import LayerWeights
from builder.reference.sources import CheckpointSource
from tests.checkpoints import gemma3_config, write_checkpoint

LAYERS = 3
BITS = ("8", "4", "q4_0")
CALIBRATIONS = (None, Calibration(tokens=100))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> OpenedCheckpoint:
    folder = tmp_path_factory.mktemp("survey") / "c"
    return OpenedCheckpoint.complete(write_checkpoint(folder, gemma3_config(num_hidden_layers=LAYERS), residual=4096.0))


@pytest.mark.parametrize("calibration", CALIBRATIONS)
@pytest.mark.parametrize("bits", BITS)
def test_the_layers_are_read_once_and_once_more_to_calibrate(
    opened: OpenedCheckpoint, monkeypatch: pytest.MonkeyPatch, bits: str, calibration: Calibration | None
) -> None:
    read: list[int] = []
    layer = CheckpointSource.layer

    def counted(source: CheckpointSource, index: int) -> LayerWeights:
        read.append(index)
        return layer(source, index)

    monkeypatch.setattr(CheckpointSource, "layer", counted)
    quantization = Quantization.of(bits).with_best_scales()
    with prepare(opened.model, opened.weights, opened.tokenizer, quantization, calibration) as ready:
        assert ready.largest_residual > 8192
        assert (ready.prepared is None) == (bits == "8" and calibration is None)
    assert read == [*range(LAYERS)] * (2 if calibration and bits != "8" else 1)


def test_every_file_of_a_checkpoint_is_scaled_alike(opened: OpenedCheckpoint, tmp_path: Path) -> None:
    """Else an adapter, whose scale is found without any text, would not fit them all."""
    notes = set()
    for bits in BITS:
        for calibration in CALIBRATIONS:
            chosen = Quantization.of(bits).with_best_scales()
            convert_opened(opened, tmp_path / "m.task", quantization=chosen, calibration=calibration)
            file = WebFile.open(tmp_path / "m.task")
            notes.add((file.residual_scale, file.largest_residual))
    assert len(notes) == 1 and notes.pop()[0] < 1


def test_the_texts_do_not_show_in_the_stream(opened: OpenedCheckpoint) -> None:
    source = CheckpointSource(opened.model, opened.weights)
    alone = survey(source, opened.tokenizer)
    with_texts = survey(source, opened.tokenizer, cut([*range(300, 400)], opened.tokenizer.start_id))
    assert alone.importance is None and with_texts.importance is not None
    assert with_texts.largest_residual == pytest.approx(alone.largest_residual, rel=1e-5)
