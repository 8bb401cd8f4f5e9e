"""Mixed bits: what a part costs, and what is chosen by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from builder.calibrate.choose import CALIBRATED, Candidate, candidates, choose, mixed
from builder.calibrate.importance import Importance, WeightedRounding
from builder.calibrate.prepare import Calibration
from builder.calibrate.sensitivity import AT_Q4_0, EVERY, PARTS, Costs, sensitivity
from builder.calibrate.survey import survey
from builder.calibrate.texts import DEFAULT_TEXT, read_texts
from builder.convert.mixed import mixed_bits
from builder.convert.web_file import convert_opened
from builder.errors import CheckpointError, OnpageError, OutputError, UnsupportedModel
from builder.formats.inspect_web_file import inspect_web_file
from builder.formats.web_model import PerLayerTables
from builder.model.opened import OpenedCheckpoint
from builder.model.weights import Part
from builder.quantize.scheme import INT8, Q4_0, Quantization, Scheme
from builder.reference.decoder import Decoder, embedded_texts
from builder.reference.sources import CheckpointSource, HeldSource
from tests.checkpoints import gemma3_config, gemma4_config, write_checkpoint
from tests.gguf_files import write_gguf
from tests.goldens.cases import GEMMA4_LAYERS, PER_LAYER

CONFIG = gemma3_config(num_hidden_layers=2, vocab_size=2048, hidden_size=256, intermediate_size=1024)
"""A file over the format's least size, so that sizes differ."""
COSTS: dict[Part, float] = dict(zip(PARTS, (0.08, 0.02, 0.01, 0.07, 0.03, 0.04, 0.06, 0.08), strict=True))
AT_8_BITS = 0.007
SHORT = Calibration(tokens=100)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> OpenedCheckpoint:
    return OpenedCheckpoint.complete(write_checkpoint(tmp_path_factory.mktemp("choose") / "c", CONFIG))


def bits(opened: OpenedCheckpoint, quantization: Quantization) -> int:
    matrices = (one for one in opened.weights.tensors if one.is_matrix)
    return sum(one.size * (8 if quantization.scheme_of(one) == INT8 else 5) for one in matrices)


def listed(opened: OpenedCheckpoint) -> tuple[Candidate, ...]:
    matrices = [one for one in opened.weights.tensors if one.is_matrix]
    return candidates(matrices, Costs(AT_8_BITS, COSTS), lambda quantization: bits(opened, quantization) // 8)


def test_a_cost_is_the_divergence_with_that_part_alone_at_4_bits(opened: OpenedCheckpoint) -> None:
    source = CheckpointSource(opened.model, opened.weights)
    texts = read_texts(DEFAULT_TEXT, opened.tokenizer, 100)
    steps: list[tuple[int, int]] = []
    importance = survey(source, opened.tokenizer, texts).importance
    assert importance is not None
    costs = sensitivity(opened.model, opened.weights, importance, texts, lambda *step: steps.append(step))
    assert steps == [(done, 8) for done in range(1, 9)]
    rounding = WeightedRounding(AT_Q4_0, importance)
    decoder = Decoder(source.model)
    rows = np.concatenate([rows for _, rows in source.embedding_bands()])

    def shares(parts: tuple[Part, ...], rounding: WeightedRounding = rounding) -> np.ndarray:
        embedding = rounding.dequantized("embedding", None, rows) if "embedding" in parts else rows
        _, attending = embedded_texts(decoder, source, texts)
        x = decoder.embedded(embedding[np.concatenate(texts)])
        for index in range(2):
            layer = dict(source.layer(index))
            for part in parts:
                if part != "embedding":
                    layer[part] = rounding.dequantized(part, index, layer[part])
            x = decoder.layer(index, layer, x, attending)
        logits = (decoder.normed(x, source.whole("final_norm")) @ embedding.T).astype(np.float64)[EVERY - 1 :: EVERY]
        return np.asarray(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))

    def divergence(found: np.ndarray) -> float:
        return float((expected * np.log(expected / found)).sum(axis=1).mean())

    expected = shares(())
    for part in PARTS:
        assert costs.at_q4_0[part] == pytest.approx(divergence(shares((part,))), rel=0.01, abs=1e-7), part
        assert costs.at_q4_0[part] > 0
    at_8_bits = divergence(shares(PARTS, WeightedRounding(Quantization(), importance)))
    assert costs.at_8_bits == pytest.approx(at_8_bits, rel=0.05, abs=1e-7) and 0 < at_8_bits < sum(
        costs.at_q4_0.values()
    )


