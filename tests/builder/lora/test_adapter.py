"""peft's folders, sound and otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.checkpoint.folder import ADAPTER_WEIGHTS
from builder.convert.web_file import convert_checkpoint
from builder.errors import CheckpointError, OnpageError, UnsupportedModel
from builder.lora.adapter import Adapter, module_of
from builder.lora.adapter_file import convert_adapter
from tests.adapters import write_adapter
from tests.checkpoints import gemma3_config, write_checkpoint, write_safetensors

BIG = 10**400


@pytest.mark.parametrize(
    "name",
    [
        "base_model.model.model.layers.3.self_attn.q_proj",
        "base_model.model.model.language_model.layers.3.self_attn.q_proj",
        "base_model.model.language_model.model.layers.3.self_attn.q_proj",
        "model.layers.3.self_attn.q_proj",
    ],
)
def test_a_module_is_the_same_whatever_holds_it(name: str) -> None:
    assert module_of(name) == "layers.3.self_attn.q_proj"


@pytest.mark.parametrize(
    ("settings", "scales"),
    [
        ({"lora_alpha": 16}, {"q_proj": 2.0, "o_proj": 2.0}),
        ({"lora_alpha": 4.5, "use_rslora": True}, {"q_proj": 4.5 / 8**0.5}),
        ({"lora_alpha": 16, "alpha_pattern": {"q_proj": 4}}, {"q_proj": 0.5, "v_proj": 2.0}),
        ({"lora_alpha": 16, "rank_pattern": {"layers.2.self_attn.q_proj": 4}}, {"q_proj": 4.0, "v_proj": 2.0}),
        ({"lora_alpha": 16, "alpha_pattern": {"^layers.2.self_attn.q_proj": 4}}, {"q_proj": 2.0}),
        ({"lora_alpha": 16, "alpha_pattern": {"^model.layers.2.self_attn.q_proj": 4}}, {"q_proj": 0.5}),
        ({"lora_alpha": 16, "alpha_pattern": {r"layers\.2\.self_attn\.q_proj": 4}}, {"q_proj": 0.5}),
        ({"lora_alpha": 16, "alpha_pattern": {"proj": 4}}, {"q_proj": 2.0}),
    ],
)
def test_the_scale_is_pefts(tmp_path: Path, settings: dict[str, Any], scales: dict[str, float]) -> None:
    adapter = Adapter.open(write_adapter(tmp_path, gemma3_config(), **settings))
    for module, scale in scales.items():
        assert adapter.modules[f"layers.2.self_attn.{module}"].scale == pytest.approx(scale)


@pytest.mark.parametrize("prefix", ["base_model.model.", "base_model.model.language_model.", ""])
def test_the_tensors_are_found_whatever_holds_the_modules(tmp_path: Path, prefix: str) -> None:
    adapter = Adapter.open(write_adapter(tmp_path, gemma3_config(), prefix=prefix))
    assert len(adapter.modules) == 16
    assert adapter.modules["layers.0.self_attn.o_proj"].shape == (128, 256)
    assert adapter.base == "someone/gemma-3-tiny"


def test_what_is_for_images_is_left_out(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path, gemma3_config(), prefix="base_model.model.model.vision_tower.")
    with pytest.raises(CheckpointError, match="holds nothing for the text"):
        Adapter.open(folder)


def test_values_of_every_type_are_read(tmp_path: Path) -> None:
    read = {}
    for dtype in ("F32", "F16", "BF16"):
        adapter = Adapter.open(write_adapter(tmp_path / dtype, gemma3_config(), dtype=dtype))
        read[dtype] = adapter.values(adapter.modules["layers.1.self_attn.k_proj"].b)
    assert read["F32"].shape == (64, 8)
    np.testing.assert_allclose(read["F16"], read["F32"], rtol=1e-3)
    np.testing.assert_allclose(read["BF16"], read["F32"], rtol=1e-2)


def settings(**changes: Any) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        path = folder / "adapter_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return harm


def tensors(**changes: tuple[int, ...] | None) -> Callable[[Path], None]:
    """Tensors of the first layer's q_proj instead of all."""
    shapes = {"lora_A.weight": (8, 128), "lora_B.weight": (256, 8)} | {
        name.replace("__", "."): shape for name, shape in changes.items()
    }

    def harm(folder: Path) -> None:
        prefix = "base_model.model.model.layers.0.self_attn.q_proj."
        write_safetensors(
            folder / ADAPTER_WEIGHTS,
            {
                prefix + name: ("F32", shape, bytes(4 * int(np.prod(shape))))
                for name, shape in shapes.items()
                if shape is not None
            },
        )

    return harm


