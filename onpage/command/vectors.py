"""What commands say of a model that makes vectors of texts."""

from __future__ import annotations

from builder.formats.embedding_file import EmbeddingFacts


def vector_rows(said: EmbeddingFacts | None) -> list[tuple[str, str]]:
    """How a model that makes vectors is used."""
    if said is None:
        return []
    return [
        ("vector", f"{' or '.join(f'{size:,}' for size in said.sizes)} numbers"),
        ("lengths", f"{', '.join(f'{length:,}' for length in said.lengths)} tokens"),
        *([("before a query", repr(said.query))] if said.query else []),
        *([("before a document", repr(said.document))] if said.document else []),
    ]
