"""What `onpage evaluate` compares, whatever it lies in: a web file or a graph, bare or in a bundle, or a checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.errors import ModelFileError, OnpageError
from builder.formats.bundled_graph import BundledGraph, graph_in
from builder.formats.graph_weights import GraphWeights
from builder.formats.inspect_model import web_file_in
from builder.formats.sniff import is_gguf
from builder.formats.web_file_reader import WebFile
from builder.model.byte_pair_tokenizer import BytePairTokenizer
from builder.model.opened import OpenedCheckpoint
from builder.model.tokenizer import Tokenizer
from builder.reference.arithmetic import Precision
from builder.reference.dense import low_ranks
from builder.reference.evaluate import DEFAULT_TEXTS, Evaluation, Progress, SourcePredictor, evaluate, tokens_of
from builder.reference.graph_source import GraphSource
from builder.reference.sources import CheckpointSource, WebFileSource

DEFAULT_TOKENS = 1024
"""Of each text."""


@dataclass(frozen=True)
class Evaluated:
    """A model that predicts, and how it reads a text."""

    path: Path
    predictor: SourcePredictor
    tokenizer: Tokenizer

    @classmethod
    def open(cls, path: Path, precision: Precision | None = None, adapter: Path | None = None) -> Evaluated:
        """A model file or a checkpoint at `path`, a LoRA adapter file for a web file put on it; the errors of builder.errors.

        Without a `precision` it is computed as a processor's engine does: a graph with the activations that it asks for, all others in
        float32.
        """
        if path.is_file() and not is_gguf(path):
            return cls._of_file(path, precision, adapter)
        if adapter is not None:
            raise OnpageError(
                f"{path} is a checkpoint: an adapter file goes with the web file of its base.", subject=adapter
            )
        return cls.of_checkpoint(path, OpenedCheckpoint.complete(path), precision or "float32")

    @classmethod
    def of_checkpoint(cls, path: Path, opened: OpenedCheckpoint, precision: Precision = "float32") -> Evaluated:
        """A checkpoint that is open and complete."""
        return cls(path, SourcePredictor(CheckpointSource(opened.model, opened.weights), precision), opened.tokenizer)

    @classmethod
    def _of_file(cls, path: Path, precision: Precision | None, adapter: Path | None) -> Evaluated:
        file = web_file_in(path)
        if file is None:
            return cls._of_graph(path, precision, adapter)
        if file.lora_rank is not None:
            raise OnpageError(f"{path} is a LoRA adapter: evaluate its base with --lora {path.name}.", subject=path)
        source = WebFileSource(file)
        ranks = low_ranks(source.model, WebFile.open(adapter)) if adapter else None
        predictor = SourcePredictor(source, precision or "float32", ranks)
        return cls(path, predictor, Tokenizer.from_bytes(path, file.tokenizer()))

    @classmethod
    def _of_graph(cls, path: Path, precision: Precision | None, adapter: Path | None) -> Evaluated:
        if adapter is not None:
            raise OnpageError(
                f"{path} is a LiteRT graph, which takes no adapter file: merge the adapter when you convert, with --merge-lora.",
                subject=adapter,
            )
        bundled = graph_in(path)
        weights = GraphWeights.open(bundled.graph)
        precision = precision or weights.activations
        predictor = SourcePredictor(GraphSource(weights, precision), precision)
        return cls(path, predictor, _tokenizer_of(path, bundled, weights.model.embedding.vocabulary))

    def require_same_tokens(self, other: Evaluated) -> None:
        """OnpageError where predictions of the two are of other tokens."""
        ours, theirs = self.tokenizer.pieces, other.tokenizer.pieces
        if ours != theirs:
            different = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), None)
            what = (
                f"{len(ours):,} and {len(theirs):,} pieces"
                if different is None
                else f"other pieces from {different:,} on"
            )
            raise OnpageError(
                f"{self.path} and {other.path} cannot be compared: their tokenizers have {what}.", subject=other.path
            )


def _tokenizer_of(path: Path, bundled: BundledGraph, rows: int) -> Tokenizer:
    """ModelFileError where it has pieces that the embedding of `rows` has no row for."""
    tokenizer = (
        Tokenizer.from_bytes(path, bundled.tokenizer)
        if bundled.is_sentencepiece
        else BytePairTokenizer.from_bytes(path, bundled.tokenizer, bundled.start_id, bundled.end_id)
    )
    if len(tokenizer.pieces) > rows or tokenizer.alone_id < 0:
        raise ModelFileError(
            f"{path} has a tokenizer of another model: {len(tokenizer.pieces):,} pieces for {rows:,} rows of the embedding, and "
            f"{tokenizer.alone_id} as the token in front of a text.",
            subject=path,
        )
    return tokenizer


def evaluate_model(
    path: Path,
    *,
    against: Path | None = None,
    texts: Sequence[Path] = (),
    tokens: int = DEFAULT_TOKENS,
    precision: Precision | None = None,
    adapter: Path | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Runs the model at `path` over `texts` (none: DEFAULT_TEXTS), up to `tokens` of each, in numpy, and compares it with that at
    `against`, which is computed in float32. `precision` as in Evaluated.open."""
    model = Evaluated.open(path, precision, adapter)
    other = Evaluated.open(against, "float32") if against else None
    if other:
        model.require_same_tokens(other)
    return evaluate_opened(model, other, texts, tokens, progress)


def evaluate_opened(
    model: Evaluated,
    other: Evaluated | None,
    texts: Sequence[Path] = (),
    tokens: int = DEFAULT_TOKENS,
    progress: Progress | None = None,
) -> Evaluation:
    """As `evaluate_model`, for models that are open and have the same tokens."""
    read = [tokens_of(text, model.tokenizer.processor.encode, tokens) for text in texts or DEFAULT_TEXTS]
    total = sum(each.predictor.steps for each in (model, other) if each)
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress:
            progress("evaluate", done, total)

    return evaluate(model.predictor, read, model.tokenizer.alone_id, other.predictor if other else None, step)
