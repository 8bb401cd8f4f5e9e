"""A checkpoint that is quantized already: what goes over as it is, what is rounded again, and that both are said."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest
from numpy.typing import NDArray

from builder.checkpoint.gguf import GgufFile
from builder.convert.web_file import convert_checkpoint
from builder.errors import CheckpointError
from builder.formats.web_file_reader import WebFile
from builder.formats.web_tensor_names import tensor_name
from builder.model.description import ModelDescription
from builder.model.gguf_names import gguf_name
from builder.model.opened import OpenedCheckpoint
from builder.model.weights import Weight
from builder.quantize.rounding import NotFiniteError, dequantize, quantize_band
from builder.quantize.scheme import Q4_0, Quantization
from builder.quantize.wasm_kernel import Kernel
from tests.adapters import write_adapter
from tests.checkpoints import gemma3_config, gemma4_config, write_checkpoint
from tests.gguf_files import random_weights, rope_divisors, write_gguf

CONFIG = gemma3_config(num_hidden_layers=2, vocab_size=512)


def held(path: Path, weight: Weight, model: ModelDescription | None = None) -> NDArray[np.float32]:
    """What a web file holds of a matrix."""
    file = WebFile.open(path)
    name = tensor_name(weight.part, weight.layer, model)
    matrix = file.matrix(name)
    assert matrix is not None
    packed, scales = (
        np.frombuffer(file.read(f"{name}.{part}"), kind)
        for part, kind in (("w", np.uint8), ("w_quantized_scale", np.float32))
    )
    return dequantize(packed, scales, matrix.k, matrix.n, matrix.scheme.bits)


def named(path: Path) -> dict[str, NDArray[np.float32]]:
    """What llama.cpp's package reads."""
    reader = gguf.GGUFReader(path)
    return {t.name: gguf.dequantize(t.data, t.tensor_type) for t in reader.tensors}


def gguf_matrix(weight: Weight) -> str:

    return gguf_name(weight)


def test_q4_0_goes_over_value_for_value(tmp_path: Path) -> None:
    """Without --bits, and whatever the scale."""
    path = write_gguf(tmp_path / "m.gguf", CONFIG, types=lambda w: "Q8_0" if w.part == "embedding" else "Q4_0")
    written = convert_checkpoint(path, tmp_path / "m.task")
    assert str(written.quantization) == "int4 in blocks of 32, embedding int8"
    assert written.notes[0] == "14 matrices of the type Q4_0 went over as they are, not rounded again"
    assert written.notes[1].startswith("1 matrix of the type Q8_0 rounded again to int8: error 0.")
    theirs = named(path)
    for weight, _ in random_weights(CONFIG):
        if weight.is_matrix and weight.part != "embedding":
            assert np.array_equal(held(tmp_path / "m.task", weight), theirs[gguf_matrix(weight)].reshape(weight.shape))


def test_the_columns_of_a_table_go_over_value_for_value(tmp_path: Path) -> None:
    """Of tables that lie side by side in one tensor."""
    config = gemma4_config(vocab_size=512, hidden_size_per_layer_input=32, vocab_size_per_layer_input=512)
    path = write_gguf(tmp_path / "m.gguf", config, types="Q4_0", also=rope_divisors(config))
    convert_checkpoint(path, tmp_path / "m.task", tables="static")
    model = OpenedCheckpoint.open(path).described
    table = named(path)["per_layer_token_embd.weight"]
    for weight, _ in random_weights(config):
        if weight.part == "per_layer_embedding" and weight.layer is not None:
            first = 32 * weight.layer
            assert np.array_equal(held(tmp_path / "m.task", weight, model), table[:, first : first + 32])


