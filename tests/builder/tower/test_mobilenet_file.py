"""A web file of a Gemma 3n that sees: what is in it, what is said of it, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.convert.against import check_against
from builder.convert.web_file import convert_checkpoint
from builder.errors import CheckpointError, ModelFileError
from builder.estimate import estimate
from builder.formats.inspect_web_file import inspect_web_file
from builder.formats.web_file_reader import WebFile
from builder.formats.web_tensors import PICTURES
from builder.tower import convolutions
from tests.checkpoints import stored_values, write_shards
from tests.goldens.interpreter import interpreter
from tests.goldens.mobilenet_cases import MOBILENET, MOBILENET_GOLDENS, PROJECTOR, TOWER

Values = dict[str, NDArray[np.float32]]
HEARD = "model.audio_tower.conformer.0.norm.weight"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = MOBILENET.write(tmp_path_factory.mktemp("sees") / "checkpoint")
    write_shards(folder, stored_values(folder) | {HEARD: np.ones(4, np.float32)})
    return folder


@pytest.fixture(scope="module")
def path(folder: Path) -> Path:
    output = folder.parent / "sees.task"
    written = convert_checkpoint(folder, output, pictures=True, residual_scale=1 / 8)
    assert "1 tensors of what hears left out" in written.left_out
    assert not any("vision" in note for note in written.left_out), "nothing of what sees is left out"
    assert written.notes[-1] == "pictures go in, 96 × 96 pixels and 10 tokens each", "attention is the model's own"
    return output


def test_the_file_holds_both_graphs(path: Path, tmp_path: Path) -> None:
    file = WebFile.open(path)
    assert list(file.tensors)[-2:] == list(PICTURES) and file.modalities == ("text", "image")
    assert file.parameters.vision_encoder_parameters.tokens_num == 10
    assert file.parameters.transformer_parameters.vision_tokens_num == 10
    for name in PICTURES:
        (tmp_path / name).write_bytes(file.read(name))
    with interpreter(tmp_path / "image_encoder") as encoder, interpreter(tmp_path / "image_adapter") as adapter:
        found = adapter.run(encoder.run(MOBILENET.pictures()[:1]))
    expected = json.loads(MOBILENET_GOLDENS.read_text())["pictures"][0]
    assert np.abs(8 * found[0, :-1] - expected).max() < 1e-4, "scaled as the text's stream is"


def test_it_is_inspected_and_estimated(folder: Path, path: Path) -> None:
    facts = inspect_web_file(path)
    assert facts.pictures is not None and "pictures" not in facts.conversion
    assert (facts.pictures.height, facts.pictures.width, facts.pictures.tokens) == (96, 96, 10)
    # but for the vectors of its own vocabulary, of which one is used
    size = sum(values.size for name, values in MOBILENET.tower().items() if not name.endswith("embedding.weight"))
    assert facts.pictures.parameters == pytest.approx(size, rel=0.02)
    blind, sees = (estimate(str(folder), pictures=each).parameters for each in (False, True))
    assert sees - blind == size


@pytest.mark.parametrize(
    "name",
    [
        f"{TOWER}blocks.0.1.conv_exp.weight",
        f"{TOWER}blocks.2.2.attn.value.down_conv.weight",
        f"{TOWER}blocks.3.1.layer_scale.gamma",
        f"{TOWER}msfa.ffn.pw_exp.conv.weight",
        f"{PROJECTOR}hard_embedding_norm.weight",
    ],
)
def test_it_is_compared_with_its_checkpoint(folder: Path, path: Path, tmp_path: Path, name: str) -> None:
    check_against(path, folder)
    values = stored_values(folder)
    values[name] = values[name] * np.float32(1.25)
    values[name].flat[0] *= 2  # a vector of the tower's own vocabulary is normed
    with pytest.raises(ModelFileError, match="does not hold the tower of"):
        check_against(path, _with(folder, values, tmp_path / "other"))


def _reshaped(name: str, shape: tuple[int, ...]) -> Callable[[Values], None]:
    def change(values: Values) -> None:
        values[TOWER + name] = np.ones(shape, np.float32)

    return change


def _without(name: str) -> Callable[[Values], None]:
    def change(values: Values) -> None:
        del values[name]

    return change


def _without_all(*names: str) -> Callable[[Values], None]:
    def change(values: Values) -> None:
        for name in names:
            del values[TOWER + name]

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_without(f"{TOWER}blocks.1.0.pw_proj.conv.weight"), r"blocks.1.0.pw_proj.conv.weight of the tower is missing"),
        (_without(f"{PROJECTOR}soft_embedding_norm.weight"), r"soft_embedding_norm.weight is missing"),
        (_without(f"{TOWER}conv_stem.conv.weight"), "conv_stem.conv.weight is missing from .* text part alone"),
        (_without(f"{TOWER}blocks.2.2.attn.key.norm.weight"), "key_filters_norm of the tower .* has shape"),
        (_without(f"{TOWER}blocks.1.1.dw_start.conv.weight"), "start_filters of the tower .* has shape"),
        (_reshaped("blocks.2.1.dw_start.bn.weight", (32,)), "start_filters of the tower .* has shape"),
        (
            _without_all("blocks.2.2.attn.value.down_conv.weight", "blocks.2.2.attn.value.norm.weight"),
            "expected those of the keys, 3 pixels",
        ),
        (
            _without_all(
                *(f"blocks.3.0.{part}.{name}.weight" for part in ("dw_start", "dw_mid") for name in ("conv", "bn"))
            ),
            "a stage 3 of its tower that begins without filters",
        ),
        (
            _reshaped("blocks.1.0.dw_mid.conv.weight", (96, 1, 4, 4)),
            r"has shape \[96, 1, 4, 4\]: expected \[96, 1, n, n\] with an odd n",
        ),
        (_reshaped("blocks.3.1.attn.output.proj.weight", (40, 48)), r"has shape \[40, 48\]: expected \[40, 48, 1, 1\]"),
        (
            _reshaped("blocks.0.0.bn2.weight", (8,)),
            r"blocks.0.0.bn2.weight of the tower .* has shape \[8\]: expected \[16\]",
        ),
        (
            _reshaped("blocks.7.0.pw_exp.conv.weight", (8, 8, 1, 1)),
            r"has the blocks \[0, 1, 2, 3, 7\] … of a tower: expected them numbered from 0 on",
        ),
        (
            _reshaped("blocks.1.0.dw_end.conv.weight", (24, 1, 3, 3)),
            "1 tensors of a tower that this config.json does not have, such as .*dw_end",
        ),
        (_reshaped("blocks.3.0.dw_mid.conv.weight", (192, 0, 5, 5)), "has shape"),
    ],
)
def test_towers_that_cannot_be_written_are_refused(
    folder: Path, tmp_path: Path, change: Callable[[Values], None], sentence: str
) -> None:
    values = stored_values(folder)
    change(values)
    _refused(_with(folder, values, tmp_path / "other"), sentence)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"vision_config": None}, "vision_config is None: expected the settings of a MobileNet-V5"),
        (
            {"vision": {"architecture": "resnet50"}},
            "vision_config.architecture is 'resnet50': expected mobilenetv5_300m_enc",
        ),
        ({"vision": {"model_args": {"stem_size": 8}}}, "vision_config.model_args is .*: expected None"),
        ({"vision": {"hidden_size": 2048}}, "hidden_size is 2048: expected 48, what the tower makes"),
        ({"vision": {"rms_norm_eps": "x"}}, "rms_norm_eps is 'x': expected a positive number"),
        ({"eoi_token_id": 4}, "eoi_token_id is 4: expected one of the 8 tokens of pictures"),
        ({"vision_soft_tokens_per_image": 8}, "vision_soft_tokens_per_image is 8, for pictures of 96 pixels"),
        ({"vision_soft_tokens_per_image": 16}, "expected a square, of a number that divides 6"),
        ({"prepared": {"size": 80}}, "vision_soft_tokens_per_image is 9, for pictures of 80 pixels"),
        ({"prepared": {"size": {"height": 96, "width": 64}}}, "size is .*: expected a square"),
        ({"prepared": {"size": {"height": 1024}}}, "size.height is 1024: expected a whole number from 1 to 768"),
        ({"prepared": {"size": 96, "do_normalize": True}}, "do_normalize is True: expected False"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    folder: Path, tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    config, other = MOBILENET.config, tmp_path / "other"
    config["vision_config"] |= changes.pop("vision", {})
    shutil.copytree(folder, other)
    if prepared := changes.pop("prepared", None):
        (other / "preprocessor_config.json").write_text(json.dumps(prepared))
    (other / "config.json").write_text(json.dumps(config | changes))
    _refused(other, sentence)


def test_a_tower_that_no_gpu_has_textures_for_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convolutions, "MAX_ROWS", 90)
    shutil.copytree(folder, tmp_path / "other")
    _refused(tmp_path / "other", r"makes 96 × 96 × 3 numbers of a picture at once, .*: expected 90 each way")


def test_pictures_are_768_pixels_where_no_file_says_it(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    (other / "preprocessor_config.json").unlink()
    (other / "processor_config.json").write_text(json.dumps({"image_processor": {"size": {"height": 96, "width": 96}}}))
    assert "96 × 96 pixels" in convert_checkpoint(other, tmp_path / "m.task", pictures=True).notes[-1]
    (other / "processor_config.json").unlink()
    (other / "config.json").write_text(json.dumps(MOBILENET.config | {"vision_soft_tokens_per_image": 256}))
    assert "768 × 768 pixels and 257" in convert_checkpoint(other, tmp_path / "m.task", pictures=True).notes[-1]


def _refused(folder: Path, sentence: str) -> None:
    with pytest.raises(CheckpointError, match=sentence):
        convert_checkpoint(folder, folder / "m.task", pictures=True)
    assert not (folder / "m.task").exists()


def _with(folder: Path, values: Values, other: Path) -> Path:
    """The same checkpoint with these weights."""
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns("*.safetensors"))
    write_shards(other, values)
    return other
