"""The weights of a graph are those of the web file that it was made of, and what `onpage evaluate` says of it follows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.convert.web_file import convert_checkpoint
from builder.errors import ModelFileError, OnpageError
from builder.formats.bundled_graph import graph_in
from builder.formats.graph_weights import GraphWeights, to_bfloat16
from builder.formats.litertlm_reader import LitertlmFile
from builder.formats.web_file_reader import WebFile
from builder.graph import parameters
from builder.graph.convert import convert_to_graph
from builder.model.described_in_json import to_json
from builder.quantize.scheme import Quantization
from builder.reference.arithmetic import Arithmetic
from builder.reference.evaluated import Evaluated, evaluate_model
from builder.reference.graph_source import GraphSource
from builder.reference.sources import WebFileSource
from builder.synth.web_file import FIRST_WORD, word
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.goldens.llama_cases import CONFIGS
from tests.graph_reference import graph_writer
from tests.llama_checkpoints import write_llama

MIXED = Quantization.of("4", attention="8", feedforward="q4_0", embedding="8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Web files and graphs of a checkpoint in 8 bits and mixed, and a text."""
    folder = tmp_path_factory.mktemp("graph-source")
    write_checkpoint(folder / "c", gemma3_config(vocab_size=1024, num_hidden_layers=2), seed=5)
    for name, quantization in (("8", Quantization.of()), ("mixed", MIXED)):
        web = convert_checkpoint(folder / "c", folder / f"{name}-web.task", quantization=quantization)
        convert_to_graph(web.path, folder / f"{name}.litertlm", context=64)
    convert_to_graph(folder / "8-web.task", folder / "8.task", context=64)
    ids = np.random.default_rng(0).integers(FIRST_WORD, 1024, 60)
    (folder / "text.txt").write_text("".join(f" {word(int(i))}" for i in ids))
    return folder


@pytest.mark.parametrize(("name", "web"), [("8.litertlm", "8"), ("8.task", "8"), ("mixed.litertlm", "mixed")])
def test_the_weights_are_the_web_files(name: str, web: str, folder: Path) -> None:
    ours = GraphSource(GraphWeights.open(graph_in(folder / name).graph))
    theirs = WebFileSource(WebFile.open(folder / f"{web}-web.task"))
    assert ours.model == theirs.model
    close = {"rtol": 5e-4 if web == "mixed" else 1e-6, "atol": 1e-6}  # scales of blocks are float16 there
    for index in range(len(ours.model.layers)):
        layer = theirs.layer(index)
        assert ours.layer(index).keys() == layer.keys()
        for part, values in ours.layer(index).items():
            np.testing.assert_allclose(values, layer[part], err_msg=part, **close)
    np.testing.assert_allclose(ours.whole("final_norm"), theirs.whole("final_norm"), **close)
    ids = np.array([[7, 900], [7, 3]])
    np.testing.assert_allclose(ours.embedding_rows(ids), theirs.embedding_rows(ids), **close)
    bands = [np.concatenate([rows for _, rows in source.embedding_bands()]) for source in (ours, theirs)]
    np.testing.assert_allclose(*bands, **close)


def test_scales_of_blocks_are_multiplied_as_bfloat16(folder: Path) -> None:
    """XNNPACK keeps them so for 8-bit activations; rows that are looked up, and a scale for each output, stay as they are."""
    weights = GraphWeights.open(graph_in(folder / "mixed.litertlm").graph)
    exact, multiplied = GraphSource(weights), GraphSource(weights, "int8")
    for part in ("query", "gate", "down"):
        stored, found = exact.layer(0)[part], multiplied.layer(0)[part]
        if part == "query":
            np.testing.assert_array_equal(found, stored)
            continue
        assert (found != stored).any()
        np.testing.assert_allclose(found, stored, rtol=2.0**-8)
        # a block's least step: of integers up to 7, with a scale of 8 significant bits, each weight has 11 at most
        np.testing.assert_array_equal(found, significant(found, 11))
        assert (stored != significant(stored, 11)).any()
    ids = np.array([7, 900])
    np.testing.assert_array_equal(multiplied.embedding_rows(ids), exact.embedding_rows(ids))


