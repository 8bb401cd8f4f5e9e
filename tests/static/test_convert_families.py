"""The page's converter against `onpage convert`, of Gemma 1 and 2: the same bytes, or refused by both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from builder.convert.web_file import convert_checkpoint
from builder.errors import OnpageError
from builder.formats.llm_parameters import ModelType
from builder.formats.web_file_reader import WebFile
from builder.model.families.family import Naming
from tests.adapters import ATTENTION, FEED_FORWARD, write_adapter
from tests.checkpoints import gemma1_config, gemma2_config, gemma3_config, write_checkpoint
from tests.gguf_files import write_gguf
from tests.static.test_convert import in_the_page, is_refused, put, same
from tests.static.test_convert_adapter import same_bytes
from tests.static.test_convert_gguf import mixed

OLDER = [gemma1_config(vocab_size=514, num_hidden_layers=2), gemma2_config(vocab_size=514, num_hidden_layers=3)]
SMALL = {"vocab_size": 512, "num_hidden_layers": 1}
older = pytest.mark.parametrize("config", OLDER, ids=lambda config: str(config["model_type"]))


@older
@pytest.mark.parametrize(
    ("bits", "dtype", "residual"), [("8", "BF16", 1.0), ("q4_0", "F32", 8192.0), ("8", "F16", 8192.0)]
)
def test_a_folder_becomes_what_onpage_convert_makes_of_it(
    tmp_path: Path, config: dict[str, Any], bits: str, dtype: str, residual: float
) -> None:
    folder = write_checkpoint(tmp_path / "c", config, dtype=dtype, shards=2, residual=residual)
    assert same(folder, bits)["facts"]["prompt"]["prefix"] == "<start_of_turn>user\n"


@older
@pytest.mark.parametrize("bits", ["8", "q4_0"])
def test_a_gguf_file_becomes_what_onpage_convert_makes_of_it(tmp_path: Path, config: dict[str, Any], bits: str) -> None:
    same(write_gguf(tmp_path / "m.gguf", config, types=mixed), bits)


@older
@pytest.mark.parametrize("is_gguf", [False, True])
def test_an_adapter_is_merged_alike(tmp_path: Path, config: dict[str, Any], is_gguf: bool) -> None:
    base = (
        write_gguf(tmp_path / "b.gguf", config, types="Q8_0") if is_gguf else write_checkpoint(tmp_path / "b", config)
    )
    adapter = write_adapter(tmp_path / "adapter", config, targets=(*ATTENTION, *FEED_FORWARD), use_dora=True)
    same_bytes(tmp_path, base, "8", adapter)


@pytest.mark.parametrize(
    "config",
    [
        gemma1_config(hidden_size=3072, num_hidden_layers=28, intermediate_size=8, num_attention_heads=1, head_dim=8, vocab_size=512),
        gemma1_config(**SMALL, rope_theta=5e5, hidden_activation="gelu_pytorch_tanh", tie_word_embeddings=True),
        gemma1_config(**SMALL, rope_parameters={"rope_type": "default", "rope_theta": 3e4}, rope_theta=None),
        gemma2_config(hidden_size=4608, num_hidden_layers=46, intermediate_size=8, num_attention_heads=1, num_key_value_heads=1, head_dim=8, vocab_size=512),
        gemma2_config(**SMALL, query_pre_attn_scalar=144, attn_logit_softcapping=None, final_logit_softcapping=12.5),
        gemma2_config(**SMALL | {"num_hidden_layers": 4}, layer_types=["sliding_attention"] * 3 + ["full_attention"]),
        gemma2_config(**SMALL, rope_parameters={"rope_theta": 1e4, "rope_type": "default"}),
    ],
    ids=lambda config: f"{config['model_type']}-{len(str(config))}",
)  # fmt: skip
def test_every_setting_is_told_alike(tmp_path: Path, config: dict[str, Any]) -> None:
    same(write_checkpoint(tmp_path / "c", config))


@older
def test_what_a_config_leaves_out_is_the_familys(tmp_path: Path, config: dict[str, Any]) -> None:
    kept = ("model_type", "hidden_size", "intermediate_size", "num_hidden_layers", "vocab_size", "num_key_value_heads")
    few = {key: config[key] for key in kept} | {"hidden_size": 64, "num_hidden_layers": 1}
    same(write_checkpoint(tmp_path / "c", few))


@pytest.mark.parametrize(
    "metadata",
    [
        {"gemma2__attention__sliding_window": None, "gemma2__attn_logit_softcapping": None, "gemma2__final_logit_softcapping": None},
        {"gemma2__attention__sliding_window_pattern": 4, "gemma2__attention__scale": 0.1, "gemma2__rope__freq_base": None},
        {"gemma2__attention__key_length": None, "gemma2__attention__value_length": None},
    ],
)  # fmt: skip
def test_what_the_metadata_say_is_told_alike(tmp_path: Path, metadata: dict[str, Any]) -> None:
    same(write_gguf(tmp_path / "m.gguf", OLDER[1], **metadata))


def test_queries_of_a_27b_are_scaled_by_its_width(tmp_path: Path) -> None:
    config = gemma2_config(num_hidden_layers=46, vocab_size=512, query_pre_attn_scalar=32)
    path = write_gguf(tmp_path / "m.gguf", config | {"hidden_size": 64, "intermediate_size": 32, "head_dim": 16})
    same(path)


@pytest.mark.parametrize("naming", [Naming(""), Naming("gemma.model.", "gemma.lm_head.weight")])
def test_the_names_of_other_classes_are_read(tmp_path: Path, naming: Naming) -> None:
    """One of transformers without a head, and a program's own."""
    same(write_checkpoint(tmp_path / "c", gemma3_config(**SMALL), naming=naming))


