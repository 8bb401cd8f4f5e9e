"""A web file that sees: what is in it, what is said of it, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.calibrate.prepare import Calibration
from builder.convert.against import check_against
from builder.convert.mixed import mixed_bits
from builder.convert.web_file import convert_checkpoint
from builder.errors import CheckpointError, ModelFileError, OnpageError, UnsupportedModel
from builder.estimate import estimate
from builder.estimate.source import SEES
from builder.formats.check_web_file import check_web_file
from builder.formats.inspect_web_file import inspect_web_file
from builder.formats.pictures import pictures_in
from builder.formats.web_file_reader import WebFile
from builder.formats.web_tensors import PICTURES
from builder.model.opened import OpenedCheckpoint
from builder.tower.graphs import Towers
from tests.checkpoints import gemma3_config, stored_values, write_checkpoint, write_shards
from tests.goldens.interpreter import interpreter
from tests.goldens.tower_cases import TOWER_GOLDENS, TOWERS

CASE = TOWERS["pooled"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return CASE.write(tmp_path_factory.mktemp("sees") / "checkpoint")


@pytest.fixture(scope="module")
def path(folder: Path) -> Path:
    output = folder.parent / "sees.task"
    written = convert_checkpoint(folder, output, pictures=True, residual_scale=1 / 8)
    assert not any("vision" in note for note in written.left_out), "nothing of what sees is left out"
    assert "48 × 48 pixels and 10 tokens" in written.notes[-1] and "see those before it" in written.notes[-1]
    return output


def test_the_file_holds_both_graphs_behind_its_text(path: Path, tmp_path: Path) -> None:
    file = WebFile.open(path)
    assert list(file.tensors)[-2:] == list(PICTURES) and file.modalities == ("text", "image")
    assert file.parameters.vision_encoder_parameters.tokens_num == 10
    assert file.parameters.transformer_parameters.vision_tokens_num == 10
    for name in PICTURES:
        (tmp_path / name).write_bytes(file.read(name))
    with interpreter(tmp_path / "image_encoder") as encoder, interpreter(tmp_path / "image_adapter") as adapter:
        found = adapter.run(encoder.run(CASE.pictures()[:1]))
    expected = json.loads(TOWER_GOLDENS.read_text())["pooled"][0]
    assert np.abs(8 * found[0, :-1] - expected).max() < 1e-4, "scaled as the text's stream is"


def test_the_text_is_the_same_without_what_sees(folder: Path, path: Path, tmp_path: Path) -> None:
    blind, sees = (
        WebFile.open(convert_checkpoint(folder, tmp_path / "m.task", residual_scale=1 / 8).path),
        WebFile.open(path),
    )
    assert list(blind.tensors) == list(sees.tensors)[:-2]
    assert all(blind.read(name) == sees.read(name) for name in blind.tensors)
    assert blind.modalities == ("text",) and pictures_in(blind) is None


def test_it_is_inspected(folder: Path, path: Path) -> None:
    facts = inspect_web_file(path)
    assert facts.pictures is not None
    assert (facts.pictures.height, facts.pictures.width, facts.pictures.tokens) == (48, 48, 10)
    values = stored_values(folder)
    assert facts.pictures.parameters == pytest.approx(sum(values[name].size for name in CASE.tower()), rel=0.02)
    assert facts.parts["what sees"] == sum(WebFile.open(path).tensors[name].size for name in PICTURES)
    assert facts.conversion["pictures"].startswith("the engine's attention is causal")
    assert facts.to_json()["pictures"]["tokens"] == 10


def test_damage_to_a_graph_is_found(path: Path, tmp_path: Path) -> None:
    check_web_file(WebFile.open(path))
    data = bytearray(path.read_bytes())
    data[WebFile.open(path).tensors["image_adapter"].offset + 40] ^= 1
    (tmp_path / "m.task").write_bytes(data)
    with pytest.raises(ModelFileError, match="tensor image_adapter has checksum"):
        check_web_file(WebFile.open(tmp_path / "m.task"))


def test_a_graph_that_is_none_is_no_reason_to_refuse_a_file(path: Path, tmp_path: Path) -> None:
    """Others may say it otherwise."""
    data = bytearray(path.read_bytes())
    data[WebFile.open(path).tensors["image_encoder"].offset + 4] ^= 1
    (tmp_path / "m.task").write_bytes(data)
    facts = inspect_web_file(tmp_path / "m.task")
    assert facts.pictures is None and facts.modalities == ("text", "image")


def test_it_is_compared_with_its_checkpoint(folder: Path, path: Path, tmp_path: Path) -> None:
    count = sum(values.size for values in CASE.tower().values())
    assert check_against(path, folder) > count
    for name in (
        "vision_tower.vision_model.encoder.layers.1.mlp.fc2.weight",
        "vision_tower.vision_model.post_layernorm.bias",
        "multi_modal_projector.mm_input_projection_weight",
    ):
        values = stored_values(folder)
        values[name] = values[name] * np.float32(1.25)
        other = _with(folder, values, tmp_path / name)
        with pytest.raises(ModelFileError, match="does not hold the tower of"):
            check_against(path, other)


def test_its_size_is_estimated_to_the_byte_but_for_its_texts(folder: Path, path: Path) -> None:
    blind, sees = (estimate(str(folder), pictures=each) for each in (False, True))
    added = sum(WebFile.open(path).tensors[name].size for name in PICTURES)
    assert sees.approximate == estimate(str(path)).approximate == SEES
    assert sees.memory == blind.memory, "what sees is not loaded for text"
    assert sees.parameters - blind.parameters == Towers.of(*_opened(folder)).parameter_count
    assert added > 80_000 and sees.download == blind.download == 1 << 20  # the least that the engine takes
    with pytest.raises(OnpageError, match="leave --pictures out"):
        estimate("gemma3-4b", pictures=True)


def test_the_bits_are_chosen_for_a_size_with_what_sees_in_it(tmp_path: Path) -> None:
    """Refused where the smallest does not fit, before the work."""
    case = dataclasses.replace(
        CASE, vision=CASE.vision | {"intermediate_size": 12_000}
    )  # above the least size of a file
    folder = case.write(tmp_path / "c")
    added = sum(spec.size for spec in Towers.of(*_opened(folder)).specs)
    asked = dict.fromkeys((False, True), 0)
    for pictures in asked:
        opened = OpenedCheckpoint.complete(folder, pictures=pictures)
        with pytest.raises(OnpageError, match="bytes") as error:
            mixed_bits(opened, tmp_path / "m.task", Calibration(), target_size=1000)
        asked[pictures] = int(re.findall(r"\d[\d,]{5,}", str(error.value))[0].replace(",", ""))
    assert asked[True] >= added > asked[False]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"vision_config": None}, "vision_config is None: expected a SigLIP"),
        ({"vision_config": {"model_type": "gemma3n_vision"}}, "vision_config is .*expected a SigLIP"),
        ({"vision": {"hidden_act": "gelu"}}, r"vision_config.hidden_act is 'gelu': expected gelu_pytorch_tanh"),
        ({"vision": {"num_channels": 4}}, r"vision_config.num_channels is 4: expected 3"),
        ({"vision": {"image_size": 50}}, r"image_size is 50: expected a multiple of 8, patch_size"),
        ({"vision": {"num_attention_heads": 5}}, r"hidden_size is 32: expected a multiple of 5, num_attention_heads"),
        ({"vision": {"intermediate_size": 50}}, r"intermediate_size is 50: expected a multiple of 4"),
        ({"vision": {"layer_norm_eps": "x"}}, r"layer_norm_eps is 'x': expected a positive number"),
        ({"eoi_token_index": None}, "eoi_token_index is None: expected a whole number"),
        ({"eoi_token_index": 4160}, "embed_tokens.weight of .* does not have the 1 rows"),
        ({"mm_tokens_per_image": 8}, "mm_tokens_per_image is 8: expected a square number"),
        ({"mm_tokens_per_image": 16}, "6 patches along a picture's side: expected a multiple of 4"),
        (
            {"vision": {"num_hidden_layers": 2}},
            "16 tensors of a tower that this config.json does not have, such as .*layers.2",
        ),
        ({"vision": {"num_hidden_layers": 4}}, r"Tensor .*layers.3.* is missing"),
        ({"vision": {"image_size": 96}}, "has shape"),
    ],
)
def test_towers_that_cannot_be_written_are_refused(
    folder: Path, tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    config = CASE.config
    config["vision_config"] |= changes.pop("vision", {})
    for each in folder.iterdir():
        (tmp_path / each.name).write_bytes(each.read_bytes())
    (tmp_path / "config.json").write_text(json.dumps(config | changes))
    with pytest.raises(CheckpointError, match=sentence):
        convert_checkpoint(tmp_path, tmp_path / "m.task", pictures=True)
    assert not (tmp_path / "m.task").exists()


def test_a_model_without_a_tower_is_refused(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma3_config(num_hidden_layers=1))
    with pytest.raises(UnsupportedModel, match="expected a SigLIP"):
        convert_checkpoint(folder, tmp_path / "m.task", pictures=True)


def test_a_tower_that_was_left_out_of_a_download_is_missed(folder: Path, tmp_path: Path) -> None:
    for each in folder.iterdir():
        if each.suffix != ".safetensors":
            (tmp_path / each.name).write_bytes(each.read_bytes())
    write_shards(tmp_path, {name: v for name, v in stored_values(folder).items() if name not in CASE.tower()})
    with pytest.raises(CheckpointError, match="is the download complete, or is it the text part alone"):
        convert_checkpoint(tmp_path, tmp_path / "m.task", pictures=True)


def test_weights_that_are_not_finite_are_named(folder: Path, tmp_path: Path) -> None:
    for part in ("embeddings.patch_embedding.weight", "encoder.layers.0.mlp.fc1.weight", "post_layernorm.weight"):
        values = stored_values(folder)
        name = f"vision_tower.vision_model.{part}"
        values[name].flat[7] = np.inf
        other = _with(folder, values, tmp_path / part)
        with pytest.raises(CheckpointError, match=name):
            convert_checkpoint(other, other / "m.task", pictures=True)
        assert not (other / "m.task").exists()


def _with(folder: Path, values: dict[str, Any], other: Path) -> Path:
    """The same checkpoint with these weights."""
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns("*.safetensors"))
    write_shards(other, values)
    return other


def _opened(folder: Path) -> tuple[Any, Any]:
    opened = OpenedCheckpoint.open(folder)
    return opened.checkpoint, opened.model
