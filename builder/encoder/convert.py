"""A checkpoint that makes vectors of texts → the two graphs and the tokenizer that LiteRT-LM's embedding engine takes, in one file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from builder.bundle.container import Part
from builder.bundle.litertlm import Section, write_sections
from builder.convert.web_file import Progress
from builder.encoder.bert import open_bert
from builder.encoder.encoder import Encoder, Making, embedder_function
from builder.encoder.gemma import open_gemma
from builder.encoder.sentence import EncoderFolder
from builder.encoder.tokens import EncoderTokens
from builder.errors import OnpageError, OutputError, UnsupportedModel
from builder.files.reading import shown
from builder.files.writing import folder_beside, write_beside
from builder.formats.embedding_file import SAID, EmbeddingFacts, EmbeddingFile
from builder.formats.embedding_metadata import EmbeddingMetadata, EmbeddingModelType
from builder.formats.llm_metadata import Settings, TokenIds, TokenUnion
from builder.formats.sniff import is_gguf
from builder.formats.tflite_schema import Activations
from builder.graph.function import Function, Shape
from builder.graph.layout import GraphLayout
from builder.graph.numbers import CheckpointNumbers, Numbers, Schemes
from builder.graph.parameters import GraphParameters
from builder.graph.write import (
    Report,
    Writing,
    notes_on_written,
    quantization_of,
    refuse_what_no_engine_computes,
    work_on,
)
from builder.model.families import makes_vectors, whole_blocks
from builder.model.opened import StoredWeights
from builder.model.weights import weight_count
from builder.quantize.scheme import ALL_INT8, Quantization

MAX_TOKENS = 512
"""Of a text, unless asked otherwise: a passage is shorter, and the work grows with the square."""

LENGTHS = (32, 64, 128, 192, 256, 384)
"""Of the functions besides the longest. A text takes the shortest that holds it, filled up; they share their weights."""

MAX_FUNCTIONS = 8
SIZES = (128, 256, 512)
"""What vectors of a Gemma may be cut to: it was trained so that the first numbers say most (Matryoshka)."""


@dataclass(frozen=True)
class WrittenEncoder:
    """What came of it."""

    path: Path
    size: int
    sha256: str
    container: str
    facts: EmbeddingFacts
    seconds: float
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self) | {"path": str(self.path)}


def is_encoder(path: Path) -> bool:
    """Whether a checkpoint's folder is of a model that makes vectors; False where that cannot be told."""
    if is_gguf(path) or not (path / "config.json").is_file():
        return False
    try:
        config = EncoderFolder.open(path).config
    except OnpageError:
        return False
    return makes_vectors(config)


def opener_of(config: dict[str, Any], config_path: Path) -> Callable[[EncoderFolder], Encoder]:
    """What reads a checkpoint with this config.json; UnsupportedModel for one that makes no vectors."""
    kind = config.get("model_type")
    if kind == "bert":
        return open_bert
    if kind == "gemma3_text" and config.get("use_bidirectional_attention") is True:
        return open_gemma
    raise UnsupportedModel(
        f"{config_path} has model_type {shown(kind)}: expected bert, or a gemma3_text with use_bidirectional_attention.",
        subject=config_path,
    )


def open_encoder(path: Path) -> Encoder:
    """UnsupportedModel or CheckpointError names what cannot be."""
    folder = EncoderFolder.open(path)
    return opener_of(folder.config, folder.config_path)(folder)


def refuse_another_suffix(output: Path) -> None:
    """OutputError for a file of another kind."""
    if output.suffix != ".litertlm":
        raise OutputError(
            f"{output}: a model that makes vectors is written as .litertlm; end the name so.", subject=output
        )


def convert_encoder(
    path: Path,
    output: Path,
    *,
    quantization: Quantization = ALL_INT8,
    activations: Activations = "int8",
    max_tokens: int | None = None,
    lengths: Sequence[int] = (),
    progress: Progress | None = None,
) -> WrittenEncoder:
    """Converts a sentence-transformers folder to a `.litertlm`.

    `max_tokens` of a text, by default the model's and at most MAX_TOKENS; `lengths` of the functions below it. Raises the errors of
    builder.errors; `output` is then as it was.
    """
    started = time.monotonic()
    refuse_another_suffix(output)
    encoder = open_encoder(path)
    lengths = text_lengths(encoder, max_tokens, lengths)
    tokens = EncoderTokens.of(path, encoder.table.outputs)
    padded = encoder.table.with_rows(whole_blocks(encoder.table.outputs))
    table = CheckpointNumbers(StoredWeights(encoder.folder, (padded,)), quantization)
    rest = CheckpointNumbers(StoredWeights(encoder.folder, encoder.weights), quantization)
    for numbers in (table, rest):
        refuse_what_no_engine_computes(numbers, activations)
    with folder_beside(output) as work:
        report = progress and partial(progress, "write")
        graphs = work / "embedder.tflite", work / "encoder.tflite"
        embedder, layers = encoder_layouts(encoder, table, rest, lengths, activations)
        moved = _write(graphs[0], *embedder, table, 0.0, activations, None)
        moved += _write(graphs[1], *layers, rest, encoder.norm_offset, activations, report)
        facts = _facts(
            encoder, lengths, weight_count((encoder.table, *encoder.weights)), quantization_of(rest), activations
        )
        bundle = write_sections(
            output, _sections(tokens, facts, graphs), progress, [(SAID, json.dumps(facts.to_json()))]
        )
    EmbeddingFile.open(output)
    return WrittenEncoder(
        path=output,
        size=bundle.size,
        sha256=bundle.sha256,
        container=bundle.container,
        facts=facts,
        seconds=round(time.monotonic() - started, 3),
        notes=notes_on_written(moved, rest),
    )


