"""Models of the store: served by id, described by their manifest, not hashed again unless they were touched."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

import webapp.served_files
import webapp.served_models
from builder.errors import StoreError
from builder.formats.inspect_web_file import PromptTemplate, Sampling
from builder.store import Store
from builder.store.choosing import choose
from builder.store.importing import import_file
from webapp.app import Config, create_app
from webapp.errors import ModelFileChangedError, ModelFileMissingError
from webapp.paths import DEMO, SHIPPED


@pytest.fixture
def store(tmp_path: Path, pristine: Path) -> Store:
    store = Store(tmp_path / "store")
    import_file(store, pristine, id="small")
    return store


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that the server hashes."""
    paths: list[Path] = []
    real = webapp.served_models.sha256_of

    def sha256_of(path: Path) -> str:
        paths.append(path)
        return real(path)

    for module in (webapp.served_models, webapp.served_files):
        monkeypatch.setattr(module, "sha256_of", sha256_of)
    return paths


def test_a_stored_model_is_served_without_being_hashed(store: Store, pristine: Path, hashed: list[Path]) -> None:
    client = create_app(Config(models=[store.get("small")])).test_client()
    (model,) = client.get("/api/models").get_json()
    assert hashed == []
    assert (model["name"], model["file"]) == ("small", "tiny-web.task")
    assert model["url"] == f"models/{model['sha256']}/tiny-web.task"
    with client.get(model["url"]) as response:
        assert response.data == pristine.read_bytes()
        assert response.headers["ETag"] == f'"{model["sha256"]}"'
    for wrong in (model["sha256"], "small-web.task", "small"):
        assert client.get(f"/models/{model['sha256']}/{wrong}").status_code == 404
    by_path = create_app(Config(models=[pristine])).test_client().get("/api/models").get_json()
    assert hashed == [pristine]
    assert by_path == [model | {"name": "tiny"}], "the manifest says what the file says"


def test_turns_and_sampling_of_the_manifest_reach_the_page(store: Store, pristine: Path) -> None:
    small = store.get("small")
    turns = PromptTemplate("<|turn>user\n", "<turn|>\n<|turn>model\n")
    manifest = replace(
        small.manifest, template=turns, sampling=Sampling(0.25, 7), context=512, quantization=None, parameters=None
    )
    model = replace(small, manifest=manifest)
    (shown,) = create_app(Config(models=[model])).test_client().get("/api/models").get_json()
    assert shown["promptTemplate"] == {"prefix": turns.prefix, "suffix": turns.suffix, "system": None}
    assert shown["sampling"] == {"temperature": 0.25, "topK": 7, "seed": 1, "maxTokens": 512}
    assert shown["quantization"] is None and shown["parameters"] is None


def test_name_and_licence_of_the_manifest_reach_the_page(store: Store) -> None:
    small = store.get("small")
    named = replace(small, manifest=replace(small.manifest, name="Small Gemma", licence="Gemma Terms of Use"))
    (shown,) = create_app(Config(models=[named])).test_client().get("/api/models").get_json()
    assert shown["name"] == "Small Gemma" and shown["demo"] is False
    assert shown["licence"] == {"name": "Gemma Terms of Use", "page": "https://ai.google.dev/gemma/terms"}
    other = replace(small, manifest=replace(small.manifest, licence="Of my own"))
    (shown,) = create_app(Config(models=[other])).test_client().get("/api/models").get_json()
    assert shown["name"] == "small" and shown["licence"] == {"name": "Of my own", "page": None}


def test_the_demo_model_says_that_it_is_one(pristine: Path) -> None:
    listed = create_app(Config(models=[DEMO, pristine])).test_client().get("/api/models").get_json()
    assert [(model["demo"], model["licence"]) for model in listed] == [(True, None), (False, None)]


def test_a_touched_content_is_hashed_again(store: Store, hashed: list[Path]) -> None:
    model = store.get("small")
    later = model.manifest_path.stat().st_mtime_ns + 10**9
    os.utime(model.path, ns=(later, later))
    create_app(Config(models=[model]))
    assert hashed == [model.path]
    model.path.chmod(0o644)
    with model.path.open("r+b") as file:
        file.write(b"?")
    os.utime(model.path, ns=(later, later))
    with pytest.raises(ModelFileChangedError, match="run onpage verify small"):
        create_app(Config(models=[model]))


def test_a_model_removed_while_it_is_served(store: Store) -> None:
    client = create_app(Config(models=[store.get("small")])).test_client()
    (model,) = client.get("/api/models").get_json()
    store.remove("small")
    response = client.get(model["url"])
    assert (response.status_code, response.get_json()["error"]) == (404, "model_missing")
    assert str(store.folder) not in response.text


def test_a_model_removed_and_imported_again_while_it_is_served(store: Store, pristine: Path) -> None:
    client = create_app(Config(models=[store.get("small")])).test_client()
    (model,) = client.get("/api/models").get_json()
    store.remove("small")
    assert client.get(model["url"]).status_code == 404
    import_file(store, pristine, id="small")
    with client.get(model["url"]) as response:
        assert (response.status_code, response.data) == (200, pristine.read_bytes())


def test_adding_the_same_content_again_does_not_disturb_who_serves_it(store: Store, pristine: Path) -> None:
    client = create_app(Config(models=[store.get("small")])).test_client()
    (model,) = client.get("/api/models").get_json()
    import_file(store, pristine, id="second")
    import_file(store, pristine, id="small")
    with client.get(model["url"]) as response:
        assert response.status_code == 200


def test_a_model_removed_before_it_is_served(store: Store) -> None:
    model = store.get("small")
    store.remove("small")
    with pytest.raises(ModelFileMissingError):
        create_app(Config(models=[model]))


def test_a_published_model_has_its_published_name(store: Store, pristine: Path) -> None:
    import_file(store, pristine, id="gemma3-1b-int4")
    (shown,) = create_app(Config(models=[store.get("gemma3-1b-int4")])).test_client().get("/api/models").get_json()
    assert shown["name"] == "Gemma 3 1B"


def test_what_a_name_means(store: Store, pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose("small", store, SHIPPED) == (store.get("small"),)
    assert choose("demo", store, SHIPPED) == DEMO
    assert choose(str(pristine), store, SHIPPED) == (pristine,)
    assert choose("none-web.task", store, SHIPPED) == (Path("none-web.task"),), "the server says that it is missing"
    assert choose(f"small, {pristine}", store, SHIPPED) == (store.get("small"), pristine)
    monkeypatch.chdir(tmp_path)
    Path("small").write_bytes(b"a file of this name")
    assert choose("small", store, SHIPPED) == (Path("small"),)
    Path("with,comma.task").write_bytes(b"a file of this name")
    assert choose("with,comma.task", store, SHIPPED) == (Path("with,comma.task"),)
    with pytest.raises(
        StoreError, match=r"gemma3-1b-int4 is published, but not stored here: run onpage fetch gemma3-1b"
    ):
        choose("gemma3-1b-int4", store, SHIPPED)
    with pytest.raises(StoreError, match=r"neither a file nor a known model. Stored: demo, small\."):
        choose("gemma9", store, SHIPPED)