def not_finite(folder: Path) -> None:
    file = folder / ADAPTER_WEIGHTS
    data = bytearray(file.read_bytes())
    data[-4:] = np.float32(np.inf).tobytes()
    file.write_bytes(data)


def too_large(folder: Path) -> None:
    file = folder / ADAPTER_WEIGHTS
    data = bytearray(file.read_bytes())
    data[-4:] = np.float32(3e38).tobytes()
    file.write_bytes(data)


@pytest.mark.parametrize(
    ("harm", "error", "message"),
    [
        (lambda folder: (folder / "adapter_config.json").unlink(), CheckpointError, "is not a LoRA adapter"),
        (
            lambda folder: (folder / ADAPTER_WEIGHTS).unlink(),
            CheckpointError,
            r"save_pretrained \(safetensors, not .bin",
        ),
        (lambda folder: (folder / ADAPTER_WEIGHTS).write_bytes(b"x" * 99), CheckpointError, "not a valid safetensors"),
        (lambda folder: (folder / "adapter_config.json").write_text("[]"), CheckpointError, "expected an object"),
        (settings(peft_type="IA3"), UnsupportedModel, "peft_type is 'IA3'"),
        (
            settings(modules_to_save=["lm_head"]),
            CheckpointError,
            r"modules_to_save names 'lm_head', but .*adapter_model\.safetensors holds no weight of it",
        ),
        (
            settings(use_dora=True),
            CheckpointError,
            "use_dora is True, but .* lacks lora_magnitude_vector of layers.0.self_attn.q_proj",
        ),
        (settings(lora_bias=True), UnsupportedModel, "lora_bias is True"),
        (settings(init_lora_weights="pissa_niter_4"), UnsupportedModel, "changes the base's own weights"),
        (settings(r=4), CheckpointError, "makes the rank of model.layers.0.self_attn.q_proj 4, but its lora_A has 8"),
        (settings(r=None), CheckpointError, "makes the rank of .* None"),
        (settings(lora_alpha="16"), CheckpointError, "lora_alpha of .* is '16'"),
        (settings(lora_alpha=float("nan")), CheckpointError, "lora_alpha of .* is nan"),
        (settings(lora_alpha=BIG), CheckpointError, "lora_alpha of"),
        (settings(alpha_pattern={"(a+)+$": 1}), UnsupportedModel, "holds the expression '.a"),
        (settings(rank_pattern=[1]), CheckpointError, r"rank_pattern is \[1\]"),
        (tensors(lora_B__weight=None), CheckpointError, "lacks lora_B of layers.0.self_attn.q_proj"),
        (tensors(lora_A__weight=(4, 128)), CheckpointError, r"expected \(rank, inputs\) and \(outputs, rank\)"),
        (tensors(lora_A__weight=(8,)), CheckpointError, r"expected \(rank, inputs\)"),
        (tensors(lora_A__weight=(2048, 1), lora_B__weight=(1, 2048)), UnsupportedModel, "rank 2,048"),
        (
            tensors(lora_magnitude_vector=(8,)),
            CheckpointError,
            r"lora_magnitude_vector of .* has shape \[8\]: expected \[256\]",
        ),
        (tensors(lora_B__bias=(256,)), UnsupportedModel, "holds base_model.*lora_B.bias"),
        (tensors(lora_A__default__weight=(8, 128)), CheckpointError, "holds two lora_A of layers.0.self_attn.q_proj"),
        (tensors(lora_embedding_A=(8, 128)), UnsupportedModel, "lora_embedding_A"),
        (tensors(lora_A__weight=None, lora_B__weight=None), CheckpointError, "holds nothing for the text"),
        (tensors(lora_A__weight=(8, 64)), UnsupportedModel, r"of shape \[256, 64\], which is \[256, 128\] in"),
        (not_finite, CheckpointError, "expected finite weights"),
        (too_large, UnsupportedModel, "too large for float16.*--merge-lora"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_wrong_input_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, harm: Callable[[Path], None], error: type[OnpageError], message: str
) -> None:
    base = write_checkpoint(tmp_path / "base")
    adapter = write_adapter(tmp_path / "adapter", gemma3_config())
    harm(adapter)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(error, match=message) as caught:
        convert_adapter(base, adapter, out / "a.bin")
    assert "\n" not in str(caught.value) and str(caught.value).endswith((".", "?"))
    assert not list(out.iterdir())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_hidden_layers": 3}, "layers.3.self_attn.q_proj, which .*base does not have"),
        ({"hidden_size": 256}, r"layers.0.self_attn.q_proj, of shape \[256, 128\], which is \[256, 256\] in"),
        ({"num_key_value_heads": 2}, r"layers.0.self_attn.k_proj, of shape \[64, 128\]"),
    ],
)
def test_an_adapter_of_another_model_is_refused_and_named(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    base = write_checkpoint(tmp_path / "base", gemma3_config(**changes))
    adapter = write_adapter(tmp_path / "adapter", gemma3_config())
    for convert in (
        lambda: convert_adapter(base, adapter, tmp_path / "a.bin"),
        lambda: convert_checkpoint(base, tmp_path / "m.task", merge=adapter),
    ):
        with pytest.raises(UnsupportedModel, match=message + ".*trained for someone/gemma-3-tiny"):
            convert()
    assert {path.name for path in tmp_path.iterdir()} == {"base", "adapter"}


def test_an_adapter_given_as_a_checkpoint_is_said_to_be_one(tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "adapter", gemma3_config())
    expected = r"an unmerged LoRA adapter \(rank 8\) of someone/gemma-3-tiny, not a checkpoint: .*--lora.*--merge-lora"
    with pytest.raises(CheckpointError, match=expected):
        convert_checkpoint(adapter, tmp_path / "m.task")
    with pytest.raises(CheckpointError, match=expected):
        convert_adapter(adapter, adapter, tmp_path / "a.bin")


def test_an_adapter_beside_a_checkpoint_is_said_and_can_be_merged(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c")
    write_adapter(folder, gemma3_config())
    with pytest.raises(CheckpointError, match=r"holds a checkpoint and also an unmerged LoRA adapter \(rank 8\)"):
        convert_checkpoint(folder, tmp_path / "m.task")
    merged = convert_checkpoint(folder, tmp_path / "m.task", merge=folder)
    apart = write_checkpoint(tmp_path / "apart" / "c")
    plain = convert_checkpoint(apart, tmp_path / "p.task")
    adapter = write_adapter(tmp_path / "other" / "c", gemma3_config())
    assert convert_checkpoint(apart, tmp_path / "a.task", merge=adapter).sha256 == merged.sha256 != plain.sha256


def test_weights_saved_from_a_peft_model_are_said_to_be_unmerged(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c")
    name = "model.layers.0.self_attn.q_proj.base_layer.weight"
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    write_safetensors(folder / "model-00002-of-00002.safetensors", {name: ("F32", (4,), bytes(16))})
    with pytest.raises(CheckpointError, match=f"holds {name}: it was saved with its LoRA adapter unmerged"):
        convert_checkpoint(folder, tmp_path / "m.task")