def encoder_layouts(
    encoder: Encoder, table: Schemes, rest: Schemes, lengths: Sequence[int], activations: Activations
) -> tuple[tuple[GraphParameters, GraphLayout], tuple[GraphParameters, GraphLayout]]:
    """Where everything lies of the graph that looks tokens up, and of the one that makes a vector of them."""
    parameters = GraphParameters(table)
    embedder = GraphLayout.of([embedder_function(parameters, encoder.width)], (), {})
    of_layers, norms = GraphParameters(rest), dict[Shape, Function]()
    functions = [encoder.function(Making(length, activations, of_layers, norms)) for length in lengths]
    return (parameters, embedder), (of_layers, GraphLayout.of(functions, tuple(norms.values()), {}))


def text_lengths(encoder: Encoder, max_tokens: int | None, lengths: Sequence[int]) -> tuple[int, ...]:
    """Tokens of a text that each function takes, ascending; OnpageError where they cannot be."""
    longest = min(encoder.max_tokens, MAX_TOKENS) if max_tokens is None else max_tokens
    if not 2 < longest <= encoder.longest:
        raise OnpageError(
            f"A text is to have up to {longest:,} tokens: expected 3 to {encoder.longest:,}, what the model was made for.",
            subject="context",
        )
    found = tuple(sorted({*(lengths or [n for n in LENGTHS if n < longest]), longest}))
    if found[0] < 1 or found[-1] > longest or len(found) > MAX_FUNCTIONS:
        raise OnpageError(
            f"The lengths are {', '.join(map(str, found))}: expected at most {MAX_FUNCTIONS}, from 1 to {longest:,} tokens.",
            subject="prefill",
        )
    return found


def _write(
    output: Path,
    parameters: GraphParameters,
    layout: GraphLayout,
    numbers: Numbers,
    norm_offset: float,
    activations: Activations,
    report: Report | None,
) -> int:
    """Writes one graph; how many integers had to move."""
    with write_beside(output, layout.size) as part:
        part.write_at(0, layout.header)
        writing = Writing(part, layout, report, positive=activations == "int8")
        writing.run(work_on(parameters, numbers, norm_offset))
    return writing.moved


def _facts(
    encoder: Encoder, lengths: tuple[int, ...], parameters: int, quantization: str, activations: Activations
) -> EmbeddingFacts:
    whole = encoder.dimensions
    sizes = (*(size for size in SIZES if size < whole), whole) if encoder.family == "gemma3" else (whole,)
    sentence = encoder.sentence
    return EmbeddingFacts(
        encoder.family, whole, sizes, lengths, sentence.query, sentence.document, parameters, quantization, activations
    )


def _sections(tokens: EncoderTokens, facts: EmbeddingFacts, graphs: tuple[Path, Path]) -> list[Section]:
    from litert_lm_builder.litertlm_builder import TfLiteModelType
    from litert_lm_builder.litertlm_header_schema_py_generated import AnySectionDataType as kinds  # noqa: N813

    said = EmbeddingMetadata(
        embedding_model_type=EmbeddingModelType(generic_model=Settings()), max_input_length=facts.lengths[-1]
    )
    if tokens.begin is not None:
        said.bos_token = TokenUnion(token_ids=TokenIds(ids=[tokens.begin]))
    if tokens.end is not None:
        said.eos_token = TokenUnion(token_ids=TokenIds(ids=[tokens.end]))
    models = (TfLiteModelType.EMBEDDER, TfLiteModelType.TEXT_ENCODER)
    return [
        Section(Part("metadata", EmbeddingMetadata.serialize(said)), kinds.EmbeddingMetadataProto),
        Section(
            Part("tokenizer", tokens.section),
            kinds.SP_Tokenizer if tokens.is_sentencepiece else kinds.HF_Tokenizer_Zlib,
        ),
        *(
            Section(Part(model.name.lower(), graph), kinds.TFLiteModel, (("model_type", model.value),))
            for model, graph in zip(models, graphs, strict=True)
        ),
    ]
