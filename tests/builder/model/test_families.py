from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from builder.errors import CheckpointError, UnsupportedModel
from builder.formats.llm_parameters import AttentionScale, ModelType, Norm
from builder.formats.web_model import model_type as type_of
from builder.formats.web_model import transformer_parameters
from builder.formats.web_tensor_names import name_of
from builder.model.families import describe, family_of, fit_to_tokenizer, turns_of, weights_of
from builder.model.shapes import shapes
from builder.model.weights import weight_count
from tests.checkpoints import (
    gemma1_config,
    gemma2_config,
    gemma3_config,
    gemma3n_config,
    gemma4_config,
    with_images_config,
)

HERE = Path("config.json")


@pytest.mark.parametrize(
    ("shape", "parameters", "model_type"),
    # the counts that the published models state
    [("gemma3-270m", 268_098_176, ModelType.GEMMA3_300M), ("gemma3-1b", 999_885_952, ModelType.GEMMA3_1B)],
)
def test_published_shapes_have_their_published_number_of_parameters(
    shape: str, parameters: int, model_type: ModelType
) -> None:
    model = describe(shapes()[shape].config, HERE)
    assert weight_count(weights_of(model)) == parameters
    assert type_of(model) == model_type


def test_parameters_are_read_and_not_assumed() -> None:
    model = describe(
        gemma3_config(sliding_window=96, rope_theta=5e5, attn_logit_softcapping=50.0, final_logit_softcapping=30.0),
        HERE,
    )
    p = transformer_parameters(model)
    assert p.self_attention_parameters.sliding_window_size == 96
    assert p.global_rope_wavelength == 5e5
    assert p.self_attention_parameters.soft_cap_value == 50.0
    assert p.final_project_parameters.soft_cap_value == 30.0
    assert p.max_seq_length == 0, "it would overrule the page's maxTokens"
    assert model.context == 2048


def test_the_newer_rope_form_is_read() -> None:
    config = gemma3_config(
        rope_parameters={
            "full_attention": {"rope_type": "default", "rope_theta": 2e6},
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
        }
    )
    assert transformer_parameters(describe(config, HERE)).global_rope_wavelength == 2e6


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
    assert transformer_parameters(describe(gemma3_config(**changes), HERE)).num_local_layers_per_global == local_layers


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"model_type": "mamba"}, "model_type 'mamba'"),
        ({"model_type": None}, "model_type None"),
        ({"model_type": ["gemma3_text"]}, "model_type"),
        ({"hidden_activation": "silu"}, "hidden_activation"),
        ({"attention_bias": True}, "attention_bias"),
        ({"rms_norm_eps": 1e-5}, "rms_norm_eps"),
        ({"use_bidirectional_attention": True}, "use_bidirectional_attention"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 8.0}}, "rope_scaling is .*yarn"),
        ({"rope_scaling": {"rope_type": ["linear"], "factor": 8.0}}, "rope_scaling"),
        ({"rope_scaling": {"rope_type": "default", "factor": 8.0}}, "rope_scaling"),
        ({"rope_scaling": {"rope_type": "linear", "factor": 8.0, "beta_fast": 32}}, "beta_fast"),
        ({"rope_scaling": ["linear"]}, "rope_scaling"),
        ({"rope_scaling": True}, "rope_scaling"),
        ({"rope_local_base_freq": 5e4}, "sliding layers"),
        ({"rope_parameters": {"rope_type": "linear", "factor": 8, "rope_theta": 5e6}}, "rope_parameters"),
        ({"rope_parameters": {"full_attention": 1, "sliding_attention": {}}}, "rope_parameters"),
        ({"rope_parameters": {"full_attention": {}, "sliding_attention": {"factor": 2.0}}}, "rope_parameters"),
        ({"rope_parameters": {"full_attention": {"rope_type": "yarn"}, "sliding_attention": {}}}, "yarn"),
        ({"rope_parameters": {"full_attention": {}, "sliding_attention": {"rope_theta": 5e4}}}, "sliding layers"),
        ({"rope_parameters": []}, "rope_parameters"),
        ({"rope_parameters": {"full_attention": {}, "sliding_attention": {}}, "rope_scaling": [1]}, "rope_scaling"),
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
        describe(gemma3_config(**changes), HERE)