def significant(values: NDArray[np.float32], bits: int) -> NDArray[np.float32]:
    """The values to so many significant bits."""
    fractions, exponents = np.frexp(values)
    return np.ldexp(np.rint(np.ldexp(fractions, bits)), exponents - bits)


def test_bfloat16_is_the_nearest_of_two_and_even_between_them() -> None:
    values = np.array([1, 1 + 2.0**-8, 1 + 3 * 2.0**-8, 1 + 2.0**-8 + 2.0**-20, -0.3], np.float32)
    assert to_bfloat16(values).tolist() == [1, 1, 1 + 2.0**-6, 1 + 2.0**-7, np.float32(-0.30078125)]


@pytest.mark.parametrize("name", CONFIGS)
def test_the_weights_of_a_graph_of_llamas_kind_are_its_checkpoints(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parameters, "MAX_PART", 20_000)
    checkpoint = write_llama(tmp_path / "model", CONFIGS[name], seed=3)
    convert_to_graph(checkpoint, tmp_path / "graph.litertlm", context=64, smooth=False)
    ours = Evaluated.open(tmp_path / "graph.litertlm", "float32")
    theirs, opened = graph_writer(checkpoint)
    source = ours.predictor.source
    assert to_json(source.model) == to_json(opened.model)
    for index in range(len(source.model.layers)):
        layer = theirs.source.layer(index)
        assert source.layer(index).keys() == layer.keys()
        for part, values in source.layer(index).items():
            np.testing.assert_allclose(values, layer[part], rtol=1e-6, atol=1e-6, err_msg=part)
    np.testing.assert_allclose(source.whole("final_norm"), theirs.source.whole("final_norm"), rtol=1e-6, atol=1e-6)
    heads = [np.concatenate([rows for _, rows in each.head_bands()]) for each in (source, theirs.source)]
    np.testing.assert_allclose(*heads, rtol=1e-6)
    assert (ours.tokenizer.pieces, ours.tokenizer.alone_id) == (opened.tokenizer.pieces, opened.tokenizer.alone_id)
    text = tmp_path / "text.txt"
    text.write_text("The library opens on 5 May, and it closes again in June.")
    found = evaluate_model(tmp_path / "graph.litertlm", against=checkpoint, texts=[text], precision="float32").all
    assert found.divergence and found.divergence.value < 0.01


def test_what_a_bundle_says_of_its_tokenizer_is_checked(tmp_path: Path) -> None:
    graph, changed = tmp_path / "graph.litertlm", tmp_path / "changed.litertlm"
    convert_to_graph(write_llama(tmp_path / "model"), graph, context=64)
    data = graph.read_bytes()
    section = LitertlmFile.open(graph).section("HF_Tokenizer_Zlib")
    assert section
    for size in (1, (1 << 64) - 1):
        changed.write_bytes(data[: section.offset] + size.to_bytes(8, "little") + data[section.offset + 8 :])
        with pytest.raises(ModelFileError, match="its tokenizer does not unpack"):
            evaluate_model(changed)
    changed.write_bytes(data[: section.offset + 8] + b"no zlib" + data[section.offset + 15 :])
    with pytest.raises(ModelFileError, match="its tokenizer does not unpack"):
        evaluate_model(changed)


def test_a_graph_is_computed_with_the_activations_that_it_asks_for(folder: Path, tmp_path: Path) -> None:
    texts = [folder / "text.txt"]

    def divergence(graph: Path, **how: object) -> float:
        found = evaluate_model(graph, against=folder / "8-web.task", texts=texts, **how).all.divergence  # type: ignore[arg-type]
        assert found
        return found.value

    convert_to_graph(folder / "8-web.task", tmp_path / "float32.litertlm", activations="float32", context=64)
    assert divergence(tmp_path / "float32.litertlm") < 1e-9
    assert divergence(folder / "8.litertlm", precision="float32") < 1e-9
    assert divergence(folder / "8.litertlm") > 1e-6
    assert divergence(folder / "8.litertlm") == pytest.approx(
        divergence(folder / "8-web.task", precision="int8"), rel=1e-3
    )


