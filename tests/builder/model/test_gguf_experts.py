"""A GGUF file of a Gemma 4 with experts: their matrices lie in one tensor a layer, as in a folder, and go into the same web file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from builder.checkpoint import checkpoint as checkpoint_module
from builder.convert.against import check_against
from builder.convert.web_file import convert_checkpoint
from builder.errors import CheckpointError, UnsupportedModel
from builder.formats.matrix_rows import MatrixRows
from builder.formats.web_file_reader import WebFile
from builder.model.opened import OpenedCheckpoint
from builder.model.weights import Weight
from tests.builder.model.test_gguf_checkpoint import SHARED, SMALL, TABLES, both
from tests.checkpoints import gemma4_config
from tests.gguf_files import TypeOf, rope_divisors, write_gguf
from tests.goldens.cases import EXPERTS, GEMMA4_LAYERS


def of_experts(**changes: Any) -> dict[str, Any]:
    return gemma4_config(**SMALL | EXPERTS | {"num_hidden_layers": 3, "layer_types": GEMMA4_LAYERS} | changes)


def mixed(weight: Weight) -> str:
    """As llama.cpp quantizes: rows that the larger blocks do not divide get another type."""
    return "Q5_0" if weight.part in ("expert_down", "down") else "Q4_1"


@pytest.fixture
def across_experts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bands that begin in one expert and end in another."""
    monkeypatch.setattr(checkpoint_module, "BAND_BYTES", 24 * 4 * 128)


@pytest.mark.usefixtures("across_experts")
@pytest.mark.parametrize(
    ("types", "bits"),
    [("F32", "8"), ("BF16", "8"), ("Q4_0", "8"), (mixed, "8"), ("Q8_0", "4"), ("Q4_0", "4"), (mixed, "q4_0")],
)
def test_experts_are_their_folders(tmp_path: Path, types: str | TypeOf, bits: str) -> None:
    config = of_experts(attention_k_eq_v=True, num_key_value_heads=2, num_global_key_value_heads=1)
    assert both(tmp_path, config, bits=bits, types=types, also=rope_divisors(config)).model_type.startswith("GEMMA")


def test_experts_beside_tables_and_shared_caches_are_their_folders(tmp_path: Path) -> None:
    config = gemma4_config(**SMALL | EXPERTS | TABLES | SHARED)
    both(tmp_path, config, also=rope_divisors(config))


@pytest.mark.usefixtures("across_experts")
def test_experts_of_q4_0_go_over_as_they_are(tmp_path: Path) -> None:
    """They were rounded again, where a band was cut into the parts of experts."""
    config = of_experts()
    path = write_gguf(tmp_path / "m.gguf", config, types="Q4_0", also=rope_divisors(config))
    written = convert_checkpoint(path, tmp_path / "m.task")
    matrices = 1 + 3 * (4 + 3 + 3)  # but for the routers
    assert str(written.quantization) == "int4 in blocks of 32"
    assert written.notes[0] == f"{matrices} matrices of the type Q4_0 went over as they are, not rounded again"
    assert check_against(written.path, path) > 0
    rows = {tensor.name: tensor.data for tensor in gguf.GGUFReader(path).tensors}
    of_layer = gguf.dequantize(rows["blk.2.ffn_gate_up_exps.weight"], gguf.GGMLQuantizationType.Q4_0)
    file, width = WebFile.open(written.path), config["moe_intermediate_size"]
    for part, expected in (("ff_gate", of_layer[:, :width]), ("ff1", of_layer[:, width:])):
        name = f"transformer.layer_2.mlp1.{part}"
        matrix = file.matrix(name)
        assert matrix is not None
        found = MatrixRows(file, name, matrix).integers(0, matrix.n).dequantized()
        np.testing.assert_array_equal(found.reshape(expected.shape), expected)


