"""The dense Gemmas in plain numpy, run from a web file: what the engine should answer, computed without the engine.

It reads the dequantized weights out of the file that ships, so its greedy ids are the truth for that very file. float32
is exact; float16 rounds every activation as a GPU with `shader-f16` keeps it (sums inside an operation stay float32).
Slow and in memory: for tests and evaluation of small models.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from builder.errors import WebFileError
from builder.formats.llm_parameters import AttentionScale, Norm
from builder.formats.web_file_reader import WebFile
from builder.model.families.dense import LOCAL_ROPE_WAVELENGTH, Rope
from builder.quantize.rounding import BLOCK, dequantize

Array = NDArray[np.float32]
Precision = Literal["float32", "float16"]

RMS_EPSILON = 1e-6

EMBEDDING = "params.lm.softmax.logits_ffn"
ADAPTED = (".q", ".k", ".v", ".post")
"""How the names of the matrices end that a LoRA adapter changes."""


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
        p = file.parameters.transformer_parameters
        attention = p.self_attention_parameters
        self.precision = precision
        self.sentencepiece = file.tokenizer()
        self.start_id = int(file.parameters.start_token_id)
        self.stop_ids = frozenset(file.parameters.stop_token_ids)
        self.hidden, self.layers, self.head_dim = p.embedding_dim, p.num_stacks, p.head_dimension
        self.heads, self.kv_heads = p.num_heads, p.num_kv_heads
        self.window = int(attention.sliding_window_size)
        self.period = int(p.num_local_layers_per_global) + 1
        self.global_rope = Rope(float(p.global_rope_wavelength), float(p.global_rope_scaling) or 1.0)
        self.query_scale = np.float32(_query_scale(file))
        self.qk_norm = bool(attention.qk_norm)
        self.post_norms = p.post_norm == Norm.RMS_NORM
        self.attention_cap = float(attention.soft_cap_value)
        self.final_cap = float(p.final_project_parameters.soft_cap_value)
        self.largest_activation = 0.0
        """Largest absolute value that any rounding has seen; beyond 65504 a GPU would have overflowed."""
        self.weights = self._load(file)
        self.adapter = {
            name: self._low_rank(adapter, name) for name in self.weights if adapter and name.endswith(ADAPTED)
        }

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
        cache = _Cache(self.layers, len(prompts), longest + max_new_tokens, self.kv_heads, self.head_dim)
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
        cache = _Cache(self.layers, 1, len(ids), self.kv_heads, self.head_dim)
        last: Array = self._forward(np.array([ids]), cache, np.zeros(1, np.int64))[0]
        return last

    def hidden_states(self, ids: Sequence[int]) -> Array:
        """What `predictions` takes, (ids, hidden), after each of `ids`."""
        cache = _Cache(self.layers, 1, len(ids), self.kv_heads, self.head_dim)
        states: Array = self._states(np.array([ids]), cache, np.zeros(1, np.int64))[0]
        return states

    def predictions(self, states: Array) -> Array:
        """Logits (…, vocabulary) of states (…, hidden)."""
        last = self._norm(states, "params.lm.final_ln.scale")
        logits = self._round(self._unembed(last))
        return self.final_cap * np.tanh(logits / self.final_cap) if self.final_cap else logits

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
        x = self._round(self._embed(ids) * np.float32(np.sqrt(self.hidden)))
        for i in range(self.layers):
            is_global = (i + 1) % self.period == 0
            visible = causal if is_global else causal & (distance < self.window)[None]
            rope = self.global_rope if is_global else Rope(LOCAL_ROPE_WAVELENGTH)
            rotation = _rotation(positions, self.head_dim, rope)
            x = self._round(x + self._attention(x, i, cache, visible, rotation))
            x = self._round(x + self._feed_forward(x, i))
        cache.length += new
        return x

    def _attention(
        self, x: Array, layer: int, cache: _Cache, visible: NDArray[np.bool_], rotation: tuple[Array, Array]
    ) -> Array:
        p = f"params.lm.transformer.x_layers_{layer}."
        batch, new, _ = x.shape
        h = self._norm(x, p + "pre_layer_norm.scale")

        def heads(name: str, count: int) -> Array:
            return self._linear(h, f"{p}self_attention.{name}").reshape(batch, new, count, self.head_dim)

        q, k = heads("q", self.heads), heads("k", self.kv_heads)
        if self.qk_norm:
            q = self._norm(q, p + "self_attention.q_norm.scale")
            k = self._norm(k, p + "self_attention.k_norm.scale")
        q, k = self._round(_rotate(q, rotation)), self._round(_rotate(k, rotation))
        keys, values = cache.append(layer, k, heads("v", self.kv_heads))
        grouped = q.reshape(batch, new, self.kv_heads, self.heads // self.kv_heads, self.head_dim)
        scores = np.einsum("btgrd,bsgd->bgrts", grouped, keys, optimize=True) * self.query_scale
        if self.attention_cap:
            scores = self.attention_cap * np.tanh(scores / self.attention_cap)
        scores = np.where(visible[:, None, None], self._round(scores), -np.inf)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares = self._round(shares / shares.sum(axis=-1, keepdims=True))
        mixed = self._round(np.einsum("bgrts,bsgd->btgrd", shares, values, optimize=True).reshape(batch, new, -1))
        out = self._linear(mixed, p + "self_attention.post")
        return self._norm(out, p + "post_layer_norm.scale") if self.post_norms else out

    def _feed_forward(self, x: Array, layer: int) -> Array:
        p = f"params.lm.transformer.x_layers_{layer}.ff_layer."
        h = self._norm(x, p + "pre_layer_norm.scale")
        gate = self._round(_gelu_tanh(self._linear(h, p + "ffn_layer1_gate")))
        inner = self._round(gate * self._linear(h, p + "ffn_layer1"))
        out = self._linear(inner, p + "ffn_layer2")
        return self._norm(out, p + "post_layer_norm.scale") if self.post_norms else out

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

    @staticmethod
    def _low_rank(adapter: WebFile, name: str) -> tuple[Array, Array]:
        """The two halves of a matrix's adapter, (inputs, rank) and (rank, outputs): float16 in blocks of 4×4."""
        rank = adapter.lora_rank or 0
        halves: list[Array] = []
        for half in ("right", "left") if name.endswith(".post") else ("left", "right"):
            values = np.frombuffer(adapter.read(f"{name}.w_prime_{half}"), np.float16).astype(np.float32)
            k, n = (rank, values.size // rank) if halves else (values.size // rank, rank)
            halves.append(values.reshape(k // BLOCK, n // BLOCK, BLOCK, BLOCK).transpose(0, 2, 1, 3).reshape(k, n))
        return halves[0], halves[1]


class _Cache:
    """Keys and values of every layer, (batch, length, key-value heads, head dimension)."""

    def __init__(self, layers: int, batch: int, capacity: int, kv_heads: int, head_dim: int) -> None:
        self.length = 0
        self.keys = np.zeros((layers, batch, capacity, kv_heads, head_dim), np.float32)
        self.values = np.zeros_like(self.keys)

    def append(self, layer: int, keys: Array, values: Array) -> tuple[Array, Array]:
        end = self.length + keys.shape[1]
        self.keys[layer, :, self.length : end] = keys
        self.values[layer, :, self.length : end] = values
        return self.keys[layer, :, :end], self.values[layer, :, :end]


def _query_scale(file: WebFile) -> float:
    """What the queries are multiplied by; WebFileError where the file is of no dense Gemma."""
    p = file.parameters.transformer_parameters
    match p.self_attention_parameters.attention_scale_type:
        case AttentionScale.INV_SQRT_HEAD_DIM:
            return 1 / math.sqrt(p.head_dimension)
        case AttentionScale.RESCALE_FACTOR_INV_HEAD_DIM:
            return float(p.query_rescale_factor) / float(p.head_dimension)
    raise WebFileError(
        f"{file.path} is not a dense Gemma (1, 2 or 3): the reference knows no other.", subject=file.path
    )


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
