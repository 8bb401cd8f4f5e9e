"""A checkpoint, or a web file, → a graph, alone (`.tflite`) or bundled with its tokenizer (`.litertlm`, `.task`)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from builder.bundle import Conversation, conversation_with, graph_source, web_source, write_litertlm, write_task
from builder.bundle.container import Part
from builder.bundle.source import Source
from builder.calibrate.prepare import TOKENS_OF_SCALES, Calibration, finite_survey
from builder.calibrate.smoothing import smoothed
from builder.calibrate.survey import Survey
from builder.convert.from_quantized import notes_on, suited
from builder.convert.layout import check_vocabulary
from builder.convert.residual_scale import BoundedResidual
from builder.convert.web_file import Progress, refuse_to_replace_an_input
from builder.errors import OnpageError, OutputError, UnsupportedModel
from builder.files.digest import sha256_of
from builder.files.writing import folder_beside, write_beside
from builder.formats.graph_reader import is_graph
from builder.formats.inspect_web_file import Sampling
from builder.formats.sniff import Format, is_gguf, sniff_file
from builder.formats.tflite_schema import Activations
from builder.formats.web_file_reader import WebFile
from builder.formats.web_model import described
from builder.graph.numbers import CheckpointNumbers, Numbers, WebFileNumbers
from builder.graph.settings import GraphSettings
from builder.graph.write import write_graph
from builder.model.description import ModelDescription
from builder.model.opened import OpenedCheckpoint
from builder.model.residual import UNSCALED, Asked, ResidualScale
from builder.model.tokenizer import Tokenizer
from builder.model.turns import NOTHING_ASKED, AskedTurns
from builder.model.weights import weight_count
from builder.quantize.scheme import Quantization
from builder.reference.sources import CheckpointSource

SUFFIXES = (".litertlm", ".task", ".tflite")


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


@dataclass(frozen=True)
class Input:
    """What a graph and its bundle are made of."""

    model: ModelDescription
    numbers: Numbers
    tokenizer: Tokenizer
    conversation: Conversation
    sampling: Sampling
    smoothed_on: str | None = None
    """The text whose inputs were evened out; None where none were."""
    notes: tuple[str, ...] = ()


def convert_to_graph(
    path: Path,
    output: Path,
    *,
    quantization: Quantization | None = None,
    activations: Activations = "int8",
    context: int | None = None,
    prefill: Sequence[int] = (),
    merge: Path | None = None,
    turns: AskedTurns = NOTHING_ASKED,
    residual_scale: Asked = None,
    smooth: bool | None = None,
    progress: Progress | None = None,
) -> WrittenGraph:
    """Converts a checkpoint, or a web file, to a LiteRT graph in `output`, whose suffix says the container.

    With int8 activations the inputs of matrices are evened out (builder.calibrate.smoothing), unless `smooth` is False. `context` and `prefill` as in GraphSettings, `path`, `merge`, `turns` and `residual_scale` as in convert_checkpoint. A web file is
    carried over value for value: its integers, scales and turns cannot be chosen. Raises the errors of builder.errors; `output` is then as it
    was.
    """
    started = time.monotonic()
    _check(output, activations)
    if path.is_file() and not is_gguf(path) and sniff_file(path) is Format.WEB:
        if (quantization, merge, residual_scale, smooth) != (None, None, None, None) or turns != NOTHING_ASKED:
            raise OnpageError(
                f"{path} is a web file, which goes over as it is: quantize, merge and set turns when you convert its checkpoint.",
                subject=path,
            )
        found = _from_web_file(path, output)
    else:
        smooths = activations == "int8" if smooth is None else smooth
        found = _from_checkpoint(path, output, quantization, merge, turns, residual_scale, smooths, progress)
    settings = GraphSettings.of(found.model.context, activations=activations, context=context, prefill=prefill)
    with folder_beside(output) as work:
        graph = work / "model.tflite"
        written = write_graph(
            graph,
            found.model,
            found.numbers,
            settings,
            progress and partial(progress, "write"),
            smoothed_on=found.smoothed_on,
        )
        source = graph_source(graph, found.tokenizer, found.conversation, found.model.family, found.sampling)
        size, sha256, container = _write(output, source, progress)
    return WrittenGraph(
        path=output,
        size=size,
        sha256=sha256,
        container=container,
        family=found.model.family,
        parameters=weight_count(found.numbers.tensors),
        quantization=written.quantization,
        activations=settings.activations,
        context=settings.context,
        prefill=settings.prefill,
        seconds=round(time.monotonic() - started, 3),
        notes=(*written.notes, *found.notes),
    )


def _from_checkpoint(
    path: Path,
    output: Path,
    quantization: Quantization | None,
    merge: Path | None,
    turns: AskedTurns,
    residual_scale: Asked,
    smooth: bool,
    progress: Progress | None,
) -> Input:
    opened = OpenedCheckpoint.complete(path, merge, turns)
    _refuse_what_is_no_graph_yet(opened.model)
    refuse_to_replace_an_input(opened, output)
    generation, quantization = opened.generation, quantization or suited(opened.weights)
    check_vocabulary(opened.model, opened.tokenizer)
    survey = _surveyed(opened, residual_scale, smooth, progress)
    residual = _residual(opened, residual_scale, survey)
    weights, smoothed_on = opened.weights, None
    if survey and survey.importance:
        evened = smoothed(weights, quantization, survey.importance, opened.model.norm_offset)
        if evened.inputs:
            weights, smoothed_on = evened, str(Calibration())
    scaled = [f"residual stream scaled by 1/{1 / residual.factor:,.0f}, so that float16 holds it"]
    return Input(
        opened.model,
        CheckpointNumbers(weights, quantization, residual),
        opened.tokenizer,
        conversation_with(opened.tokenizer, opened.turns, generation.stop_ids),
        Sampling(generation.temperature, generation.top_k),
        smoothed_on,
        (
            *(
                [f"inputs of the int8 matrices evened out, for int8 activations, on {smoothed_on}"]
                if smoothed_on
                else ()
            ),
            *(scaled if residual.factor != 1 else ()),
            *notes_on(opened.weights, quantization),
            *opened.notes,
        ),
    )


def _refuse_what_is_no_graph_yet(model: ModelDescription) -> None:
    if model.layers[0].scaled or model.residual_streams > 1:
        raise UnsupportedModel(
            f"A {model.family} cannot be a graph yet: convert it to a web file (leave --target out).",
            subject=model.family,
        )


def _surveyed(opened: OpenedCheckpoint, factor: Asked, smooth: bool, progress: Progress | None) -> Survey | None:
    """What a pass over a text shows, as far as anybody asks: how large the stream is, and the inputs of matrices."""
    scales = opened.model.norm_offset == 1 and factor is None
    if not scales and not smooth:
        return None
    source, tokenizer, report = (
        CheckpointSource(opened.model, opened.weights),
        opened.tokenizer,
        progress and partial(progress, "measure"),
    )
    texts = Calibration().texts(tokenizer, TOKENS_OF_SCALES) if smooth else None
    return finite_survey(source, opened.weights, tokenizer, texts, report)


def _residual(opened: OpenedCheckpoint, factor: Asked, survey: Survey | None) -> ResidualScale:
    """How the stream is scaled: not at all where no engine that computes in float16 runs the model."""
    model = opened.model
    if model.norm_offset != 1:
        if factor is None:
            return UNSCALED
        raise UnsupportedModel(
            f"The residual stream of a {model.family} is not scaled: its graph runs on processors, in float32. Leave "
            f"--residual-scale out.",
            subject="residual_scale",
        )
    if factor == "bound":
        return BoundedResidual.of(model, opened.weights).scale
    if factor is not None:
        return ResidualScale.of(model, factor)
    assert survey
    return ResidualScale.fitting(model, survey.largest_residual)


def _from_web_file(path: Path, output: Path) -> Input:
    if is_graph(path):
        raise OnpageError(
            f"{path} is a LiteRT graph already: onpage bundle puts it into another container.", subject=path
        )
    if output.exists() and output.samefile(path):
        raise OutputError(f"{output} is the web file itself: choose another file for the result.", subject=output)
    file = WebFile.open(path)
    if file.lora_rank is None:
        _refuse_what_is_no_graph_yet(described(file))
    source, numbers = web_source(path), WebFileNumbers(file)
    return Input(numbers.model, numbers, source.tokenizer, source.conversation, source.sampling)


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
                    progress("copy", position, size)
        return size, sha256_of(output), "TFL3"

    def bundling(phase: str, done: int, total: int) -> None:
        if progress:
            progress({"write": "copy", "verify": "check"}[phase], done, total)

    written = (write_task if output.suffix == ".task" else write_litertlm)(output, source, bundling)
    return written.size, written.sha256, written.container