def test_tables_of_the_layers_own_are_rounded_with_the_embedding(tmp_path: Path) -> None:
    config = gemma4_config(num_hidden_layers=3, layer_types=GEMMA4_LAYERS, **PER_LAYER)
    opened = OpenedCheckpoint.complete(write_checkpoint(tmp_path / "c", config))
    source, texts = CheckpointSource(opened.model, opened.weights), read_texts(DEFAULT_TEXT, opened.tokenizer, 60)
    importance = survey(source, opened.tokenizer, texts).importance
    assert importance is not None
    costs = sensitivity(opened.model, opened.weights, importance, texts)
    rounding = WeightedRounding(AT_Q4_0, importance)

    def logs(tables: int) -> np.ndarray:
        """Of the model with its embedding and so many of the tables rounded, none where it is negative."""
        held: Any = HeldSource(source)
        if tables >= 0:
            held._embedding = held._head = rounding.dequantized("embedding", None, held._embedding)
        for layer in range(tables):
            part = "per_layer_embedding"
            held._layers[layer][part] = rounding.dequantized(part, layer, held._layers[layer][part])
        decoder = Decoder(opened.model)
        x, attending = embedded_texts(decoder, held, texts)
        last = decoder.normed(decoder.layers(held.layer, x, attending), held.whole("final_norm"))
        logits = decoder.logits(last[EVERY - 1 :: EVERY] @ held._head.T).astype(np.float64)
        return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))

    expected = logs(-1)
    without, within = ((np.exp(expected) * (expected - logs(tables))).sum(axis=1).mean() for tables in (0, 3))
    assert abs(within - without) > 1e-5
    assert costs.at_q4_0["embedding"] == pytest.approx(within, abs=abs(within - without) / 10)


def test_what_is_stored_in_q4_0_costs_nothing(tmp_path: Path) -> None:
    gguf = write_gguf(tmp_path / "m.gguf", CONFIG, types=lambda weight: "Q4_0" if weight.part == "down" else "F32")
    opened = OpenedCheckpoint.complete(gguf)
    texts = read_texts(DEFAULT_TEXT, opened.tokenizer, 50)
    importance = survey(CheckpointSource(opened.model, opened.weights), opened.tokenizer, texts).importance
    assert importance is not None
    costs = sensitivity(opened.model, opened.weights, importance, texts)
    assert {part for part in PARTS if costs.at_q4_0[part] == 0} == {"down"}


def test_no_mix_is_both_larger_and_worse_than_another(opened: OpenedCheckpoint) -> None:
    found = listed(opened)
    assert [one.size for one in found] == sorted({one.size for one in found})
    assert [one.divergence for one in found] == sorted({one.divergence for one in found}, reverse=True)
    assert found[0].at_4 == PARTS and found[-1].at_4 == ()
    assert found[-1].divergence == AT_8_BITS
    assert found[0].divergence == pytest.approx(AT_8_BITS + CALIBRATED * sum(COSTS.values()))
    for at_4 in ((), ("embedding",), ("key", "query"), ("down", "up", "embedding")):
        size = bits(opened, mixed(at_4)) // 8
        cost = AT_8_BITS + CALIBRATED * sum(COSTS[part] for part in at_4)  # type: ignore[index]
        assert any(one.size <= size and one.divergence <= cost + 1e-12 for one in found), at_4


@pytest.mark.parametrize(
    ("at_4", "said"),
    [
        ((), "int8"),
        (PARTS, "int4 in blocks of 32"),
        (("embedding",), "int8, embedding int4 in blocks of 32"),
        (("gate", "up"), "attention int8, feedforward int4 in blocks of 32, embedding int8, down int8"),
    ],
)
def test_a_mix_has_q4_0_in_just_these_parts(at_4: tuple[Part, ...], said: str) -> None:
    quantization = mixed(at_4)
    assert {part for part in PARTS if quantization.scheme_at(part) == Q4_0} == set(at_4)
    assert str(quantization) == said
    assert quantization.scale == ("weighted" if at_4 else "max")