@pytest.mark.parametrize("value", [None, 0, -4, 1.5, "128", True, 1 << 40, [], {}])
def test_nonsense_dimensions_are_refused(value: Any) -> None:
    with pytest.raises(CheckpointError, match="hidden_size"):
        describe(gemma3_config(hidden_size=value), HERE)


@pytest.mark.parametrize("value", [-1.0, 0, "1e6", float("inf"), float("nan"), True, 1e300, 1e-300, 10**400, [1e6]])
def test_nonsense_numbers_are_refused(value: Any) -> None:
    with pytest.raises(CheckpointError, match="rope_theta"):
        describe(gemma3_config(rope_theta=value), HERE)


@pytest.mark.parametrize("factor", [None, 0, -8.0, "8", True, float("nan")])
def test_nonsense_factors_are_refused(factor: Any) -> None:
    with pytest.raises(CheckpointError, match="factor is"):
        describe(gemma3_config(rope_scaling={"rope_type": "linear", "factor": factor}), HERE)


@pytest.mark.parametrize(
    "ropes",
    [
        {"rope_scaling": {"rope_type": "linear", "factor": 8.0}},
        {"rope_scaling": {"type": "linear", "factor": 8}},
        {
            "rope_parameters": {"full_attention": None, "sliding_attention": None},
            "rope_scaling": {"rope_type": "linear", "factor": 8.0},
        },
        {
            "rope_parameters": {"full_attention": {"rope_type": "default"}, "sliding_attention": {}},
            "rope_scaling": {"rope_type": "linear", "factor": 8.0},
        },
        {
            "rope_parameters": {
                "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
                "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
            }
        },
    ],
)
def test_linear_scaling_of_the_global_ropes_is_read(ropes: dict[str, Any]) -> None:
    p = transformer_parameters(describe(gemma3_config(**ropes), HERE))
    assert (p.global_rope_scaling, p.global_rope_wavelength) == (8.0, 1e6)


def test_queries_may_be_scaled_by_another_number_than_the_head_dimension() -> None:
    usual = transformer_parameters(describe(gemma3_config(), HERE))
    assert usual.self_attention_parameters.attention_scale_type == AttentionScale.INV_SQRT_HEAD_DIM
    other = transformer_parameters(describe(gemma3_config(head_dim=128, query_pre_attn_scalar=168), HERE))
    assert other.self_attention_parameters.attention_scale_type == AttentionScale.RESCALE_FACTOR_INV_HEAD_DIM
    assert other.query_rescale_factor / 128 == pytest.approx(168**-0.5)


