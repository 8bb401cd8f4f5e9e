from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builder.errors import CheckpointError, UnsupportedModel
from builder.families import plan_model
from builder.families.plan import MatrixPlan
from builder.llm_parameters import ModelType
from builder.shapes import shapes
from tests.checkpoints import gemma3_config

HERE = Path("config.json")


@pytest.mark.parametrize(
    ("shape", "parameters", "model_type"),
    # the counts that the published models state
    [("gemma3-270m", 268_098_176, ModelType.GEMMA3_300M), ("gemma3-1b", 999_885_952, ModelType.GEMMA3_1B)],
)
def test_published_shapes_have_their_published_number_of_parameters(
    shape: str, parameters: int, model_type: ModelType
) -> None:
    plan = plan_model(shapes()[shape].config, HERE)
    assert plan.parameters == parameters
    assert plan.model_type == model_type


def test_parameters_are_read_and_not_assumed() -> None:
    plan = plan_model(
        gemma3_config(sliding_window=96, rope_theta=5e5, attn_logit_softcapping=50.0, final_logit_softcapping=30.0),
        HERE,
    )
    p = plan.transformer
    assert p.self_attention_parameters.sliding_window_size == 96
    assert p.global_rope_wavelength == 5e5
    assert p.self_attention_parameters.soft_cap_value == 50.0
    assert p.final_project_parameters.soft_cap_value == 30.0
    assert p.max_seq_length == 0, "it would overrule the page's maxTokens"
    assert plan.context_length == 2048


def test_the_newer_rope_form_is_read() -> None:
    config = gemma3_config(
        rope_parameters={
            "full_attention": {"rope_type": "default", "rope_theta": 2e6},
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
        }
    )
    assert plan_model(config, HERE).transformer.global_rope_wavelength == 2e6


@pytest.mark.parametrize(
    ("changes", "local_layers"),
    [
        ({"sliding_window_pattern": 6, "num_hidden_layers": 7}, 5),
        ({"sliding_window_pattern": 3, "num_hidden_layers": 7}, 2),
        ({"layer_types": ["sliding_attention", "full_attention"] * 2}, 1),
        ({"layer_types": ["sliding_attention"] * 4}, 4),
    ],
)
def test_the_layer_pattern_is_read(changes: dict[str, Any], local_layers: int) -> None:
    plan = plan_model(gemma3_config(**changes), HERE)
    assert plan.transformer.num_local_layers_per_global == local_layers


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"model_type": "llama"}, "model_type 'llama'"),
        ({"model_type": None}, "model_type None"),
        ({"model_type": ["gemma3_text"]}, "model_type"),
        ({"hidden_activation": "silu"}, "hidden_activation"),
        ({"attention_bias": True}, "attention_bias"),
        ({"rms_norm_eps": 1e-5}, "rms_norm_eps"),
        ({"tie_word_embeddings": False}, "tie_word_embeddings"),
        ({"use_bidirectional_attention": True}, "use_bidirectional_attention"),
        ({"query_pre_attn_scalar": 168}, "query_pre_attn_scalar"),
        ({"rope_scaling": {"rope_type": "linear", "factor": 8.0}}, "rope"),
        ({"rope_scaling": ["linear"]}, "rope_scaling"),
        ({"rope_scaling": True}, "rope_scaling"),
        ({"rope_local_base_freq": 5e4}, "sliding layers"),
        ({"rope_parameters": {"rope_type": "linear", "factor": 8, "rope_theta": 5e6}}, "rope_parameters"),
        ({"rope_parameters": {"full_attention": 1, "sliding_attention": {}}}, "rope_parameters"),
        ({"rope_parameters": {"full_attention": {}, "sliding_attention": {"factor": 2.0}}}, "rope_parameters"),
        ({"rope_parameters": {"full_attention": {"rope_type": "yarn"}, "sliding_attention": {}}}, "yarn"),
        ({"rope_parameters": {"full_attention": {}, "sliding_attention": {"rope_theta": 5e4}}}, "sliding layers"),
        ({"rope_parameters": []}, "rope_parameters"),
        ({"sliding_window": None}, "sliding_window"),
        ({"sliding_window_pattern": 1}, "sliding_window_pattern"),
        ({"layer_types": ["full_attention"] * 4}, "layer_types"),
        ({"layer_types": ["sliding_attention", "full_attention", "full_attention", "full_attention"]}, "layer_types"),
        ({"layer_types": ["sliding_attention"] * 3}, "layer_types"),
        ({"hidden_size": 130}, "hidden_size"),
        ({"num_key_value_heads": 3}, "num_key_value_heads"),
    ],
)
def test_what_the_format_cannot_express_is_refused_by_name(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(UnsupportedModel, match=named):
        plan_model(gemma3_config(**changes), HERE)


@pytest.mark.parametrize("value", [None, 0, -4, 1.5, "128", True, 1 << 40, [], {}])
def test_nonsense_dimensions_are_refused(value: Any) -> None:
    with pytest.raises(CheckpointError, match="hidden_size"):
        plan_model(gemma3_config(hidden_size=value), HERE)


@pytest.mark.parametrize("value", [-1.0, 0, "1e6", float("inf"), float("nan"), True, 1e300, 1e-300, 10**400, [1e6]])
def test_nonsense_numbers_are_refused(value: Any) -> None:
    with pytest.raises(CheckpointError, match="rope_theta"):
        plan_model(gemma3_config(rope_theta=value), HERE)


def test_every_tensor_has_its_own_name_and_source() -> None:
    tensors = plan_model(gemma3_config(), HERE).tensors
    assert len({t.name for t in tensors}) == len({t.source for t in tensors}) == len(tensors) == 2 + 13 * 4
    assert sum(isinstance(t, MatrixPlan) for t in tensors) == 1 + 7 * 4
