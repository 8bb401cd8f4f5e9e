"""Pictures go through our two graphs in MediaPipe, on WebGPU: what it writes is what the numpy reference writes after transformers' tokens of
them, with the engine's attention, in which a token of a picture sees those before it only."""

from __future__ import annotations

import dataclasses
import json
from itertools import chain
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

from builder.convert.web_file import WrittenModel, convert_checkpoint
from builder.model.weights import WholePart
from builder.reference.attending import Sequences
from builder.reference.decoder import Decoder, WeightSource
from builder.reference.dense import Reference
from builder.synth.web_file import BOS, FIRST_WORD, word
from e2e.bare import BareTab, call
from tests.goldens.cases import text_of
from tests.goldens.mobilenet_cases import MOBILENET, MOBILENET_GOLDENS
from tests.goldens.tower_cases import TOWER_GOLDENS, TOWERS

TOKENS = 12
LEAST_MARGIN = 0.03
NEAR_TIE = 0.25
"""Of logits whose standard deviation is 1."""
Part = list[int] | int
"""Of a prompt: the ids of a text, or the place of a picture."""


def test_pictures_are_read_as_the_reference_reads_them(mediapipe: BareTab, models: Path) -> None:
    case, name = TOWERS["pooled"], "sees"
    case = dataclasses.replace(case, text=case.text | {"num_hidden_layers": 3})  # with one the order shows less
    checkpoint = case.write(models / name)
    written = convert_checkpoint(checkpoint, models / f"{name}.task", pictures=True, residual_scale=1 / 4)
    reader = Reader.of_siglip(written, case.siglip.end)
    prompts, expected = clear_prompts(reader)
    answers = answers_of(mediapipe, name, prompts, case.pixels())
    assert answers == [[word(i) for i in ids] for ids in expected]


def test_a_gemma_3n_reads_pictures_as_the_reference_does(mediapipe: BareTab, models: Path) -> None:
    """Its layers give the tokens of a picture what they give the token 0, as in transformers: the row of the padding in their tables.

    In float16 the tower of this case is off by 0.007 (root mean square, in torch, of 1), which its text makes 0.1 of in logits. So every token of the
    engine has to be the reference's choice but for a near tie, and the reference of another picture, or of another row, parts far from it.
    """
    name = "sees-by-convolutions"
    checkpoint = MOBILENET.write(models / name)
    written = convert_checkpoint(checkpoint, models / f"{name}.task", pictures=True, residual_scale=1 / 4)
    goldens = json.loads(MOBILENET_GOLDENS.read_text())
    reader = Reader(written.path)
    # for <start_of_image> the engine takes zeros where this family has fewer rows
    start, end = np.zeros((1, reader.reference.model.embedding.width)), [goldens["end"]]
    shown = [
        written.residual_scale * np.concatenate([start, each, end]).astype(np.float32) for each in goldens["pictures"]
    ]
    words = np.random.default_rng(0).integers(FIRST_WORD, reader.words, (3, 4)).tolist()
    prompts: list[list[Part]] = [[words[0], 0, words[2]], [words[0], 1, words[2]], [words[0], 0, words[1], 1, words[2]]]
    ids = {word(i): i for i in range(FIRST_WORD, reader.words + 1)}
    answers = [[ids[each] for each in answer] for answer in answers_of(mediapipe, name, prompts, MOBILENET.pixels())]

    def apart() -> tuple[float, int]:
        """By how much the reference likes another token better, at most, and how many tokens are its choice."""
        found = [reader.below_the_first(prompt, answer) for prompt, answer in zip(prompts, answers, strict=True)]
        return max(map(max, found)), sum(gap == 0 for gaps in found for gap in gaps)

    reader.shown(shown)
    most, same = apart()
    assert most < NEAR_TIE and same >= 30, (most, same)
    reader.padding = reader.words
    assert apart()[0] > 2 * NEAR_TIE, "another row of the layers' tables"
    reader.padding = 0
    reader.shown(shown[::-1])
    assert apart()[0] > 4 * NEAR_TIE, "the other picture"


