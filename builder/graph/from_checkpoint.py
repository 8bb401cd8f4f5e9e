"""A checkpoint folder → a graph, alone (`.tflite`) or bundled with its tokenizer (`.litertlm`, `.task`)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from builder.bundle import graph_source, write_litertlm, write_task
from builder.bundle.container import Part
from builder.bundle.source import Source, conversation_in
from builder.convert.web_file import Progress, llm_parameters, refuse_to_replace_an_input
from builder.errors import OnpageError, OutputError
from builder.files.digest import sha256_of
from builder.files.writing import folder_beside, write_beside
from builder.formats.inspect_web_file import Sampling
from builder.graph.settings import Activations, GraphSettings, Job
from builder.model.opened import OpenedCheckpoint
from builder.model.turns import NOTHING_ASKED, AskedTurns
from builder.model.weights import weight_count
from builder.quantize.scheme import ALL_INT8, Quantization

NEEDED = ("litert_torch", "torch")
SUFFIXES = (".litertlm", ".task", ".tflite")
SAID = 500
"""Characters of what a failed export said that an error repeats."""


@dataclass(frozen=True)
class WrittenGraph:
    """What came of it."""

    path: Path
    size: int
    sha256: str
    container: str
    family: str
    parameters: int
    quantization: str
    activations: str
    context: int
    prefill: tuple[int, ...]
    seconds: float
    notes: tuple[str, ...] = ()
    """As WrittenModel's."""

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self) | {"path": str(self.path)}


def convert_to_graph(
    folder: Path,
    output: Path,
    *,
    quantization: Quantization = ALL_INT8,
    activations: Activations = "int8",
    context: int | None = None,
    prefill: Sequence[int] = (),
    merge: Path | None = None,
    turns: AskedTurns = NOTHING_ASKED,
    progress: Progress | None = None,
) -> WrittenGraph:
    """Converts a Hugging Face folder to a LiteRT graph in `output`, whose suffix says the container.

    `context` and `prefill` as in GraphSettings, `folder`, `merge` and `turns` as in convert_checkpoint. Needs the extra `graph`.
    Raises the errors of builder.errors; `output` is then as it was.
    """
    started = time.monotonic()
    _check(output, activations)
    opened = OpenedCheckpoint.complete(folder, merge, turns)
    refuse_to_replace_an_input(opened, output)
    model, generation = opened.model, opened.generation
    settings = GraphSettings.of(
        model.context, quantization=quantization, activations=activations, context=context, prefill=prefill
    )
    parameters = llm_parameters(model, opened.tokenizer, opened.turns, generation.stop_ids)
    conversation = conversation_in(parameters, opened.tokenizer)
    with folder_beside(output) as work:
        job = Job(
            str(folder.absolute()),
            str(merge.absolute()) if merge else None,
            str(work / "model.tflite"),
            settings.recipe,
            settings.context,
            settings.prefill,
        )
        _export(job, work)
        sampling = Sampling(generation.temperature, generation.top_k)
        source = graph_source(Path(job.output), opened.tokenizer, conversation, model.family, sampling)
        size, sha256, container = _write(output, source, progress)
    return WrittenGraph(
        path=output,
        size=size,
        sha256=sha256,
        container=container,
        family=model.family,
        parameters=weight_count(opened.weights.tensors),
        quantization=str(settings.scheme),
        activations=settings.activations,
        context=settings.context,
        prefill=settings.prefill,
        seconds=round(time.monotonic() - started, 3),
        notes=opened.notes,
    )


def _check(output: Path, activations: Activations) -> None:
    """What can be said before anything is read."""
    if output.suffix not in SUFFIXES:
        raise OutputError(
            f"{output}: a graph is written as {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}; end the name so.",
            subject=output,
        )
    if output.suffix == ".task" and activations != "int8":
        raise OnpageError(
            "MediaPipe does not load a graph made for float32 activations: leave --activations out (on a GPU they are float32 "
            "anyway), or write a .litertlm.",
            subject="activations",
        )
    missing = next((name for name in NEEDED if find_spec(name) is None), None)
    if missing:
        raise OnpageError(
            f"A graph is made with {missing}, which is not installed: run pip install 'onpage[graph]' (2 GB), best in a virtual "
            f"environment of its own.",
            subject="graph",
        )


def _export(job: Job, work: Path) -> None:
    """Runs builder.graph.export; what it says is kept from our streams, and its end repeated where it fails."""
    log = work / "log"
    root = str(Path(__file__).parents[2])
    with log.open("wb") as sink:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "builder.graph.export", job.to_json()],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))},
            check=False,
        )
    if done.returncode or not Path(job.output).is_file():
        raise OnpageError(
            f"litert-torch could not export the model ({_ended(done.returncode)}): {_last_line(log)}",
            subject=job.checkpoint,
        )


def _ended(code: int) -> str:
    if code == -9:
        return "it was killed, most often for want of memory: it holds the model as float32 several times"
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][-SAID:] if lines else "it said nothing."


def _write(output: Path, source: Source, progress: Progress | None) -> tuple[int, str, str]:
    """Size, sha256 and container of what was written."""
    if output.suffix == ".tflite":
        part = Part("model", source.model)
        size, position = part.size, 0
        with write_beside(output, size) as file:
            for chunk in part.chunks():
                file.write_at(position, chunk)
                position += len(chunk)
                if progress:
                    progress("write", position, size)
        return size, sha256_of(output), "TFL3"
    written = (write_task if output.suffix == ".task" else write_litertlm)(output, source, progress)
    return written.size, written.sha256, written.container
