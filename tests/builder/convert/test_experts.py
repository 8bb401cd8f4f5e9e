"""A Gemma 4 with experts: their matrices lie one after the other in a web file, and are read back as a checkpoint has them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.bundle import web_source
from builder.calibrate.prepare import Calibration
from builder.checkpoint import checkpoint as checkpoint_module
from builder.convert.against import check_against
from builder.convert.mixed import mixed_bits
from builder.convert.web_file import convert_checkpoint
from builder.errors import BundleError, CheckpointError, ModelFileError, UnsupportedModel, WebFileError
from builder.formats.inspect_web_file import inspect_web_file
from builder.formats.llm_parameters import LlmParameters, MoeConfig
from builder.formats.matrix_rows import MatrixRows
from builder.formats.stacks import by_matrix
from builder.formats.web_file_reader import WebFile
from builder.formats.web_model import transformer_parameters
from builder.model.families import describe
from builder.model.opened import OpenedCheckpoint
from builder.quantize.scheme import Quantization
from tests.builder.formats.test_web_file import header_with
from tests.checkpoints import gemma4_config, stored_values, write_checkpoint, write_shards
from tests.goldens.cases import EXPERTS

COUNT, WIDTH, HIDDEN = EXPERTS["num_experts"], EXPERTS["moe_intermediate_size"], 128
DOWN, GATE_UP = "model.layers.1.experts.down_proj", "model.layers.1.experts.gate_up_proj"


def config(**changes: Any) -> dict[str, Any]:
    return gemma4_config(**EXPERTS, **changes)


@pytest.mark.parametrize("bits", ["8", "4", "q4_0"])
@pytest.mark.parametrize("band_bytes", [1 << 12, 1 << 20])
def test_the_experts_of_a_file_are_those_of_its_checkpoint(
    bits: str, band_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a band of the checkpoint holds a part of an expert, or several."""
    monkeypatch.setattr(checkpoint_module, "BAND_BYTES", band_bytes)
    folder = write_checkpoint(tmp_path / "c", config())
    written = convert_checkpoint(folder, tmp_path / "m.task", quantization=Quantization.of(bits))
    assert check_against(written.path, folder) > 0
    file, values = WebFile.open(written.path), stored_values(folder)
    gate, up = np.split(values[GATE_UP], 2, axis=1)
    for name, expected in {"mlp1.linear": values[DOWN], "mlp1.ff_gate": gate, "mlp1.ff1": up}.items():
        matrix = file.matrix(f"transformer.layer_1.{name}")
        assert matrix is not None and matrix.stack == COUNT
        found = MatrixRows(file, f"transformer.layer_1.{name}", matrix).integers(0, matrix.n).dequantized()
        error = np.abs(found.reshape(expected.shape) - expected).max() / np.abs(expected).max()
        assert error < (0.005 if bits == "8" else 0.1)
        assert f"transformer.layer_1.{name}.w.sum_i" not in file.tensors


def test_a_file_of_other_experts_is_told(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", config())
    written = convert_checkpoint(folder, tmp_path / "m.task")
    values = stored_values(folder)
    values[DOWN][[2, 3]] = values[DOWN][[3, 2]]
    write_shards(folder, values)
    with pytest.raises(ModelFileError, match=r"transformer\.layer_1\.mlp1\.linear"):
        check_against(written.path, folder)


def test_the_router_keeps_eight_bits_and_the_file_says_what_it_holds(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", config())
    written = convert_checkpoint(folder, tmp_path / "m.task", quantization=Quantization.of("4"))
    facts, file = inspect_web_file(written.path), WebFile.open(written.path)
    router = file.matrix("transformer.layer_0.mlp1.router_logits")
    assert router is not None and (router.n, router.k, router.scheme.bits) == (COUNT, HIDDEN, 8)
    assert facts.parameters == written.parameters
    assert facts.parts["experts"] > 6 * 3 * COUNT * WIDTH * HIDDEN // 2
    assert facts.parts["feedforward"] > 6 * 3 * 256 * HIDDEN // 2
    assert "other" not in facts.parts


def test_experts_of_another_number_than_said_are_refused(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", config())
    values = stored_values(folder)
    write_shards(folder, values | {DOWN: values[DOWN][:-1]})
    with pytest.raises(
        CheckpointError, match=r"experts\.down_proj .* has shape \[11, 128, 64\], but config.json gives \[12"
    ):
        convert_checkpoint(folder, tmp_path / "m.task")


def test_gates_and_ups_of_another_width_than_said_are_refused(tmp_path: Path) -> None:
    """Of twice as many rows the first were read, which are no expert's gate and up."""
    folder = write_checkpoint(tmp_path / "c", config())
    values = stored_values(folder)
    write_shards(folder, values | {GATE_UP: np.repeat(values[GATE_UP], 2, axis=1)})
    with pytest.raises(
        CheckpointError,
        match=r"experts\.gate_up_proj .* has shape \[12, 256, 128\], but config.json gives \[12, 128, 128",
    ):
        convert_checkpoint(folder, tmp_path / "m.task")


def test_a_file_that_says_nonsense_of_its_experts_is_refused(tmp_path: Path) -> None:
    model = describe(config(), Path("config.json"))
    for said, reason in (
        (MoeConfig(hidden_dimension=64, num_experts=8, num_active_experts=9), "9 of its 8 experts"),
        (MoeConfig(hidden_dimension=64, num_experts=8), "num_active_experts is 0"),
        (MoeConfig(num_experts=-4, num_active_experts=-4), "num_experts is -4"),
    ):
        parameters = transformer_parameters(model)
        parameters.moe_config = said
        told = LlmParameters(vocab_size=4096, transformer_parameters=parameters)
        with pytest.raises(WebFileError, match=reason):
            WebFile.open(header_with(tmp_path, [], told, {}))


def test_layers_of_which_some_have_experts_are_refused() -> None:
    model = describe(config(), Path("config.json"))
    first = replace(model.layers[0], extras=())
    with pytest.raises(UnsupportedModel, match="not of two kinds"):
        transformer_parameters(replace(model, layers=(*model.layers[:-1], first)))


def test_a_litertlm_of_experts_is_refused(tmp_path: Path) -> None:
    """Of a checkpoint before any work, and of a web file: LiteRT-LM computes in float16, and wrote another text."""
    folder, steps = write_checkpoint(tmp_path / "c", config()), list[str]()
    with pytest.raises(BundleError, match="LiteRT-LM computes in float16"):
        convert_checkpoint(folder, tmp_path / "m.litertlm", progress=lambda phase, *_: steps.append(phase))
    assert not steps
    written = convert_checkpoint(folder, tmp_path / "m.task")
    with pytest.raises(BundleError, match=r"m\.task has experts.* use the web file"):
        web_source(written.path)


def test_bits_are_not_chosen_for_experts_whose_costs_nobody_measures(tmp_path: Path) -> None:
    """Their costs were taken for nothing, and they got 4 bits or 8 by the dense feed-forward's."""
    opened, steps = OpenedCheckpoint.complete(write_checkpoint(tmp_path / "c", config())), list[str]()
    with pytest.raises(UnsupportedModel, match=r"experts of a model is not measured.* --bits 8 or --bits q4_0"):
        mixed_bits(opened, tmp_path / "m.task", Calibration(), progress=lambda phase, *_: steps.append(phase))
    assert not steps


def test_rows_of_several_matrices_are_told_apart() -> None:
    assert list(by_matrix(6, 9, 8)) == [(0, 6, slice(0, 2)), (1, 0, slice(2, 9))]
    assert list(by_matrix(8, 4, 8)) == [(1, 0, slice(0, 4))]
