"""Text that a model writes itself, to be calibrated on: nothing outside the model is in it but short beginnings.

Many texts are written side by side, each token drawn from the likeliest, so that a step is one product for all of them. A model that was
taught turns answers requests; another one goes on with openings. What was drawn depends on the seed, and on the last bits of the
machine's products: the same machine writes the same text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from builder.calibrate.prepare import Report, refuse_not_finite
from builder.calibrate.texts import TOKENS, Texts, cut_off
from builder.errors import OnpageError
from builder.model.opened import OpenedCheckpoint
from builder.model.tokenizer import Tokenizer
from builder.quantize.rounding import NotFiniteError
from builder.reference.arithmetic import Array
from builder.reference.compact import CompactSource
from builder.reference.writer import Choose, Writer, drawn

BEGINNINGS = Path(__file__).with_name("beginnings.json")
"""Pairs of a request and the opening of a text that would answer it, of many kinds and in several languages."""

LENGTH = 64
"""New tokens of a text."""
BATCH = 64
"""Texts at a time: fewer cost more, because each step goes over all weights; more take memory for their logits."""
MAX_ROUNDS = 4
"""Of BATCH texts, where many end early."""

TEMPERATURE, TOP_K = 1.0, 64
SEED = 0
GROUP = 64


@dataclass
class OwnText:
    """As `CalibrationText`; written when it is first asked for."""

    opened: OpenedCheckpoint
    tokens: int = TOKENS
    seed: int = SEED
    _written: Texts = field(default_factory=list, init=False, repr=False)

    def __str__(self) -> str:
        return f"text that it wrote itself (seed {self.seed})"

    def texts(self, tokenizer: Tokenizer, limit: int, report: Report | None = None) -> Texts:
        """As `CalibrationText`; CheckpointError where weights are not finite, OnpageError where the model writes nothing."""
        if not self._written:
            try:
                self._written = _write(self.opened, self.tokens, self.seed, report)
            except NotFiniteError:
                refuse_not_finite(self.opened.weights)
        return cut_off(self._written, min(limit, self.tokens))


def _write(opened: OpenedCheckpoint, tokens: int, seed: int, report: Report | None) -> Texts:
    writer = Writer(CompactSource(opened.model, opened.weights), frozenset(opened.generation.stop_ids))
    prompts = _prompts(opened)
    texts: Texts = []
    written = 0
    for place in range(MAX_ROUNDS):
        count = min(BATCH, -(-(tokens - written) // LENGTH))
        first = place * BATCH
        batch = [prompts[(first + i) % len(prompts)] for i in range(count)]

        def step(done: int, before: int = written, count: int = count) -> None:
            if report:
                report(min(before + done * count, tokens), tokens)

        answers = writer.write(batch, LENGTH, _drawn(seed + place), report=step)
        texts += [[*prompt, *ids] for prompt, (ids, _) in zip(batch, answers, strict=True) if ids]
        written = sum(len(text) - 1 for text in texts)
        if written >= tokens:
            break
    if not texts:
        raise OnpageError(
            f"{opened.path} writes nothing to calibrate on, only the token that ends an answer: give --calibrate a text.",
            subject=opened.path,
        )
    if report:
        report(tokens, tokens)
    return texts


def _drawn(seed: int) -> Choose:
    """Draws from the softmax of the TOP_K likeliest at TEMPERATURE."""
    random = np.random.default_rng(seed)

    def choose(logits: Array) -> NDArray[np.int64]:
        if not np.isfinite(logits.max(axis=1)).all():
            raise NotFiniteError
        return drawn(*likeliest(logits, TOP_K), TEMPERATURE, random)

    return choose


def likeliest(logits: Array, count: int) -> tuple[NDArray[np.int64], Array]:
    """The `count` largest of each row (all, where there are fewer), in the order of their ids, and their values.

    Only what is as large as the largest of some group can be among them: one pass of maxima instead of sorting a vocabulary.
    """
    rows, size = logits.shape
    count = min(count, size)
    groups = size // GROUP
    floor = np.full(rows, -np.inf, np.float32)
    if groups > count:
        maxima = logits[:, : groups * GROUP].reshape(rows, groups, GROUP).max(axis=2)
        floor = np.partition(maxima, -count, axis=1)[:, -count]
    ids = np.empty((rows, count), np.int64)
    for row in range(rows):
        near = np.flatnonzero(logits[row] >= floor[row])
        order = np.argpartition(logits[row, near], -count)[-count:]
        ids[row] = np.sort(near[order])
    return ids, np.take_along_axis(logits, ids, axis=1)


def _prompts(opened: OpenedCheckpoint) -> list[list[int]]:
    """The ids that texts begin with."""
    turn = opened.turns.question
    taught = opened.sidecars.chat_template() is not None or opened.asked.prefix is not None
    pairs: list[dict[str, str]] = json.loads(BEGINNINGS.read_bytes())
    texts = (f"{turn.prefix}{pair['request']}{turn.suffix}" if taught else pair["opening"] for pair in pairs)
    return [[opened.tokenizer.start_id, *opened.tokenizer.processor.encode(text)] for text in texts]
