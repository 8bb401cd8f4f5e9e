"""One small random model, and the application around a copy of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from builder.quantize.scheme import Quantization
from builder.synth.web_file import synthesize
from webapp.app import Config, create_app
from webapp.export import write
from webapp.served_models import ServedModel


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny-web.task"
    synthesize("layers=1,vocab=512,context=1024", path, quantization=Quantization.of("4"))
    return path


@pytest.fixture
def model_path(pristine: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    path = tmp_path / pristine.name
    shutil.copy(pristine, path)
    return path


@pytest.fixture
def app(model_path: Path) -> Flask:
    return create_app(Config(models=[model_path]))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def model(app: Flask) -> ServedModel:
    (model,) = app.extensions["onpage_models"].values()
    return model


@pytest.fixture
def url(model: ServedModel) -> str:
    return f"/{model.to_json()['url']}"


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports without the engines' megabytes, for what they are no part of."""

    def create(config: Config) -> Flask:
        app = create_app(config)
        vendored = app.extensions["onpage_vendored"]
        app.extensions["onpage_vendored"] = {name: file for name, file in vendored.items() if "hash-wasm" in name}
        return app

    monkeypatch.setattr(write, "create_app", create)
