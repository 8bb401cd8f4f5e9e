"""From a checkpoint, or a web file, to a graph in each container. What it computes: test_native.py."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.convert.web_file import convert_checkpoint
from builder.errors import CheckpointError, OnpageError, OutputError, UnsupportedModel
from builder.formats.graph_description import GraphDescription
from builder.formats.graph_reader import Graph
from builder.formats.inspect_model import inspect_model
from builder.formats.litertlm_reader import LitertlmFile
from builder.formats.task_reader import TaskFile
from builder.graph.convert import convert_to_graph
from builder.model.opened import OpenedCheckpoint
from builder.model.turns import AskedTurns
from builder.quantize.scheme import Quantization
from tests.checkpoints import gemma1_config, gemma2_config, gemma3_config, write_checkpoint, write_shards
from tests.forked import onpage
from tests.gguf_files import write_gguf
from webapp.paths import DEMO_MODEL
from webapp.served_models import ServedModel


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "checkpoint", gemma3_config(max_position_embeddings=512, num_hidden_layers=1))


def test_each_container_holds_the_graph(checkpoint: Path, tmp_path: Path) -> None:
    paths = [tmp_path / f"model{suffix}" for suffix in (".tflite", ".litertlm", ".task")]
    for path in paths:
        written = convert_to_graph(checkpoint, path)
        assert (written.path, written.size, written.context) == (path, path.stat().st_size, 512)
    alone = Graph.open(paths[0])
    bundled = [LitertlmFile.open(paths[1]).model, TaskFile.open(paths[2]).graph]
    for graph in bundled:
        assert isinstance(graph, Graph)
        assert graph.signatures == alone.signatures
        with graph.path.open("rb") as data:
            data.seek(graph.offset)
            assert data.read(graph.size) == paths[0].read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint", *sorted(path.name for path in paths)]


@pytest.mark.parametrize("config", [gemma1_config, gemma2_config, gemma3_config])
def test_a_stream_too_large_for_float16_is_scaled_as_in_the_web_file(config: Any, tmp_path: Path) -> None:
    """MediaPipe runs graphs in float16, too. Byte for byte what is made of the web file, which is scaled exactly."""
    checkpoint = write_checkpoint(tmp_path / "c", config(vocab_size=512), residual=4096.0)
    web = convert_checkpoint(checkpoint, tmp_path / "web.task")
    assert web.residual_scale < 1
    written = convert_to_graph(checkpoint, tmp_path / "c.tflite", smooth=False)
    assert f"residual stream scaled by 1/{1 / web.residual_scale:,.0f}, so that float16 holds it" in written.notes
    assert written.sha256 == convert_to_graph(web.path, tmp_path / "w.tflite").sha256
    plain = convert_checkpoint(checkpoint, tmp_path / "plain.task", residual_scale=1.0)
    written = convert_to_graph(checkpoint, tmp_path / "c.tflite", residual_scale=1.0, smooth=False)
    assert written.sha256 == convert_to_graph(plain.path, tmp_path / "w.tflite").sha256
    with pytest.raises(OnpageError, match="is a web file, which goes over as it is"):
        convert_to_graph(web.path, tmp_path / "w.tflite", residual_scale=0.5)
    with pytest.raises(OnpageError, match="is a web file, which goes over as it is"):
        convert_to_graph(web.path, tmp_path / "w.tflite", smooth=True)


def test_inputs_are_evened_out_for_int8_activations_and_noted(checkpoint: Path, tmp_path: Path) -> None:
    def smoothed_on(**options: Any) -> str | None:
        written = convert_to_graph(checkpoint, tmp_path / "m.tflite", **options)
        said = GraphDescription.of(Graph.open(written.path))
        assert said and any("evened out" in note for note in written.notes) == (said.smoothed_on is not None)
        return said.smoothed_on

    assert smoothed_on() == "onpage's text"
    assert smoothed_on(activations="float32", smooth=True) == "onpage's text"
    assert smoothed_on(activations="float32") is None and smoothed_on(smooth=False) is None
    assert smoothed_on(quantization=Quantization.of("4")) is None  # nothing there becomes int8


@pytest.mark.parametrize(
    "quantization", [Quantization.of("8", embedding="q4_0"), Quantization.of("q4_0"), Quantization.of("4")]
)
def test_it_has_as_many_weights_as_the_web_file(checkpoint: Path, tmp_path: Path, quantization: Quantization) -> None:
    """The scales of blocks are no weights: with them a small model's web file and graph could not be offered as one model."""
    web = convert_checkpoint(checkpoint, tmp_path / "web.task", quantization=quantization)
    convert_to_graph(web.path, tmp_path / "graph.litertlm")
    found = inspect_model(tmp_path / "graph.litertlm").parameters
    assert 0 <= found - web.parameters < 2000  # the angles of the positions and a few numbers more
    served = ServedModel.read((web.path, tmp_path / "graph.litertlm"))
    assert [file.format for file in served.files] == ["web", "litertlm-graph"]


