"""The engine in float16: right for a checkpoint whose residual stream float16 cannot hold, once convert has scaled it, and not before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from builder.convert.web_file import convert_checkpoint
from builder.formats.web_file_reader import WebFile
from builder.model.residual import FLOAT16_MAX
from builder.reference.dense import Reference
from builder.synth.web_file import BOS, FIRST_WORD, word
from e2e.bare import BareTab, call
from tests.checkpoints import gemma1_config, gemma3_config, gemma3n_config, write_checkpoint
from tests.goldens.cases import text_of

RESIDUAL = 2.0**15
NEW_TOKENS = 16
VOCABULARY = 1024


def with_streams(vocab_size: int) -> dict[str, Any]:
    """Each layer adds its normed input to the stream, and a matrix of each reads the stream itself, without a norm, as in Gemma 4."""
    return gemma3n_config(vocab_size=vocab_size, vocab_size_per_layer_input=vocab_size)


def clear_prompt(reference: Reference) -> tuple[list[int], list[int]]:
    """A prompt whose answer has no near tie, and the answer."""
    for seed in range(100):
        random = np.random.default_rng(seed)
        prompt = [BOS, *random.integers(FIRST_WORD, VOCABULARY, 12).tolist()]
        (answer,) = reference.greedy([prompt], NEW_TOKENS, stop_ids=set())
        if min(answer.margins) > 0.05:
            return prompt, answer.ids
    raise AssertionError("no prompt has a clear answer")


@pytest.mark.parametrize("family", [gemma1_config, gemma3_config, with_streams])
def test_a_scaled_stream_is_computed_exactly_in_float16(
    mediapipe: BareTab, models: Path, family: Callable[..., dict[str, Any]]
) -> None:
    config = family(vocab_size=VOCABULARY)
    name = config["model_type"]
    checkpoint = write_checkpoint(models / name, config, residual=RESIDUAL)
    convert_checkpoint(checkpoint, models / f"{name}-scaled.task")
    convert_checkpoint(checkpoint, models / f"{name}-plain.task", residual_scale=1.0)
    scaled, plain = (WebFile.open(models / f"{name}-{kind}.task") for kind in ("scaled", "plain"))
    assert scaled.residual_scale < 1 and (plain.largest_residual or 0) > FLOAT16_MAX
    prompt, expected = clear_prompt(Reference(scaled))

    def write(page: Page, kind: str) -> list[str]:
        options = {"maxTokens": len(prompt) + NEW_TOKENS, "forceF32": False}
        call(page, "([model, options]) => bare.load(model, options)", [f"/models/{name}-{kind}.task", options])
        text: str = call(page, "(text) => bare.generate(text)", text_of(prompt))["text"]
        return text.split()[:NEW_TOKENS]

    words = [word(i) for i in expected]
    assert mediapipe.ask(lambda page: write(page, "scaled")) == words
    assert mediapipe.ask(lambda page: write(page, "plain")) != words
