"""Calibration of a small model: what the integers are, and that they keep what it computes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from builder.calibrate import prepare as prepare_module
from builder.calibrate.importance import Importance, WeightedRounding
from builder.calibrate.layers import Calibrated, Spool, calibrate
from builder.calibrate.prepare import Calibration
from builder.calibrate.survey import survey
from builder.calibrate.texts import DEFAULT_TEXT, Texts, read_texts
from builder.checkpoint.stored_types import to_float32
from builder.convert.against import check_against
from builder.convert.web_file import convert_checkpoint
from builder.errors import CheckpointError
from builder.formats.web_file_reader import WebFile
from builder.model.opened import OpenedCheckpoint
from builder.model.weights import Weight
from builder.quantize.integers import Integers, Prepared
from builder.quantize.scheme import INT8, Quantization
from builder.reference.arithmetic import Array
from builder.reference.decoder import Decoder, embedded_texts
from builder.reference.sources import CheckpointSource, WebFileSource
from tests.checkpoints import gemma3_config, gemma4_config, write_checkpoint, write_safetensors

CONFIG = gemma3_config(num_hidden_layers=3)
Q4_0 = Quantization.of("q4_0", embedding="8", scale="weighted")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("layers") / "c", CONFIG)


@pytest.fixture(scope="module")
def opened(folder: Path) -> OpenedCheckpoint:
    return OpenedCheckpoint.complete(folder)


@pytest.fixture(scope="module")
def source(opened: OpenedCheckpoint) -> CheckpointSource:
    return CheckpointSource(opened.model, opened.weights)


@pytest.fixture(scope="module")
def texts(opened: OpenedCheckpoint) -> Texts:
    return read_texts(DEFAULT_TEXT, opened.tokenizer, 500)


def matrix(opened: OpenedCheckpoint, part: str, layer: int | None) -> Weight:
    [found] = [one for one in opened.weights.tensors if (one.part, one.layer) == (part, layer)]
    return found


def whole(opened: OpenedCheckpoint, weight: Weight) -> Array:
    return np.concatenate([to_float32(rows[:]) for _, rows in opened.weights.bands(weight)])


def importance_on(opened: OpenedCheckpoint, texts: Texts) -> Importance:
    """How large the inputs of the matrices are."""
    found = survey(CheckpointSource(opened.model, opened.weights), opened.tokenizer, texts).importance
    assert found is not None
    return found


class Rounded(CheckpointSource):
    """The model with the integers that were prepared."""

    def __init__(self, opened: OpenedCheckpoint, prepared: Prepared) -> None:
        super().__init__(opened.model, opened.weights)
        self._opened, self._prepared = opened, prepared

    def _whole(self, part, layer):  # type: ignore[no-untyped-def]
        values = super()._whole(part, layer)
        weight = matrix(self._opened, part, layer)
        integers = self._prepared.integers(weight, 0, values) if weight.is_matrix else None
        return values if integers is None else integers.dequantized()


def states(source: CheckpointSource, texts: Texts) -> Array:
    decoder = Decoder(source.model)
    x, attending = embedded_texts(decoder, source, texts)
    for index in range(len(source.model.layers)):
        x = decoder.layer(index, source.layer(index), x, attending)
    return decoder.normed(x, source.whole("final_norm"))


def test_the_mean_squares_are_those_of_the_inputs(
    opened: OpenedCheckpoint, source: CheckpointSource, texts: Texts
) -> None:
    found = importance_on(opened, texts).mean_squares
    decoder = Decoder(source.model)
    x, _ = embedded_texts(decoder, source, texts)
    h = decoder.normed(x, source.layer(0)["pre_attention_norm"])
    np.testing.assert_allclose(found["query", 0], np.square(h, dtype=np.float64).mean(axis=0), rtol=1e-4)
    assert found["query", 0] is found["value", 0]
    last = states(source, texts)
    np.testing.assert_allclose(found["embedding", None], np.square(last, dtype=np.float64).mean(axis=0), rtol=1e-4)
    assert found["down", 2].shape == (source.model.layers[2].feed_forward.width,)


@pytest.mark.parametrize("bits", ["4", "q4_0"])
def test_each_step_keeps_more_of_what_the_model_computes(
    opened: OpenedCheckpoint, source: CheckpointSource, texts: Texts, bits: str
) -> None:
    """On tokens that neither was made with."""
    quantization = Quantization.of(bits, embedding="8", scale="weighted")
    others = [text[:1] + text[:0:-1] for text in texts]
    wanted = states(source, others)

    def distance(prepared: Prepared) -> float:
        return float(np.linalg.norm(states(Rounded(opened, prepared), others) - wanted))

    importance = importance_on(opened, texts)
    weighted = distance(WeightedRounding(quantization, importance))
    with calibrate(source, texts, quantization, importance) as calibrated:
        assert distance(calibrated) < 0.9 * weighted


def test_an_embedding_at_4_bits_keeps_more_of_the_logits(
    opened: OpenedCheckpoint, source: CheckpointSource, texts: Texts
) -> None:
    """Its rows are rounded in view of what they are multiplied with."""
    quantization = Quantization.of("8", embedding="q4_0", scale="weighted")
    importance = importance_on(opened, texts)
    embedding = matrix(opened, "embedding", None)
    rows, last = whole(opened, embedding), states(source, [text[:1] + text[:0:-1] for text in texts])

    def distance(prepared: Prepared) -> float:
        integers = prepared.integers(embedding, 0, rows)
        assert integers is not None
        return float(np.linalg.norm(last @ (integers.dequantized() - rows).T))

    with Calibrated(quantization, Spool(), importance) as calibrated:
        assert distance(calibrated) < 0.95 * distance(WeightedRounding(quantization, importance))
        found = calibrated.integers(embedding, 8, rows[8:16])
        assert found is not None
        np.testing.assert_array_equal(calibrated.rows_of_a_table(rows[8:16], None), found.dequantized())


def test_a_layer_sees_the_quantized_ones_before_it(
    source: CheckpointSource, texts: Texts, opened: OpenedCheckpoint
) -> None:
    """With `down` at 8 bits, which comes last in a layer, the first layer's query keeps its integers, and the second layer's does not."""
    importance = importance_on(opened, texts)
    at_4 = Quantization.of("4", embedding="8", scale="weighted")
    changed = []
    for query in (matrix(opened, "query", 0), matrix(opened, "query", 1)):
        found = []
        for quantization in (at_4, replace(at_4, exceptions=(("down", INT8),))):
            with calibrate(source, texts, quantization, importance) as calibrated:
                integers = calibrated.integers(query, 0, whole(opened, query))
                assert integers is not None
                found.append(integers.values.copy())
        changed.append((found[0] != found[1]).mean())
    assert changed[0] == 0 and changed[1] > 0.01


def test_the_file_holds_what_was_calibrated(
    folder: Path, opened: OpenedCheckpoint, source: CheckpointSource, tmp_path: Path
) -> None:
    calibration = Calibration(tokens=300)
    seen: list[tuple[str, int, int]] = []
    written = convert_checkpoint(
        folder,
        tmp_path / "m.task",
        quantization=Q4_0,
        calibration=calibration,
        progress=lambda *step: seen.append(step),
    )
    assert written.quantization == Q4_0
    assert [step for step in seen if step[0] == "calibrate"] == [("calibrate", i, 3) for i in (1, 2, 3)]
    file = WebFile.open(tmp_path / "m.task")
    conversion = file.notes["conversion"]
    assert isinstance(conversion, dict) and conversion["calibrated on"] == "onpage's text"
    texts = read_texts(DEFAULT_TEXT, opened.tokenizer, 300)
    importance = importance_on(opened, read_texts(DEFAULT_TEXT, opened.tokenizer, prepare_module.TOKENS_OF_SCALES))
    with calibrate(source, texts, Q4_0, importance) as calibrated:
        for part in ("query", "output", "down"):
            weight = matrix(opened, part, 2)
            integers = calibrated.integers(weight, 0, whole(opened, weight))
            assert integers is not None
            np.testing.assert_array_equal(WebFileSource(file).layer(2)[part], integers.dequantized())  # type: ignore[index]


@pytest.mark.parametrize("calibration", [None, Calibration(tokens=100)])
def test_weights_that_are_not_finite_are_named(
    opened: OpenedCheckpoint, tmp_path: Path, calibration: Calibration | None
) -> None:
    folder = write_checkpoint(tmp_path / "c", CONFIG)
    name = "model.layers.1.mlp.up_proj.weight"
    opened_again = OpenedCheckpoint.complete(folder)
    tensors = {}
    for weight in opened_again.weights.tensors:
        values = whole(opened_again, weight).reshape(weight.shape)
        if str(weight.source) == name:
            values = values.copy()
            values[3, 4] = np.nan
        tensors[str(weight.source)] = ("F32", weight.shape, values.astype(np.float32).tobytes())
    for path in folder.glob("*.safetensors"):
        path.unlink()
    write_safetensors(folder / "model.safetensors", tensors)
    with pytest.raises(CheckpointError, match=rf"{name} holds nan at row 3, column 4"):
        convert_checkpoint(folder, tmp_path / "m.task", quantization=Q4_0, calibration=calibration)
    assert not list(tmp_path.glob("m.task*"))


def test_matrices_of_8_bits_are_rounded_for_themselves(folder: Path, tmp_path: Path) -> None:
    """Whether others are calibrated or none of a layer's is."""
    plain = convert_checkpoint(folder, tmp_path / "plain.task")
    expected = WebFile.open(plain.path)
    up = "params.lm.transformer.x_layers_1.ff_layer.ffn_layer1.w"
    embedding = "params.lm.softmax.logits_ffn.w"
    for chosen in (Quantization.of("8", embedding="q4_0"), Quantization.of("8", embedding="q4_0", attention="q4_0")):
        seen: list[str] = []
        convert_checkpoint(
            folder,
            tmp_path / "m.task",
            quantization=chosen.with_best_scales(),
            calibration=Calibration(tokens=300),
            progress=lambda phase, *_, seen=seen: seen.append(phase),
        )
        file = WebFile.open(tmp_path / "m.task")
        assert file.read(up) == expected.read(up) and file.read(embedding) != expected.read(embedding)
        assert ("calibrate" in seen) == (chosen.attention.bits == 4)


