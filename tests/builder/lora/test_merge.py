"""Merging: exact to peft's `merge_and_unload`, and in bands."""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from builder.checkpoint import checkpoint as checkpoint_module
from builder.checkpoint.folder import ADAPTER_WEIGHTS
from builder.checkpoint.stored_types import to_float32
from builder.convert.web_file import convert_checkpoint
from builder.errors import CheckpointError, UnsupportedModel
from builder.lora.adapter import Adapter
from builder.model.opened import OpenedCheckpoint
from builder.quantize.product import give_lengths
from tests.adapters import ATTENTION, FEED_FORWARD, write_adapter
from tests.checkpoints import gemma3_config, gemma4_config, write_checkpoint
from tests.gguf_files import write_gguf
from tests.goldens.cases import EXPERTS
from tests.goldens.lora_cases import MERGED, lora_goldens, sampled
from tests.llama_checkpoints import llama_config, write_llama, write_llama_gguf


@pytest.mark.parametrize("name", MERGED)
def test_merged_weights_are_pefts(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint_module, "BAND_BYTES", 1 << 14)
    case, golden = MERGED[name], lora_goldens()["merged"][name]
    config = gemma3_config(**case.model.config)
    base = write_checkpoint(tmp_path / "base", config, seed=len(case.base), dtype="F32")
    adapter = Adapter.open(case.write(name, tmp_path))
    first = adapter.values(min((low.a for low in adapter.modules.values()), key=lambda tensor: tensor.name))
    assert zlib.crc32(first.tobytes()) == golden["adapter_crc32"], "numpy draws other numbers: make the goldens again"
    plain, weights = OpenedCheckpoint.complete(base).weights, OpenedCheckpoint.complete(base, adapter.folder).weights
    changed = set()
    for weight in weights.tensors:
        merged = np.concatenate([to_float32(rows[:]) for _, rows in weights.bands(weight)])
        original = np.concatenate([to_float32(rows[:]) for _, rows in plain.bands(weight)])
        if str(weight.source) in golden["values"]:
            changed.add(str(weight.source))
            expected = np.array(golden["values"][str(weight.source)], np.float32)
            np.testing.assert_allclose(sampled(merged), expected, rtol=1e-5, atol=1e-7)
            assert np.abs(sampled(original) - expected).max() > 1e-3
        else:
            np.testing.assert_array_equal(merged, original)
    assert changed == golden["values"].keys()


@pytest.mark.parametrize("use_dora", [False, True])
def test_bands_do_not_show_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, use_dora: bool) -> None:
    base = write_checkpoint(tmp_path / "base")
    adapter = write_adapter(tmp_path / "a", gemma3_config(), targets=("q_proj", *FEED_FORWARD), use_dora=use_dora)
    whole = convert_checkpoint(base, tmp_path / "whole.task", merge=adapter)
    monkeypatch.setattr(checkpoint_module, "BAND_BYTES", 1 << 15)
    banded = convert_checkpoint(base, tmp_path / "bands.task", merge=adapter)
    assert whole.path.read_bytes() == banded.path.read_bytes()
    monkeypatch.setitem(sys.modules, "wasmtime", None)  # as where it is not installed
    plain = convert_checkpoint(base, tmp_path / "numpy.task", merge=adapter)
    assert whole.path.read_bytes() == plain.path.read_bytes()


@pytest.mark.parametrize(("rows", "inputs"), [(1, 1), (3, 12), (300, 1152)])
def test_squares_are_added_by_halves(rows: int, inputs: int) -> None:
    """As the page does, which compares to the bit."""
    random = np.random.default_rng(inputs)
    given, lengths = random.standard_normal((rows, inputs), np.float32), random.uniform(0.5, 2, rows).astype(np.float32)
    given[-1] *= rows == 1
    expected = []
    for values, wanted in zip(given, lengths, strict=True):
        squares = [value * value for value in values]
        while len(squares) > 1:
            half = len(squares) // 2
            squares = [
                *(one + other for one, other in zip(squares, squares[-half:], strict=False)),
                *squares[half:-half],
            ]
        expected.append(values * (wanted / (np.sqrt(squares[0]) or np.float32(1))))
    give_lengths(given, lengths)
    np.testing.assert_array_equal(given, np.array(expected))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("has_kernel", [True, False])