GEMMA_2B = {
    "model_type": "gemma", "hidden_size": 2048, "intermediate_size": 16384, "num_hidden_layers": 18, "num_attention_heads": 8,
    "num_key_value_heads": 1, "head_dim": 256, "vocab_size": 256_000, "max_position_embeddings": 8192, "hidden_act": "gelu",
    "hidden_activation": None, "rope_theta": 10000.0, "rope_scaling": None, "rms_norm_eps": 1e-6, "attention_bias": False,
}  # fmt: skip
GEMMA_7B = GEMMA_2B | {
    "hidden_size": 3072, "intermediate_size": 24576, "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 16,
}  # fmt: skip
GEMMA2_2B = {
    "model_type": "gemma2", "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26, "num_attention_heads": 8,
    "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 256_000, "max_position_embeddings": 8192, "sliding_window": 4096,
    "query_pre_attn_scalar": 256, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0, "cache_implementation": "hybrid",
    "hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh", "rope_theta": 10000.0,
}  # fmt: skip
SCALED = {"rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024, "model_type": "gemma3_text"}
GEMMA3_4B = {
    "model_type": "gemma3",
    "text_config": SCALED | {"hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34},
    "vision_config": {"model_type": "siglip_vision_model", "hidden_size": 1152},
}
GEMMA3_12B = GEMMA3_4B | {
    "text_config": SCALED
    | {"hidden_size": 3840, "intermediate_size": 15360, "num_hidden_layers": 48, "num_attention_heads": 16, "num_key_value_heads": 8}
}  # fmt: skip
GEMMA3_27B = GEMMA3_4B | {
    "text_config": SCALED
    | {
        "hidden_size": 5376, "intermediate_size": 21504, "num_hidden_layers": 62, "num_attention_heads": 32,
        "num_key_value_heads": 16, "head_dim": 128, "query_pre_attn_scalar": 168,
    }
}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "model_type", "billions", "rows", "query_scale", "local_layers"),
    # the parameters of the decoder, as the model cards and technical reports add up
    [
        (GEMMA_2B, ModelType.GEMMA_2B, 2.506, 256_000, 1 / 16, 0),
        (GEMMA_7B, ModelType.GEMMA_7B, 8.538, 256_000, 1 / 16, 0),
        (GEMMA2_2B, ModelType.GEMMA2_2B, 2.614, 256_000, 1 / 16, 1),
        (GEMMA3_4B, ModelType.GEMMA3_4B, 3.880, 262_208, 1 / 16, 5),
        (GEMMA3_12B, ModelType.GEMMA3_12B, 11.766, 262_208, 1 / 16, 5),
        (GEMMA3_27B, ModelType.GEMMA3_27B, 27.009, 262_208, 168**-0.5, 5),
    ],
)
def test_published_configs_are_planned(
    config: dict[str, Any],
    model_type: ModelType,
    billions: float,
    rows: int,
    query_scale: float,
    local_layers: int,
) -> None:
    model = describe(config, HERE)
    p = transformer_parameters(model)
    assert type_of(model) == model_type
    assert weight_count(weights_of(model)) / 1e9 == pytest.approx(billions, abs=5e-4)
    assert model.embedding.vocabulary == rows
    head = p.head_dimension
    factor = p.query_rescale_factor / head if p.query_rescale_factor else head**-0.5
    assert factor == pytest.approx(query_scale)
    assert p.num_local_layers_per_global == local_layers
    assert bool(p.self_attention_parameters.qk_norm) == config["model_type"].startswith("gemma3")
    assert (p.post_norm == Norm.RMS_NORM) == (config["model_type"] != "gemma")


def test_gemma_2_has_its_caps_also_where_they_are_left_out_and_not_where_they_are_null() -> None:
    silent = {key: value for key, value in gemma2_config().items() if not key.endswith("capping")}
    p = transformer_parameters(describe(silent, HERE))
    assert (p.self_attention_parameters.soft_cap_value, p.final_project_parameters.soft_cap_value) == (50.0, 30.0)
    p = transformer_parameters(
        describe(silent | {"attn_logit_softcapping": None, "final_logit_softcapping": None}, HERE)
    )
    assert (p.self_attention_parameters.soft_cap_value, p.final_project_parameters.soft_cap_value) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (gemma1_config(hidden_act="relu"), "hidden_act is 'relu'"),
        (gemma1_config(hidden_activation="gelu"), "hidden_activation is 'gelu'"),
        (gemma1_config(rope_scaling={"type": "linear", "factor": 2.0}), "scaled ropes for Gemma 3 only"),
        (gemma1_config(rope_parameters={"rope_type": "dynamic", "factor": 2.0}), "rope_parameters"),
        (gemma1_config(num_key_value_heads=3), "num_key_value_heads is 3"),
        (gemma2_config(rope_theta=1e6), "rope_theta is 1000000.0: the ropes of the sliding layers"),
        (gemma2_config(sliding_window=None), "sliding_window is None"),
        (gemma2_config(layer_types=["full_attention"] * 6), "layer_types"),
        (gemma2_config(hidden_activation="gelu"), "hidden_activation is 'gelu'"),
        (with_images_config(head_dim=130), r"text_config\.head_dim is 130"),
        (with_images_config(model_type="llama"), "text_config is .*: expected the settings of a gemma3_text model"),
        (with_images_config() | {"text_config": None}, "text_config is None"),
    ],
)
def test_what_other_families_cannot_have_is_refused_by_name(config: dict[str, Any], named: str) -> None:
    with pytest.raises(UnsupportedModel, match=named):
        describe(config, HERE)