def test_what_was_calibrated_takes_no_disk_once_it_is_written(
    opened: OpenedCheckpoint, source: CheckpointSource, texts: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []
    close = Spool.close
    monkeypatch.setattr(Spool, "close", lambda spool: (closed.append(spool), close(spool)))

    def fail(done: int, total: int) -> None:
        raise KeyboardInterrupt

    importance = importance_on(opened, texts[:1])
    with pytest.raises(KeyboardInterrupt):
        calibrate(source, texts[:1], Q4_0, importance, report=fail)
    assert len(closed) == 1
    with Calibrated(Q4_0, Spool(), importance) as calibrated:
        calibrated.spool.put("query", 0, Integers(np.ones((4, 8), np.int8), np.ones((4, 1), np.float32)))
    assert len(closed) == 2


@pytest.mark.parametrize(
    "changes", [{"num_kv_shared_layers": 3, "use_double_wide_mlp": True}, {"attention_k_eq_v": True}]
)
def test_layers_without_keys_or_values_of_their_own_are_calibrated(tmp_path: Path, changes: dict[str, object]) -> None:
    """It asked for the matrices that these layers do not have."""
    folder = write_checkpoint(tmp_path / "c", gemma4_config(**changes))
    opened, written = OpenedCheckpoint.complete(folder), tmp_path / "m.task"
    convert_checkpoint(folder, written, quantization=Q4_0, calibration=Calibration(tokens=300))
    assert check_against(written, folder) == sum(weight.size for weight in opened.weights.tensors)
