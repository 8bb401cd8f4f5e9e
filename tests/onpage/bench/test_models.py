"""What `--model` means, and the cache of made models."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from builder.errors import BenchError, OnpageError, StoreError
from builder.formats.sniff import Format, sniff_file
from builder.formats.web_file_reader import WebFile
from builder.graph.convert import convert_to_graph
from builder.model.families import describe, weights_of
from builder.quantize.scheme import INT4, INT8, Q4_0, Quantization
from onpage.bench.measured_models import GENERATION, Synthetic, cache_folder, find_model, weight_bytes
from tests.checkpoints import gemma3_config, write_checkpoint
from webapp.paths import DEMO_MODEL

TINY = "synth:layers=1@int4"


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("ONPAGE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_synthetic_model_in_words() -> None:
    plain = Synthetic.parse("synth:gemma3-1b@int4")
    assert (plain.shape, plain.quantization.embedding, plain.seed) == ("gemma3-1b", INT4, 0)
    assert plain.file == "synth-gemma3-1b-int4-web.task"
    mixed = Synthetic.parse("synth:hidden=128,layers=2@q4_0,embedding=int8,attention=int4,seed=7")
    assert (mixed.shape, mixed.seed) == ("hidden=128,layers=2", 7)
    scheme = mixed.quantization
    assert (scheme.embedding, scheme.attention, scheme.feedforward) == (INT8, INT4, Q4_0)
    assert Synthetic.parse("synth:gemma3-1b").quantization.embedding == INT8


def test_whatever_changes_the_bytes_is_in_the_key() -> None:
    names = ("a@int4", "a@int8", "b@int4", "a@int4,seed=1", "a@int4,embedding=int8", "a@int4,attention=int8", "a@q4_0")
    keys = {Synthetic.parse(f"synth:{name}").key for name in names}
    assert len(keys) == len(names)
    assert all("/" not in key for key in keys)
    assert Synthetic.parse("synth:a@int4,embedding=int4").key == Synthetic.parse("synth:a@int4").key


@pytest.mark.parametrize(
    "name",
    [
        "synth:",
        "synth:@int4",
        "synth:gemma3-1b@int3",
        "synth:gemma3-1b@int4,norms=int8",
        "synth:gemma3-1b@int4,embedding=8",
        "synth:gemma3-1b@int4,seed=-1",
        "synth:gemma3-1b@int4,seed=4294967296",
        "synth:gemma3-1b@int4,seed=",
    ],
)
def test_what_is_no_synthetic_model_is_refused(name: str, home: Path) -> None:
    with pytest.raises(BenchError, match="expected synth:SHAPE@QUANTIZATION"):
        find_model(name, ["mediapipe"])
    assert not home.exists()


@pytest.mark.parametrize("name", ["synth:gemma9@int4", "synth:../../x@int4", "synth:hidden=128,layers@int8"])
def test_an_unknown_shape_is_refused_before_anything_is_made(name: str, home: Path) -> None:
    with pytest.raises(OnpageError, match="is not a shape"):
        find_model(name, ["mediapipe"])
    assert not home.exists()


def test_a_synthetic_model_is_made_once(home: Path) -> None:
    made = find_model(TINY, ["mediapipe"])
    assert made.path.is_relative_to(home) and (made.origin, made.synthetic) == ("synth", True)
    before = made.path.stat()
    calls: list[str] = []
    again = find_model(TINY, ["mediapipe"], lambda phase, done, total: calls.append(phase))
    assert (again, again.path.stat().st_mtime_ns, calls) == (made, before.st_mtime_ns, [])
    assert [path.name for path in made.path.parent.iterdir()] == ["synth-layers-1-int4-web.task"]


def test_its_weights_are_those_of_this_generation() -> None:
    """A cache that is older would hold others: whoever changes what synth makes raises GENERATION, and this number."""
    assert GENERATION == 1
    file = WebFile.open(find_model(TINY, ["mediapipe"]).path)
    weights = b"".join(file.read(name) for name in sorted(file.tensors))
    assert zlib.crc32(weights) == 888801903


def test_an_engine_that_takes_bundles_gets_one_of_the_same_weights() -> None:
    made = find_model(TINY, ["mediapipe", "litert-lm"])
    [bundle] = made.others
    assert bundle.name == "synth-layers-1-int4.litertlm" and bundle.parent == made.path.parent
    assert sniff_file(bundle) is Format.LITERTLM
    assert made.arguments == [f"{made.path},{bundle}"]
    assert find_model(TINY, ["litert-lm"]) == made


def test_the_demo_has_a_file_for_every_engine() -> None:
    demo = find_model("demo", ["mediapipe", "litert-lm", "litert-lm-cpu"])
    assert (demo.path, demo.origin) == (DEMO_MODEL, "demo")
    assert len(demo.others) == 2


def test_a_model_that_nobody_knows(home: Path) -> None:
    with pytest.raises(StoreError, match="neither a file nor a known model"):
        find_model("nothing", ["mediapipe"])
    assert cache_folder() == home / "bench"


def test_the_weights_that_a_token_reads() -> None:
    size = weight_bytes(find_model(TINY, ["mediapipe"]).path)
    weights = 4096 * 128 + 128 * (2 * 256 + 2 * 64) + 3 * 128 * 512
    assert size == pytest.approx(weights / 2, rel=0.1)
    demo = find_model("demo", ["litert-lm-cpu"])
    [web, bundled, graph] = [weight_bytes(path) for path in (demo.path, *demo.others)]
    assert web and web == bundled
    assert graph == pytest.approx(web, rel=0.01), "the same integers, in another layout"


@pytest.mark.parametrize(("bits", "of_a_weight", "of_an_output"), [("8", 1, 4), ("4", 1 / 2, 4), ("q4_0", 9 / 16, 0)])
def test_the_weights_that_a_token_reads_of_a_graph(
    bits: str, of_a_weight: float, of_an_output: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its head in parts, which are rows of the embedding."""
    monkeypatch.setattr("builder.graph.parameters.MAX_PART", 20_000)
    made = convert_to_graph(
        write_checkpoint(tmp_path / "checkpoint", gemma3_config()),
        tmp_path / "m.litertlm",
        quantization=Quantization.of(bits),
    )
    matrices = [w for w in weights_of(describe(gemma3_config(), Path("config.json"))) if w.is_matrix]
    assert weight_bytes(made.path) == sum(w.size * of_a_weight + w.outputs * of_an_output for w in matrices)
