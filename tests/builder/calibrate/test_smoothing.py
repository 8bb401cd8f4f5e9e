"""Evened inputs: the same model, whose int8 activations cost less; and nothing changed of what does not become int8."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from builder.calibrate.prepare import Calibration
from builder.calibrate.smoothing import SmoothedWeights, smoothed
from builder.calibrate.survey import survey
from builder.checkpoint.stored_types import to_float32
from builder.model.opened import OpenedCheckpoint
from builder.model.weights import Weights
from builder.quantize.scheme import Quantization
from builder.reference.arithmetic import Arithmetic, Array, Precision
from builder.reference.decoder import Decoder, embedded_texts
from builder.reference.sources import CheckpointSource
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.goldens.llama_cases import CONFIGS
from tests.llama_checkpoints import write_llama

INT8 = Quantization.of("8")


def outlying(folder: Path, part: str) -> None:
    """Makes a few inputs of some matrices thirty times as large, as in real models, by the norm or the matrix before."""
    from safetensors.numpy import load_file, save_file

    path = folder / "model.safetensors"
    tensors = load_file(path)
    for name, values in tensors.items():
        if part in name:
            values[::17] *= 30
    save_file(tensors, path)


def opened_model(folder: Path, name: str) -> OpenedCheckpoint:
    if name == "gemma3":
        write_checkpoint(folder, gemma3_config(num_hidden_layers=2))
    else:
        write_llama(folder, CONFIGS[name])
        outlying(folder, "layernorm")
        outlying(folder, "up_proj")
    return OpenedCheckpoint.complete(folder)


def evened(opened: OpenedCheckpoint, quantization: Quantization = INT8) -> SmoothedWeights:
    source = CheckpointSource(opened.model, opened.weights)
    found = survey(source, opened.tokenizer, Calibration(tokens=128).texts(opened.tokenizer, 128))
    assert found.importance
    return smoothed(opened.weights, quantization, found.importance, opened.model.norm_offset)


def states(opened: OpenedCheckpoint, weights: Weights, precision: Precision) -> Array:
    """What the logits are made from, after some text that nothing was calibrated on."""
    source = CheckpointSource(opened.model, weights)
    decoder = Decoder(opened.model, Arithmetic(precision))
    ids = opened.tokenizer.processor.encode("The boat left at nine, and nobody waved. Why would they?")
    x, attending = embedded_texts(decoder, source, [[opened.tokenizer.alone_id, *ids]])
    return decoder.normed(decoder.layers(source.layer, x, attending), source.whole("final_norm"))


def values(weights: Weights, part: str, layer: int) -> Array:
    [weight] = [one for one in weights.tensors if (one.part, one.layer) == (part, layer)]
    return np.concatenate([to_float32(rows[:]) for _, rows in weights.bands(weight)])


@pytest.mark.parametrize("name", ["smollm2", "qwen2", "qwen3", "untied", "gemma3"])
def test_the_model_is_the_same(tmp_path: Path, name: str) -> None:
    opened = opened_model(tmp_path / "model", name)
    weights = evened(opened)
    before, after = (states(opened, one, "float32") for one in (opened.weights, weights))
    assert np.abs(after - before).max() < 1e-3 * np.abs(before).max()
    for part in ("query", "gate", "down", "pre_attention_norm", "pre_feed_forward_norm", "up"):
        assert not np.array_equal(values(weights, part, 1), values(opened.weights, part, 1)), part
    assert np.array_equal(values(weights, "output", 1), values(opened.weights, "output", 1))


@pytest.mark.parametrize("name", ["smollm2", "qwen2", "qwen3"])
def test_int8_activations_cost_less(tmp_path: Path, name: str) -> None:
    opened = opened_model(tmp_path / "model", name)
    exact = states(opened, opened.weights, "float32")
    before, after = (
        float(np.square(states(opened, one, "int8") - exact).mean()) for one in (opened.weights, evened(opened))
    )
    assert after < 0.7 * before


def test_what_does_not_become_int8_stays_as_it_is(tmp_path: Path) -> None:
    opened = opened_model(tmp_path / "model", "smollm2")
    weights = evened(opened, Quantization.of("8", attention="4"))
    assert {part for part, _ in weights.inputs} == {"gate", "up", "down"}
    assert evened(opened, Quantization.of("4", embedding="8")).inputs == {}
    assert np.array_equal(values(weights, "query", 0), values(opened.weights, "query", 0))


def test_an_input_that_is_nothing_stays_nothing(tmp_path: Path) -> None:
    folder = write_llama(tmp_path / "model", CONFIGS["smollm2"])
    from safetensors.numpy import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    tensors["model.layers.0.input_layernorm.weight"][3] = 0
    save_file(tensors, folder / "model.safetensors")
    opened = OpenedCheckpoint.complete(folder)
    weights = evened(opened)
    assert weights.inputs["query", 0][3] == 1
    assert np.isfinite(values(weights, "pre_attention_norm", 0)).all()
    assert np.isfinite(states(opened, weights, "float32")).all()
