"""How large a model is as a graph for the processor, and how much memory its engine takes in a page.

The size is that of the file that `onpage convert --target graph` would write, laid out by the same code without a weight. The memory is the
sum of what docs/graph.md found: the file, which lies in the engine's memory; what is packed beside it; the cache; and the engine itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from builder.bundle.litertlm import largest_litertlm, tokenizer_section
from builder.convert.from_quantized import suited
from builder.encoder.convert import encoder_layouts, is_encoder, open_encoder, text_lengths
from builder.encoder.tokens import EncoderTokens
from builder.errors import ModelFileError, OnpageError, UnsupportedModel
from builder.estimate.source import shape_of, usual_tokenizer
from builder.formats.embedding_file import EmbeddingFile, is_embedding
from builder.formats.graph_reader import Graph, is_graph
from builder.formats.graph_weights import GraphWeights
from builder.formats.litertlm_reader import LitertlmFile, header_of
from builder.formats.sniff import Format, is_gguf, sniff_file
from builder.formats.task_reader import TaskFile
from builder.formats.tflite_schema import Activations
from builder.graph.numbers import Schemes
from builder.graph.settings import GraphSettings
from builder.graph.write import graph_layout, quantization_of, refuse_what_no_engine_computes
from builder.model.description import ModelDescription
from builder.model.families import describe, fit_to_tokenizer, weights_of, whole_blocks
from builder.model.open_checkpoint import open_checkpoint
from builder.model.opened import OpenedCheckpoint
from builder.model.weights import Weight, weight_count
from builder.quantize.scheme import ALL_INT8, Quantization

FLOAT = 4
PER_PACKED_ROW = 12
"""XNNPACK keeps a scale, a sum and a bias with each output of a matrix."""
ENGINE = 66_000_000
"""Bytes of LiteRT-LM itself in a page, its tokenizer and what it computes in: of the real Gemma 3 270M at 8 bits, what is left of 535 MB."""


@dataclass(frozen=True)
class GraphMemory:
    """Bytes of the engine's memory in a page; the browser has its own beside it."""

    file: int
    packed: int
    """A head that is the embedding too: its rows are looked up where they are, and multiplied in XNNPACK's order. What is only multiplied
    takes the room that it has in the file."""
    kv_cache: int
    engine: int = ENGINE

    @property
    def total(self) -> int:
        """All of it."""
        return self.file + self.packed + self.kv_cache + self.engine


@dataclass(frozen=True)
class GraphEstimate:
    """What `onpage estimate --target graph` shows; sizes in bytes."""

    model: str
    parameters: int
    quantization: str
    activations: Activations
    context: int
    """Tokens of prompt and answer, or of a text of which a vector is made."""
    prefill: tuple[int, ...]
    download: int
    memory: GraphMemory

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self) | {"memory": asdict(self.memory) | {"total": self.memory.total}}


@dataclass(frozen=True)
class PlannedSchemes:
    """How the weights of a model would be quantized."""

    tensors: tuple[Weight, ...]
    quantization: Quantization

    def scheme_of(self, matrix: Weight) -> Any:
        """As `Schemes`."""
        return self.quantization.scheme_of(matrix)


def estimate_graph(
    model: str,
    quantization: Quantization | None = None,
    *,
    activations: Activations = "int8",
    context: int | None = None,
    prefill: Sequence[int] = (),
) -> GraphEstimate:
    """For a checkpoint (a folder or a GGUF file), a shape or dimensions; or for a graph that onpage wrote, as it is.

    Without a quantization that of a quantized checkpoint, or 8 bits. Raises the errors of builder.errors.
    """
    path = Path(model)
    if path.is_dir() or is_gguf(path):
        if is_encoder(path):
            return _of_encoder(path, quantization or ALL_INT8, activations, context, prefill)
        described, tokenizer = _of_checkpoint(path)
        if quantization is None and is_gguf(path):
            quantization = suited(OpenedCheckpoint.open(path).weights)
    elif path.exists():
        if quantization is not None:
            raise OnpageError(f"{path} is quantized already: use its checkpoint to choose another.", subject=path)
        return _of_graph(path)
    else:
        described, tokenizer = shape_of(model)
    if any(layer.extras or layer.scaled for layer in described.layers):
        raise UnsupportedModel(f"A {described.family} cannot be a graph yet: leave --target out.", subject=model)
    settings = GraphSettings.of(described.context, activations=activations, context=context, prefill=prefill)
    planned = PlannedSchemes(weights_of(described), quantization or ALL_INT8)
    refuse_what_no_engine_computes(planned, activations)
    _, layout = graph_layout(described, planned, settings)
    download = largest_litertlm(layout.size, tokenizer)
    return GraphEstimate(
        model=model,
        parameters=weight_count(planned.tensors),
        quantization=quantization_of(planned),
        activations=activations,
        context=settings.context,
        prefill=settings.prefill,
        download=download,
        memory=GraphMemory(download, _packed(described, planned), _cache(described, settings.context)),
    )


