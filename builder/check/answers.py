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

from builder.check.models import CONTEXT, LONG_PROMPT, MODELS, VOCABULARY
from builder.formats.litertlm_reader import LitertlmFile
from builder.formats.web_file_reader import WebFile
from builder.reference.arithmetic import Precision
from builder.reference.dense import Reference
from builder.reference.writer import Answer
from builder.synth.web_file import BOS, FIRST_WORD, word

LEAST_MARGIN = 0.07
"""Of the two largest logits, at each step of an answer. The logits' standard deviation is 0.9."""
ERROR = 0.1
"""Of a logit: what a step that shows small errors is close by."""
SIDE_BY_SIDE = 1 << 13
"""Tokens that are computed together."""


@dataclass(frozen=True)
class Asking:
    """How much is asked with prompts of one length."""

    candidates: int
    """Prompts to choose among."""
    prompts: int
    """That are chosen. Several short answers have more close steps than one long one: fewer of their prompts have a near tie."""
    new_tokens: int
    """Of each answer; a multiple of the three that MediaPipe decodes at once."""


SHORT, LONG = Asking(1536, 3, 6), Asking(48, 1, 12)
"""A candidate of 2,000 tokens takes seconds."""


def asking(tokens: int) -> Asking:
    """With prompts of so many tokens."""
    return LONG if tokens == LONG_PROMPT else SHORT


@dataclass(frozen=True)
class ClearPrompt:
    """A prompt whose answer has no near tie."""

    seed: int
    ids: list[int]
    answer: Answer

    @property
    def closeness(self) -> float:
        """The sum over the steps: the smaller a margin, the smaller the errors that it shows."""
        return float(np.exp(-np.array(self.answer.margins) / ERROR).sum())


def prompt_of(seed: int, tokens: int) -> list[int]:
    """Random words, the start token in front."""
    random = np.random.Generator(np.random.PCG64([seed, tokens]))
    return [BOS, *random.integers(FIRST_WORD, VOCABULARY, tokens - 1).tolist()]


def text_of(ids: list[int]) -> str:
    """The text that is cut into these ids, without the start token."""
    return "".join(" " + word(i) for i in ids if i != BOS)


def clear_prompts(reference: Reference, tokens: int, seeds: range) -> Iterator[ClearPrompt]:
    """Those of the seeds whose answers keep the margin."""
    step = max(1, SIDE_BY_SIDE // tokens)
    for first in range(seeds.start, seeds.stop, step):
        some = range(first, min(first + step, seeds.stop))
        prompts = [prompt_of(seed, tokens) for seed in some]
        answers = reference.greedy(prompts, asking(tokens).new_tokens, stop_ids=set())
        for seed, ids, answer in zip(some, prompts, answers, strict=True):
            if min(answer.margins) >= LEAST_MARGIN:
                yield ClearPrompt(seed, ids, answer)


def chosen(reference: Reference, tokens: int) -> list[ClearPrompt]:
    """Those whose answers have the closest steps, in the order of their seeds."""
    asked = asking(tokens)
    found = sorted(
        clear_prompts(reference, tokens, range(asked.candidates)), key=lambda prompt: prompt.closeness, reverse=True
    )
    return sorted(found[: asked.prompts], key=lambda prompt: prompt.seed)


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
        "cases": [case_of(tokens, chosen(reference, tokens)) for tokens in MODELS[name].prompts],
    }


def case_of(tokens: int, prompts: list[ClearPrompt]) -> dict[str, Any]:
    """As the page has it: all that is asked with prompts of one length."""
    return {
        "tokens": tokens,
        "margin": round(min(min(prompt.answer.margins) for prompt in prompts), 4),
        "asked": [
            {
                "seed": prompt.seed,
                "prompt": text_of(prompt.ids),
                "answer": [word(i) for i in prompt.answer.ids],
            }
            for prompt in prompts
        ],
    }


def answers_file(models: list[dict[str, Any]]) -> dict[str, Any]:
    """The whole of it."""
    return {"context": CONTEXT, "least_margin": LEAST_MARGIN, "models": models}
