"""Pictures go through our two graphs in MediaPipe, on WebGPU: what it writes is what the numpy reference writes after transformers' tokens of
them, with the engine's attention, in which a token of a picture sees those before it only."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

from builder.convert.web_file import convert_checkpoint
from builder.reference.attending import Sequences
from builder.reference.decoder import Decoder
from builder.reference.dense import Reference
from builder.synth.web_file import BOS, FIRST_WORD, word
from e2e.bare import BareTab, call
from tests.goldens.cases import text_of
from tests.goldens.tower_cases import TOWER_GOLDENS, TOWERS

TOKENS = 12
LEAST_MARGIN = 0.03
Part = list[int] | int
"""Of a prompt: the ids of a text, or the place of a picture."""


def test_pictures_are_read_as_the_reference_reads_them(mediapipe: BareTab, models: Path) -> None:
    case, name = TOWERS["pooled"], "sees"
    case = dataclasses.replace(case, text=case.text | {"num_hidden_layers": 3})  # with one the order shows less
    checkpoint = case.write(models / name)
    written = convert_checkpoint(checkpoint, models / f"{name}.task", pictures=True, residual_scale=1 / 4)
    tokens = json.loads(TOWER_GOLDENS.read_text())["pooled"]
    reader = Reader(
        written.path, case.siglip.end, [written.residual_scale * np.array(each, np.float32) for each in tokens]
    )
    prompts, expected = clear_prompts(reader)

    def shown(part: Part) -> str | dict[str, Any]:
        return (
            {"side": case.siglip.side, "pixels": rgba(case.pixels()[part])} if isinstance(part, int) else text_of(part)
        )

    def ask(page: Page) -> list[str]:
        options = {"maxTokens": 96, "maxNumImages": 2}
        call(page, "([model, options]) => bare.load(model, options)", [f"/models/{name}.task", options])
        return [call(page, "(parts) => bare.look(parts)", list(map(shown, prompt))) for prompt in prompts]

    answers = [text.split()[:TOKENS] for text in mediapipe.ask(ask)]
    assert answers == [[word(i) for i in ids] for ids in expected]


class Reader:
    """The reference, which reads pictures."""

    def __init__(self, path: Path, end: int, tokens: list[NDArray[np.float32]]) -> None:
        """`end` is the id of <end_of_image>, `tokens` those of each picture, scaled as the stream is."""
        self.reference = Reference.from_web_file(path)
        self.words = self.reference.model.embedding.vocabulary - 1
        # for <start_of_image>, 255,999, the engine takes the last of fewer rows
        self.pictures = [np.concatenate([self.rows([self.words]), each, self.rows([end])]) for each in tokens]

    def rows(self, ids: list[int]) -> NDArray[np.float32]:
        """Those of a text in the stream."""
        found = self.reference.source.embedding_rows(np.array(ids))
        return found * np.float32(self.reference.model.embedding.scale)

    def answer(self, prompt: list[Part]) -> tuple[list[int], float]:
        """Greedy ids, and how near the nearest tie is."""
        parts = [self.pictures[part] if isinstance(part, int) else self.rows(part) for part in prompt]
        read, ids, margins = np.concatenate([self.rows([BOS]), *parts]), list[int](), []
        for _ in range(TOKENS):
            decoder = Decoder(self.reference.model)
            decoder.embedded(read)  # as many places
            states = decoder.layers(self.reference.source.layer, read, Sequences([len(read)]))
            logits = self.reference.predictions(states[-1:])[0]
            second, first = np.sort(logits)[-2:]
            margins.append(float(first - second))
            ids.append(int(logits.argmax()))
            read = np.concatenate([read, self.rows(ids[-1:])])
        return ids, min(margins)


def clear_prompts(reader: Reader) -> tuple[list[list[Part]], list[list[int]]]:
    """Of each picture, and of both, with texts around them, such that no answer has a near tie; and the answers, which differ."""
    for seed in range(200):
        words = np.random.default_rng(seed).integers(FIRST_WORD, reader.words, (3, 4)).tolist()
        prompts: list[list[Part]] = [
            [words[0], 0, words[2]],
            [words[0], 1, words[2]],
            [words[0], 0, words[1], 1, words[2]],
        ]
        answers, margins = zip(*map(reader.answer, prompts), strict=True)
        if min(margins) > LEAST_MARGIN and len({ids[0] for ids in answers}) == len(prompts):
            return prompts, list(answers)
    raise AssertionError("no texts have clear answers")


def rgba(pixels: NDArray[np.uint8]) -> list[int]:
    """As a canvas has them."""
    opaque = np.full((*pixels.shape[:2], 1), 255, np.uint8)
    found: list[int] = np.concatenate([pixels, opaque], axis=2).ravel().tolist()
    return found