def test_an_unbounded_stream_is_left_as_it_is(tmp_path: Path) -> None:
    """So the file says nothing of float16, and is computed in float32."""
    same(write_checkpoint(tmp_path / "c", OLDER[0], residual=8192.0))
    file = WebFile.open(tmp_path / "c.js.task")
    assert (file.residual_scale, file.residual_bound, file.model_type) == (1.0, None, ModelType.GEMMA_2B)


@pytest.mark.parametrize("tied", [True, False])
def test_an_output_matrix_is_the_embedding_whatever_the_config_says(tmp_path: Path, tied: bool) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma1_config(**SMALL, tie_word_embeddings=tied))
    tensors = load_file(folder / "model.safetensors")
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].copy()
    save_file(tensors, folder / "model.safetensors")
    same(folder)


@pytest.mark.parametrize(
    ("config", "code", "detail"),
    [
        (gemma1_config(**SMALL, hidden_act="silu"), "setting", 'hidden_act "silu"'),
        (gemma1_config(**SMALL, hidden_activation="gelu"), "setting", 'hidden_activation "gelu"'),
        (gemma1_config(**SMALL, rope_scaling={"rope_type": "linear", "factor": 2.0}), "setting", "rope_scaling "),
        (gemma1_config(**SMALL, rope_parameters={"full_attention": {}}), "setting", "rope_parameters "),
        (gemma1_config(**SMALL, rope_theta=-1), "setting", "rope_theta -1"),
        (gemma1_config(**SMALL, rms_norm_eps=1e-5), "setting", "rms_norm_eps 0.00001"),
        (gemma1_config(**SMALL, per_layer_config={"0": {"head_dim": 64}}), "setting", "per_layer_config "),
        (gemma1_config(**SMALL, tie_word_embeddings=False), "setting", "tie_word_embeddings false"),
        (gemma1_config(**SMALL, use_bidirectional_attention=True), "family", '"gemma"'),
        (gemma2_config(**SMALL, rope_theta=1e6), "setting", "rope_theta 1000000"),
        (gemma2_config(**SMALL, sliding_window=None), "setting", "sliding_window null"),
        (gemma2_config(**SMALL, query_pre_attn_scalar=0), "setting", "query_pre_attn_scalar 0"),
        (gemma2_config(**SMALL, attn_logit_softcapping="50"), "setting", 'attn_logit_softcapping "50"'),
        (gemma2_config(**SMALL, layer_types=["full_attention"]), "setting", "layer_types "),
        (gemma2_config(**SMALL, num_key_value_heads=3), "setting", "num_key_value_heads 3"),
    ],
)
def test_what_the_command_refuses_is_refused_by_name(
    tmp_path: Path, config: dict[str, Any], code: str, detail: str
) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma1_config(**SMALL))
    put("config.json", config)(folder)
    with pytest.raises(OnpageError):
        convert_checkpoint(folder, tmp_path / "m.task", residual_scale="bound")
    found = in_the_page(folder, tmp_path / "m.task")
    is_refused(found, code, detail)


@pytest.mark.parametrize("wrong", [gemma1_config(**SMALL), gemma2_config(**SMALL), gemma3_config(**SMALL)])
@pytest.mark.parametrize("right", [gemma1_config(**SMALL), gemma2_config(**SMALL), gemma3_config(**SMALL)])
def test_a_config_of_another_gemma_is_refused(tmp_path: Path, right: dict[str, Any], wrong: dict[str, Any]) -> None:
    """Of the same sizes: tensors are left over, or missing."""
    sizes = {"hidden_size": 128, "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 32}
    folder = write_checkpoint(tmp_path / "c", right | sizes)
    put("config.json", wrong | sizes)(folder)
    if right["model_type"] == wrong["model_type"]:
        same(folder)
        return
    with pytest.raises(OnpageError):
        convert_checkpoint(folder, tmp_path / "m.task", residual_scale="bound")
    assert in_the_page(folder, tmp_path / "m.task")["refused"] == "damaged"


def test_weights_of_an_unbounded_stream_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    for name in ("model.embed_tokens.weight", "model.layers.0.post_attention_layernorm.weight"):
        folder = write_checkpoint(tmp_path / name, gemma1_config(**SMALL))
        tensors = load_file(folder / "model.safetensors")
        tensors[name].reshape(-1)[3] = np.inf
        save_file(tensors, folder / "model.safetensors")
        found = in_the_page(folder, tmp_path / "m.task")
        assert found == {"refused": "not-finite", "detail": name}