def test_the_best_that_fits_is_chosen(opened: OpenedCheckpoint) -> None:
    found = listed(opened)
    at = len(found) // 2
    assert choose(found, found[at].size, None) == found[at]
    assert choose(found, found[at].size - 1, None) == found[at - 1]
    assert choose(found, None, found[at].divergence) == found[at]
    assert choose(found, None, None) == next(one for one in found if one.divergence <= 0.1)
    with pytest.raises(OnpageError, match=rf"at most 1,000 bytes: the smallest has {found[0].size:,} bytes"):
        choose(found, 1000, None)
    with pytest.raises(OnpageError, match=r"within 0\.001 nats a token: 8 bits everywhere have about 0\.007"):
        choose(found, None, 0.001)


@pytest.mark.parametrize("name", ["m.task", "m.litertlm"])
def test_the_file_is_no_larger_than_was_said(opened: OpenedCheckpoint, tmp_path: Path, name: str) -> None:
    output = tmp_path / name
    found = mixed_bits(opened, output, SHORT).candidates
    smaller = 0
    for target in {one.size for one in found[:: max(1, len(found) // 3)]}:
        chosen = mixed_bits(opened, output, SHORT, target_size=target).chosen
        written = convert_opened(opened, output, quantization=chosen.quantization, calibration=SHORT)
        assert written.size == output.stat().st_size <= chosen.size == target
        smaller = max(smaller, chosen.size - written.size)
    assert smaller <= 256


@pytest.mark.parametrize("tables", get_args(PerLayerTables))
def test_tables_are_counted_and_judged_with_the_scales_that_are_written(
    tmp_path_factory: pytest.TempPathFactory, tables: PerLayerTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On demand a row has one scale, and a static table one for each 32 values."""
    folder = tmp_path_factory.mktemp("tables")
    opened = OpenedCheckpoint.complete(
        write_checkpoint(folder / "c", gemma4_config(hidden_size_per_layer_input=64, vocab_size_per_layer_input=4096))
    )
    judged: list[Quantization] = []

    def rounding(quantization: Quantization, importance: Importance) -> WeightedRounding:
        judged.append(quantization)
        return WeightedRounding(quantization, importance)

    monkeypatch.setattr("builder.calibrate.sensitivity.WeightedRounding", rounding)
    mix = mixed_bits(opened, folder / "m.task", SHORT, tables=tables)
    smallest = mix.candidates[0]
    assert "embedding" in smallest.at_4
    written = convert_opened(
        opened, folder / "m.task", quantization=smallest.quantization, calibration=SHORT, tables=tables
    )
    assert 0 <= smallest.size - written.size <= 256
    assert judged[-1].scheme_at("per_layer_embedding") == (Scheme(4) if tables == "on-demand" else Q4_0)


def test_the_file_has_the_mix(opened: OpenedCheckpoint, tmp_path: Path) -> None:
    output = tmp_path / "m.task"
    convert_opened(opened, output, quantization=mixed(("up", "embedding")), calibration=SHORT)
    assert inspect_web_file(output).quantization == (
        "attention int8, feedforward int4 in blocks of 32/int8, embedding int4 in blocks of 32"
    )


def test_what_cannot_be_written_is_refused_before_the_work(opened: OpenedCheckpoint, tmp_path: Path) -> None:
    steps: list[str] = []

    def mix(opened: OpenedCheckpoint, output: Path, **options: int) -> None:
        mixed_bits(opened, output, SHORT, progress=lambda phase, *_: steps.append(phase), **options)

    odd = gemma3_config(num_hidden_layers=1, intermediate_size=72)
    with pytest.raises(UnsupportedModel, match="has 72 inputs, which blocks of 32 do not divide"):
        mix(OpenedCheckpoint.complete(write_checkpoint(tmp_path / "c", odd)), tmp_path / "m.task")
    with pytest.raises(OutputError, match="suffix of"):
        mix(opened, tmp_path / "m.onnx")
    with pytest.raises(OnpageError, match="the smallest has"):
        mix(opened, tmp_path / "m.task", target_size=10_000)
    assert not steps


def test_weights_that_are_not_finite_are_named(tmp_path: Path) -> None:
    path = next(write_checkpoint(tmp_path / "c", CONFIG).glob("*.safetensors"))
    data = bytearray(path.read_bytes())
    data[-4:] = np.float32(np.nan).tobytes()
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="expected finite weights"):
        mixed_bits(OpenedCheckpoint.complete(tmp_path / "c"), tmp_path / "m.task", SHORT)
