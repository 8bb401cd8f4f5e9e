"""From a checkpoint to a graph, all but the export itself, which needs 2 GB of packages (tests/goldens/check_graphs.py does it)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from builder.errors import CheckpointError, OnpageError, OutputError
from builder.formats.graph_reader import Graph
from builder.formats.litertlm_reader import LitertlmFile
from builder.formats.task_reader import TaskFile
from builder.graph import from_checkpoint as convert
from builder.graph.from_checkpoint import convert_to_graph
from builder.graph.settings import Job
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.graphs import write_graph
from tests.onpage.command.test_command import onpage
from webapp.paths import DEMO_GRAPH


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "checkpoint", gemma3_config(max_position_embeddings=512, num_hidden_layers=1))


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The demo model's graph takes the place of the one that litert-torch would write, which has as many rows."""
    jobs = []

    def export(job: Job, work: Path) -> None:
        jobs.append(job)
        file = LitertlmFile.open(DEMO_GRAPH)
        with DEMO_GRAPH.open("rb") as data:
            data.seek(file.decoder.offset)
            Path(job.output).write_bytes(data.read(file.decoder.size))

    monkeypatch.setattr(convert, "_export", export)
    monkeypatch.setattr(convert, "NEEDED", ())
    return jobs


def test_each_container_holds_the_graph(checkpoint: Path, tmp_path: Path, exported: list[Job]) -> None:
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


def test_the_exporter_is_told_what_was_asked(checkpoint: Path, tmp_path: Path, exported: list[Job]) -> None:
    convert_to_graph(checkpoint, tmp_path / "m.litertlm", activations="float32", context=300, prefill=[64])
    [job] = exported
    told = json.loads(job.to_json())
    assert told["checkpoint"] == str(checkpoint)
    assert (told["recipe"], told["context"], told["prefill"]) == ("weight_only_int8", 300, [64])


def test_the_bundle_stops_where_the_checkpoint_says(checkpoint: Path, tmp_path: Path, exported: list[Job]) -> None:
    (checkpoint / "generation_config.json").write_text('{"eos_token_id": [1, 7]}')
    convert_to_graph(checkpoint, tmp_path / "m.litertlm")
    metadata = LitertlmFile.open(tmp_path / "m.litertlm").metadata
    assert [list(stop.token_ids.ids) for stop in metadata.stop_tokens] == [[1], [5], [7]]
    assert metadata.prompt_templates.user.prefix == "<start_of_turn>user\n"


def test_a_failed_export_leaves_nothing_and_is_explained(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real process: without the extra it fails at its first import, with it at a recipe that there is not."""
    monkeypatch.setattr(convert, "NEEDED", ())
    monkeypatch.setattr("builder.graph.settings.GraphSettings.recipe", "no such recipe")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OnpageError, match=r"litert-torch could not export the model \(exit status 1\): \w+Error: "):
        convert_to_graph(checkpoint, tmp_path / "m.litertlm")
    assert sorted(tmp_path.iterdir()) == before


def test_a_killed_export_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killer = tmp_path / "killer"
    killer.write_text("#!/bin/sh\nkill -9 $$\n")
    killer.chmod(0o755)
    monkeypatch.setattr(convert.sys, "executable", str(killer))
    with pytest.raises(OnpageError, match="for want of memory"):
        convert._export(Job("c", None, str(tmp_path / "m.tflite"), "r", 1, (1,)), tmp_path)


def test_a_graph_that_no_engine_runs_is_not_written(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if another litert-torch named its signatures otherwise."""
    monkeypatch.setattr(convert, "NEEDED", ())
    monkeypatch.setattr(convert, "_export", lambda job, work: shutil.copy(write_graph(work / "other"), job.output))
    with pytest.raises(OnpageError, match="pieces"):
        convert_to_graph(checkpoint, tmp_path / "m.litertlm")
    assert not (tmp_path / "m.litertlm").exists()


def test_bad_input_is_refused_before_the_export(checkpoint: Path, tmp_path: Path, exported: list[Job]) -> None:
    with pytest.raises(OutputError, match=r"end the name so"):
        convert_to_graph(checkpoint, tmp_path / "model.bin")
    with pytest.raises(OnpageError, match="MediaPipe does not load a graph made for float32"):
        convert_to_graph(checkpoint, tmp_path / "model.task", activations="float32")
    with pytest.raises(OutputError, match="cannot be written"):
        convert_to_graph(checkpoint, tmp_path / "nowhere" / "model.task")
    with pytest.raises(CheckpointError):
        convert_to_graph(tmp_path / "none", tmp_path / "model.task")
    link = tmp_path / "model.litertlm"
    link.symlink_to(checkpoint / "tokenizer.model")
    with pytest.raises(OutputError, match="part of the checkpoint"):
        convert_to_graph(checkpoint, link)
    assert not exported


def test_without_the_extra_the_command_says_what_to_install(checkpoint: Path, tmp_path: Path) -> None:
    if convert.find_spec("litert_torch"):
        pytest.fail("This environment has the extra `graph`: run the tests in the one that `make test` makes.")
    done = onpage("convert", checkpoint, "--target", "graph", "-o", tmp_path / "m.litertlm")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1 and "pip install 'onpage[graph]'" in done.stderr


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