def test_what_a_gemma4_says_of_its_experts_that_cannot_be(tmp_path: Path) -> None:
    config = of_experts()
    for metadata, error, said in (
        ({"expert_count": 8}, CheckpointError, r"router.proj.weight in .* has shape \[12, 128\], but m.gguf gives \[8, 128\]"),
        ({"expert_count": 0}, UnsupportedModel, "does not have, such as blk.0.ffn_down_exps.scale"),
        ({"expert_count": [12, 0, 12]}, UnsupportedModel, "gemma4.expert_count differs from layer to layer"),
        ({"expert_count": 1.5}, CheckpointError, "gemma4.expert_count is 1.5: expected a whole number from 0"),
        ({"expert_count": 6}, UnsupportedModel, "num_experts is 6: the web format stores matrices in blocks"),
        ({"expert_used_count": 13}, CheckpointError, "top_k_experts is 13"),
        ({"expert_used_count": None}, CheckpointError, "does not say gemma4.expert_used_count"),
        ({"expert_feed_forward_length": None}, CheckpointError, "does not say gemma4.expert_feed_forward_length"),
        ({"expert_feed_forward_length": 32}, CheckpointError, r"gate_up_proj in .* \[12, 128, 128\], but m.gguf gives \[12, 64, 128\]"),
        ({"expert_gating_func": 2}, UnsupportedModel, "gemma4.expert_gating_func is 2: expected 1, because the engine"),
        ({"expert_weights_norm": False}, UnsupportedModel, "gemma4.expert_weights_norm is False: expected True"),
        ({"expert_weights_scale": 2.5}, UnsupportedModel, "gemma4.expert_weights_scale is 2.5: expected 1.0"),
        ({"expert_group_count": 4}, UnsupportedModel, "gemma4.expert_group_count is 4: expected 1"),
        ({"expert_shared_count": 1}, UnsupportedModel, "gemma4.expert_shared_count is 1: expected 0"),
    ):  # fmt: skip
        said_of_it = {f"gemma4__{key}": value for key, value in metadata.items()}
        path = write_gguf(tmp_path / "m.gguf", config, also=rope_divisors(config), **said_of_it)
        with pytest.raises(error, match=said) as caught:
            convert_checkpoint(path, tmp_path / "m.task")
        assert str(path) in str(caught.value) and not (tmp_path / "m.task").exists()


def test_experts_may_be_said_to_be_routed_as_they_are(tmp_path: Path) -> None:
    config = of_experts()
    said = {"gating_func": 1, "weights_norm": True, "weights_scale": 1.0, "group_count": 1, "shared_count": 0}
    metadata = {f"gemma4__expert_{key}": value for key, value in said.items()}
    OpenedCheckpoint.complete(write_gguf(tmp_path / "m.gguf", config, also=rope_divisors(config), **metadata))


@pytest.mark.parametrize(
    ("tensor", "said"),
    [
        ("ffn_gate_inp", r"layers.1.router.proj.weight is missing from .*m.gguf: expected shape \[12, 128\]"),
        ("ffn_gate_inp.scale", "layers.1.router.scale is missing"),
        ("ffn_gate_up_exps", r"layers.1.experts.gate_up_proj is missing .* expected shape \[12, 128, 128\]"),
        ("ffn_down_exps", r"layers.1.experts.down_proj is missing .* expected shape \[12, 128, 64\]"),
        ("ffn_down_exps.scale", "layers.1.router.per_expert_scale is missing"),
        ("post_ffw_norm_1", "layers.1.post_feedforward_layernorm_1.weight is missing"),
        ("pre_ffw_norm_2", "layers.1.pre_feedforward_layernorm_2.weight is missing"),
        ("post_ffw_norm_2", "layers.1.post_feedforward_layernorm_2.weight is missing"),
    ],
)
def test_a_missing_tensor_of_experts_is_named(tmp_path: Path, tensor: str, said: str) -> None:
    config = of_experts()
    path = write_gguf(tmp_path / "m.gguf", config, also=rope_divisors(config), left_out=(f"blk.1.{tensor}",))
    with pytest.raises(CheckpointError, match=said):
        OpenedCheckpoint.complete(path)


def test_experts_whose_gates_lie_apart_are_refused(tmp_path: Path) -> None:
    config = of_experts()
    apart = {
        f"blk.{i}.ffn_{part}_exps.weight": np.zeros((12, 64, 128), np.float32)
        for i in range(3)
        for part in ("gate", "up")
    }
    left_out = tuple(f"blk.{i}.ffn_gate_up_exps" for i in range(3))
    path = write_gguf(tmp_path / "m.gguf", config, also=rope_divisors(config) | apart, left_out=left_out)
    with pytest.raises(UnsupportedModel, match=r"tensor of their own, blk.0.ffn_gate_exps.weight: expected"):
        OpenedCheckpoint.complete(path)