@pytest.mark.parametrize("missing", ["hidden_size", "intermediate_size", "num_hidden_layers"])
def test_what_every_published_config_says_has_no_default(missing: str) -> None:
    config = with_images_config()
    del config["text_config"][missing]
    with pytest.raises(CheckpointError, match=rf"text_config\.{missing} is None"):
        describe(config, HERE)


@pytest.mark.parametrize(
    ("embedding", "norm"),
    [
        ("language_model.model.embed_tokens.weight", "language_model.model.norm.weight"),
        ("model.language_model.embed_tokens.weight", "model.language_model.norm.weight"),
    ],
)
def test_the_text_part_is_found_under_either_name(embedding: str, norm: str) -> None:
    family = family_of(with_images_config(), HERE)
    weights = family.weights(describe(with_images_config(), HERE), family.naming_in({embedding}))
    assert (str(weights[0].source), str(weights[-1].source)) == (embedding, norm)


def test_rows_that_no_text_reaches_are_left_out() -> None:
    model = describe(with_images_config(), HERE)
    assert model.embedding.vocabulary == 4160
    fitted = fit_to_tokenizer(model, [str(i) for i in range(4097)])
    assert fitted.embedding.vocabulary == 4100, "a multiple of the format's blocks"
    assert weight_count(weights_of(fitted)) == weight_count(weights_of(model)) - 60 * 256
    assert fit_to_tokenizer(model, ["piece"] * 4160) == model
    assert fit_to_tokenizer(model, ["piece"] * 3000) == model, "another model's tokenizer is not made to fit"


def test_functiongemma_is_known_by_its_tokenizer() -> None:
    model = describe(gemma3_config(), HERE)
    words = [str(i) for i in range(4096)]
    assert fit_to_tokenizer(model, words) == model
    pieces = [*words[:-2], "<start_function_call>", "<start_function_response>"]
    function = fit_to_tokenizer(model, pieces)
    assert type_of(function) == ModelType.FUNCTIONGEMMA3_300M
    assert turns_of(function).ends == ("<end_of_turn>", "<start_function_response>")
    assert weights_of(function) == weights_of(model)
    larger = describe(shapes()["gemma3-1b"].config | {"vocab_size": 4096}, HERE)
    assert fit_to_tokenizer(larger, pieces) == larger, "there is none of 1B"


NONSENSE: list[Any] = [
    None, True, 0, -1, 1.5, float("inf"), float("nan"), 10**400, "", "x", [], [1], [[]] * 6, {}, {"a": 1},
    {"full_attention": None, "sliding_attention": None}, {"rope_type": {}}, {"rope_type": "linear", "factor": []},
]  # fmt: skip


@pytest.mark.parametrize(
    "config",
    [
        gemma1_config(),
        gemma2_config(),
        gemma3_config(),
        gemma3n_config(),
        gemma3n_config(num_hidden_layers=0),
        gemma4_config(),
        with_images_config(),
    ],
)
def test_whatever_a_key_says_it_is_a_plan_or_one_sentence(config: dict[str, Any]) -> None:
    settings = config.get("text_config", config)
    for key in {
        *settings,
        "rope_parameters",
        "per_layer_config",
        "layer_types",
        "sliding_window_pattern",
        "query_pre_attn_scalar",
    }:
        for value in NONSENSE:
            changed = settings | {key: value}
            whole = config | {"text_config": changed} if "text_config" in config else changed
            with suppress(CheckpointError):
                describe(whole, HERE)


