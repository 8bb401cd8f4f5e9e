"""One model in several files: what the page is told, and which files cannot be one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builder.store import Store
from builder.store.importing import import_file
from builder.synth.web_file import synthesize
from webapp.app import Config, create_app
from webapp.errors import FilesUnlikeError
from webapp.paths import DEMO, DEMO_BUNDLE, DEMO_GRAPH, DEMO_MODEL, static_folder
from webapp.served_models import ENGINES, TAKES_MEDIA


def test_the_demo_is_one_model_for_every_engine() -> None:
    client = create_app(Config(models=[DEMO])).test_client()
    [model] = client.get("/api/models").get_json()
    files = model["files"]
    assert [file["format"] for file in files] == ["web", "litertlm-web", "litertlm-graph"]
    assert [file["engines"] for file in files] == [["mediapipe"], ["litert-lm"], ["litert-lm-cpu"]]
    assert all(files[0][key] == model[key] for key in ("url", "size", "sha256", "quantization"))
    assert all(file["quantization"] == "int8" for file in files)
    for file, path in zip(files, DEMO, strict=True):
        assert file["size"] == path.stat().st_size
        assert file["context"] == 512
        with client.get(file["url"]) as response:
            assert response.data == path.read_bytes()


def test_one_file_is_for_the_engines_that_take_its_format() -> None:
    models = create_app(Config(models=[DEMO_GRAPH, [DEMO_BUNDLE]])).test_client().get("/api/models").get_json()
    assert [[file["format"] for file in model["files"]] for model in models] == [["litertlm-graph"], ["litertlm-web"]]


def test_the_page_knows_the_engines_that_the_server_names() -> None:
    registry = (static_folder() / "engine" / "registry.js").read_text(encoding="utf-8")
    entries = dict(re.findall(r'id: "(.+?)",.*?formats: \[(.+?)\]', registry, re.DOTALL))
    said = {identity: {name.strip(' "') for name in formats.split(",")} for identity, formats in entries.items()}
    offered = [*ENGINES.items(), *TAKES_MEDIA.items()]
    assert said == {
        identity: {form for form, engines in offered if identity in engines}
        for identity in {each for engines in ENGINES.values() for each in engines}
    }


def test_the_page_knows_what_goes_into_a_model(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    seeing = [
        import_file(store, DEMO_MODEL, id="seeing", takes=("image",)),
        import_file(store, DEMO_BUNDLE, id="hearing", takes=("audio", "image")),
        import_file(store, DEMO_GRAPH, id="graph", takes=("image",)),
    ]
    models = create_app(Config(models=[*seeing, [DEMO_BUNDLE]])).test_client().get("/api/models").get_json()
    assert [[file["modalities"] for file in model["files"]] for model in models] == [
        [["image"]],
        [["image", "audio"]],
        [[]],
    ]
    assert [model["files"][0]["engines"] for model in models] == [["mediapipe"], ["mediapipe"], ["litert-lm-cpu"]]
    assert store.models()[0].manifest.modalities is not None


def test_files_that_are_not_one_model_are_refused(tmp_path: Path) -> None:
    other, wordy = tmp_path / "other-web.task", tmp_path / "wordy-web.task"
    synthesize("layers=1,vocab=512,context=512", other)
    synthesize("hidden=256,ffn=640,layers=6,heads=4,kv=1,head=64,vocab=4096,window=512,context=512", wordy)
    with pytest.raises(FilesUnlikeError, match=r"one has [\d,]+ weights, the other 4,987,971"):
        create_app(Config(models=[(other, DEMO_GRAPH)]))
    with pytest.raises(FilesUnlikeError, match="both are for the same engine"):
        create_app(Config(models=[(DEMO_MODEL, other)]))
    with pytest.raises(FilesUnlikeError, match="tokenizers differ"):
        create_app(Config(models=[(wordy, DEMO_GRAPH)]))
