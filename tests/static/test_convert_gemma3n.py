"""The page's converter against `onpage convert`, of Gemma 3n: the same bytes, or a refusal."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from builder.convert.web_file import convert_checkpoint
from builder.errors import OnpageError
from builder.quantize.scheme import Quantization
from tests.adapters import ATTENTION, FEED_FORWARD, write_adapter
from tests.checkpoints import gemma3n_config, stored_values, write_checkpoint, write_shards
from tests.static.node import evaluate
from tests.static.test_convert import FEW_VALUES, Change, in_the_page, is_refused, put, same, set_value, weights
from tests.static.test_convert_adapter import same_bytes

PATTERN = ["sliding_attention", "sliding_attention", "full_attention"]


def small(**changes: Any) -> dict[str, Any]:
    return gemma3n_config(vocab_size=512, vocab_size_per_layer_input=512, **changes)


FEW = small(num_hidden_layers=6, layer_types=PATTERN * 2, intermediate_size=128, activation_sparsity_pattern=0.0)
"""Too few layers for any to be sparse."""


@pytest.mark.parametrize("bits", ["8", "q4_0"])
@pytest.mark.parametrize("dtype", ["BF16", "F16", "F32"])
def test_the_bytes_are_those_of_onpage_convert(tmp_path: Path, bits: str, dtype: str) -> None:
    """Also with rows of padding. Nothing bounds its streams, which stay as they are."""
    said = same(
        write_checkpoint(
            tmp_path / "c", small() | {"vocab_size": 1022, "vocab_size_per_layer_input": 1022}, dtype=dtype, shards=2
        ),
        bits,
        FEW_VALUES,
    )
    assert said["facts"]["prompt"]["prefix"] == "<start_of_turn>user\n"


@pytest.mark.parametrize(
    "config",
    [
        FEW,
        small(num_hidden_layers=11, num_kv_shared_layers=1, layer_types=None, intermediate_size=64)
        | {"activation_sparsity_pattern": None},
        small(activation_sparsity_pattern=[0.3] * 10 + [0] * 2, rope_parameters=None, rope_theta=5e5),
        small(intermediate_size=[128] * 9 + [64] * 3, final_logit_softcapping=None),
        FEW | {"hidden_size": 2048, "intermediate_size": 16, "num_hidden_layers": 30, "layer_types": PATTERN * 10},
        FEW
        | {"hidden_size": 2048, "intermediate_size": 16, "num_hidden_layers": 35, "num_kv_shared_layers": 15}
        | {"layer_types": None},
    ],
    ids=lambda config: str(len(config)),
)
def test_every_setting_is_told_alike(tmp_path: Path, config: dict[str, Any]) -> None:
    same(write_checkpoint(tmp_path / "a model — “1”", config))


@pytest.mark.parametrize("types", ["BF16", "F32"])
def test_of_a_model_with_senses_the_text_part_is_converted(tmp_path: Path, types: str) -> None:
    """Its embedding has rows for images and sound, too, which the tables have not."""
    text = {key: value for key, value in FEW.items() if key not in ("architectures", "bos_token_id", "eos_token_id")}
    config = {"model_type": "gemma3n", "text_config": text | {"vocab_size": 640}, "vision_config": {}}
    folder = write_checkpoint(tmp_path / "c", config)
    values = stored_values(folder)
    for part in ("vision_tower.a", "audio_tower.b", "embed_vision.c", "embed_audio.d"):
        values[f"model.{part}"] = np.ones((2, 2), np.float32)
    name = "model.language_model.embed_tokens.weight"
    values[name] = np.concatenate([values[name], np.ones((128, 128), np.float32)])
    values["model.language_model.layers.5.self_attn.v_proj.weight"] = np.ones(4, np.float32)
    write_shards(folder, values, types)
    same(folder)


def test_an_adapter_is_merged_alike(tmp_path: Path) -> None:
    base = write_checkpoint(tmp_path / "base", FEW, dtype="BF16")
    targets = (*ATTENTION, *FEED_FORWARD, "linear_left", "linear_right", "per_layer_input_gate")
    same_bytes(tmp_path, base, "8", write_adapter(tmp_path / "tone", FEW, targets=targets))


def test_shares_become_the_deviations_that_python_has() -> None:
    shares = [*np.linspace(1e-6, 1 - 1e-6, 997).tolist(), 0.95, 0.5, 1e-300, 1 - 2.0**-53, 0.075, 0.925]
    found = evaluate(
        f"""
        import {{ deviationsBelow, shareBelow }} from "./static/convert/normal_distribution.js";
        const shares = {json.dumps(shares)};
        console.log(JSON.stringify(shares.map((share) => [deviationsBelow(share), shareBelow(deviationsBelow(share))])));
        """
    )
    normal = NormalDist()
    for share, (deviations, back) in zip(shares, found, strict=True):
        assert deviations == pytest.approx(normal.inv_cdf(share), rel=1e-13, abs=1e-15)
        assert back == pytest.approx(round(share, 6), abs=1.1e-6)


def config(**changes: Any) -> Change:
    """Changes config.json."""
    return put("config.json", FEW | changes)


ROPES = {"full_attention": {"rope_theta": 1e6 + 0.01}, "sliding_attention": {}}
LAYER = "model.layers.0."


@pytest.mark.parametrize(
    ("change", "code", "detail"),
    [
        (config(num_kv_shared_layers=0), "setting", "num_kv_shared_layers 0"),
        (config(num_kv_shared_layers=4), "setting", "num_kv_shared_layers 4"),
        (config(altup_num_inputs=3), "setting", "altup_num_inputs 3"),
        (config(altup_active_idx=1), "setting", "altup_active_idx 1"),
        (config(altup_correct_scale=False), "setting", "altup_correct_scale false"),
        (config(intermediate_size=[128] * 5), "setting", "intermediate_size "),
        (config(intermediate_size=[128, 64, 64, 64, 64, 64]), "setting", "intermediate_size [128,64,"),
        (config(intermediate_size=[128] * 5 + [6]), "setting", "intermediate_size 6"),
        (config(laurel_rank=6), "setting", "laurel_rank 6"),
        (config(activation_sparsity_pattern=[0.9] * 5), "setting", "activation_sparsity_pattern [0.9,"),
        (config(activation_sparsity_pattern=[0.9] * 5 + [0.0]), "setting", "activation_sparsity_pattern"),
        (config(activation_sparsity_pattern=0.5), "setting", "activation_sparsity_pattern"),
        (config(activation_sparsity_pattern=1), "setting", "activation_sparsity_pattern 1"),
        (config(activation_sparsity_pattern="x"), "setting", 'activation_sparsity_pattern "x"'),
        (config(rope_parameters=ROPES), "setting", "rope_parameters "),
        (config(per_layer_config={"0": {}}), "setting", "per_layer_config "),
        (config(vocab_size_per_layer_input=None), "setting", "vocab_size_per_layer_input null"),
        (put("config.json", {"model_type": "gemma3n"}), "family", '"gemma3n"'),
        (weights(lambda tensors: tensors.pop("model.altup_projections.1.weight")), "damaged", "model.altup_projections.1.weight: null"),
        (set_value(f"{LAYER}altup.modality_router.weight", np.nan), "not-finite", f"{LAYER}altup.modality_router.weight"),
        (set_value(f"{LAYER}laurel.linear_left.weight", 1e6), "large", f"{LAYER}laurel.linear_left.weight > 65504"),
    ],
)  # fmt: skip
def test_what_it_cannot_convert_it_refuses_by_name(tmp_path: Path, change: Change, code: str, detail: str) -> None:
    """And so does the command."""
    folder = write_checkpoint(tmp_path / "c", FEW)
    change(folder)
    said = in_the_page(folder, tmp_path / "m.task")
    is_refused(said, code, detail)
    with pytest.raises(OnpageError):
        convert_checkpoint(folder, tmp_path / "n.task", quantization=Quantization.of(), residual_scale="bound")
