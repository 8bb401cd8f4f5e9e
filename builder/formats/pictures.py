"""What a web file says of the pictures that go in: read from the graphs that make tokens of them, of which nobody vouches."""

from __future__ import annotations

from dataclasses import dataclass

from builder.errors import ModelFileError
from builder.formats.graph_reader import End, Graph
from builder.formats.web_file_reader import WebFile
from builder.formats.web_tensors import PICTURES

VALUES = {"int4": (2, 1), "int8": (1, 1), "float16": (1, 2), "float32": (1, 4)}
"""Of the types that hold weights: so many values in so many bytes."""


@dataclass(frozen=True)
class Pictures:
    """Those that go in."""

    height: int
    width: int
    """Pixels that any picture is stretched to."""
    tokens: int
    """Of each, its end included where the graphs write it."""
    parameters: int
    """Number of weights of what sees."""


def pictures_in(file: WebFile) -> Pictures | None:
    """None where none go in, or where the graphs, of others' files, say it otherwise than by signatures."""
    entries = [file.tensors[name] for name in PICTURES if name in file.tensors]
    if len(entries) != len(PICTURES):
        return None
    try:
        encoder, adapter = (Graph.open(file.path, entry.offset, entry.size) for entry in entries)
    except ModelFileError:
        return None
    picture, tokens = _only_end(encoder, "inputs"), _only_end(adapter, "outputs")
    if picture is None or tokens is None or len(picture.shape) != 4 or len(tokens.shape) != 3:
        return None
    return Pictures(*picture.shape[1:3], tokens.shape[1], _values(encoder) + _values(adapter))


def _only_end(graph: Graph, side: str) -> End | None:
    ends = [end for signature in graph.signatures.values() for end in getattr(signature, side).values()]
    return ends[0] if len(ends) == 1 else None


def _values(graph: Graph) -> int:
    known = ((size, VALUES[name]) for name, size in graph.weights.items() if name in VALUES)
    return sum(size * count // width for size, (count, width) in known)
