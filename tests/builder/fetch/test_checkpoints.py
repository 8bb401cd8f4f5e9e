"""A checkpoint by its name on the hub: what is fetched, that it is kept and gone on with, and that the file says the commit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import onpage
from builder.errors import FetchError, GatedError
from builder.fetch.checkpoints import fetch_checkpoint
from builder.fetch.located import names_a_repository
from builder.fetch.patience import PassingError
from builder.formats.inspect_model import inspect_model
from builder.formats.inspect_web_file import Sampling, WebFileFacts
from builder.store import Store
from builder.tower.gemma3n import PREPARING
from onpage.command import cli
from tests.adapters import write_adapter
from tests.builder.fetch.hub import COMMIT, REPO, STRANGER, TOKEN, Handler, Hub
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.gguf_files import write_gguf
from tests.goldens.encoder_cases import ENCODERS

CONFIG = gemma3_config(num_hidden_layers=2, vocab_size=512)
UNWANTED = {"README.md": b"#", "training_args.bin": b"x" * 99, "flax_model.msgpack": b"y" * 99, "onnx/model.onnx": b"z"}


@pytest.fixture(autouse=True)
def surroundings(hub: Hub, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.take_the_place_of_hugging_face(tmp_path / "no-token", monkeypatch)
    monkeypatch.setenv("ONPAGE_HOME", str(store.folder))
    hub.others = {}


def offer(hub: Hub, folder: Path, **more: bytes) -> dict[str, bytes]:
    """Puts the files of a folder on the hub, and others that nobody wants."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    hub.others = files | UNWANTED | more
    return files


def fetched(store: Store, source: str = REPO, **options: Any) -> Any:
    return fetch_checkpoint(source, store, lambda sentence: None, retries=0, **options)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def conversion_of(path: Path) -> dict[str, str]:
    facts = inspect_model(path)
    assert isinstance(facts, WebFileFacts)
    return facts.conversion


@pytest.mark.parametrize("shards", [1, 3])
def test_a_folder_is_fetched_without_the_rest(hub: Hub, store: Store, tmp_path: Path, shards: int) -> None:
    files = offer(hub, write_checkpoint(tmp_path / "c", CONFIG, shards=shards))
    seen: list[tuple[str, int, int]] = []
    here = fetched(store, progress=lambda *facts: seen.append(facts))
    assert {path.name: path.read_bytes() for path in here.path.iterdir() if path.name != "onpage.json"} == files
    assert (here.name, here.commit) == (REPO, COMMIT) and here.received == sum(map(len, files.values()))
    assert here.path == store.folder / "checkpoints" / REPO.replace("/", "--") / COMMIT
    assert seen and {phase for phase, _, _ in seen} == {"download"} and seen[-1][1] == seen[-1][2]
    assert not store.unfinished()


def test_what_says_how_a_picture_is_prepared_is_fetched(hub: Hub, store: Store, tmp_path: Path) -> None:
    """By which a Gemma 3n's tower is made for pictures of its size."""
    folder = write_checkpoint(tmp_path / "c", CONFIG)
    for name in PREPARING:
        (folder / name).write_text('{"size": 96}')
    files = offer(hub, folder)
    here = fetched(store)
    assert {name: (here.path / name).read_bytes() for name in PREPARING} == {name: files[name] for name in PREPARING}


def test_what_is_here_is_not_fetched_again(hub: Hub, store: Store, tmp_path: Path) -> None:
    offer(hub, write_checkpoint(tmp_path / "c", CONFIG))
    first = fetched(store)
    hub.script()
    again = fetched(store)
    assert again.path == first.path and again.received == 0 and not hub.of("cdn") and not hub.of("get")
    hub.script()
    assert fetched(store, f"{REPO}@{COMMIT}").path == first.path
    assert not hub.requests  # a commit never changes


