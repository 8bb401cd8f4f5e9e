"""The page's converter against `onpage convert`, of Gemma 4: the same bytes, or a refusal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentencepiece import sentencepiece_model_pb2 as proto

from builder.convert.web_file import convert_checkpoint
from builder.errors import OnpageError
from builder.quantize.scheme import Quantization
from builder.synth.web_file import synthetic_tokenizer
from tests.adapters import ATTENTION, FEED_FORWARD, write_adapter
from tests.checkpoints import gemma4_config, stored_values, write_checkpoint, write_shards
from tests.static.test_convert import (
    FEW_VALUES,
    GEMMA4S,
    Change,
    in_the_page,
    is_refused,
    put,
    same,
    set_value,
    weights,
)
from tests.static.test_convert_adapter import same_bytes

TABLES = {"hidden_size_per_layer_input": 16, "vocab_size_per_layer_input": 512}
SHARED = {"num_kv_shared_layers": 3, "use_double_wide_mlp": True}
FIVES = [*["sliding_attention"] * 4, "full_attention"]
EDGE = {"num_hidden_layers": 6, "layer_types": ["sliding_attention", "sliding_attention", "full_attention"] * 2}


def small(**changes: Any) -> dict[str, Any]:
    return gemma4_config(vocab_size=512, **changes)


E2B = small(**TABLES, **SHARED)
"""As that of E2B: tables for each layer, and last layers that share keys and values and are twice as wide."""


@pytest.mark.parametrize("bits", ["8", "q4_0"])
@pytest.mark.parametrize("dtype", ["BF16", "F16", "F32"])
@pytest.mark.parametrize("residual", [1.0, 4096.0])
def test_the_bytes_are_those_of_onpage_convert(tmp_path: Path, bits: str, dtype: str, residual: float) -> None:
    """Also with more rows than a band has, or more in a band of the tables than are read at once, and rows of padding."""
    config = E2B | {"vocab_size": 10_002, "vocab_size_per_layer_input": 10_002}
    folder = write_checkpoint(tmp_path / "c", config, dtype=dtype, shards=2, residual=residual)
    same(folder, bits, FEW_VALUES if dtype == "BF16" else 1 << 20)


@pytest.mark.parametrize(
    "config",
    [
        small(),
        small(**TABLES),
        small(**SHARED, attention_k_eq_v=True, num_key_value_heads=2, num_global_key_value_heads=1),
        small(num_global_key_value_heads=2, num_key_value_heads=4, final_logit_softcapping=None),
        small(attention_k_eq_v=True, num_global_key_value_heads=None, global_head_dim=32),
        small(**EDGE, per_layer_config={str(i): {"head_dim": 128, "num_key_value_heads": 2} for i in (2, 5)}),
        small(per_layer_config={}),
        small(layer_types=None, vocab_size_per_layer_input=5),
        small(num_hidden_layers=3, layer_types=["sliding_attention"] * 3),
        small(rope_parameters=None, use_bidirectional_attention="vision"),
        small(
            rope_parameters={
                "full_attention": {"rope_type": "default", "rope_theta": 5e5},
                "sliding_attention": {"rope_theta": 10_000},
            }
        ),
        small(
            rope_parameters={"full_attention": {"rope_type": "proportional"}, "sliding_attention": {}}, sliding_window=8
        ),
        small(hidden_size=1536, num_hidden_layers=35, layer_types=FIVES * 7, intermediate_size=64, **TABLES)
        | {"head_dim": 8, "global_head_dim": 16, "num_attention_heads": 1, "num_kv_shared_layers": 20},
        small(hidden_size=2560, num_hidden_layers=42, layer_types=None, intermediate_size=64, **TABLES)
        | {"head_dim": 8, "global_head_dim": 16, "num_attention_heads": 1, "num_kv_shared_layers": 18},
    ],
    ids=lambda config: str(len(config)),
)
def test_every_setting_is_told_alike(tmp_path: Path, config: dict[str, Any]) -> None:
    same(write_checkpoint(tmp_path / "a model — “1”", config))


def with_senses(**changes: Any) -> dict[str, Any]:
    """config.json of one that sees and hears, which leaves out what is usual."""
    text = E2B | changes
    for key in ("architectures", "bos_token_id", "eos_token_id", "pad_token_id"):
        text.pop(key, None)
    return {"model_type": "gemma4", "text_config": text, "vision_config": {}, "audio_config": {}, "eos_token_id": [1]}


UNREAD = [f"model.layers.5.self_attn.{part}.weight" for part in ("k_proj", "v_proj", "k_norm")]


def test_of_a_model_with_senses_the_text_part_is_converted(tmp_path: Path) -> None:
    """Published ones hold keys and values of layers that read another's, too."""
    folder = write_checkpoint(tmp_path / "c", with_senses(), dtype="BF16")
    values = stored_values(folder)
    for part in ("vision_tower.a", "audio_tower.b", "embed_vision.c", "embed_audio.d"):
        values[f"model.{part}"] = np.ones((2, 2), np.float32)
    for name in UNREAD:
        values[name.replace("model.", "model.language_model.")] = np.ones(4, np.float32)
    write_shards(folder, values, "BF16")
    same(folder)