def answers_of(mediapipe: BareTab, name: str, prompts: list[list[Part]], pixels: NDArray[np.uint8]) -> list[list[str]]:
    """What the engine writes after texts and pictures."""

    def shown(part: Part) -> str | dict[str, Any]:
        return {"side": len(pixels[part]), "pixels": rgba(pixels[part])} if isinstance(part, int) else text_of(part)

    def ask(page: Page) -> list[str]:
        options = {"maxTokens": 96, "maxNumImages": 2}
        call(page, "([model, options]) => bare.load(model, options)", [f"/models/{name}.task", options])
        return [
            call(page, "([parts, tokens]) => bare.look(parts, tokens)", [list(map(shown, prompt)), TOKENS])
            for prompt in prompts
        ]

    return [text.split()[:TOKENS] for text in mediapipe.ask(ask)]


class Reader:
    """The reference, which reads pictures."""

    def __init__(self, path: Path) -> None:
        self.reference = Reference.from_web_file(path)
        self.words = self.reference.model.embedding.vocabulary - 1
        self.vectors: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self.places: list[list[int]] = []
        self.padding = 0

    @classmethod
    def of_siglip(cls, written: WrittenModel, end: int) -> Reader:
        """Of a Gemma 3 that is shown the pictures of the tower "pooled"; `end` is the id of <end_of_image>."""
        reader, tokens = cls(written.path), json.loads(TOWER_GOLDENS.read_text())["pooled"]
        # for <start_of_image>, 255,999, the engine takes the last of fewer rows
        around = reader.rows([reader.words]), reader.rows([end])
        scaled = [written.residual_scale * np.array(each, np.float32) for each in tokens]
        reader.shown([np.concatenate([around[0], each, around[1]]) for each in scaled])
        return reader

    def shown(self, pictures: list[NDArray[np.float32]]) -> None:
        """Vectors of each picture as they are in the stream, what stands around it included. Their ids are below zero."""
        self.vectors = np.concatenate(pictures) / np.float32(self.reference.model.embedding.scale)
        count = len(self.vectors)
        ends = np.cumsum([len(picture) for picture in pictures])
        self.places = [
            list(range(end - len(each) - count, end - count)) for end, each in zip(ends, pictures, strict=True)
        ]

    def rows(self, ids: list[int]) -> NDArray[np.float32]:
        """Those of a text in the stream."""
        found = self.reference.source.embedding_rows(np.array(ids))
        return found * np.float32(self.reference.model.embedding.scale)

    def whole(self, part: WholePart) -> NDArray[np.float32]:
        """As `WeightSource`."""
        return self.reference.source.whole(part)

    def embedding_rows(self, ids: NDArray[np.int64], layer: int | None = None) -> NDArray[np.float32]:
        """As `WeightSource`; a layer gives a picture's tokens what it gives the token 0."""
        rows = self.reference.source.embedding_rows(np.where(ids < 0, self.padding, ids), layer)
        if layer is None and (ids < 0).any():
            rows = rows.copy()
            rows[ids < 0] = self.vectors[ids[ids < 0]]
        return rows

    def answer(self, prompt: list[Part]) -> tuple[list[int], float]:
        """Greedy ids, and how near the nearest tie is."""
        ids, margins = list[int](), []
        for _ in range(TOKENS):
            logits = self.logits(prompt, ids)[-1]
            second, first = np.sort(logits)[-2:]
            margins.append(float(first - second))
            ids.append(int(logits.argmax()))
        return ids, min(margins)

    def below_the_first(self, prompt: list[Part], answer: list[int]) -> list[float]:
        """By how much each token of an answer is less likely, after those before it, than the likeliest."""
        logits = self.logits(prompt, answer[:-1])[-len(answer) :]
        return [float(row.max() - row[each]) for row, each in zip(logits, answer, strict=True)]

    def logits(self, prompt: list[Part], answer: list[int]) -> NDArray[np.float32]:
        """After each token of what was read and written."""
        parts = [self.places[part] if isinstance(part, int) else part for part in prompt]
        read = np.array([BOS, *chain(*parts), *answer])
        decoder, attending = Decoder(self.reference.model), Sequences([len(read)])
        begun = decoder.begun(cast(WeightSource, self), read, attending)
        return self.reference.predictions(decoder.layers(self.reference.source.layer, begun, attending))


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