def test_bits_that_are_asked_for_are_rounded_again_and_said(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", CONFIG, types="Q4_0")
    written = convert_checkpoint(path, tmp_path / "m.task", quantization=Quantization.of("4"))
    assert str(written.quantization) == "int4"
    assert written.notes[0].startswith("15 matrices of the type Q4_0 rounded again to int4: error ")
    assert 0 < float(written.notes[0].split("error ")[1].split("%")[0]) < 50


def test_the_error_that_is_said_is_that_of_the_file(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", CONFIG, types="Q8_0")
    written = convert_checkpoint(path, tmp_path / "m.task")
    assert str(written.quantization) == "int8"
    theirs, noise, signal = named(path), 0.0, 0.0
    for weight, _ in random_weights(CONFIG):
        if weight.is_matrix:
            stored = theirs[gguf_matrix(weight)].reshape(weight.shape)
            noise += float(np.square(held(tmp_path / "m.task", weight) - stored).sum())
            signal += float(np.square(stored).sum())
    said = float(written.notes[0].split("error ")[1].split("%")[0]) / 100
    assert said == pytest.approx((noise / signal) ** 0.5, rel=0.1)


def test_a_folder_is_int8_and_says_nothing(tmp_path: Path) -> None:
    written = convert_checkpoint(write_checkpoint(tmp_path / "c", CONFIG), tmp_path / "m.task")
    assert str(written.quantization) == "int8" and not [note for note in written.notes if "rounded again" in note]


def test_an_adapter_that_is_merged_has_other_weights(tmp_path: Path) -> None:
    """So they are rounded, and nothing is said to have gone over as it is."""
    path = write_gguf(tmp_path / "m.gguf", CONFIG, types="Q4_0")
    adapter = write_adapter(tmp_path / "adapter", CONFIG, rank=4)
    written = convert_checkpoint(path, tmp_path / "m.task", merge=adapter, quantization=Quantization.of("q4_0"))
    plain = convert_checkpoint(path, tmp_path / "plain.task", quantization=Quantization.of("q4_0"))
    assert written.sha256 != plain.sha256


class Blocks:
    """Rows of Q4_0 with these scales."""

    stored_type, dtype = "Q4_0", np.dtype(np.float32)

    def __init__(self, values: NDArray[np.int8], scales: NDArray[np.float32]) -> None:
        self.values, self.scales = values, scales
        self.shape = values.shape

    def integers(self, part: slice) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        return self.values[part].copy(), self.scales[part].copy()

    def __getitem__(self, part: slice) -> NDArray[np.float32]:
        values = self.values[part].reshape(-1, self.scales.shape[1], 32) * self.scales[part][..., None]
        return values.reshape(-1, self.shape[1]).astype(np.float32)


@pytest.fixture(params=["numpy", "kernel"])
def quantize(request: pytest.FixtureRequest) -> object:
    if request.param == "numpy":
        return quantize_band
    kernel = Kernel.available()
    assert kernel is not None
    return kernel.quantize_band


def test_every_scale_and_every_integer(quantize: object) -> None:
    """Negative scales, the smallest of float16, zero, and blocks that do not reach their ends."""
    generator = np.random.default_rng(3)
    values = generator.integers(-8, 8, (24, 128), np.int8)
    values[3] //= 4
    scales = generator.choice(np.array([0.5, -0.25, 2**-24, 65504, 0, -0.0], np.float16), (24, 4)).astype(np.float32)
    rows = Blocks(values, scales)
    band = quantize(rows, Q4_0)  # type: ignore[operator]
    back = dequantize(band.strips.reshape(-1), band.scales.reshape(-1), 128, 24, 4)
    assert np.array_equal(back, rows[:]) and (band.scales != 0).all()
    signed = np.where(np.repeat(scales, 32, axis=1) == 0, 0, values)
    assert np.array_equal(band.sums, signed.sum(axis=1))


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_a_scale_that_is_not_finite_is_refused(quantize: object, bad: float) -> None:
    scales = np.ones((4, 1), np.float32)
    scales[2] = bad
    with pytest.raises(NotFiniteError):
        quantize(Blocks(np.ones((4, 32), np.int8), scales), Q4_0)  # type: ignore[operator]


def test_a_damaged_block_of_a_file_is_named(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", CONFIG, types="Q4_0")
    tensor = GgufFile.open(path).tensors["blk.1.ffn_up.weight"]
    data = bytearray(path.read_bytes())
    data[tensor.offset + 18 * 9 : tensor.offset + 18 * 9 + 2] = np.float16(np.inf).tobytes()
    path.write_bytes(data)

    with pytest.raises(CheckpointError, match=r"up_proj.weight holds (-?inf|nan) at row 2"):
        convert_checkpoint(path, tmp_path / "m.task")
