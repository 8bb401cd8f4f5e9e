"""What a graph that onpage wrote says of itself in its metadata: the model that it computes, and with which activations.

Nobody vouches for the file: what it says is checked. Raises ModelFileError.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from builder.files.untrusted import UINT32, DamagedError, UntrustedBytes, opened
from builder.formats import tflite_schema as schema
from builder.formats.flatbuffer import Table, root_table
from builder.formats.graph_reader import MAX_TENSORS, Graph, place_of
from builder.formats.tflite_schema import Activations
from builder.model.described_in_json import from_json
from builder.model.description import ModelDescription

MADE_BY = "onpage"
"""The name of the metadata."""

MAX_SAID = 1 << 20
MAX_METADATA = 64
MAX_TEXT = 200


@dataclass(frozen=True)
class GraphDescription:
    """What is computed."""

    model: ModelDescription
    activations: Activations
    smoothed_on: str | None = None
    """The text on which the inputs of its matrices were evened out; None where they were not."""

    @classmethod
    def of(cls, graph: Graph) -> GraphDescription | None:
        """None where the graph says nothing, as those of other makers."""
        with opened(graph.path, graph.offset, graph.size) as content:
            said = _said(root_table(content), content)
            return None if said is None else _described(said)


def is_short_text(value: object) -> bool:
    """Whether it can be shown as a name."""
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()


def _said(root: Table, content: UntrustedBytes) -> Any:
    """The JSON of ours among the metadata, None where there is none."""
    buffers = list(root.tables(schema.MODEL_BUFFERS, MAX_TENSORS, "buffers"))
    for entry in root.tables(schema.MODEL_METADATA, MAX_METADATA, "metadata"):
        if entry.text(schema.METADATA_NAME) != MADE_BY:
            continue
        index = entry.number(schema.METADATA_BUFFER, UINT32)
        place, size = place_of(buffers[index], content) if index < len(buffers) else (0, 0)
        if not 0 < size <= MAX_SAID:
            raise DamagedError(f"says what it computes in {size:,} bytes: expected at most {MAX_SAID:,}")
        try:
            return json.loads(content.read(place, size))
        except (ValueError, RecursionError):
            raise DamagedError("does not say in JSON what it computes") from None
    return None


def _described(said: Any) -> GraphDescription:
    if not isinstance(said, dict) or said.keys() - {"smoothed on"} != {"model", "activations"}:
        raise DamagedError("does not say what it computes as onpage does")
    if said["activations"] not in ("int8", "float32"):
        raise DamagedError("does not say which activations it has")
    try:
        model = from_json(said["model"])
    except ValueError as error:
        raise DamagedError(f"describes its model wrongly: {error}") from None
    for attention in (layer.attention for layer in model.layers):
        if attention.head_dimension % 2 or not attention.key_value_heads or attention.heads % attention.key_value_heads:
            raise DamagedError(f"describes its model wrongly: {attention}")
    smoothed_on = said.get("smoothed on")
    if smoothed_on is not None and not is_short_text(smoothed_on):
        raise DamagedError("does not say in words what its inputs were evened out on")
    return GraphDescription(model, said["activations"], smoothed_on)