def turning(*, controls: bool = False) -> bytes:
    """A tokenizer with the pieces of a Gemma 4's turns."""
    model = proto.ModelProto.FromString(synthetic_tokenizer(512))
    for piece, name in zip(model.pieces[300:302], ("<|turn>", "<turn|>"), strict=True):
        piece.piece, piece.type = name, piece.CONTROL if controls else piece.USER_DEFINED
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("controls", [False, True])
@pytest.mark.parametrize("template", [None, GEMMA4S])
def test_the_turns_are_written_alike(tmp_path: Path, controls: bool, template: str | None) -> None:
    folder = write_checkpoint(tmp_path / "c", small(), tokenizer=turning(controls=controls))
    if template:
        put("chat_template.jinja", template)(folder)
    said = same(folder)
    assert said["facts"]["prompt"]["suffix"] == "<turn|>\n<|turn>model\n"


def config(**changes: Any) -> Change:
    """Changes config.json."""
    return put("config.json", E2B | changes)


LAYER = "model.layers.0."


@pytest.mark.parametrize(
    ("change", "code", "detail"),
    [
        (config(vocab_size_per_layer_input=500), "setting", "vocab_size_per_layer_input 500"),
        (config(hidden_size_per_layer_input=12), "setting", "hidden_size_per_layer_input 12"),
        (config(hidden_size_per_layer_input="x"), "setting", 'hidden_size_per_layer_input "x"'),
        (config(num_kv_shared_layers=6), "setting", "num_kv_shared_layers 6"),
        (config(num_kv_shared_layers=-1), "setting", "num_kv_shared_layers -1"),
        (config(num_kv_shared_layers=None), "setting", "num_kv_shared_layers null"),
        (config(num_kv_shared_layers=4), "setting", "num_kv_shared_layers 4"),
        (config(global_head_dim=8192), "setting", "global_head_dim 8192"),
        (config(global_head_dim=6), "setting", "global_head_dim 6"),
        (config(num_global_key_value_heads=3, attention_k_eq_v=True), "setting", "num_global_key_value_heads 3"),
        (config(layer_types=["full_attention"] * 6), "setting", "layer_types "),
        (config(layer_types=5), "setting", "layer_types 5"),
        (config(sliding_window=None), "setting", "sliding_window null"),
        (config(use_bidirectional_attention="all"), "setting", 'use_bidirectional_attention "all"'),
        (config(hidden_activation="silu"), "setting", 'hidden_activation "silu"'),
        (config(rope_parameters=5), "setting", "rope_parameters 5"),
        (config(rope_parameters={"full_attention": {}}), "setting", "rope_parameters "),
        (config(rope_parameters={"full_attention": {"rope_type": "proportional", "partial_rotary_factor": 2}, "sliding_attention": {}}), "setting", "rope_parameters "),
        (config(rope_parameters={"full_attention": {"rope_type": "proportional", "partial_rotary_factor": 0.3}, "sliding_attention": {}}), "setting", "rope_parameters "),
        (config(rope_parameters={"full_attention": {"rope_type": "linear", "factor": 8}, "sliding_attention": {}}), "setting", "rope_parameters "),
        (config(rope_parameters={"full_attention": {}, "sliding_attention": {"rope_theta": 5}}), "setting", "rope_parameters "),
        (config(per_layer_config={"0": {"head_dim": 64}}), "setting", "per_layer_config "),
        (config(per_layer_config={"2": {"head_dim": 64}, "5": {"head_dim": 32}}), "setting", "per_layer_config "),
        (config(per_layer_config={"2": {"heads": 64}, "5": {"heads": 64}}), "setting", "per_layer_config "),
        (config(per_layer_config=[1]), "setting", "per_layer_config [1]"),
        (put("config.json", {"model_type": "gemma4"}), "family", '"gemma4"'),
        (put("config.json", {"model_type": "gemma4", "text_config": {"model_type": "x"}}), "family", '"x"'),
        (weights(lambda tensors: tensors.pop(f"{LAYER}layer_scalar")), "damaged", f"{LAYER}layer_scalar: null, not [1]"),
        (weights(lambda tensors: tensors.pop("model.embed_tokens_per_layer.weight")), "damaged", "model.embed_tokens_per_layer.weight: null, not [512,96]"),
        (weights(lambda tensors: tensors.update({"model.layers.0.self_attn.x": np.zeros(2)})), "damaged", '1: "model.layers.0.self_attn.x"'),
        (set_value("model.embed_tokens_per_layer.weight", np.nan), "not-finite", "model.embed_tokens_per_layer.weight"),
        (set_value(f"{LAYER}per_layer_input_gate.weight", np.inf), "not-finite", f"{LAYER}per_layer_input_gate.weight"),
        (set_value(f"{LAYER}per_layer_projection.weight", -65_520.0), "large", f"{LAYER}per_layer_projection.weight > 65504"),
        (set_value(f"{LAYER}post_per_layer_input_norm.weight", np.nan), "not-finite", f"{LAYER}post_per_layer_input_norm.weight"),
    ],
)  # fmt: skip
def test_what_it_cannot_convert_it_refuses_by_name(tmp_path: Path, change: Change, code: str, detail: str) -> None:
    """And so does the command."""
    folder = write_checkpoint(tmp_path / "c", E2B)
    change(folder)
    said = in_the_page(folder, tmp_path / "m.task")
    is_refused(said, code, detail)
    if "12" not in detail:  # blocks of 4 are enough for the command, and the page reads 8 at a time
        with pytest.raises(OnpageError):
            convert_checkpoint(folder, tmp_path / "n.task", quantization=Quantization.of(), residual_scale="bound")


def test_experts_are_left_to_the_command(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", E2B)
    config(enable_moe_block=True, num_experts=8, top_k_experts=2, moe_intermediate_size=64)(folder)
    said = in_the_page(folder, tmp_path / "m.task")
    assert (said["refused"], said["detail"]) == ("family", "enable_moe_block")


@pytest.mark.parametrize("bits", ["8", "q4_0"])
@pytest.mark.parametrize("senses", [False, True])
def test_an_adapter_is_merged_alike(tmp_path: Path, bits: str, senses: bool) -> None:
    """Into matrices of float16, too; the names of its modules do not say what holds them."""
    text = E2B | {"num_kv_shared_layers": 0}
    base = write_checkpoint(tmp_path / "base", with_senses(**text) if senses else text, dtype="BF16")
    targets = (*ATTENTION, *FEED_FORWARD, "per_layer_input_gate", "per_layer_projection", "per_layer_model_projection")
    adapter = write_adapter(tmp_path / "tone", text, targets=targets, use_dora=True)
    alone = in_the_page(base, tmp_path / "alone.task", bits)
    assert same_bytes(tmp_path, base, bits, adapter)["sha256"] != alone["sha256"]
