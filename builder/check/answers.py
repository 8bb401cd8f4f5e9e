"""Prompts for the check, and the answers that a GPU has to give.

An answer is the float32 reference's greedy text. Rounding to float16 moves a logit by 0.005 (standard deviation, against its rival), and by
0.01 where sums are rounded too, as some GPUs do; `LEAST_MARGIN` is seven times that, so a GPU that computes rightly takes the same token
at every step. A prompt is chosen among many for the steps whose margin is not much larger: these are what a faulty GPU trips over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from builder.check.models import CONTEXT, MODELS, VOCABULARY
from builder.formats.litertlm_reader import LitertlmFile
from builder.formats.web_file_reader import WebFile
from builder.reference.arithmetic import Precision
from builder.reference.dense import Reference
from builder.reference.writer import Answer
from builder.synth.web_file import BOS, FIRST_WORD, word

LEAST_MARGIN = 0.07
"""Of the two largest logits, at each step of an answer. The logits' standard deviation is 0.9."""
CLOSE = 0.25
"""Steps with a smaller margin show small errors."""
NEW_TOKENS = 12
"""A multiple of the three that MediaPipe decodes at once."""
LONG, NEW_TOKENS_OF_LONG = 1000, 6
CANDIDATES, CANDIDATES_OF_LONG = 768, 24
"""Prompts to choose among; those of 2,000 tokens take seconds each."""
SIDE_BY_SIDE = 1 << 13
"""Tokens that are computed together."""


@dataclass(frozen=True)
class ClearPrompt:
    """A prompt whose answer has no near tie."""

    seed: int
    ids: list[int]
    answer: Answer

    @property
    def close(self) -> int:
        """Steps that show small errors."""
        return sum(margin < CLOSE for margin in self.answer.margins)


def prompt_of(seed: int, tokens: int) -> list[int]:
    """Random words, the start token in front."""
    random = np.random.Generator(np.random.PCG64([seed, tokens]))
    return [BOS, *random.integers(FIRST_WORD, VOCABULARY, tokens - 1).tolist()]


def text_of(ids: list[int]) -> str:
    """The text that is cut into these ids, without the start token."""
    return "".join(" " + word(i) for i in ids if i != BOS)


def new_tokens(tokens: int) -> int:
    """Of the answer to a prompt of so many tokens."""
    return NEW_TOKENS_OF_LONG if tokens >= LONG else NEW_TOKENS


def clear_prompts(reference: Reference, tokens: int, seeds: range) -> Iterator[ClearPrompt]:
    """Those of the seeds whose answers keep the margin."""
    step = max(1, SIDE_BY_SIDE // tokens)
    for first in range(seeds.start, seeds.stop, step):
        some = range(first, min(first + step, seeds.stop))
        prompts = [prompt_of(seed, tokens) for seed in some]
        answers = reference.greedy(prompts, new_tokens(tokens), stop_ids=set())
        for seed, ids, answer in zip(some, prompts, answers, strict=True):
            if min(answer.margins) >= LEAST_MARGIN:
                yield ClearPrompt(seed, ids, answer)


def chosen(reference: Reference, tokens: int) -> ClearPrompt:
    """The one whose answer has the most close steps."""
    seeds = range(CANDIDATES_OF_LONG if tokens >= LONG else CANDIDATES)
    return max(clear_prompts(reference, tokens, seeds), key=lambda prompt: prompt.close)


def reference_of(path: Path, precision: Precision = "float32") -> Reference:
    """Of a model that was written for the check."""
    model = LitertlmFile.open(path).model
    assert isinstance(model, WebFile)
    return Reference(model, precision)


def answers_of(name: str, path: Path) -> dict[str, Any]:
    """What the page has to know of a model's file: its size and hash, and its cases."""
    reference = reference_of(path)
    content = path.read_bytes()
    return {
        "id": name,
        "file": path.name,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "cases": [case_of(chosen(reference, tokens)) for tokens in MODELS[name].prompts],
    }


def case_of(prompt: ClearPrompt) -> dict[str, Any]:
    """As the page has it."""
    return {
        "tokens": len(prompt.ids),
        "seed": prompt.seed,
        "margin": round(min(prompt.answer.margins), 4),
        "prompt": text_of(prompt.ids),
        "answer": [word(i) for i in prompt.answer.ids],
    }


def answers_file(models: list[dict[str, Any]]) -> dict[str, Any]:
    """The whole of it."""
    return {"context": CONTEXT, "least_margin": LEAST_MARGIN, "models": models}
