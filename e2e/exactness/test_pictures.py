"""A picture goes through our two graphs in MediaPipe, on WebGPU: what it writes is what the numpy reference writes after transformers' tokens of
the picture, with the engine's attention, in which a token of the picture sees those before it only."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

from builder.convert.web_file import convert_checkpoint
from builder.reference.attending import Sequences
from builder.reference.dense import Reference
from builder.synth.web_file import BOS, FIRST_WORD, word
from e2e.bare import BareTab, call
from tests.goldens.cases import text_of
from tests.goldens.tower_cases import TOWER_GOLDENS, TOWERS

TOKENS = 12
END = TOWERS["pooled"].siglip.end
LEAST_MARGIN = 0.03


def answer(
    reference: Reference, before: list[int], vectors: NDArray[np.float32], after: list[int]
) -> tuple[list[int], float]:
    """Greedy ids, and how near the nearest tie is. Before a picture's vectors stands the token of <start_of_image>, 255,999, for which the
    engine takes the last of fewer rows; behind them that of <end_of_image>."""
    end = reference.source.embedding_rows(np.array([END])) * np.float32(reference.model.embedding.scale)
    vectors = np.concatenate([vectors, end])
    start = [BOS, *before, reference.model.embedding.vocabulary - 1]
    ids, margins = list(after), []
    for _ in range(TOKENS):
        decoder = reference._decoder()
        states = decoder.embedded(reference.source.embedding_rows(np.array([*start, *[0] * len(vectors), *ids])))
        states[len(start) : len(start) + len(vectors)] = vectors
        states = decoder.layers(reference.source.layer, states, Sequences([len(states)]))
        logits = reference.predictions(states[-1:])[0]
        top = np.sort(logits)[-2:]
        ids.append(int(logits.argmax()))
        margins.append(float(top[1] - top[0]))
    return ids[len(after) :], min(margins)


def test_a_picture_is_read_as_the_reference_reads_it(mediapipe: BareTab, models: Path) -> None:
    case, name = TOWERS["pooled"], "sees"
    written = convert_checkpoint(
        case.write(models / name), models / f"{name}.task", pictures=True, residual_scale=1 / 4
    )
    reference = Reference.from_web_file(written.path)
    vectors = [
        written.residual_scale * np.array(tokens, np.float32)
        for tokens in json.loads(TOWER_GOLDENS.read_text())["pooled"]
    ]
    before, after, expected = clear_texts(reference, vectors)

    def ask(page: Page) -> list[str]:
        call(
            page,
            "([model, options]) => bare.load(model, options)",
            [f"/models/{name}.task", {"maxTokens": 64, "maxNumImages": 1}],
        )
        prompts = [
            {"before": text_of(before), "after": text_of(after), "side": case.siglip.side, "pixels": rgba(pixels)}
            for pixels in case.pixels()
        ]
        return [call(page, "(prompt) => bare.look(prompt)", prompt) for prompt in prompts]

    answers = [text.split()[:TOKENS] for text in mediapipe.ask(ask)]
    assert answers == [[word(i) for i in ids] for ids in expected]


def clear_texts(
    reference: Reference, vectors: list[NDArray[np.float32]]
) -> tuple[list[int], list[int], list[list[int]]]:
    """A text before the pictures and one after them with which no answer has a near tie, and the answers, which differ."""
    for seed in range(200):
        words = np.random.default_rng(seed).integers(FIRST_WORD, reference.model.embedding.vocabulary - 1, 8).tolist()
        found = [answer(reference, words[:4], each, words[4:]) for each in vectors]
        answers = [ids for ids, _ in found]
        if min(margin for _, margin in found) > LEAST_MARGIN and answers[0][0] != answers[1][0]:
            return words[:4], words[4:], answers
    raise AssertionError("no texts have clear answers")


def rgba(pixels: NDArray[np.uint8]) -> list[int]:
    """As a canvas has them."""
    opaque = np.full((*pixels.shape[:2], 1), 255, np.uint8)
    found: list[int] = np.concatenate([pixels, opaque], axis=2).ravel().tolist()
    return found
