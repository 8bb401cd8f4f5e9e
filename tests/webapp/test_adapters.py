"""Adapters beside models: listed with those that they fit, served by their sha256, refused where they fit none."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from builder.errors import ModelFileError
from builder.formats.web_file_reader import WebFile
from builder.lora.adapter_file import convert_adapter
from builder.synth.web_file import shape_config, synthesize
from tests.adapters import write_adapter
from webapp.app import Config, create_app
from webapp.errors import AdapterUnfitError, ModelFileMissingError

SHAPE = "layers=1,vocab=512,context=1024"


@pytest.fixture
def adapter(model_path: Path, tmp_path: Path) -> Path:
    path = tmp_path / "cheerful-web.bin"
    convert_adapter(model_path, write_adapter(tmp_path / "peft", shape_config(SHAPE)), path)
    return path


def test_an_adapter_is_listed_with_the_models_that_it_fits(model_path: Path, adapter: Path, tmp_path: Path) -> None:
    synthesize("layers=2,vocab=512", tmp_path / "other.task")
    models = [tmp_path / "other.task", model_path]
    client = create_app(Config(models=models, loras=[adapter, adapter])).test_client()
    other, tiny = client.get("/api/models").get_json()
    assert other["adapters"] == []
    (listed,) = tiny["adapters"]
    sha256 = hashlib.sha256(adapter.read_bytes()).hexdigest()
    assert listed == {
        "id": sha256[:16],
        "name": "cheerful",
        "url": f"models/{sha256}/cheerful-web.bin",
        "size": adapter.stat().st_size,
        "sha256": sha256,
        "rank": 8,
    }
    with client.get(listed["url"]) as response:
        assert response.data == adapter.read_bytes()
        assert response.cache_control.immutable
    assert client.get(listed["url"].replace("cheerful", "other")).status_code == 404
    adapter.write_bytes(bytes(100))
    assert client.get(listed["url"]).status_code == 409
    adapter.unlink()
    assert client.get(listed["url"]).status_code == 404


def test_an_adapter_of_another_model_is_refused_by_name(adapter: Path, tmp_path: Path) -> None:
    synthesize("layers=2,vocab=512", tmp_path / "other.task")
    with pytest.raises(
        AdapterUnfitError, match=r"cheerful-web.bin fits none of the models \(other.task\): .*1 layers of 128"
    ):
        create_app(Config(models=[tmp_path / "other.task"], loras=[adapter]))


def test_what_is_no_adapter_is_refused(model_path: Path, adapter: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="is a model, not a LoRA adapter: use --model for it"):
        create_app(Config(models=[model_path], loras=[model_path]))
    with pytest.raises(ModelFileError, match="is a LoRA adapter"):
        create_app(Config(models=[adapter]))
    with pytest.raises(ModelFileMissingError):
        create_app(Config(models=[model_path], loras=[tmp_path / "none.bin"]))


def test_an_adapter_that_lacks_a_matrix_is_refused_by_name(model_path: Path, adapter: Path) -> None:
    """The engine would fail in the middle of a text."""
    name = "x_layers_0.self_attention.k.w_prime_left"
    adapter.write_bytes(adapter.read_bytes().replace(name.encode(), name.replace(".k.", ".K.").encode()))
    assert WebFile.open(adapter).lora_rank == 8
    with pytest.raises(ModelFileError, match=f"has no params.lm.transformer.{name} of 2,048 bytes"):
        create_app(Config(models=[model_path], loras=[adapter]))