def test_a_head_in_parts_is_read_as_one(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameters, "MAX_PART", 20_000)
    convert_to_graph(folder / "8-web.task", tmp_path / "parted.litertlm", context=64)
    whole, parted = (
        evaluate_model(path, texts=[folder / "text.txt"])
        for path in (folder / "8.litertlm", tmp_path / "parted.litertlm")
    )
    assert whole == parted


def test_inputs_of_matrices_are_integers_of_eight_bits() -> None:
    x = np.array([[0.0, 1.0, 2.55], [-1.0, -0.5, -0.25], [0.0, 0.0, 0.0], [-3.0, 1.0, 0.004]], np.float32)
    found = Arithmetic("int8").factor(x)
    steps = np.array([2.55, 1.0, 0.0, 4.0]) / 255
    assert (np.abs(found - x) <= steps[:, None] / 2 + 1e-6).all()
    assert (found[x == 0] == 0).all(), "zero is an integer"
    for row, step in zip(found, steps, strict=True):
        if step:
            np.testing.assert_allclose(row / step, np.rint(row / step), atol=1e-3)
    np.testing.assert_array_equal(Arithmetic().factor(x), x)


def test_graphs_that_do_not_say_what_they_compute_are_refused(folder: Path, tmp_path: Path) -> None:
    data = (folder / "8.litertlm").read_bytes()
    foreign = tmp_path / "foreign.litertlm"
    foreign.write_bytes(data.replace(b"onpage", b"others"))
    with pytest.raises(ModelFileError, match="Graphs of other makers cannot be evaluated"):
        evaluate_model(foreign)
    wrong = tmp_path / "wrong.litertlm"
    wrong.write_bytes(data.replace(b'"heads": 2', b'"heads": 9').replace(b'"heads": 4', b'"heads": 9'))
    with pytest.raises(ModelFileError, match=r"does not hold layer_0\."):
        evaluate_model(wrong, texts=[folder / "text.txt"])
    torn = tmp_path / "torn.litertlm"
    torn.write_bytes(data.replace(b'{"model": {"', b'{"model": ["'))
    with pytest.raises(ModelFileError, match="does not say in JSON what it computes"):
        evaluate_model(torn)
    torn.write_bytes(data.replace(b'"key_value_heads": 1', b'"key_value_heads": 0'))
    with pytest.raises(ModelFileError, match="describes its model wrongly: Attention"):
        evaluate_model(torn)


def test_a_description_that_is_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "c", gemma3_config(num_hidden_layers=16))
    convert_to_graph(tmp_path / "c", tmp_path / "graph.litertlm", context=64)
    data = (tmp_path / "graph.litertlm").read_bytes()
    start = data.index(b'{"model": {"')
    (tmp_path / "nested.litertlm").write_bytes(data[:start] + b"[" * 4000 + data[start + 4000 :])
    with pytest.raises(ModelFileError, match="does not say in JSON what it computes"):
        evaluate_model(tmp_path / "nested.litertlm")


def test_a_graph_needs_its_tokenizer_and_takes_no_adapter(folder: Path, tmp_path: Path) -> None:
    convert_to_graph(folder / "8-web.task", tmp_path / "bare.tflite", context=64)
    with pytest.raises(ModelFileError, match="without the tokenizer"):
        evaluate_model(tmp_path / "bare.tflite")
    with pytest.raises(OnpageError, match="takes no adapter file: merge the adapter"):
        evaluate_model(folder / "8.litertlm", adapter=tmp_path / "a.bin")
