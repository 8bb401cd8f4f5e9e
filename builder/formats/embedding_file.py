"""A `.litertlm` of a model that makes vectors of texts, which nobody vouches for: its two graphs, and what onpage wrote in its header of
how it is used. Raises ModelFileError.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from builder.errors import ModelFileError
from builder.formats.graph_reader import Graph
from builder.formats.litertlm_reader import Header, header_of

SAID = "onpage_embedding"
"""The entry of the header in which onpage says what the engine's own metadata has no field for."""

EMBEDDER, TEXT_ENCODER = "tf_lite_embedder", "tf_lite_text_encoder"
METADATA = "EmbeddingMetadataProto"

MAX_DIMENSIONS = 1 << 14
MAX_LENGTH = 1 << 16
MAX_TEXT = 200


@dataclass(frozen=True)
class EmbeddingFacts:
    """How a model is used."""

    family: str
    dimensions: int
    """Of a vector."""
    sizes: tuple[int, ...]
    """Lengths that a vector may be cut to, ascending; the last is `dimensions`."""
    lengths: tuple[int, ...]
    """Tokens that its functions read, ascending; the last is the most that a text may have."""
    query: str = ""
    """Stands in front of a text that is searched for."""
    document: str = ""
    """Stands in front of a text that is searched in."""
    parameters: int | None = None
    quantization: str | None = None
    activations: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is written."""
        return asdict(self)


@dataclass(frozen=True)
class EmbeddingFile:
    """An opened one."""

    path: Path
    size: int
    header: Header
    embedder: Graph
    encoder: Graph
    longest: int
    """Tokens that its longest function reads."""
    facts: EmbeddingFacts | None
    """None where another program made the file."""

    @classmethod
    def open(cls, path: Path) -> EmbeddingFile:
        """Reads and checks the header of the file and of its graphs."""
        header = header_of(path)
        if not is_embedding(header):
            raise ModelFileError(f"{path} holds no model that makes vectors of texts.", subject=path)
        embedder, encoder = (_graph(path, header, kind) for kind in (EMBEDDER, TEXT_ENCODER))
        lengths = [
            end.shape[-2]
            for name, signature in encoder.signatures.items()
            for input, end in signature.inputs.items()
            if name.startswith("encoder") and "embeddings" in input and len(end.shape) >= 2
        ]
        if not lengths:
            raise ModelFileError(f"{path} has no function that makes a vector of a text's tokens.", subject=path)
        said = header.system.get(SAID)
        try:
            facts = None if said is None else facts_from(json.loads(str(said)))
        except (ValueError, RecursionError) as error:
            raise ModelFileError(
                f"{path} is damaged: what it says of itself cannot be read ({error}).", subject=path
            ) from None
        return cls(path, path.stat().st_size, header, embedder, encoder, max(lengths), facts)


def _graph(path: Path, header: Header, kind: str) -> Graph:
    found = [section for section in header.sections if section.model_type == kind]
    if len(found) != 1:
        raise ModelFileError(f"{path} is damaged: expected one graph {kind}, found {len(found)}.", subject=path)
    return Graph.open(path, found[0].offset, found[0].size)


def is_embedding(header: Header) -> bool:
    """Whether a file's header is of one."""
    return any(section.kind == METADATA or section.model_type == TEXT_ENCODER for section in header.sections)


def facts_from(said: Any) -> EmbeddingFacts:
    """Checked; ValueError where they cannot be."""
    if not isinstance(said, dict):
        raise ValueError("it is no object")
    texts = {key: said.get(key, "") for key in ("family", "query", "document")}
    if not all(
        isinstance(text, str) and len(text) <= MAX_TEXT and (text + "x").isprintable() for text in texts.values()
    ):
        raise ValueError("a text is none")
    sizes, lengths = (
        _ascending(said.get(key), most) for key, most in (("sizes", MAX_DIMENSIONS), ("lengths", MAX_LENGTH))
    )
    if said.get("dimensions") != sizes[-1]:
        raise ValueError("its dimensions are not its largest size")
    parameters, words = said.get("parameters"), [said.get(key) for key in ("quantization", "activations")]
    if not (parameters is None or (type(parameters) is int and 0 < parameters < 1 << 40)):
        raise ValueError("its number of weights is none")
    if not all(
        word is None or (isinstance(word, str) and 0 < len(word) <= MAX_TEXT and word.isprintable()) for word in words
    ):
        raise ValueError("a text is none")
    return EmbeddingFacts(
        texts["family"], sizes[-1], sizes, lengths, texts["query"], texts["document"], parameters, *words
    )


def _ascending(values: Any, most: int) -> tuple[int, ...]:
    good = (
        isinstance(values, list)
        and 0 < len(values) <= 16
        and all(type(value) is int and 0 < value <= most for value in values)
    )
    if not good or sorted(set(values)) != values:
        raise ValueError("a list of lengths is none")
    return tuple(values)