S, F = "sliding_attention", "full_attention"


@pytest.mark.parametrize(
    ("config", "sees_all"),
    [
        (gemma4_config(layer_types=None, num_hidden_layers=12), {5, 11}),
        (gemma4_config(layer_types=None, num_hidden_layers=12, sliding_window_pattern=4), {5, 11}),
        (gemma4_config(layer_types=None, num_hidden_layers=5), {4}),
        (gemma4_config(layer_types=[S, S, S, S], num_hidden_layers=4), {3}),
        (gemma4_config(layer_types=[S, F, S, S], num_hidden_layers=4), {1, 3}),
        (gemma3n_config(layer_types=None, num_kv_shared_layers=0, sliding_window_pattern=3), {4, 9}),
    ],
)
def test_which_layers_see_everything_is_what_transformers_makes_of_it(
    config: dict[str, Any], sees_all: set[int]
) -> None:
    """Gemma 3n and 4 read no sliding_window_pattern, and the last layer of a Gemma 4 sees everything whatever is said."""
    layers = describe(config, HERE).layers
    assert {i for i, layer in enumerate(layers) if layer.attention.window is None} == sees_all


def test_a_gemma_4_whose_forced_last_layer_breaks_the_pattern_is_refused() -> None:
    with pytest.raises(UnsupportedModel, match="layer_types"):
        describe(gemma4_config(layer_types=None, num_hidden_layers=8), HERE)


def saved_by_layer(**changes: Any) -> dict[str, Any]:
    """config.json of a Gemma 4 as transformers saves it since 5.24: what layers have of their own is said layer by layer."""
    config = gemma4_config(**changes)
    del config["global_head_dim"]
    return config


@pytest.mark.parametrize(
    ("said", "head", "key_value_heads"),
    [
        ({}, 32, 2),
        ({"2": {"head_dim": 64}, "5": {"head_dim": 64}}, 64, 2),
        ({"2": {"head_dim": 64, "num_key_value_heads": 1}, "5": {"head_dim": 64, "num_key_value_heads": 1}}, 64, 1),
        ({"2": {"num_key_value_heads": 1}, "5": {"num_key_value_heads": 1}}, 32, 1),
    ],
)
def test_heads_that_are_said_layer_by_layer_are_read(said: Any, head: int, key_value_heads: int) -> None:
    model = describe(saved_by_layer(num_key_value_heads=2, per_layer_config=said), HERE)
    found = {(layer.attention.head_dimension, layer.attention.key_value_heads) for layer in model.layers[2::3]}
    assert found == {(head, key_value_heads)}
    assert {layer.attention.head_dimension for layer in model.layers[:2]} == {32}


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        "x",
        {"2": {"head_dim": 64}},
        {"1": {"head_dim": 64}, "2": {"head_dim": 64}, "5": {"head_dim": 64}},
        {"2": {"head_dim": 64}, "5": {"head_dim": 96}},
        {"2": {"sliding_window": 64}, "5": {"sliding_window": 64}},
        {"2": 5, "5": 5},
    ],
)
@pytest.mark.parametrize("make", [saved_by_layer, gemma3_config, gemma2_config, gemma3n_config])
def test_layers_that_differ_otherwise_are_refused(make: Any, said: Any) -> None:
    if said is None and make is not saved_by_layer:
        return
    with pytest.raises(UnsupportedModel, match="per_layer_config"):
        describe(make(per_layer_config=said), HERE)


def test_every_tensor_has_its_own_name_and_source() -> None:
    weights = weights_of(describe(gemma3_config(), HERE))
    names, sources = {name_of(weight) for weight in weights}, {weight.source for weight in weights}
    assert len(names) == len(sources) == len(weights) == 2 + 13 * 4
    assert sum(weight.is_matrix for weight in weights) == 1 + 7 * 4