def test_the_signatures_are_as_asked(checkpoint: Path, tmp_path: Path) -> None:
    convert_to_graph(checkpoint, tmp_path / "m.tflite", context=300, prefill=[64, 16])
    graph = Graph.open(tmp_path / "m.tflite")
    assert (graph.context_length, graph.prefill_lengths, graph.vocabulary) == (300, [16, 64], 4096)
    assert graph.problem() is None and graph.mediapipe_problem() is None


def test_the_bundle_stops_where_the_checkpoint_says(checkpoint: Path, tmp_path: Path) -> None:
    (checkpoint / "generation_config.json").write_text('{"eos_token_id": [1, 7]}')
    convert_to_graph(checkpoint, tmp_path / "m.litertlm")
    metadata = LitertlmFile.open(tmp_path / "m.litertlm").metadata
    assert [list(stop.token_ids.ids) for stop in metadata.stop_tokens] == [[1], [5], [7]]
    assert metadata.prompt_templates.user.prefix == "<start_of_turn>user\n"


def test_weights_that_are_no_numbers_leave_nothing(checkpoint: Path, tmp_path: Path) -> None:
    opened = OpenedCheckpoint.complete(checkpoint).checkpoint
    stored = {
        name: np.concatenate([rows[:] for _, rows in opened.bands(tensor)]).reshape(tensor.shape)
        for name, tensor in opened.tensors.items()
    }
    for name in ("model.norm.weight", "model.layers.0.mlp.up_proj.weight"):
        broken = stored[name].copy()
        broken.flat[5] = np.inf
        write_shards(checkpoint, stored | {name: broken})
        with pytest.raises(CheckpointError, match=name):
            convert_to_graph(checkpoint, tmp_path / "m.litertlm")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_bad_input_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"end the name so"):
        convert_to_graph(checkpoint, tmp_path / "model.bin")
    with pytest.raises(OnpageError, match="MediaPipe does not load a graph made for float32"):
        convert_to_graph(checkpoint, tmp_path / "model.task", activations="float32")
    with pytest.raises(OutputError, match="does not exist: create the folder first"):
        convert_to_graph(checkpoint, tmp_path / "nowhere" / "model.task")
    with pytest.raises(CheckpointError):
        convert_to_graph(tmp_path / "none", tmp_path / "model.task")
    link = tmp_path / "model.litertlm"
    link.symlink_to(checkpoint / "tokenizer.model")
    with pytest.raises(OutputError, match="part of the checkpoint"):
        convert_to_graph(checkpoint, link)


