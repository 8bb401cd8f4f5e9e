"""A model in numpy that writes: greedily, or drawn from its likeliest tokens, several texts side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.reference.arithmetic import Arithmetic, Array, Precision
from builder.reference.attending import Attending, Batch, Cache, Sequences
from builder.reference.decoder import Decoder, LowRanks, WeightSource


@dataclass(frozen=True)
class Answer:
    """What the model wrote after a prompt."""

    ids: list[int]
    """Without the stop token."""
    margins: list[float]
    """Distance of the two largest logits at each step, the stop token's included: near 0 is a tie."""
    stopped: bool
    """Whether a stop token ended it."""


Choose = Callable[[Array], NDArray[np.int64]]
"""Logits (texts, vocabulary) → the id of each text's next token."""


def drawn(ids: NDArray[np.int64], logits: Array, temperature: float, random: np.random.Generator) -> NDArray[np.int64]:
    """One of `ids` (texts, some) for each text, drawn from the softmax of their logits."""
    scores = logits / np.float32(temperature)
    places = (scores + random.gumbel(size=scores.shape)).argmax(axis=1)  # by Gumbel's noise
    found: NDArray[np.int64] = np.take_along_axis(ids, places[:, None], axis=1)[:, 0]
    return found


class Writer:
    """Weights from anywhere, read anew for each token: they should be in memory."""

    def __init__(
        self,
        source: WeightSource,
        stop_ids: frozenset[int],
        precision: Precision = "float32",
        adapter: LowRanks | None = None,
    ) -> None:
        self.source, self.stop_ids = source, stop_ids
        self.model = source.model
        self.arithmetic = Arithmetic(precision)
        self.adapter = adapter or {}

    def generate(
        self, prompts: Sequence[Sequence[int]], max_new_tokens: int, stop_ids: set[int] | frozenset[int] | None = None
    ) -> list[list[int]]:
        """Greedy ids for each prompt (ids with the start token), without the stop token that ended it."""
        return [answer.ids for answer in self.greedy(prompts, max_new_tokens, stop_ids)]

    def greedy(
        self, prompts: Sequence[Sequence[int]], max_new_tokens: int, stop_ids: set[int] | frozenset[int] | None = None
    ) -> list[Answer]:
        """As `generate`, with the margins."""
        return self._answers(prompts, max_new_tokens, stop_ids, lambda logits: logits.argmax(axis=1))

    def sample(
        self, prompts: Sequence[Sequence[int]], max_new_tokens: int, *, temperature: float, top_k: int, seed: int = 0
    ) -> list[Answer]:
        """Answers drawn from the `top_k` likeliest ids, as the engine draws them, though never the same ones."""
        random = np.random.default_rng(seed)

        def choose(logits: Array) -> NDArray[np.int64]:
            likeliest = np.argpartition(logits, -top_k, axis=1)[:, -top_k:]
            return drawn(likeliest, np.take_along_axis(logits, likeliest, axis=1), temperature, random)

        return self._answers(prompts, max_new_tokens, None, choose)

    def write(
        self,
        prompts: Sequence[Sequence[int]],
        max_new_tokens: int,
        choose: Choose,
        stop_ids: set[int] | frozenset[int] | None = None,
        report: Callable[[int], None] = lambda done: None,
    ) -> list[tuple[list[int], bool]]:
        """For each prompt the ids that `choose` took after it, and whether a stop token ended them.

        All prompts run side by side, padded on the left. `report` is told how many tokens each has.
        """
        stops = self.stop_ids if stop_ids is None else stop_ids
        longest = max(len(prompt) for prompt in prompts)
        ids = np.zeros((len(prompts), longest), np.int64)
        padding = np.array([longest - len(prompt) for prompt in prompts])
        for row, prompt in enumerate(prompts):
            ids[row, padding[row] :] = prompt
        cache = Cache(self.model, len(prompts), longest + max_new_tokens)
        logits = self._forward(ids, cache, padding)
        answers: list[list[int]] = [[] for _ in prompts]
        running = np.ones(len(prompts), bool)
        for step in range(max_new_tokens):
            chosen = choose(logits)
            report(step + 1)
            for row in np.flatnonzero(running).tolist():
                if int(chosen[row]) in stops:
                    running[row] = False
                else:
                    answers[row].append(int(chosen[row]))
            if not running.any() or step == max_new_tokens - 1:
                break
            logits = self._forward(chosen[:, None], cache, padding)
        return [(ids, not goes_on) for ids, goes_on in zip(answers, running.tolist(), strict=True)]

    def _answers(
        self,
        prompts: Sequence[Sequence[int]],
        max_new_tokens: int,
        stop_ids: set[int] | frozenset[int] | None,
        choose: Choose,
    ) -> list[Answer]:
        margins: list[Array] = []

        def watched(logits: Array) -> NDArray[np.int64]:
            top = np.partition(logits, -2, axis=1)[:, -2:]
            margins.append(top[:, 1] - top[:, 0])
            return choose(logits)

        written = self.write(prompts, max_new_tokens, watched, stop_ids)
        return [
            Answer(ids, [float(step[row]) for step in margins[: len(ids) + stopped]], stopped)
            for row, (ids, stopped) in enumerate(written)
        ]

    def logits(self, ids: Sequence[int]) -> Array:
        """Logits (vocabulary,) after the last of `ids`."""
        last: Array = self.predictions(self.hidden_states(ids)[-1:])[0]
        return last

    def hidden_states(self, ids: Sequence[int]) -> Array:
        """What `predictions` takes, (ids, hidden), after each of `ids`."""
        return self._states(np.array(ids, np.int64), Sequences([len(ids)]))

    def predictions(self, states: Array) -> Array:
        """Logits (tokens, vocabulary) of states (tokens, hidden)."""
        decoder = self._decoder()
        last = decoder.normed(states, self.source.whole("final_norm"))
        products = np.empty((len(states), self.model.embedding.vocabulary), np.float32)
        for first, rows in self.source.head_bands():
            products[:, first : first + len(rows)] = last @ rows.T
        return decoder.logits(products)

    def _decoder(self) -> Decoder:
        return Decoder(self.model, self.arithmetic, self.adapter)

    def _forward(self, ids: NDArray[np.int64], cache: Cache, padding: NDArray[np.int64]) -> Array:
        """Runs ids (batch, new) after what the cache holds; returns the logits (batch, vocabulary) after the last."""
        batch, new = ids.shape
        states = self._states(ids.reshape(-1), Batch(cache, new, padding))
        cache.length += new
        return self.predictions(states.reshape(batch, new, -1)[:, -1])

    def _states(self, ids: NDArray[np.int64], attending: Attending) -> Array:
        """The last layer's output (tokens, hidden)."""
        decoder = self._decoder()
        return decoder.layers(self.source.layer, decoder.begun(self.source, ids, attending), attending)