@pytest.mark.parametrize(("use_dora", "factor"), [(False, 1e30), (True, 1e25)])
def test_what_float32_cannot_hold_is_refused_by_both_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_kernel: bool, use_dora: bool, factor: float
) -> None:
    """With 1e25 the merged values are finite, but not the squares that DoRA adds: such rows became zeros."""
    if not has_kernel:
        monkeypatch.setitem(sys.modules, "wasmtime", None)
    base = write_checkpoint(tmp_path / "base")
    adapter = write_adapter(tmp_path / "adapter", gemma3_config(), targets=("q_proj",), use_dora=use_dora)
    held = load_file(adapter / ADAPTER_WEIGHTS)
    for name, values in held.items():
        if "lora_A" in name or (not use_dora and "lora_B" in name):
            values[:] = factor
    save_file(held, adapter / ADAPTER_WEIGHTS)
    said = rf"q_proj.weight holds \S+ at row 0, column 0: expected finite weights in {base}/model.safetensors with {adapter} merged;"
    with pytest.raises(CheckpointError, match=said):
        convert_checkpoint(base, tmp_path / "m.task", residual_scale="bound", merge=adapter)
    assert not (tmp_path / "m.task").exists()


def test_an_adapter_in_the_place_of_its_base_is_called_one(tmp_path: Path) -> None:
    """Where an adapter was named as well, its config.json was missed."""
    adapter = write_adapter(tmp_path / "adapter", gemma3_config())
    for opens in (lambda: OpenedCheckpoint.complete(adapter, adapter), lambda: OpenedCheckpoint.open(adapter)):
        with pytest.raises(
            CheckpointError, match=r"is an unmerged LoRA adapter \(rank 8\) of someone/gemma-3-tiny, not a checkpoint"
        ):
            opens()


@pytest.mark.parametrize(("name", "outputs"), [("gate_up_proj", 12 * 64), ("down_proj", 12 * 128)])
def test_experts_are_no_module_of_an_adapter(tmp_path: Path, name: str, outputs: int) -> None:
    """Their matrices lie in one tensor: low ranks for all of it were added to gates and ups alike."""
    config = gemma4_config(**EXPERTS, vocab_size=512)
    base, adapter = write_checkpoint(tmp_path / "base", config), write_adapter(tmp_path / "adapter", config)
    held, inputs = load_file(adapter / ADAPTER_WEIGHTS), 64 if name == "down_proj" else 128
    module = f"base_model.model.model.layers.0.experts.{name}"
    held |= {
        f"{module}.lora_{part}.weight": np.ones(shape, np.float32)
        for part, shape in (("A", (8, inputs)), ("B", (outputs, 8)))
    }
    save_file(held, adapter / ADAPTER_WEIGHTS)
    with pytest.raises(
        UnsupportedModel, match=rf"changes layers.0.experts.{name}, which .*base does not have as a matrix"
    ):
        OpenedCheckpoint.complete(base, adapter)


@pytest.mark.parametrize("kind", ["gemma3", "llama"])
def test_a_gguf_file_takes_an_adapter_as_its_folder_does(kind: str, tmp_path: Path) -> None:
    """llama.cpp has other names than transformers, and other rows of Llama's queries and keys."""
    if kind == "llama":
        config = llama_config()
        write_llama_gguf(tmp_path / "m.gguf", write_llama(tmp_path / "c", config))
    else:
        config = gemma3_config()
        write_gguf(tmp_path / "m.gguf", config, folder=tmp_path / "c")
    adapter = write_adapter(tmp_path / "adapter", config, targets=(*ATTENTION, *FEED_FORWARD))
    ours, theirs = (OpenedCheckpoint.complete(tmp_path / base, adapter).weights for base in ("m.gguf", "c"))
    plain = OpenedCheckpoint.complete(tmp_path / "m.gguf").weights
    changed = 0
    for weight in theirs.tensors:
        found, expected, before = (
            np.concatenate([to_float32(rows[:]) for _, rows in weights.bands(weight)])
            for weights in (ours, theirs, plain)
        )
        np.testing.assert_array_equal(found, expected, str(weight.source))
        changed += not np.array_equal(found, before)
    assert changed == 7 * config["num_hidden_layers"]


@pytest.mark.parametrize(
    ("said", "sampled"),
    [
        ({"temperature": 0.3, "top_k": 8, "eos_token_id": 99}, {"temperature": 0.3, "top_k": 8}),
        ({"top_k": 8}, {"top_k": 8}),
        ({"eos_token_id": 99}, {"temperature": 1.0, "top_k": 1}),
        (None, {"temperature": 1.0, "top_k": 1}),
    ],
)
def test_an_adapter_may_say_how_to_sample_and_nothing_else(
    said: dict[str, object] | None, sampled: dict[str, object], tmp_path: Path
) -> None:
    base = write_checkpoint(tmp_path / "base")
    (base / "generation_config.json").write_text('{"do_sample": true, "temperature": 1.0, "top_k": 1}')
    adapter = write_adapter(tmp_path / "adapter", gemma3_config(), rank=2)
    if said is not None:
        (adapter / "generation_config.json").write_text(json.dumps(said))
    merged = OpenedCheckpoint.complete(base, adapter).generation
    assert merged.notes() == sampled
    assert merged.stop_ids == OpenedCheckpoint.complete(base).generation.stop_ids
