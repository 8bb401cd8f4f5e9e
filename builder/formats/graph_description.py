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


@dataclass(frozen=True)
class GraphDescription:
    """What is computed."""

    model: ModelDescription
    activations: Activations

    @classmethod
    def of(cls, graph: Graph) -> GraphDescription | None:
        """None where the graph says nothing, as those of other makers."""
        with opened(graph.path, graph.offset, graph.size) as content:
            said = _said(root_table(content), content)
            return None if said is None else _described(said)


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
    if not isinstance(said, dict) or said.keys() != {"model", "activations"}:
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
    return GraphDescription(model, said["activations"])