def _of_checkpoint(path: Path) -> tuple[ModelDescription, int]:
    """The model as it would be converted, and the bytes of its tokenizer's section."""
    checkpoint, sidecars = open_checkpoint(path)
    model = describe(checkpoint.config, sidecars.path)
    if not sidecars.has_tokenizer:
        return model.with_vocabulary(whole_blocks(model.embedding.vocabulary)), usual_tokenizer(model)
    tokenizer = sidecars.tokenizer(model.embedding.vocabulary)
    return fit_to_tokenizer(model, tokenizer.pieces), len(tokenizer_section(tokenizer))


def _of_encoder(
    path: Path,
    quantization: Quantization,
    activations: Activations,
    max_tokens: int | None,
    lengths: Sequence[int],
) -> GraphEstimate:
    encoder = open_encoder(path)
    lengths = text_lengths(encoder, max_tokens, lengths)
    table = encoder.table.with_rows(whole_blocks(encoder.table.outputs))
    planned = PlannedSchemes(encoder.weights, quantization)
    tables = PlannedSchemes((table,), quantization)
    for schemes in (planned, tables):
        refuse_what_no_engine_computes(schemes, activations)
    sizes = [layout.size for _, layout in encoder_layouts(encoder, tables, planned, lengths, activations)]
    tokens = EncoderTokens.of(path, encoder.table.outputs)
    download = largest_litertlm(sizes[-1], len(tokens.section), *sizes[:-1])
    return GraphEstimate(
        model=str(path),
        parameters=weight_count((encoder.table, *encoder.weights)),
        quantization=quantization_of(planned),
        activations=activations,
        context=lengths[-1],
        prefill=lengths,
        download=download,
        memory=GraphMemory(download, 0, 0),
    )


def _of_graph(path: Path) -> GraphEstimate:
    if sniff_file(path) is Format.LITERTLM and is_embedding(header_of(path)):
        return _of_embedding_file(path)
    graph = _graph_in(path)
    weights = GraphWeights.open(graph)
    model, download = weights.model, path.stat().st_size
    caches = [end.shape for end in graph.decode.caches().values()]
    context = max((max(shape) for shape in caches), default=0)
    head = weights.tensors["embedding"]
    packed = head.bytes + PER_PACKED_ROW * head.shape[0] if model.embedding.tied else 0
    return GraphEstimate(
        model=str(path),
        parameters=weight_count(weights_of(model)),
        quantization=graph.quantization,
        activations=weights.activations,
        context=context,
        prefill=tuple(graph.prefill_lengths),
        download=download,
        memory=GraphMemory(download, packed, _cache(model, context)),
    )


def _of_embedding_file(path: Path) -> GraphEstimate:
    file = EmbeddingFile.open(path)
    facts = file.facts
    if facts is None or facts.parameters is None or facts.activations not in ("int8", "float32"):
        raise ModelFileError(
            f"{path} does not say how it was made, as those do that onpage writes now: convert its checkpoint again.",
            subject=path,
        )
    return GraphEstimate(
        model=str(path),
        parameters=facts.parameters,
        quantization=facts.quantization or "not known",
        activations="int8" if facts.activations == "int8" else "float32",
        context=facts.lengths[-1],
        prefill=facts.lengths,
        download=file.size,
        memory=GraphMemory(file.size, 0, 0),
    )


def _graph_in(path: Path) -> Graph:
    """ModelFileError, or OnpageError where there is none."""
    form = sniff_file(path)
    model = LitertlmFile.open(path).model if form is Format.LITERTLM else None
    if isinstance(model, Graph):
        return model
    if form is Format.TASK:
        return TaskFile.open(path).graph
    if is_graph(path):
        return Graph.open(path)
    raise OnpageError(f"{path} holds no LiteRT graph: leave --target out for a web file.", subject=path)


def _packed(model: ModelDescription, planned: Schemes) -> int:
    if not model.embedding.tied:
        return 0
    [head] = [weight for weight in planned.tensors if weight.part == "embedding"]
    return head.size * planned.scheme_of(head).bits // 8 + PER_PACKED_ROW * head.outputs


def _cache(model: ModelDescription, context: int) -> int:
    """Keys and values of all layers in float32."""
    return 2 * FLOAT * context * sum(layer.attention.key_width for layer in model.layers)
