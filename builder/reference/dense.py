"""The dense Gemmas in plain numpy, run from a web file: what the engine should answer, computed without the engine.

It reads the dequantized weights out of the file that ships, so its greedy ids are the truth for that very file. float32
is exact; float16 rounds every activation as a GPU with `shader-f16` keeps it (sums inside an operation stay float32).
Slow and in memory: for tests and evaluation of small models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from builder.errors import WebFileError
from builder.formats.web_file_reader import WebFile
from builder.formats.web_model import described, has_known_scale, tensor_name
from builder.lora.layout import halves
from builder.model.description import RMS_EPSILON, ModelDescription, Rope
from builder.model.weights import LayerPart
from builder.quantize.rounding import BLOCK, dequantize

Array = NDArray[np.float32]
Precision = Literal["float32", "float16"]

EMBEDDING = tensor_name("embedding")


@dataclass(frozen=True)
class Answer:
    """What the model wrote after a prompt."""

    ids: list[int]
    """Without the stop token."""
    margins: list[float]
    """Distance of the two largest logits at each step, the stop token's included: near 0 is a tie."""
    stopped: bool
    """Whether a stop token ended it."""


class Reference:
    """A model in memory, weights as float32 (N, K)."""

    def __init__(self, file: WebFile, precision: Precision = "float32", adapter: WebFile | None = None) -> None:
        if not has_known_scale(file.parameters.transformer_parameters):
            raise WebFileError(
                f"{file.path} is not a dense Gemma (1, 2 or 3): the reference knows no other.", subject=file.path
            )
        self.model = described(file)
        self.precision = precision
        self.sentencepiece = file.tokenizer()
        self.start_id = int(file.parameters.start_token_id)
        self.stop_ids = frozenset(file.parameters.stop_token_ids)
        self.largest_activation = 0.0
        """Largest absolute value that any rounding has seen; beyond 65504 a GPU would have overflowed."""
        self.weights = self._load(file)
        self.adapter = self._low_ranks(adapter) if adapter else {}

    @classmethod
    def from_web_file(cls, path: Path, dtype: Precision = "float32", adapter: Path | None = None) -> Reference:
        """Opens a web file, with a LoRA adapter file beside it or none; WebFileError where it is of no dense Gemma."""
        return cls(WebFile.open(path), dtype, WebFile.open(adapter) if adapter else None)

    def generate(
        self, prompts: Sequence[Sequence[int]], max_new_tokens: int, stop_ids: set[int] | frozenset[int] | None = None
    ) -> list[list[int]]:
        """Greedy ids for each prompt (ids with the start token), without the stop token that ended it."""
        return [answer.ids for answer in self.greedy(prompts, max_new_tokens, stop_ids)]

    def greedy(
        self, prompts: Sequence[Sequence[int]], max_new_tokens: int, stop_ids: set[int] | frozenset[int] | None = None
    ) -> list[Answer]:
        """As `generate`, with the margins."""
        return self._decode(prompts, max_new_tokens, stop_ids, lambda logits: logits.argmax(axis=1))

    def sample(
        self, prompts: Sequence[Sequence[int]], max_new_tokens: int, *, temperature: float, top_k: int, seed: int = 0
    ) -> list[Answer]:
        """Answers drawn from the `top_k` likeliest ids, as the engine draws them, though never the same ones."""
        random = np.random.default_rng(seed)

        def choose(logits: Array) -> NDArray[np.int64]:
            likeliest = np.argpartition(logits, -top_k, axis=1)[:, -top_k:]
            scores = np.take_along_axis(logits, likeliest, axis=1) / np.float32(temperature)
            drawn = (scores + random.gumbel(size=scores.shape)).argmax(axis=1)  # Gumbel: a draw from the softmax
            ids: NDArray[np.int64] = np.take_along_axis(likeliest, drawn[:, None], axis=1)[:, 0]
            return ids

        return self._decode(prompts, max_new_tokens, None, choose)

    def _decode(
        self,
        prompts: Sequence[Sequence[int]],
        max_new_tokens: int,
        stop_ids: set[int] | frozenset[int] | None,
        choose: Callable[[Array], NDArray[np.int64]],
    ) -> list[Answer]:
        """All prompts run side by side, padded on the left."""
        stops = self.stop_ids if stop_ids is None else stop_ids
        longest = max(len(prompt) for prompt in prompts)
        ids = np.zeros((len(prompts), longest), np.int64)
        padding = np.array([longest - len(prompt) for prompt in prompts])
        for row, prompt in enumerate(prompts):
            ids[row, padding[row] :] = prompt
        cache = _Cache(self.model, len(prompts), longest + max_new_tokens)
        logits = self._forward(ids, cache, padding)
        answers: list[list[int]] = [[] for _ in prompts]
        margins: list[list[float]] = [[] for _ in prompts]
        running = np.ones(len(prompts), bool)
        for step in range(max_new_tokens):
            order = np.argpartition(logits, -2, axis=1)[:, -2:]
            top = np.take_along_axis(logits, order, axis=1)
            chosen = choose(logits)
            for row in np.flatnonzero(running).tolist():
                margins[row].append(float(abs(top[row, 0] - top[row, 1])))
                if int(chosen[row]) in stops:
                    running[row] = False
                else:
                    answers[row].append(int(chosen[row]))
            if not running.any() or step == max_new_tokens - 1:
                break
            logits = self._forward(chosen[:, None], cache, padding)
        return [Answer(a, m, not r) for a, m, r in zip(answers, margins, running.tolist(), strict=True)]

    def logits(self, ids: Sequence[int]) -> Array:
        """Logits (vocabulary,) after the last of `ids`."""
        cache = _Cache(self.model, 1, len(ids))
        last: Array = self._forward(np.array([ids]), cache, np.zeros(1, np.int64))[0]
        return last

    def hidden_states(self, ids: Sequence[int]) -> Array:
        """What `predictions` takes, (ids, hidden), after each of `ids`."""
        cache = _Cache(self.model, 1, len(ids))
        states: Array = self._states(np.array([ids]), cache, np.zeros(1, np.int64))[0]
        return states

    def predictions(self, states: Array) -> Array:
        """Logits (…, vocabulary) of states (…, hidden)."""
        last = self._norm(states, tensor_name("final_norm"))
        logits = self._round(self._unembed(last))
        return _capped(logits, self.model.final_cap)

    def _load(self, file: WebFile) -> Mapping[str, Array]:
        """All weights by name."""
        weights = {name: self._vector(file, name) for name in file.tensors if name.endswith(".scale")}
        matrices = [name.removesuffix(".w") for name in file.tensors if name.endswith(".w")]
        return weights | {name: self._matrix(file, name) for name in matrices}

    def _embed(self, ids: NDArray[np.int64]) -> Array:
        """Rows of the embedding, (…, hidden)."""
        return self.weights[EMBEDDING][ids]

    def _unembed(self, states: Array) -> Array:
        """Products of states (…, hidden) with every row of it, (…, vocabulary)."""
        products: Array = states @ self.weights[EMBEDDING].T
        return products

    def _forward(self, ids: NDArray[np.int64], cache: _Cache, padding: NDArray[np.int64]) -> Array:
        """Runs ids (batch, new) after what the cache holds; returns the logits (batch, vocabulary) after the last."""
        return self.predictions(self._states(ids, cache, padding)[:, -1])

    def _states(self, ids: NDArray[np.int64], cache: _Cache, padding: NDArray[np.int64]) -> Array:
        """As `_forward`, the last layer's output (batch, new, hidden)."""
        new, past = ids.shape[1], cache.length
        slots = np.arange(past + new)
        queries = slots[past:]
        distance = queries[:, None] - slots[None, :]
        causal = (distance >= 0) & (slots[None, None, :] >= padding[:, None, None])
        # a padded query sees itself, so that its softmax is defined; nothing reads it
        causal |= (distance == 0)[None]
        positions = np.maximum(queries[None, :] - padding[:, None], 0)
        x = self._round(self._embed(ids) * np.float32(self.model.embedding.scale))
        for i, layer in enumerate(self.model.layers):
            attention = layer.attention
            visible = causal if attention.window is None else causal & (distance < attention.window)[None]
            rotation = _rotation(positions, attention.head_dimension, attention.rope)
            x = self._round(x + self._attention(x, i, cache, visible, rotation))
            x = self._round(x + self._feed_forward(x, i))
        cache.length += new
        return x

    def _attention(
        self, x: Array, layer: int, cache: _Cache, visible: NDArray[np.bool_], rotation: tuple[Array, Array]
    ) -> Array:
        attention = self.model.layers[layer].attention
        groups, head = attention.key_value_heads, attention.head_dimension
        batch, new, _ = x.shape
        h = self._norm(x, tensor_name("pre_attention_norm", layer))

        def heads(part: LayerPart, count: int) -> Array:
            return self._linear(h, tensor_name(part, layer)).reshape(batch, new, count, head)

        q, k = heads("query", attention.heads), heads("key", groups)
        if attention.query_key_norms:
            q = self._norm(q, tensor_name("query_norm", layer))
            k = self._norm(k, tensor_name("key_norm", layer))
        q, k = self._round(_rotate(q, rotation)), self._round(_rotate(k, rotation))
        keys, values = cache.append(layer, k, heads("value", groups))
        grouped = q.reshape(batch, new, groups, attention.heads // groups, head)
        scores = np.einsum("btgrd,bsgd->bgrts", grouped, keys, optimize=True) * np.float32(attention.query_scale)
        scores = _capped(scores, attention.cap)
        scores = np.where(visible[:, None, None], self._round(scores), -np.inf)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares = self._round(shares / shares.sum(axis=-1, keepdims=True))
        mixed = self._round(np.einsum("bgrts,bsgd->btgrd", shares, values, optimize=True).reshape(batch, new, -1))
        out = self._linear(mixed, tensor_name("output", layer))
        post_norms = self.model.layers[layer].post_norms
        return self._norm(out, tensor_name("post_attention_norm", layer)) if post_norms else out

    def _feed_forward(self, x: Array, layer: int) -> Array:
        h = self._norm(x, tensor_name("pre_feed_forward_norm", layer))
        gate = self._round(_gelu_tanh(self._linear(h, tensor_name("gate", layer))))
        inner = self._round(gate * self._linear(h, tensor_name("up", layer)))
        out = self._linear(inner, tensor_name("down", layer))
        post_norms = self.model.layers[layer].post_norms
        return self._norm(out, tensor_name("post_feed_forward_norm", layer)) if post_norms else out

    def _norm(self, x: Array, name: str) -> Array:
        scale = np.float32(1) + self.weights[name]  # Gemma stores the distance from one
        mean_square = np.mean(x * x, axis=-1, keepdims=True, dtype=np.float32)
        return self._round(x / np.sqrt(mean_square + np.float32(RMS_EPSILON)) * scale)

    def _linear(self, x: Array, name: str) -> Array:
        y = x @ self.weights[name].T
        if name in self.adapter:
            down, up = self.adapter[name]
            y = y + self._round(x @ down) @ up
        return self._round(y)

    def _round(self, x: Array) -> Array:
        if self.precision == "float32":
            return x
        finite = x[np.isfinite(x)]
        self.largest_activation = max(self.largest_activation, float(np.abs(finite).max(initial=0.0)))
        with np.errstate(over="ignore"):  # an overflow shows as infinity, as on the GPU
            return x.astype(np.float16).astype(np.float32)

    @staticmethod
    def _vector(file: WebFile, name: str) -> Array:
        return np.frombuffer(file.read(name), np.float32)

    @staticmethod
    def _matrix(file: WebFile, name: str) -> Array:
        matrix = file.matrix(name)
        if matrix is None:
            raise WebFileError(f"{file.path} does not hold {name} as int8 or int4.", subject=name)
        packed = np.frombuffer(file.read(f"{name}.w"), np.uint8)
        scales = np.frombuffer(file.read(f"{name}.w_quantized_scale"), np.float32)
        return dequantize(packed, scales, matrix.k, matrix.n, matrix.scheme.bits)

    def _low_ranks(self, adapter: WebFile) -> dict[str, tuple[Array, Array]]:
        """The two halves of each adapted matrix, (inputs, rank) and (rank, outputs): float16 in blocks of 4×4."""
        found: dict[str, dict[str, Array]] = {}
        for half in halves(self.model, adapter.lora_rank or 0):
            values = np.frombuffer(adapter.read(half.spec.name), np.float16).astype(np.float32)
            blocks = values.reshape(half.k // BLOCK, half.n // BLOCK, BLOCK, BLOCK)
            name = tensor_name(half.part, half.layer)
            found.setdefault(name, {})[half.half] = blocks.transpose(0, 2, 1, 3).reshape(half.k, half.n)
        return {name: (pair["a"], pair["b"]) for name, pair in found.items()}


class _Cache:
    """Keys and values of every layer, each (batch, length, key-value heads, head dimension)."""

    def __init__(self, model: ModelDescription, batch: int, capacity: int) -> None:
        self.length = 0
        shapes = [
            (batch, capacity, layer.attention.key_value_heads, layer.attention.head_dimension) for layer in model.layers
        ]
        self.keys = [np.zeros(shape, np.float32) for shape in shapes]
        self.values = [np.zeros(shape, np.float32) for shape in shapes]

    def append(self, layer: int, keys: Array, values: Array) -> tuple[Array, Array]:
        end = self.length + keys.shape[1]
        self.keys[layer][:, self.length : end] = keys
        self.values[layer][:, self.length : end] = values
        return self.keys[layer][:, :end], self.values[layer][:, :end]


def _capped(scores: Array, cap: float | None) -> Array:
    return scores if cap is None else cap * np.tanh(scores / cap)


def _rotation(positions: NDArray[np.int64], head_dim: int, rope: Rope) -> tuple[Array, Array]:
    """Cosines and sines (batch, new, 1, head_dim / 2) of the rotary embedding."""
    frequencies = rope.wavelength ** (-np.arange(0, head_dim, 2, dtype=np.float32) / np.float32(head_dim))
    frequencies /= np.float32(rope.factor)
    angles = positions[:, :, None, None].astype(np.float32) * frequencies.astype(np.float32)
    return np.cos(angles), np.sin(angles)


def _rotate(x: Array, rotation: tuple[Array, Array]) -> Array:
    cos, sin = rotation
    first, second = np.split(x, 2, axis=-1)
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


def _gelu_tanh(x: Array) -> Array:
    inner = np.float32(np.sqrt(2 / np.pi)) * (x + np.float32(0.044715) * x * x * x)
    activated: Array = np.float32(0.5) * x * (1 + np.tanh(inner))
    return activated