def test_blocks_are_refused_where_no_engine_multiplies_them(tmp_path: Path) -> None:
    narrow = write_checkpoint(tmp_path / "narrow", gemma3_config(num_hidden_layers=1, hidden_size=144))
    quantization = Quantization.of("8", feedforward="q4_0")
    with pytest.raises(OnpageError, match="which no engine multiplies with float32 activations"):
        convert_to_graph(narrow, tmp_path / "m.litertlm", quantization=quantization, activations="float32")
    with pytest.raises(UnsupportedModel, match=r"144 inputs, which blocks of 32 do not divide.*feedforward"):
        convert_to_graph(narrow, tmp_path / "m.litertlm", quantization=quantization)


def test_a_gguf_file_makes_the_graph_of_what_it_holds(tmp_path: Path) -> None:
    config = gemma3_config(num_hidden_layers=1, vocab_size=512)
    floats = write_gguf(tmp_path / "f.gguf", config, folder=tmp_path / "folder")
    graphs = [convert_to_graph(path, tmp_path / "m.tflite").path.read_bytes() for path in (floats, tmp_path / "folder")]
    assert graphs[0] == graphs[1]
    blocks = write_gguf(tmp_path / "q.gguf", config, types="Q4_0")
    written = convert_to_graph(blocks, tmp_path / "m.litertlm")
    assert written.quantization == "int4 in blocks of 32"
    assert "of the integers are one step smaller" in written.notes[0], "half of its scales are below zero"


def test_a_web_file_goes_over_as_it_is(tmp_path: Path) -> None:
    for chosen in ({"quantization": Quantization.of("4")}, {"merge": tmp_path}, {"turns": AskedTurns("a", "b", ())}):
        with pytest.raises(OnpageError, match="is a web file, which goes over as it is"):
            convert_to_graph(DEMO_MODEL, tmp_path / "m.litertlm", **chosen)
    graph = convert_to_graph(DEMO_MODEL, tmp_path / "m.tflite").path
    with pytest.raises(OnpageError, match="is a LiteRT graph already: onpage bundle"):
        convert_to_graph(graph, tmp_path / "m.litertlm")
    web = Path(shutil.copy(DEMO_MODEL, tmp_path / "web.task"))
    with pytest.raises(OutputError, match="is the web file itself"):
        convert_to_graph(web, web)


def test_the_command_says_what_came_of_it(checkpoint: Path, tmp_path: Path) -> None:
    options = ["--target", "graph", "--bits", "q4_0", "--embedding-bits", "8", "-o", tmp_path / "m.litertlm"]
    done = onpage("convert", checkpoint, *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert "int4 in blocks of 32, embedding int8, activations int8" in done.stdout
    refused = onpage("convert", DEMO_MODEL, *options)
    assert refused.returncode == 1 and "quantize, merge and set turns when you convert its checkpoint" in refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--context", "512"],
        ["--prefill", "32"],
        ["--activations", "float32"],
        ["--target", "graph", "--lora", "a"],
        ["--target", "graph", "--report"],
        ["--target", "graph", "--report-text", "a"],
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(arguments: list[str], tmp_path: Path) -> None:
    done = onpage("convert", tmp_path, "-o", tmp_path / "m.litertlm", *arguments)
    assert done.returncode == 2 and "--target" in done.stderr + " ".join(arguments)
    assert done.stderr.splitlines()[-1].startswith("Error: ")


def test_it_says_that_blocks_are_slow_in_a_page(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "c", gemma3_config(max_position_embeddings=512, num_hidden_layers=1))

    def said(bits: str) -> list[str]:
        quantization = Quantization.of("8", embedding=bits)
        notes = convert_to_graph(path, tmp_path / "m.tflite", quantization=quantization).notes
        return [note for note in notes if "in blocks (q4_0), which" in note]

    matrices = [weight for weight in OpenedCheckpoint.complete(path).weights.tensors if weight.is_matrix]
    [embedding] = [weight for weight in matrices if weight.part == "embedding"]
    share = embedding.size / sum(weight.size for weight in matrices)
    assert said("4") == [] and [note.split()[0] for note in said("q4_0")] == [f"{share:.0%}"]