def test_without_the_hub_what_is_here_is_taken(hub: Hub, store: Store, tmp_path: Path) -> None:
    offer(hub, write_checkpoint(tmp_path / "c", CONFIG))
    first = fetched(store)
    said: list[str] = []
    hub.script(api=[lambda handler: handler.answer(503, {"Retry-After": "0"})] * 2)
    again = fetch_checkpoint(REPO, store, said.append, retries=0)
    assert (again.path, again.commit, again.received) == (first.path, COMMIT, 0)
    assert "503" in said[-1] and f"What is here of {REPO} is taken, commit {COMMIT[:12]}." in said[-1]
    with pytest.raises(FetchError, match="503"):
        fetched(store, f"{REPO}@another")


def test_an_interrupted_transfer_goes_on(hub: Hub, store: Store, tmp_path: Path) -> None:
    files = offer(hub, write_checkpoint(tmp_path / "c", CONFIG))
    half = len(files["model.safetensors"]) // 2
    hub.script(cdn=[lambda handler: handler.whole(stop=half)])
    with pytest.raises(FetchError):
        fetched(store)
    assert store.unfinished()
    hub.script()
    here = fetched(store)
    assert here.received == len(files["model.safetensors"]) - half
    assert [request.range for request in hub.of("cdn")] == [f"bytes={half}-"]
    assert (here.path / "model.safetensors").read_bytes() == files["model.safetensors"]


def damaged(handler: Handler) -> None:
    data = bytearray(handler.hub.others[handler.named()])
    data[-2] ^= 1
    handler.answer(200, {"Content-Length": str(len(data))}, bytes(data))


def test_a_damaged_small_file_is_refused(hub: Hub, store: Store, tmp_path: Path) -> None:
    offer(hub, write_checkpoint(tmp_path / "c", CONFIG))
    hub.script(get=[damaged])
    with pytest.raises(FetchError, match=r"config\.json came damaged: git's sum"):
        fetched(store)
    assert not list((store.folder / "checkpoints").rglob("config.json"))
    assert fetched(store).path.is_dir()


def test_a_login_page_is_no_checkpoint(hub: Hub, store: Store, tmp_path: Path) -> None:
    offer(hub, write_checkpoint(tmp_path / "c", CONFIG))
    hub.script(cdn=[lambda handler: handler.answer(200, {}, b"<html>log in</html>")])
    with pytest.raises(FetchError, match=r"sends 19 bytes as model\.safetensors"):
        fetched(store)


def test_one_gguf_file_of_several(hub: Hub, store: Store, tmp_path: Path) -> None:
    q4 = write_gguf(tmp_path / "m-Q4_0.gguf", CONFIG, types="Q4_0").read_bytes()
    q8 = write_gguf(tmp_path / "m-Q8_0.gguf", CONFIG, types="Q8_0").read_bytes()
    hub.others = {"m-Q4_0.gguf": q4, "m-Q8_0.gguf": q8} | UNWANTED
    with pytest.raises(
        FetchError, match=r"2 GGUF files: name one with --file, or .*/m-Q4_0.gguf\), of m-Q4_0.gguf, m-Q8_0.gguf"
    ):
        fetched(store)
    here = fetched(store, file="m-Q4_0.gguf")
    assert here.path.read_bytes() == q4 and here.name == f"{REPO}/m-Q4_0.gguf" and here.received == len(q4)
    assert fetched(store, f"{REPO}/m-Q8_0.gguf@main").path.read_bytes() == q8
    hub.others = {"m-Q4_0.gguf": q4}
    assert fetched(store).path.read_bytes() == q4


def test_all_parts_of_a_split_file(hub: Hub, store: Store) -> None:
    hub.others = {f"q4/m-0000{i}-of-00002.gguf": bytes([i]) * 100 for i in (1, 2)}
    here = fetched(store, file="q4/m-00002-of-00002.gguf")
    assert here.path.name == "m-00002-of-00002.gguf" and here.received == 200
    assert sorted(path.name for path in here.path.parent.iterdir()) == [f"m-0000{i}-of-00002.gguf" for i in (1, 2)]


