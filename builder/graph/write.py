"""Writes a graph: lays it out, then streams the weights to their places, band after band, on every core."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from builder.convert.write_tensors import thread_count
from builder.errors import OnpageError, UnsupportedModel
from builder.files.writing import write_beside
from builder.formats.graph_description import MADE_BY
from builder.formats.tflite_schema import Activations
from builder.graph.decoder import decoder_functions
from builder.graph.layout import GraphLayout
from builder.graph.numbers import Integers, Numbers, Schemes
from builder.graph.packing import packed_rows
from builder.graph.parameters import GraphParameters, Placed
from builder.graph.settings import GraphSettings
from builder.model.described_in_json import to_json
from builder.model.description import ModelDescription
from builder.model.weights import is_norm
from builder.quantize.scheme import ROLE_OF, ROLES, described

Report = Callable[[int, int], None]
"""Told the bytes done and in all."""


@dataclass(frozen=True)
class Written:
    """What is to be said of a graph."""

    quantization: str
    """In words."""
    notes: tuple[str, ...]
    """What of the integers is not as it was."""


def write_graph(
    output: Path,
    model: ModelDescription,
    numbers: Numbers,
    settings: GraphSettings,
    report: Report | None = None,
    smoothed_on: str | None = None,
) -> Written:
    """Writes the graph of a model; `smoothed_on` is noted in it. Raises the errors of builder.errors; `output` is then as it was."""
    refuse_what_no_engine_computes(numbers, settings.activations)
    parameters, layout = graph_layout(model, numbers, settings, smoothed_on)
    with write_beside(output, layout.size) as part:
        part.write_at(0, layout.header)
        writing = Writing(part, layout, report, positive=settings.activations == "int8")
        writing.run(work_on(parameters, numbers, model.norm_offset))
    return Written(quantization_of(numbers), notes_on_written(writing.moved, numbers))


def graph_layout(
    model: ModelDescription, schemes: Schemes, settings: GraphSettings, smoothed_on: str | None = None
) -> tuple[GraphParameters, GraphLayout]:
    """Where everything of a model's graph lies, before a weight is read."""
    parameters = GraphParameters(schemes)
    functions = decoder_functions(model, settings, parameters)
    facts = {"model": to_json(model), "activations": settings.activations}
    said = json.dumps(facts | ({"smoothed on": smoothed_on} if smoothed_on else {})).encode()
    return parameters, GraphLayout.of(functions.signatures, functions.decompositions, {MADE_BY: said})


def notes_on_written(moved: int, numbers: Numbers) -> tuple[str, ...]:
    """What is to be said of the integers, `moved` of which have another value than they had."""
    return (*_note_on_moved(moved, numbers), *_note_on_blocks(numbers))


def _note_on_blocks(numbers: Numbers) -> tuple[str, ...]:
    matrices = [weight for weight in numbers.tensors if weight.is_matrix]
    slow = sum(weight.size for weight in matrices if numbers.scheme_of(weight).block)
    if not slow:
        return ()
    share = slow / sum(weight.size for weight in matrices)
    return (
        f"{share:.0%} of the weights are in blocks (q4_0), which the processor's engine multiplies about four times slower in a page "
        f"than 8 or 4 bits without blocks (docs/graph.md)",
    )


def _note_on_moved(moved: int, numbers: Numbers) -> tuple[str, ...]:
    if not moved:
        return ()
    share = moved / sum(weight.size for weight in numbers.tensors if weight.is_matrix)
    return (
        f"{share:.2%} of the integers are one step smaller: engines take no scale below zero with int8 activations, and -8 (or -128) "
        f"has no opposite",
    )


def quantization_of(numbers: Schemes) -> str:
    """In words."""
    found: dict[str, dict[str, None]] = {role: {} for role in ROLES}
    for weight in numbers.tensors:
        if weight.is_matrix:
            found[ROLE_OF[weight.part]][str(numbers.scheme_of(weight))] = None
    return described({role: " and ".join(schemes) for role, schemes in found.items() if schemes})


