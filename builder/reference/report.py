"""What quantization cost: the error of each tensor, and for small models the drop in quality of the whole on a text.

A tensor's error is that of the bytes in the written file against the checkpoint's weights: the root mean square of the
difference over that of the weights, and the same as a signal-to-noise ratio. The whole is judged by running the text through
the numpy reference twice, with the weights of the file and with the checkpoint's own: the mean Kullback-Leibler divergence
of the predictions, the perplexity of both, and how often the likeliest next token is the same.
"""

from __future__ import annotations

import copy
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece
from numpy.typing import NDArray

from builder.checkpoint.stored_types import to_float32
from builder.errors import OnpageError
from builder.files.reading import NotReadableError, read_bounded
from builder.formats.inspect_model import web_file_in
from builder.formats.web_file_reader import StoredMatrix, WebFile
from builder.formats.web_model import name_of
from builder.model.opened import OpenedCheckpoint
from builder.model.weights import Weight, Weights, weight_count
from builder.quantize.rounding import BLOCK, dequantize
from builder.reference.dense import Reference
from builder.reference.sources import CheckpointSource, HeldSource

DEFAULT_TEXT = Path(__file__).with_name("report.txt")
MAX_TEXT = 1 << 20
MAX_TOKENS = 1024
CONTEXT = 256
"""Tokens that are read together."""
POSITIONS = 32
"""Predictions that are compared at once: each is as long as the vocabulary."""

MAX_PARAMETERS = 300_000_000
"""Both sets of weights are held as float32: 2.4 GB."""


@dataclass(frozen=True)
class TensorError:
    """Of one matrix."""

    name: str
    source: str
    scheme: str
    relative_error: float
    """Root mean square of the error over that of the weights."""

    @property
    def decibels(self) -> float:
        """Signal-to-noise ratio; infinite where nothing was lost."""
        return -20 * math.log10(self.relative_error) if self.relative_error else math.inf


@dataclass(frozen=True)
class Quality:
    """Of the whole, on a text of so many `tokens`."""

    tokens: int
    divergence: float
    """Mean Kullback-Leibler divergence of the file's predictions from the checkpoint's, in nats a token."""
    perplexity: float
    checkpoint_perplexity: float
    same_choice: float
    """Share of the tokens at which both find the same next token likeliest."""


@dataclass(frozen=True)
class Report:
    """What `onpage convert --report` prints."""

    tensors: tuple[TensorError, ...]
    relative_error: float
    """Of all matrices together."""
    quality: Quality | None
    no_quality: str | None
    """Why there is none."""

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)


def report_on(path: Path, opened: OpenedCheckpoint, *, text: Path = DEFAULT_TEXT) -> Report:
    """Compares the web file `path`, just written, with the checkpoint (and the adapter merged into it) that it was made of."""
    words = read_text(text)
    weights = opened.weights
    file = web_file_in(path)
    assert file is not None, path
    errors, lost, whole = [], 0.0, 0.0
    for weight in weights.tensors:
        name = name_of(weight)
        if weight.is_matrix and (stored := file.matrix(name)):
            noise, signal = _squares(file, stored, weight, weights)
            lost, whole = lost + noise, whole + signal
            error = math.sqrt(noise / signal) if signal else 0.0
            errors.append(TensorError(name, str(weight.source), str(stored.scheme), error))
    quality, reason = None, None
    parameters = weight_count(weights.tensors)
    if parameters > MAX_PARAMETERS:
        reason = (
            f"the model has {parameters / 1e6:,.0f} M parameters, and the text is run in numpy, for up to "
            f"{MAX_PARAMETERS / 1e6:,.0f} M"
        )
    else:
        quality = _quality(file, weights, words, text)
    return Report(tuple(errors), math.sqrt(lost / whole) if whole else 0.0, quality, reason)


def read_text(path: Path) -> str:
    """The text; OnpageError where it cannot be read or is none."""
    try:
        return read_bounded(path, MAX_TEXT).decode()
    except NotReadableError as error:
        raise OnpageError(f"{path} {error}.", subject=path) from None
    except UnicodeDecodeError:
        raise OnpageError(f"{path} is not text: expected UTF-8.", subject=path) from None


def _squares(file: WebFile, stored: StoredMatrix, matrix: Weight, weights: Weights) -> tuple[float, float]:
    """Sums of the squares of the errors and of the weights."""
    name = name_of(matrix)
    entry, bits = file.tensors[f"{name}.w"], stored.scheme.bits
    shape = (stored.k // BLOCK, stored.n // BLOCK, 2 * bits)
    blocks = np.memmap(file.path, np.uint8, "r", entry.offset, shape)
    scales = np.frombuffer(file.read(f"{name}.w_quantized_scale"), np.float32).reshape(stored.n, -1)
    noise = signal = 0.0
    for first, rows in weights.bands(matrix):
        original = to_float32(rows[:])
        part = slice(first, first + len(original))
        packed = np.ascontiguousarray(blocks[:, part.start // BLOCK : part.stop // BLOCK]).reshape(-1)
        difference = dequantize(packed, scales[part], stored.k, len(original), bits) - original
        noise += float(np.vdot(difference, difference))
        signal += float(np.vdot(original, original))
    return noise, signal


def _quality(file: WebFile, weights: Weights, text: str, path: Path) -> Quality:
    written = Reference(file)
    original = copy.copy(written)
    original.source = HeldSource(CheckpointSource(written.model, weights))
    processor = sentencepiece.SentencePieceProcessor()
    processor.LoadFromSerializedProto(written.sentencepiece)
    tokens = processor.EncodeAsIds(text)[:MAX_TOKENS]
    if not tokens:
        raise OnpageError(f"{path} holds no text to judge the model by.", subject=path)
    divergence = loss = original_loss = 0.0
    same = 0
    for first in range(0, len(tokens), CONTEXT):
        context = [written.start_id, *tokens[first : first + CONTEXT]]
        states = [model.hidden_states(context[:-1]) for model in (written, original)]
        for start in range(0, len(context) - 1, POSITIONS):
            part = slice(start, start + POSITIONS)
            ours, theirs = (
                _log_shares(model.predictions(state[part]))
                for model, state in zip((written, original), states, strict=True)
            )
            told = np.array(context[1:][part])[:, None]
            divergence += float((np.exp(theirs) * (theirs - ours)).sum())
            loss -= float(np.take_along_axis(ours, told, axis=1).sum())
            original_loss -= float(np.take_along_axis(theirs, told, axis=1).sum())
            same += int((ours.argmax(axis=1) == theirs.argmax(axis=1)).sum())
    count = len(tokens)
    return Quality(count, divergence / count, math.exp(loss / count), math.exp(original_loss / count), same / count)


def _log_shares(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logarithms of the softmax."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    shares: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shares