REFUSED: dict[str, tuple[Callable[[Hub], dict[str, bytes]], dict[str, Any], str]] = {
    "no such file": (lambda hub: {"m.gguf": b"GGUF"}, {"file": "n.gguf"}, "has no file 'n.gguf' at commit c0ffee"),
    "no checkpoint": (lambda hub: {"notes.txt": b"x"}, {}, "holds no checkpoint that onpage reads: .* it has README.md, notes.txt"),
    "a shard is missing": (
        lambda hub: {"config.json": b"{}", "model.safetensors.index.json": b'{"weight_map": {"a": "model-00001-of-00001.safetensors"}}'},
        {},
        "has no file 'model-00001-of-00001.safetensors'",
    ),
    "an index without a map": (
        lambda hub: {"config.json": b"{}", "model.safetensors.index.json": b'{"weight_map": [1]}'},
        {},
        "names no files of weights",
    ),
    "a path that leads out": (
        lambda hub: {"config.json": b"{}", "model.safetensors.index.json": b'{"weight_map": {"a": "../../x.safetensors"}}'},
        {},
        r"has no file '\.\./\.\./x.safetensors'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_fetched_is_one_sentence(hub: Hub, store: Store, case: str) -> None:
    files, options, words = REFUSED[case]
    hub.file, hub.others = "README.md", files(hub)
    with pytest.raises(FetchError, match=words):
        fetched(store, **options)


def test_another_revision_is_another_folder(hub: Hub, store: Store, tmp_path: Path) -> None:
    offer(hub, write_checkpoint(tmp_path / "c", CONFIG))
    first = fetched(store)
    hub.commit = "beef" + "0" * 36
    offer(hub, write_checkpoint(tmp_path / "d", CONFIG, seed=1))
    second = fetched(store)
    assert first.path.is_dir() and second.path.name == hub.commit
    assert (first.path / "model.safetensors").read_bytes() != (second.path / "model.safetensors").read_bytes()


def test_a_gated_one_says_where_to_ask(hub: Hub, store: Store, tmp_path: Path) -> None:
    offer(hub, write_checkpoint(tmp_path / "c", CONFIG))
    hub.gated = True
    for token in (None, STRANGER):
        with pytest.raises(GatedError, match="accept its licence at"):
            fetched(store, token=token)
    assert fetched(store, token=TOKEN).path.is_dir()
    assert "authorization" not in repr([request.headers for request in hub.of("cdn")])


def test_convert_takes_the_name_and_notes_the_commit(hub: Hub, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", CONFIG)
    offer(hub, folder)
    output = tmp_path / "m.task"
    result = run("convert", f"{REPO}@main", "-o", output, "--json")
    assert result.exit_code == 0, result.output
    assert conversion_of(output) == {"checkpoint": REPO, "revision": COMMIT, "scale": "max"}
    assert f"checkpoint\t{REPO}" in run("inspect", output, "--summary").output
    assert onpage.convert(REPO, tmp_path / "n.task").sha256 == json.loads(result.stdout)["sha256"]


def test_convert_takes_one_file(hub: Hub, tmp_path: Path) -> None:
    hub.others = {
        f"m-{kind}.gguf": write_gguf(tmp_path / f"m-{kind}.gguf", CONFIG, types=kind).read_bytes()
        for kind in ("Q4_0", "Q8_0")
    }
    output = tmp_path / "m.task"
    result = run("convert", REPO, "--file", "m-Q4_0.gguf", "-o", output)
    assert result.exit_code == 0, result.output
    assert conversion_of(output)["checkpoint"] == f"{REPO}/m-Q4_0.gguf" and "went over as they are" in result.output


def offer_encoder(hub: Hub, folder: Path, **more: bytes) -> dict[str, bytes]:
    """A model that makes vectors of texts, its folders included, and what else such repositories have."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    strays = {"onnx/model.safetensors": b"x" * 99, "vocab.txt": b"w5", "2_Dense/pytorch_model.bin": b"x"}
    hub.others = files | UNWANTED | strays | more
    return files


@pytest.mark.parametrize("case", ["bert", "bert-cls", "gemma"])
def test_a_model_of_vectors_by_its_name(hub: Hub, store: Store, tmp_path: Path, case: str) -> None:
    folder = ENCODERS[case].write(tmp_path / "c")
    files = offer_encoder(hub, folder)
    output = tmp_path / "m.litertlm"
    result = run("convert", REPO, "-o", output, "--json")
    assert result.exit_code == 0, result.output
    here = store.folder / "checkpoints" / REPO.replace("/", "--") / COMMIT
    found = {str(path.relative_to(here)) for path in here.rglob("*") if path.is_file()}
    assert found == {*files, "onpage.json"}
    alike = onpage.convert_embedder(folder, tmp_path / "n.litertlm")
    assert json.loads(result.stdout)["sha256"] == alike.sha256
    hub.script()
    assert onpage.convert_embedder(REPO, tmp_path / "o.litertlm").sha256 == alike.sha256 and not hub.of("get")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "m.task"], "a model that makes vectors is written as .litertlm"),
        (["-o", "m.litertlm", "--bits", "auto", "--target-size", "9MB"], "is for models that write texts"),
        (["-o", "m.litertlm", "--report"], "leave out --report"),
        (["-o", "m.litertlm", "--lora", "adapter"], "compares texts and writes none"),
    ],
)
def test_what_a_model_of_vectors_has_not(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    offer_encoder(hub, ENCODERS["bert"].write(tmp_path / "c"))
    monkeypatch.chdir(tmp_path)
    result = run("convert", REPO, *arguments)
    assert result.exit_code != 0 and words in f"{result.output} {result.exception}"
    assert not list(tmp_path.glob("m.*"))
    assert hub.of("cdn") == [] or "auto" in arguments or "--report" in arguments, "the weights came for nothing"


def test_an_adapter_by_its_name(hub: Hub, tmp_path: Path) -> None:
    base = write_checkpoint(tmp_path / "c", CONFIG)
    adapter = write_adapter(tmp_path / "adapter", CONFIG, rank=4)
    (adapter / "generation_config.json").write_text('{"temperature": 0.3, "top_k": 8}')
    offer(hub, adapter)
    result = run("convert", base, "--lora", REPO, "-o", tmp_path / "hub.bin", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["sha256"] == onpage.convert_lora(base, adapter, tmp_path / "here.bin").sha256
    merged = run("convert", base, "--merge-lora", f"{REPO}@{COMMIT}", "-o", tmp_path / "m.task")
    assert merged.exit_code == 0, merged.output
    assert conversion_of(tmp_path / "m.task")["merged"] == f"{REPO}@{COMMIT}"
    assert onpage.inspect(tmp_path / "m.task").sampling == Sampling(0.3, 8)


def test_file_is_for_a_name_on_the_hub(tmp_path: Path) -> None:
    result = run("convert", write_checkpoint(tmp_path / "c", CONFIG), "--file", "m.gguf", "-o", tmp_path / "m.task")
    assert result.exit_code == 2 and "--file is for a repository of the hub" in result.output


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("google/gemma-3-270m-it", True),
        ("google/gemma-3-270m-it@main", True),
        ("owner/name/sub/file.gguf@v1.0", True),
        ("folder", False),
        ("./owner/name", False),
        ("/tmp/name", False),
        ("../name", False),
        ("~/name", False),
    ],
)
def test_what_is_a_name_on_the_hub(text: str, expected: bool) -> None:
    assert names_a_repository(text) is expected


def test_what_is_here_is_no_name_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor a slip of the pen in a folder that is here."""
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)
    assert not names_a_repository("models/gemma")


def test_a_passing_fault_is_tried_again(hub: Hub, store: Store, tmp_path: Path) -> None:
    offer(hub, write_checkpoint(tmp_path / "c", CONFIG))
    said: list[str] = []
    hub.script(get=[lambda handler: handler.answer(503, {"Retry-After": "0"})])
    assert fetch_checkpoint(REPO, store, said.append, retries=1).path.is_dir()
    assert len(said) == 1 and "503" in said[0] and issubclass(PassingError, Exception)