def refuse_what_no_engine_computes(numbers: Schemes, activations: Activations) -> None:
    """OnpageError, or UnsupportedModel, for blocks that cannot be multiplied."""
    for weight in numbers.tensors:
        if not weight.is_matrix or (block := numbers.scheme_of(weight).block) is None:
            continue
        if activations == "float32":
            raise OnpageError(
                f"{weight.source} would have blocks of {block} inputs with a scale each, which no engine multiplies with float32 "
                f"activations: leave --activations out, or choose 8 or 4 bits without blocks.",
                subject="activations",
            )
        if weight.inputs % block:
            raise UnsupportedModel(
                f"{weight.source} has {weight.inputs:,} inputs, which blocks of {block} do not divide: choose a scheme without "
                f"blocks for its role, {ROLE_OF[weight.part]}.",
                subject=str(weight.source),
            )


Work = Callable[[], Integers | NDArray[np.float32]]


def work_on(parameters: GraphParameters, numbers: Numbers, norm_offset: float) -> Iterator[tuple[Placed, int, Work]]:
    """(where, row of the parameter, what gives the rows)."""
    for placed in parameters.placed():
        if placed.parameter.scheme is None:
            values = numbers.vector(placed.weight)
            yield placed, 0, partial(_vector, values, norm_offset if is_norm(placed.weight.part) else 0.0)
        else:
            for first, piece in numbers.matrix(placed.weight):
                yield placed, placed.first + first, piece


def _vector(values: NDArray[np.float32], offset: float) -> NDArray[np.float32]:
    """A norm's factors, or what is added to a projection."""
    return values + np.float32(offset)


class Target(Protocol):
    """What a graph is written into."""

    def write_at(self, offset: int, data: bytes | memoryview) -> None:
        """Writes all of `data` at `offset`, counted from the beginning of the graph; from any thread."""


class Writing:
    """Weights on their way to their places. The threads take turns at fetching the next band and work on it side by side, as in builder.convert.write_tensors."""

    def __init__(self, part: Target, layout: GraphLayout, report: Report | None, *, positive: bool) -> None:
        """`positive`: as of packed_rows."""
        self._part, self._layout, self._report, self._positive = part, layout, report, positive
        self._turn, self._stopped = threading.Lock(), threading.Event()
        self._done = len(layout.header)
        self.moved = 0

    def run(self, work: Iterator[tuple[Placed, int, Work]]) -> None:
        """Until there is no more work."""
        threads = thread_count()
        with ThreadPoolExecutor(threads, "onpage-graph") as pool:
            try:
                running = {pool.submit(self._work, work) for _ in range(threads)}
                while running:  # with a limit: a signal that another thread received does not wake this one
                    done, running = wait(running, timeout=0.1, return_when=FIRST_EXCEPTION)
                    for one in done:
                        one.result()
            finally:
                self._stopped.set()

    def _work(self, work: Iterator[tuple[Placed, int, Work]]) -> None:
        while not self._stopped.is_set():
            with self._turn:
                item = next(work, None)
            if item is None:
                return
            placed, row, compute = item
            found, places, scheme = compute(), self._layout.places[placed.parameter], placed.parameter.scheme
            if isinstance(found, np.ndarray):
                self._write(places.values, found)
                continue
            assert scheme
            rows = packed_rows(found, scheme, positive=self._positive)
            with self._turn:
                self.moved += rows.moved
            self._write(places.values + row * rows.values.shape[1], rows.values)
            end = row + len(rows.scales)
            for place in places.scales:
                first, last = max(row, place.first), min(end, place.first + place.count)
                if first < last:
                    position = place.position + (first - place.first) * rows.scales[0].nbytes
                    self._write(position, rows.scales[first - row : last - row])

    def _write(self, position: int, values: NDArray[np.generic]) -> None:
        data = np.ascontiguousarray(values).data.cast("B")
        self._part.write_at(position, data)
        with self._turn:
            self._done += len(data)
            if self._report:
                self._report(min(self._done, self._layout.size), self._layout.size)
