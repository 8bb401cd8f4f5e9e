"""A description in the words of the web file, and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builder.errors import UnsupportedModel, WebFileError
from builder.formats.llm_parameters import LlmParameters, ModelType
from builder.formats.web_file_reader import WebFile
from builder.formats.web_model import described, has_known_scale, model_type, transformer_parameters
from builder.formats.web_tensor_names import name_of
from builder.model.description import ModelDescription, PerLayerEmbedding, Rope
from builder.model.families import describe, weights_of
from builder.model.shapes import shapes
from tests.builder.formats.test_web_file import header_with
from tests.checkpoints import (
    gemma1_config,
    gemma2_config,
    gemma3_config,
    gemma3n_config,
    gemma4_config,
    with_images_config,
)
from tests.goldens.cases import CASES, with_attention

HERE = Path("config.json")


def written_and_read(model: ModelDescription, folder: Path) -> ModelDescription:
    told = LlmParameters(vocab_size=model.embedding.vocabulary, transformer_parameters=transformer_parameters(model))
    return described(WebFile.open(header_with(folder, [], told, {"context_length": model.context})))


@pytest.mark.parametrize("config", [case.config_json for case in CASES.values()], ids=list(CASES))
def test_a_file_tells_the_model_that_was_written(config: dict[str, Any], tmp_path: Path) -> None:
    model = describe(config, HERE)
    read = written_and_read(model, tmp_path)
    scale = read.layers[0].attention.query_scale
    assert scale == pytest.approx(model.layers[0].attention.query_scale, rel=1e-6), "a float32 in the file"
    exact = with_attention(read, query_scale=model.layers[0].attention.query_scale)
    assert replace(exact, family=model.family, size=model.size) == model


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("gemma-2b", ModelType.GEMMA_2B),
        ("gemma2-2b", ModelType.GEMMA2_2B),
        ("gemma3-270m", ModelType.GEMMA3_300M),
        ("gemma3-1b", ModelType.GEMMA3_1B),
        ("gemma3-4b", ModelType.GEMMA3_4B),
        ("gemma3-12b", ModelType.GEMMA3_12B),
        ("gemma3-27b", ModelType.GEMMA3_27B),
    ],
)
def test_published_sizes_have_their_own_type(shape: str, expected: ModelType) -> None:
    assert model_type(describe(shapes()[shape].config, HERE)) == expected
    assert model_type(replace(describe(gemma3_config(), HERE), family="functiongemma3")) == 47


GEMMA3 = describe(gemma3_config(num_hidden_layers=7), HERE)
FIRST, REST = GEMMA3.layers[0], GEMMA3.layers[1:]


def first_with(**changes: Any) -> ModelDescription:
    return replace(GEMMA3, layers=(replace(FIRST, attention=replace(FIRST.attention, **changes)), *REST))


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (first_with(heads=2), "layers differ in more than their windows"),
        (first_with(window=16), "windows of several lengths"),
        (first_with(rope=Rope(5e4)), "another rope than the engine's"),
        (first_with(window=None, rope=GEMMA3.global_rope), "follow no number"),
        (with_attention(GEMMA3, cache_of=0), "read each other's keys"),
        (replace(GEMMA3, residual_streams=4), "more in a layer"),
        (
            replace(GEMMA3, layers=tuple(replace(layer, extras=(PerLayerEmbedding(32),)) for layer in GEMMA3.layers)),
            "more in a layer",
        ),
        (replace(GEMMA3, embedding=replace(GEMMA3.embedding, tied=False)), "a matrix of their own"),
    ],
)
def test_what_the_engine_could_not_be_told_is_refused(model: ModelDescription, reason: str) -> None:
    with pytest.raises(UnsupportedModel, match=f"{reason}.* cannot be written as a web file"):
        transformer_parameters(model)


def test_other_families_have_no_type() -> None:
    with pytest.raises(UnsupportedModel, match="A llama cannot be written"):
        model_type(replace(GEMMA3, family="llama"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"num_kv_shared_layers": 0}, "the engine then runs a Gemma 3"),
        ({"num_kv_shared_layers": 2}, "layer 10 reads the keys and values of layer 9"),
        ({"activation_sparsity_pattern": [0.95] * 9 + [0.0] * 3}, "other sparse layers than the first 10"),
        ({"activation_sparsity_pattern": [0.95] * 12}, "other sparse layers than the first 10"),
        ({"activation_sparsity_pattern": [0.9] + [0.95] * 9 + [0.0] * 2}, "other sparse layers than the first 10"),
    ],
)
def test_a_gemma3n_that_the_engine_could_not_be_told_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnsupportedModel, match=reason):
        transformer_parameters(describe(gemma3n_config(**changes), HERE))


def test_a_gemma3n_is_told_as_the_engine_reads_it() -> None:
    model = describe(shapes()["gemma3n-e4b"].config, HERE)
    told = transformer_parameters(model)
    assert (told.kv_cache_shared_start_layer, told.num_local_layers_per_global) == (20, 4)
    assert (told.altup_config.altup_num_inputs, told.laurel_config.laurel_rank) == (4, 64)
    assert told.activation_sparsity_stddev_multiplier == pytest.approx(1.6448536)
    assert model_type(model) == ModelType.GEMMA3N_4B
    names = [name_of(weight, model) for weight in weights_of(model)]
    assert len(set(names)) == len(names)
    assert {"transformer.altup.unembed_projection_2", "transformer.layer_34.altup.prediction.coefs"} <= set(names)


@pytest.mark.parametrize("changes", [{"altup_num_inputs": 9}, {"altup_active_idx": 1}])
def test_streams_that_the_reference_does_not_know_are_told(changes: dict[str, int]) -> None:
    told = transformer_parameters(describe(gemma3n_config(), HERE))
    assert has_known_scale(told)
    for name, value in changes.items():
        setattr(told.altup_config, name, value)
    assert not has_known_scale(told)


def test_a_gemma4_that_its_parameters_do_not_tell_of_is_refused() -> None:
    model = describe(gemma4_config(), HERE)
    first = replace(model.layers[0], scaled=False)
    with pytest.raises(UnsupportedModel, match="not of two kinds in a fixed order"):
        transformer_parameters(replace(model, layers=(first, *model.layers[1:])))


@pytest.mark.parametrize("shared", [1, 2])
def test_caches_that_the_engine_would_not_read_are_refused(shared: int) -> None:
    """It reads those of the last two layers that have their own, whatever these see: docs/format.md."""
    model = describe(gemma4_config(num_kv_shared_layers=shared), HERE)
    assert model.layers[5].attention.cache_of == 2
    with pytest.raises(UnsupportedModel, match=r"layer \d reads .* of layer \d cannot be written as a web file"):
        transformer_parameters(model)


def test_a_gemma4_is_named_as_the_engine_reads_it() -> None:
    model = describe(gemma4_config(num_kv_shared_layers=3, attention_k_eq_v=True), HERE)
    names = {name_of(weight, model) for weight in weights_of(model)}
    assert {
        "transformer.embedder.input_embedding",
        "transformer.layer_0.attn.v",
        "transformer.layer_5.skip.scale",
    } <= names
    assert (
        not {"transformer.layer_2.attn.v", "transformer.layer_3.attn.k", "transformer.layer_5.attn.k_norm.scale"}
        & names
    )
    assert len(names) == len(weights_of(model))


def test_per_layer_embeddings_are_named_as_the_engine_reads_them() -> None:
    model = describe(gemma4_config(hidden_size_per_layer_input=32, vocab_size_per_layer_input=4096), HERE)
    names = {name_of(weight, model) for weight in weights_of(model)}
    assert len(names) == len(weights_of(model))
    assert {name for name in names if "per_layer" in name and "layer_0" not in name and "layer_" in name} >= {
        "transformer.embedder.per_layer_model_projection",
        "transformer.embedder.per_layer_projection_norm.scale",
        "transformer.layer_5.per_layer_embeddings",
        "transformer.layer_5.per_layer_embedding_gate",
        "transformer.layer_5.per_layer_embedding_projection",
        "transformer.layer_5.post_per_layer_input_norm.scale",
    }
    told = transformer_parameters(model)
    assert (told.per_layer_embedding_dimension, told.load_per_layer_embedding_dynamically) == (32, False)


@pytest.mark.parametrize(
    ("size", "kind"), [((1536, 35), "GEMMA4_2P3B"), ((2560, 42), "GEMMA4_4P5B"), ((1536, 30), "GEMMA4_270M")]
)
def test_the_published_sizes_with_per_layer_embeddings_have_their_own_type(size: tuple[int, int], kind: str) -> None:
    hidden, layers = size
    period = 5 if layers % 5 == 0 else 6
    model = describe(
        gemma4_config(
            hidden_size=hidden,
            num_hidden_layers=layers,
            layer_types=(["sliding_attention"] * (period - 1) + ["full_attention"]) * (layers // period),
            hidden_size_per_layer_input=256,
            vocab_size_per_layer_input=4096,
        ),
        HERE,
    )
    assert model_type(model).name == kind


def test_a_file_of_too_many_layers_is_refused(tmp_path: Path) -> None:
    """A description holds each layer, and a file may say what it likes."""
    told = transformer_parameters(describe(gemma1_config(), HERE))
    told.num_stacks = 1 << 20
    path = header_with(tmp_path, [], LlmParameters(vocab_size=4, transformer_parameters=told))
    with pytest.raises(WebFileError, match=f"{path} says that it has 1,048,576 layers"):
        described(WebFile.open(path))


@pytest.mark.parametrize("config", [gemma2_config(), with_images_config()])
def test_layers_with_and_without_a_window_have_their_own_rope(config: dict[str, Any], tmp_path: Path) -> None:
    read = written_and_read(describe(config, HERE), tmp_path)
    ropes = {layer.attention.is_global: layer.attention.rope for layer in read.layers}
    assert ropes == {True: read.global_rope, False: Rope(1e4)}
