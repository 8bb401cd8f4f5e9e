"""config.json of Llama's kind → the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builder.errors import CheckpointError, UnsupportedModel
from builder.formats.web_model import transformer_parameters
from builder.model.description import LongWaves, Rope
from builder.model.families import describe, turns_of, weights_of
from builder.model.turns import Turns
from tests.llama_checkpoints import LLAMA3_ROPE, llama_config, qwen2_config, qwen3_config

HERE = Path("config.json")


def test_a_llama_is_no_gemma() -> None:
    model = describe(llama_config(), HERE)
    [attention] = {layer.attention for layer in model.layers}
    assert (model.family, model.size, model.embedding.scale, model.embedding.tied) == ("llama", None, 1.0, True)
    assert (model.norm_offset, model.norm_epsilon) == (0.0, 1e-5)
    assert (attention.heads, attention.key_value_heads, attention.head_dimension) == (6, 2, 16)
    assert (attention.window, attention.biases, attention.query_key_norms) == (None, False, False)
    assert attention.query_scale == 0.25 and attention.rope == Rope(100_000.0)
    assert {layer.feed_forward.activation for layer in model.layers} == {"silu"}
    assert not any(layer.post_norms for layer in model.layers)


def test_what_config_json_leaves_out_is_as_in_transformers() -> None:
    left_out = ("num_key_value_heads", "tie_word_embeddings", "rope_theta", "rms_norm_eps", "vocab_size")
    model = describe({key: value for key, value in llama_config().items() if key not in left_out}, HERE)
    attention = model.layers[0].attention
    assert attention.key_value_heads == 6 and attention.rope == Rope(10_000.0)
    assert (model.embedding.tied, model.embedding.vocabulary, model.norm_epsilon) == (False, 32_000, 1e-6)


def test_qwen_has_biases_or_norms_of_heads() -> None:
    two, three = (describe(config(), HERE).layers[0].attention for config in (qwen2_config, qwen3_config))
    assert (two.biases, two.query_key_norms, two.head_dimension) == (True, False, 16)
    assert (three.biases, three.query_key_norms, three.head_dimension) == (False, True, 32)
    assert describe(qwen3_config(head_dim=None), HERE).layers[0].attention.head_dimension == 16


@pytest.mark.parametrize("form", ["rope_scaling", "rope_parameters"])
def test_the_rope_of_llama_3_is_read_in_both_forms(form: str) -> None:
    said = LLAMA3_ROPE | ({"rope_theta": 100_000.0} if form == "rope_parameters" else {})
    model = describe(llama_config(**{form: said}), HERE)
    assert model.global_rope == Rope(100_000.0, long_waves=LongWaves(32.0, 1.0, 4.0, 64))


@pytest.mark.parametrize(
    ("config", "size"),
    [
        (llama_config(hidden_size=576, num_attention_heads=9, num_key_value_heads=3, num_hidden_layers=30), "135m"),
        (qwen2_config(hidden_size=896, num_attention_heads=14, num_hidden_layers=24), "0.5b"),
        (qwen3_config(hidden_size=1024, num_attention_heads=16, num_hidden_layers=28), "0.6b"),
    ],
)
def test_published_sizes_are_known(config: dict[str, Any], size: str) -> None:
    assert describe(config, HERE).size == size


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"hidden_act": "gelu"}, "hidden_act is 'gelu'"),
        ({"attention_bias": True}, "attention_bias"),
        ({"mlp_bias": True}, "mlp_bias"),
        ({"use_sliding_window": True}, "use_sliding_window"),
        ({"layer_types": ["sliding_attention"] * 4}, "layer_types"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 8.0}}, "rope_scaling is .*yarn"),
        ({"rope_scaling": ["linear"]}, "rope_scaling"),
        ({"rope_scaling": {"rope_type": ["linear"]}}, "rope_scaling"),
        ({"rope_scaling": LLAMA3_ROPE | {"beta_fast": 2}}, "beta_fast"),
    ],
)
def test_what_is_not_carried_is_refused_by_name(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(UnsupportedModel, match=named):
        describe(llama_config(**changes), HERE)


@pytest.mark.parametrize(
    "changes",
    [{"factor": 0}, {"low_freq_factor": 4.0}, {"original_max_position_embeddings": None}, {"high_freq_factor": "4"}],
)
def test_nonsense_of_a_rope_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError):
        describe(llama_config(rope_scaling=LLAMA3_ROPE | changes), HERE)


def test_an_untied_model_has_a_head() -> None:
    untied, tied = (describe(llama_config(tie_word_embeddings=tied), HERE) for tied in (False, True))
    more = {weight.part for weight in weights_of(untied)} - {weight.part for weight in weights_of(tied)}
    assert more == {"head"}
    assert str(weights_of(untied)[-1].source) == "lm_head.weight"


@pytest.mark.parametrize("config", [llama_config(), qwen2_config(), qwen3_config()])
def test_a_web_file_is_refused_with_what_to_do(config: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedModel, match=rf"A {config['model_type']} cannot be a web file: .*--target graph"):
        transformer_parameters(describe(config, HERE))


def test_it_has_no_turns_but_those_of_its_template() -> None:
    assert turns_of(describe(llama_config(), HERE)) == Turns()
